import KerasCore
import KerasGraph
import KerasModel

/// A loss function of Keras: one number per sample (and per time step), to be weighted and averaged by `LossReduction`.
///
/// Formulas are those of spec'd Keras releases; where releases differ, `TrainingSemantics` decides.
protocol Loss: Sendable {
  /// Keras' names for it, function names and class name, lower-case comparison; the first is canonical.
  static var names: [String] { get }

  /// Reads `from_logits`, `label_smoothing`, `delta` … of a loss object's config.
  init(_ config: LossConfig)

  /// Whether targets are class indices without the last axis.
  var targetsAreIndices: Bool { get }

  /// The shape of the targets for predictions of `prediction`, where it is neither theirs nor that without the last axis.
  func targetShape(for prediction: Shape) -> Shape?

  /// Values in the shape of `prediction` without its last axis.
  func values(
    truth: Value, prediction: Value, semantics: TrainingSemantics, in graph: inout Graph
  ) throws(GraphError) -> Value

  /// The values that count, as bool, where the loss itself leaves some out.
  func mask(
    truth: Value, values: Value, semantics: TrainingSemantics, in graph: inout Graph
  ) throws(GraphError) -> Value?
}

extension Loss {
  var targetsAreIndices: Bool { false }
  func targetShape(for prediction: Shape) -> Shape? { nil }
  func mask(
    truth: Value, values: Value, semantics: TrainingSemantics, in graph: inout Graph
  ) throws(GraphError) -> Value? { nil }
}

/// The fields of a serialized loss object; the defaults for a loss given by name alone.
struct LossConfig: Sendable {
  let fields: JSON

  init(_ fields: JSON = .null) { self.fields = fields }

  func double(_ key: String, default standard: Double) -> Double { fields[key]?.doubleValue ?? standard }
  func bool(_ key: String) -> Bool { fields[key]?.boolValue ?? false }
  /// The axis of the classes or features; `nil` for the last.
  var axis: Int? { fields["axis"]?.intValue.flatMap { $0 == -1 ? nil : $0 } }
}

/// `keras.backend.epsilon()` in every release.
let kerasEpsilon = 1e-7

/// Every loss this library knows, by any of Keras' names.
enum LossRegistry {
  static let all: [any Loss.Type] = [
    MeanSquaredError.self, MeanAbsoluteError.self, MeanAbsolutePercentageError.self, MeanSquaredLogarithmicError.self,
    BinaryCrossentropy.self, CategoricalCrossentropy.self, SparseCategoricalCrossentropy.self, Hinge.self,
    SquaredHinge.self, CategoricalHinge.self, LogCosh.self, KLDivergence.self, Poisson.self, CosineSimilarity.self,
    Huber.self, BinaryFocalCrossentropy.self, CategoricalFocalCrossentropy.self,
    CategoricalGeneralizedCrossEntropy.self, Dice.self, Tversky.self, Circle.self, ConnectionistTemporalLoss.self,
  ]

  static var names: [String] { all.compactMap { $0.names.first } }

  static func type(named name: String) -> (any Loss.Type)? {
    let wanted = name.lowercased()
    return all.first { $0.names.contains { $0.lowercased() == wanted } }
  }

  /// Throws `TrainingError.unknownLoss`.
  static func loss(named name: String, config: JSON = .null) throws(TrainingError) -> any Loss {
    guard let type = type(named: name) else {
      throw .unknownLoss(name, known: names)
    }
    return type.init(LossConfig(config))
  }
}
