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

  /// The arrays kept per variable, in Keras' order, and the value each starts with.
  var slots: [OptimizerSlot] { get }

  /// Computes what a step's elements have in common; `step` counts from 1.
  mutating func begin(step: Int, learningRate: Double)

  /// Changes `weights` by `gradients` and advances the slots.
  func update(_ variable: VariableBuffers)
}

/// A variable's elements, their gradients and the optimizer's slots for it, all of one length and apart in memory.
struct VariableBuffers {
  var count: Int
  var weights: UnsafeMutablePointer<Float>
  var gradients: UnsafePointer<Float>
  var slots: [UnsafeMutablePointer<Float>]
}
