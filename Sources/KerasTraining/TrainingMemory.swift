import KerasCore
import KerasEngine
import KerasModel

/// How much memory a training step's plan may reserve.
struct TrainingMemory {
  /// The bytes of all weights.
  var weightByteCount: Int
  /// `TrainingOptions.memoryLimit`.
  var limit: Int?
  /// What the machine has left, where it tells.
  var available: () -> Int?
  var optimizer: Optimizer?

  /// A part that is left for what an estimate does not count.
  private static let reserve = 10

  /// Bytes beside the plan that a limit counts too.
  func besidesPlan(_ trained: [Optimizer.Variable]) -> Int {
    weightByteCount + (optimizer?.stateByteCount(of: trained) ?? 0)
  }

  /// `nil` where nothing is known.
  func budget(for trained: [Optimizer.Variable]) -> MemoryBudget? {
    if let limit { return MemoryBudget(byteCount: max(limit - besidesPlan(trained), 0), isEstimate: false) }
    guard let available = available() else { return nil }
    // The weights are there already, and the optimizer's arrays after its first step.
    let toCome = optimizer.map { $0.iterations == 0 ? $0.stateByteCount(of: trained) : 0 } ?? 0
    let rest = max(available - toCome, 0)
    return MemoryBudget(byteCount: rest - rest / Self.reserve, isEstimate: true)
  }
}
