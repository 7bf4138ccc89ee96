import KerasKit

/// A diagnosis for people: tables with small bars, then what follows from them.
enum DiagnosisText {
  static func text(_ diagnosis: Diagnosis, command: String?) -> String {
    var parts = [header(diagnosis), numbers(diagnosis)]
    if let gradients = gradients(diagnosis) { parts.append(gradients) }
    parts += diagnosis.verdicts.map { text($0, in: diagnosis) }
    if let recommendation = diagnosis.recommendation, let command {
      parts.append(text(recommendation) + "\n  " + Terminal.colored(Terminal.printable(command), .bold))
    }
    if !diagnosis.notes.isEmpty {
      parts.append(diagnosis.notes.map { WrappedText.paragraph(label: "note: ", $0) }.joined(separator: "\n"))
    }
    return parts.joined(separator: "\n\n")
  }

  private static func header(_ diagnosis: Diagnosis) -> String {
    let samples =
      diagnosis.samples == diagnosis.available
      ? "\(diagnosis.samples) samples" : "\(diagnosis.samples) of \(diagnosis.available) samples"
    var lines = [
      Terminal.colored(Terminal.printable(diagnosis.file), .bold) + " on \(samples), regularizers as in "
        + Terminal.printable(diagnosis.semantics)
    ]
    for input in diagnosis.inputs where input.values.count > 0 {
      lines.append(
        "input \(Terminal.printable(input.name)): \(range(input.values)) \(Sparkline.text(input.values.histogram))")
    }
    if let loss = diagnosis.dataLoss {
      let penalty = diagnosis.penalties.reduce(0) { $0 + $1.value }
      lines.append(
        "loss of the data \(NumberText.short(loss)), of regularization \(NumberText.short(penalty))")
    }
    return lines.joined(separator: "\n")
  }

  private static func numbers(_ diagnosis: Diagnosis) -> String {
    var table = TextTable(
      ("layer", .left), ("weights", .left), ("before activation", .left), ("", .left), ("output", .left), ("", .left),
      ("saturated", .left), ("dead", .right))
    for layer in diagnosis.layers where isTold(layer) {
      let before = layer.preActivation
      table.add(
        layer.path, weights(layer), before.map(range) ?? "", before.map { Sparkline.text($0.histogram) } ?? "",
        range(layer.output), Sparkline.text(layer.output.histogram), saturation(layer), dead(layer))
      for gate in layer.gates {
        table.add(
          "  gate \(gate.name)", "", range(gate.preActivation), Sparkline.text(gate.preActivation.histogram), "", "",
          gate.saturation.map(saturation) ?? "", "")
      }
    }
    return table.text
  }

  /// Layers that only move numbers about say nothing of their own.
  static func isTold(_ layer: LayerDiagnosis) -> Bool {
    !layer.weights.isEmpty || layer.saturation != nil || layer.preActivation != nil || layer.output.notFinite > 0
  }

  static func weights(_ layer: LayerDiagnosis) -> String {
    guard !layer.weights.isEmpty else { return "" }
    let broken = layer.weights.reduce(0) { $0 + $1.values.notFinite }
    if broken > 0 { return "\(broken) NaN or infinite" }
    let low = layer.weights.map(\.values.minimum).min() ?? 0
    let high = layer.weights.map(\.values.maximum).max() ?? 0
    let norm = layer.weights.reduce(0) { $0 + $1.values.norm * $1.values.norm }.squareRoot()
    return "\(span(low, high)) norm \(NumberText.short(norm, digits: 3))"
  }

  static func range(_ values: ValueSummary) -> String {
    if values.count == 0 { return values.notFinite > 0 ? "NaN or infinite" : "" }
    return span(values.minimum, values.maximum) + (values.notFinite > 0 ? " and \(values.notFinite) NaN" : "")
  }

  private static func span(_ low: Double, _ high: Double) -> String {
    NumberText.short(low, digits: 3) + " … " + NumberText.short(high, digits: 3)
  }

  private static func saturation(_ layer: LayerDiagnosis) -> String { layer.saturation.map(saturation) ?? "" }

  /// `██████░░ 61 % zero`, `███░░░░░ 20 % low, 11 % high`.
  static func saturation(_ saturation: Saturation) -> String {
    Sparkline.share(saturation.entropy.map { 1 - $0 } ?? saturation.share) + " " + words(saturation)
  }

  static func words(_ saturation: Saturation) -> String {
    if let entropy = saturation.entropy { return "entropy \(percent(entropy)) of log n" }
    if saturation.activation == "relu" { return "\(percent(saturation.low)) zero" }
    return "\(percent(saturation.low)) low, \(percent(saturation.high)) high"
  }

  static func percent(_ share: Double) -> String { NumberText.fixed(share * 100, decimals: 0) + " %" }

  static func dead(_ layer: LayerDiagnosis) -> String {
    guard let dead = layer.deadUnits, let units = layer.units else { return "" }
    return "\(dead)/\(units)"
  }

  private static func gradients(_ diagnosis: Diagnosis) -> String? {
    let layers = diagnosis.layers.filter {
      $0.outputGradient != nil || $0.weightGradient != nil || !$0.penalties.isEmpty
    }
    guard !layers.isEmpty else { return nil }
    let largest = layers.compactMap(\.outputGradient).max() ?? 0
    var table = TextTable(
      ("layer", .left), ("gradient of weights", .right), ("of outputs", .right), ("", .left), ("regularization", .left))
    for layer in layers where isTold(layer) {
      table.add(
        layer.path, layer.weightGradient.map { NumberText.short($0, digits: 3) } ?? "",
        layer.outputGradient.map { NumberText.short($0, digits: 3) } ?? "",
        layer.outputGradient.map { Sparkline.share(largest > 0 ? $0 / largest : 0) } ?? "",
        regularization(layer))
    }
    return table.text
  }

  /// `kernel 0.00386 (0.3 %), activity 0.0698 (6.1 %)`.
  static func regularization(_ layer: LayerDiagnosis) -> String {
    let terms = layer.penalties.map { term in
      let name = term.name.split(separator: "/").last.map(String.init) ?? term.name
      return name.replacing("_regularizer", with: "") + " \(NumberText.short(term.value, digits: 3))"
        + (term.share.map { " (\(NumberText.percent($0)))" } ?? "")
    }
    return terms.joined(separator: ", ")
  }

  private static func text(_ verdict: Verdict, in diagnosis: Diagnosis) -> String {
    let color: Terminal.Color =
      switch verdict.severity {
      case .error: .red
      case .warning: .yellow
      case .note: .green
      }
    let head =
      Terminal.colored(verdict.severity.rawValue, color) + " " + Terminal.colored(verdict.rule, .bold)
      + (verdict.layer.map { "  layer '\(Terminal.printable($0))'" } ?? "")
    return head + "\n" + WrappedText.paragraph(label: "  ", verdict.text + example(verdict, diagnosis))
  }

  /// The verdict's regularizer with the strength that was computed.
  static func example(_ verdict: Verdict, _ diagnosis: Diagnosis) -> String {
    let term = diagnosis.recommendation?.terms.first { verdict.remedies.contains($0.remedy) }
    return term.map { " For example \($0.text)." } ?? ""
  }

  static func basis(_ recommendation: Recommendation) -> String {
    let parts = recommendation.terms.map { NumberText.percent($0.penalty / recommendation.basis) }
    let loss =
      recommendation.isBasisMeasured
      ? "the loss of the data (\(NumberText.short(recommendation.basis)))"
      : "a loss of 1 (with targets it is measured)"
    return "To train with it, beginning at \(parts.joined(separator: ", ")) of \(loss):"
  }

  private static func text(_ recommendation: Recommendation) -> String { basis(recommendation) }
}
