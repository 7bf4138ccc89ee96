/// One thing a plan does when it runs.
struct Step {
  /// What it does, for profiles: the operations fused into it.
  var name: String
  /// The layer it belongs to.
  var scope: String
  /// The implementation that does it.
  var implementation: String
  var run: () throws(EngineError) -> Void
}
