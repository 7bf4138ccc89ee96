import KerasCore

/// What a model's numbers are on some data, layer by layer, and what can be done about them.
///
/// ```swift
/// let diagnosis = try model.diagnose(data: samples.source)
/// for verdict in diagnosis.verdicts { print(verdict.layer ?? "model", verdict.text) }
/// ```
public struct Diagnosis: Sendable {
  /// The model's file.
  public var file: String
  /// The release whose meaning of losses and regularizers was followed, as `TrainingSemantics` names it.
  public var semantics: String
  /// How many samples were looked at, and how many there are.
  public var samples: Int
  public var available: Int
  /// Samples per batch, on which activity penalties depend.
  public var batchSize: Int
  public var inputs: [InputDiagnosis]
  /// In the order of the computation, those of nested models by path.
  public var layers: [LayerDiagnosis]
  /// The outputs' losses together; `nil` without targets or loss.
  public var dataLoss: Double?
  /// Each regularization term, named like `dense_1/activity_regularizer`, on average over the batches.
  public var penalties: [PenaltyShare]
  /// The most serious first.
  public var verdicts: [Verdict]
  /// The regularizers that the verdicts ask for, with their strength.
  public var recommendation: Recommendation?
  /// What could not be told, and why.
  public var notes: [String]

  /// A layer by its path.
  public func layer(_ path: String) -> LayerDiagnosis? { layers.first { $0.path == path } }

  /// Whether a verdict is a warning or worse.
  public var hasFindings: Bool { verdicts.contains { $0.severity >= .warning } }
}

/// The numbers that go into a model.
public struct InputDiagnosis: Sendable {
  public var name: String
  public var values: ValueSummary
}

/// A regularization term of the loss.
public struct PenaltyShare: Sendable, Hashable {
  public var name: String
  public var value: Double
  /// Its part of the loss with all terms; `nil` where the loss is not known.
  public var share: Double?
}

/// A variable of a layer.
public struct WeightDiagnosis: Sendable {
  /// Below the layer: `kernel`, `forward_layer/cell/kernel`.
  public var name: String
  public var shape: [Int]
  public var values: ValueSummary
  /// Of the mean data loss over all samples; `nil` where there is none.
  public var gradientNorm: Double?
}

/// What a layer does to its samples.
public struct LayerDiagnosis: Sendable {
  /// Names from the outer model on: `encoder/dense_1`.
  public var path: String
  public var className: String
  public var weights: [WeightDiagnosis] = []
  /// Before the activation, where it can be told from the output.
  public var preActivation: ValueSummary?
  public var output = ValueSummary()
  /// Of activations with flat parts.
  public var saturation: Saturation?
  /// Of a simple recurrence or a gated one: each gate's, in the layer's order.
  public var gates: [GateDiagnosis] = []
  /// Units, or channels, of the output, and those of them that gave the same number for every sample and position.
  public var units: Int?
  public var deadUnits: Int?
  public var drivers: Drivers?
  /// The root mean square over samples of the norm of the gradient of a sample's own loss in this layer's output.
  public var outputGradient: Double?
  /// Of all trainable weights together, of the mean data loss.
  public var weightGradient: Double?
  public var penalties: [PenaltyShare] = []
  /// Whether the model gives its result away, as it is or through an activation.
  public var isOutput = false
  /// Layers with weights whose results it takes, and inputs of the model.
  public var producers: [String] = []
  public var modelInputs: [String] = []
  /// The layer whose result is this activation's input.
  public var activates: String?

  public init(path: String, className: String) {
    self.path = path
    self.className = className
  }
}

/// A gate of a recurrent layer, computed from what the layer put out.
public struct GateDiagnosis: Sendable {
  /// As Keras orders them: i, f, c, o of an LSTM, z, r, h of a GRU.
  public var name: String
  public var preActivation: ValueSummary
  public var saturation: Saturation?
}

/// What would become of a layer's pre-activations if one of their causes were ordinary.
///
/// A unit's pre-activation is x·w + b. Without bias it is x·w; with a unit kernel x·w/max(1, ‖w‖) + b, ‖w‖ being the norm of the
/// weights that lead to it; with unit inputs x·w/max(1, rms x) + b. Ordinary initializers give ‖w‖ about 1, ordinary
/// inputs have a root mean square of about 1.
public struct Drivers: Sendable, Hashable {
  public enum Measure: Sendable, Hashable {
    /// The share of pre-activations at which the activation is saturated.
    case saturatedShare
    /// The root mean square of pre-activations.
    case rms
  }
  public var measure: Measure
  public var observed: Double
  public var withoutBias: Double
  public var withUnitKernel: Double
  public var withUnitInput: Double
  /// The root mean square of the units' ‖w‖.
  public var kernelNorm: Double
  public var largestWeight: Double
  public var largestBias: Double
  public var inputRMS: Double
  /// The kernel's and the bias' regularizer by name: `kernel`, `depthwise`.
  public var kernelField: String
  public var biasField: String?
}

/// What follows from the numbers of a layer, or of the whole model.
public struct Verdict: Sendable, Hashable {
  /// The rule's slug.
  public var rule: String
  public var severity: Severity
  /// `nil` for what concerns the whole model.
  public var layer: String?
  public var text: String
  /// Regularizers that help, the first that the model can have first.
  public var remedies: [Remedy]
}

/// A regularizer of a layer.
public struct Remedy: Sendable, Hashable {
  public var layer: String
  /// Its name before `_regularizer`: `kernel`, `bias`, `activity`.
  public var field: String

  public init(layer: String, field: String) {
    self.layer = layer
    self.field = field
  }
}

/// Regularizers as `fine-tune --add-regularizer` takes them.
public struct Recommendation: Sendable, Hashable {
  public struct Term: Sendable, Hashable {
    public var remedy: Remedy
    /// Of an l2 regularizer.
    public var factor: Double
    /// What the term is before the first step, on average over the batches looked at.
    public var penalty: Double

    /// `dense_1: activity=l2(1e-4)`.
    public var text: String { "\(remedy.layer): \(remedy.field)=l2(\(Recommendation.text(factor)))" }
  }
  public var terms: [Term]
  /// The release counts a term otherwise than documented, or not at all: `--activity-semantics intended` is needed.
  public var needsIntendedSemantics: Bool
  /// The data loss the factors were computed from, or 1 where it is not known.
  public var basis: Double
  public var isBasisMeasured: Bool

  /// `1e-4`, `0.02`.
  static func text(_ factor: Double) -> String {
    var (digits, exponent) = (factor, 0)
    while digits != 0, digits.magnitude < 1 { (digits, exponent) = (digits * 10, exponent - 1) }
    while digits.magnitude >= 10 { (digits, exponent) = (digits / 10, exponent + 1) }
    return exponent >= -2 && exponent <= 2
      ? NumberText.fixed(factor, decimals: max(0, -exponent)) : "\(Int(digits.rounded()))e\(exponent)"
  }
}
