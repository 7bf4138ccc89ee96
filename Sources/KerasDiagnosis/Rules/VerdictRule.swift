import KerasCore

/// A rule that looks at a layer's numbers, as one value.
struct VerdictRule: Sendable {
  var id: String
  var severity: Severity
  /// Rules of one group answer one question: of them only the first that applies to a layer speaks.
  var group: Group
  var applies: @Sendable (LayerSubject) -> Bool
  var text: @Sendable (LayerSubject) -> String
  /// Regularizers that help, the best first.
  var remedies: @Sendable (LayerSubject) -> [Remedy] = { _ in [] }

  enum Group: Sendable, Hashable { case finite, range, units, penalty }
}

/// Bounds beyond which numbers are called large.
public enum DiagnosisThresholds {
  /// The share of saturated outputs from which a layer counts as saturated.
  public static let saturatedShare = 0.5
  /// Root mean square of outputs or pre-activations without flat parts; normalised ones have about 1.
  public static let largeRMS = 10.0
  /// The norm of a unit's weights; initializers give about 1.
  public static let largeKernelNorm = 3.0
  /// A weight below this is small whatever the number of weights.
  public static let smallWeight = 0.5
  /// Root mean square of a layer's input.
  public static let largeInputRMS = 3.0
  /// To what part of itself a removed cause must bring the measure down to count as the cause.
  public static let decisive = 0.6
  /// Of fewer samples it is chance that a unit gives one number for all.
  public static let fewestSamples = 16
  /// The share of units that never change.
  public static let deadShare = 0.2
  /// The part of the loss that regularization may make up.
  public static let largePenaltyShare = 0.5
  /// How much smaller or larger a gradient may be at the first layer than at the last.
  public static let gradientRatio = 1e4
  /// The root mean square of an output layer's pre-activations from which it is more than sure of itself.
  public static let extremeLogits = 20.0
}

/// A layer in sight of the whole diagnosis.
struct LayerSubject {
  var layer: LayerDiagnosis
  var diagnosis: Diagnosis

  /// What makes its pre-activations large.
  enum Cause: Sendable {
    case bias, kernel
    /// Inputs that come from the model's own, and inputs that layers before it make.
    case rawInput, layersBefore
    /// Small weights and ordinary inputs that add up, or no product at all.
    case accumulation
  }

  /// Pre-activations, or outputs of layers without activation.
  var numbers: ValueSummary { layer.preActivation ?? layer.output }

  /// What makes its own numbers large; of an activation's layer, with the kernel of the layer before.
  var drivers: Drivers? { layer.drivers ?? layer.activates.flatMap { diagnosis.layer($0)?.drivers } }

  private static let saturating: Set<String> = ["sigmoid", "tanh", "hard_sigmoid", "hard_tanh"]

  var isSaturated: Bool {
    guard let saturation = layer.saturation, Self.saturating.contains(saturation.activation),
      saturation.share >= DiagnosisThresholds.saturatedShare
    else { return false }
    // An output near 0 or 1 is what a classifier is for.
    return !layer.isOutput || numbers.rms >= DiagnosisThresholds.extremeLogits
  }

  var isLarge: Bool {
    guard !layer.weights.isEmpty, !layer.isOutput, numbers.rms >= DiagnosisThresholds.largeRMS, !isNormalized,
      // Rows of a table are as large as they were made.
      !layer.className.hasSuffix("Embedding")
    else { return false }
    // Of a layer and the activation behind it one verdict is enough.
    return !diagnosis.layers.contains {
      $0.activates == layer.path && LayerSubject(layer: $0, diagnosis: diagnosis).isSaturated
    }
  }

  /// Whether all that takes its outputs normalises them.
  var isNormalized: Bool {
    let takers = diagnosis.layers.filter { $0.producers.contains(layer.path) }
    return !takers.isEmpty && takers.allSatisfy { $0.className.hasSuffix("Normalization") }
  }

  var isExtreme: Bool { isSaturated || isLarge }

  var cause: Cause {
    guard let drivers else { return .accumulation }
    typealias Bounds = DiagnosisThresholds
    let bound = drivers.observed * Bounds.decisive
    if drivers.biasField != nil, drivers.withoutBias <= bound, drivers.largestBias > 1 { return .bias }
    let hasLargeKernel = drivers.kernelNorm > Bounds.largeKernelNorm && drivers.largestWeight > Bounds.smallWeight
    let isKernel = hasLargeKernel && drivers.withUnitKernel <= bound
    let isInput = drivers.inputRMS > Bounds.largeInputRMS && drivers.withUnitInput <= bound
    if isKernel, !isInput || drivers.kernelNorm >= drivers.inputRMS { return .kernel }
    guard isInput else { return .accumulation }
    return product.producers.isEmpty ? .rawInput : .layersBefore
  }

  /// The layer that computes the product.
  var product: LayerDiagnosis {
    layer.weights.isEmpty ? layer.activates.flatMap { diagnosis.layer($0) } ?? layer : layer
  }

  /// The activity regularizers that would lower its pre-activations, the best first.
  var activityRemedies: [Remedy] {
    func remedy(_ path: String) -> Remedy { Remedy(layer: path, field: "activity") }
    if let activates = layer.activates { return [remedy(activates)] + layer.producers.map(remedy) }
    guard isSaturated, let saturation = layer.saturation else { return [remedy(layer.path)] }
    let before = layer.producers.map(remedy)
    switch saturation.activation {
    case "tanh", "hard_tanh":
      return cause == .layersBefore ? before + [remedy(layer.path)] : [remedy(layer.path)] + before
    // A penalty on a sigmoid's own output pushes towards 0, its lower tail.
    default: return saturation.high > saturation.low ? before + [remedy(layer.path)] : before
    }
  }
}
