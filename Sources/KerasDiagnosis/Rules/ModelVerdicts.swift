import KerasCore

/// What the layers together say.
enum ModelVerdicts {
  static func verdicts(on diagnosis: Diagnosis) -> [Verdict] {
    var verdicts = diagnosis.layers.flatMap { VerdictRules.verdicts(on: LayerSubject(layer: $0, diagnosis: diagnosis)) }
    verdicts += gradients(diagnosis)
    if !verdicts.contains(where: { $0.severity >= .warning }) {
      verdicts.append(
        Verdict(
          rule: "nothing-needed", severity: .note, layer: nil,
          text:
            "No layer is saturated or large, none has many dead units: no regularizer is needed for the range of the numbers.",
          remedies: []))
    }
    // Sorting is stable: layers stay in their order.
    return verdicts.sorted { $0.severity > $1.severity }
  }

  /// Gradients that shrink or grow over the depth, from the outputs of the last layer with weights to those of the first.
  private static func gradients(_ diagnosis: Diagnosis) -> [Verdict] {
    let layers = diagnosis.layers.filter { !$0.weights.isEmpty && $0.outputGradient != nil }
    guard layers.count > 2, let first = layers.first, let last = layers.last(where: { !$0.isOutput }),
      first.path != last.path, let early = first.outputGradient, let late = last.outputGradient, late > 0,
      early.isFinite, late.isFinite
    else { return [] }
    let (bound, ratio) = (DiagnosisThresholds.gradientRatio, early / late)
    let numbers =
      "\(NumberText.short(early, digits: 2)) at '\(first.path)', \(NumberText.short(late, digits: 2)) at '\(last.path)'"
    let saturated = diagnosis.layers.filter { LayerSubject(layer: $0, diagnosis: diagnosis).isSaturated }
    if ratio < 1 / bound {
      return [
        Verdict(
          rule: "gradient-vanishes", severity: .warning, layer: nil,
          text: "The gradient vanishes on its way to the first layers (\(numbers)), which hardly learn. "
            + (saturated.isEmpty
              ? "That is no matter for a regularizer: shortcuts, normalisation or another activation help."
              : "Saturation does it: \(saturated.map { "'\($0.path)'" }.joined(separator: ", ")) let little through."),
          remedies: [])
      ]
    }
    guard ratio > bound else { return [] }
    return [
      Verdict(
        rule: "gradient-explodes", severity: .warning, layer: nil,
        text: "The gradient grows on its way to the first layers (\(numbers)): clip it (clipnorm), lower the learning "
          + "rate; a kernel regularizer helps where weights are large.",
        remedies: [])
    ]
  }
}
