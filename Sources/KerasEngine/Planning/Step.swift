/// One thing a plan does when it runs.
struct Step {
  /// What it does, for profiles: the operations fused into it.
  var name: String
  /// The layer it belongs to.
  var scope: String
  /// The implementation that does it.
  var implementation: String
  /// Floating-point operations of its product, zero where it is none.
  var work = 0.0
  /// Bytes that it only brings elsewhere or into another order.
  var movedBytes = 0
  var run: () throws(EngineError) -> Void
}
