import KerasCore

/// The numbers of a layer in words.
extension LayerSubject {
  /// `weights within ±0.31, pre-activations from -210 to 412, 97 % saturated`.
  var facts: String {
    var parts: [String] = []
    let weights = product.drivers.map { [("weights", $0.largestWeight)] } ?? []
    parts += weights.map { "\($0.0) within ±\(NumberText.short($0.1, digits: 2))" }
    if let bias = product.drivers, bias.biasField != nil, bias.largestBias > 1 {
      parts.append("biases within ±\(NumberText.short(bias.largestBias, digits: 2))")
    }
    if let input = product.drivers?.inputRMS, input > DiagnosisThresholds.largeInputRMS {
      parts.append("inputs of rms \(NumberText.short(input, digits: 2))")
    }
    parts.append("\(layer.preActivation == nil ? "outputs" : "pre-activations") \(Self.range(numbers))")
    if let saturation = layer.saturation, saturation.entropy == nil, saturation.activation != "relu" {
      parts.append("\(Self.percent(saturation.share)) of the \(saturation.activation) saturated")
    }
    return parts.joined(separator: ", ")
  }

  static func range(_ values: ValueSummary) -> String {
    "from \(NumberText.short(values.minimum, digits: 3)) to \(NumberText.short(values.maximum, digits: 3))"
  }

  static func percent(_ share: Double) -> String {
    NumberText.fixed(share * 100, decimals: share > 0 && share < 0.01 || share > 0.99 && share < 1 ? 1 : 0) + " %"
  }

  /// `without the bias 3 % would be`, of the counterfactual values.
  func wouldBe(_ value: Double) -> String {
    drivers?.measure == .saturatedShare
      ? "\(Self.percent(value)) saturated" : "a root mean square of \(NumberText.short(value, digits: 2))"
  }

  var observed: String { drivers.map { wouldBe($0.observed) } ?? "" }

  /// What a regularizer that the layer has cannot do.
  var idleRegularizer: String {
    let kernel = product.penalties.first { !$0.name.hasSuffix("activity_regularizer") }
    return kernel == nil ? "" : " The regularizer on its weights that it has does not reach this."
  }
}
