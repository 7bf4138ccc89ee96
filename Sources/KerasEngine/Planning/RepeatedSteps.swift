import KerasGraph

/// Memory that a unit and the copy that computes it again need once.
///
/// In a plan without copies it shares nothing.
final class RepeatedSteps {
  /// Whether the unit being compiled is a copy.
  var isCopy = false
  private let isNeeded: Bool
  private var orders: [Value: [(order: MemoryDescriptor, memory: UnsafeMutablePointer<Float>)]] = [:]
  private var winograd: [Value: [Bool: UnsafeMutablePointer<Float>]] = [:]
  private var temporary: (memory: UnsafeMutablePointer<Float>, count: Int)?

  init(isNeeded: Bool) { self.isNeeded = isNeeded }

  /// The weights in an order that an earlier step of the run has brought them into.
  func weights(_ value: Value, _ wanted: MemoryDescriptor) -> UnsafeMutablePointer<Float>? {
    isCopy ? orders[value]?.first { $0.order.isSame(as: wanted) }?.memory : nil
  }

  func add(weights memory: UnsafeMutablePointer<Float>, of value: Value, _ order: MemoryDescriptor) {
    if isNeeded { orders[value, default: []].append((order, memory)) }
  }

  func winogradWeights(_ value: Value, turned: Bool) -> UnsafeMutablePointer<Float>? {
    isCopy ? winograd[value]?[turned] : nil
  }

  func add(winogradWeights memory: UnsafeMutablePointer<Float>, of value: Value, turned: Bool) {
    if isNeeded { winograd[value, default: [:]][turned] = memory }
  }

  /// Memory for what one step writes and the next reads: the same for all where there are copies.
  func temporary(
    _ count: Int, _ make: (Int) throws(EngineError) -> UnsafeMutablePointer<Float>
  ) throws(EngineError) -> UnsafeMutablePointer<Float> {
    guard isNeeded else { return try make(count) }
    if let temporary, temporary.count >= count { return temporary.memory }
    let memory = try make(count)
    temporary = (memory, count)
    return memory
  }
}
