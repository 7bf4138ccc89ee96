import KerasModel

/// An optimizer's arithmetic on one variable, element by element.
///
/// Formulas were measured on the original releases; `TrainingSemantics` holds what differs between them.
protocol UpdateRule: Sendable {
  /// The Keras class name.
  static var className: String { get }

  /// Reads hyperparameters, with the defaults of current Keras where the config is silent.
  init(_ config: OptimizerConfig, _ semantics: TrainingSemantics) throws(TrainingError)

  /// The learning rate where the config has none.
  static var defaultLearningRate: Double { get }

  /// The decoupled weight decay where the config has none.
  static var defaultWeightDecay: Double? { get }

  /// The arrays kept per variable, in Keras' order; those of a group lie together variable by variable in files.
  var groups: [[OptimizerSlot]] { get }

  /// The decoupled decay of a variable, of which the config states `stated`.
  func weightDecay(of variable: String, shape: [Int], stated: Double?) -> Double?

  /// What Nadam saves of its momentum schedule after so many steps.
  func scheduleProduct(after steps: Int) -> Float?

  /// Computes what a step's elements have in common; `step` counts from 1.
  mutating func begin(step: Int, learningRate: Double)

  /// Changes `weights` by `gradients` and advances the slots.
  func update(_ variable: VariableBuffers)
}

extension UpdateRule {
  static var defaultWeightDecay: Double? { nil }
  func weightDecay(of variable: String, shape: [Int], stated: Double?) -> Double? { stated }
  func scheduleProduct(after steps: Int) -> Float? { nil }
}

/// A variable's elements, their gradients and the rule's slots for it, apart in memory and of the length of their extent.
struct VariableBuffers {
  var name: String
  var shape: [Int]
  var count: Int
  var weights: UnsafeMutablePointer<Float>
  var gradients: UnsafePointer<Float>
  var slots: [UnsafeMutablePointer<Float>]
}
