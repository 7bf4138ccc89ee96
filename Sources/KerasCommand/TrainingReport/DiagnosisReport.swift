import KerasKit

/// A diagnosis as one page that needs nothing else.
struct DiagnosisReport {
  var diagnosis: Diagnosis
  var command: String?
  /// The command that made the page.
  var ownCommand: String
  var data: String

  var html: String {
    HTML.page(
      title: "Diagnosis of \(HTML.lastComponent(diagnosis.file))", subtitle: subtitle,
      style: TrainingReportStyle.css + Self.css, body: tiles + verdicts + overview + layers + repeating)
  }

  private static let css = """
    .verdict{background:var(--card);border:1px solid var(--line);border-left:4px solid var(--s3);border-radius:8px;padding:10px 16px;margin:10px 0}
    .verdict.warning{border-left-color:var(--s2)}.verdict.error{border-left-color:#c62828}
    .verdict p{margin:2px 0 0;color:var(--ink)}
    .histograms{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(230px,100%),1fr));gap:12px}
    .histogram{padding:10px 14px 6px}
    .histogram small{font-weight:400}
    .fillbar{fill:var(--c)}
    .share{min-width:150px}
    .share i{display:block;height:9px;border-radius:3px;background:var(--s2);min-width:1px}
    """

  private var subtitle: String {
    var parts = ["regularizers as in \(diagnosis.semantics)"]
    parts.append(
      diagnosis.samples == diagnosis.available
        ? "\(diagnosis.samples) samples" : "\(diagnosis.samples) of \(diagnosis.available) samples")
    return parts.joined(separator: " · ")
  }

  private var tiles: String {
    var items: [(String, String, String)] = []
    let findings = diagnosis.verdicts.count { $0.severity >= .warning }
    items.append(("findings", String(findings), findings == 0 ? "nothing has to be done" : "see below"))
    if let loss = diagnosis.dataLoss {
      let penalty = diagnosis.penalties.reduce(0) { $0 + $1.value }
      items.append(("loss of the data", NumberText.short(loss), "mean over the samples"))
      items.append(
        (
          "regularization", NumberText.short(penalty),
          "\(NumberText.percent(loss + penalty > 0 ? penalty / (loss + penalty) : 0)) of the loss"
        ))
    }
    for input in diagnosis.inputs where input.values.count > 0 {
      items.append(
        (
          "input \(input.name)", DiagnosisText.range(input.values),
          "deviation \(NumberText.short(input.values.deviation, digits: 3))"
        ))
    }
    return HTML.tiles(items)
  }

  private var verdicts: String {
    var body = ""
    for verdict in diagnosis.verdicts {
      let place = verdict.layer.map { " · \($0)" } ?? ""
      body +=
        "<div class=\"verdict \(verdict.severity.rawValue)\"><b>\(HTML.escaped(verdict.severity.rawValue + place))</b> "
      body += "<small>\(HTML.escaped(verdict.rule))</small>"
      body += "<p>\(HTML.escaped(verdict.text + DiagnosisText.example(verdict, diagnosis)))</p></div>"
    }
    if let recommendation = diagnosis.recommendation, let command {
      body += "<p>\(HTML.escaped(DiagnosisText.basis(recommendation)))</p><pre>\(HTML.escaped(command))</pre>"
    }
    for note in diagnosis.notes { body += "<p>\(HTML.escaped(note))</p>" }
    return "<section><h2>Verdict</h2>\(body)</section>\n"
  }

  private var told: [LayerDiagnosis] { diagnosis.layers.filter(DiagnosisText.isTold) }

  private var overview: String {
    let largest = told.compactMap(\.outputGradient).max() ?? 0
    let hasGradients = largest > 0
    var rows = ""
    for layer in told {
      rows += "<tr><td><b>\(HTML.escaped(layer.path))</b><small>\(HTML.escaped(layer.className))</small></td>"
      rows += "<td class=\"n\">\(HTML.escaped(DiagnosisText.weights(layer)))</td>"
      rows += "<td class=\"n\">\(HTML.escaped(layer.preActivation.map(DiagnosisText.range) ?? ""))</td>"
      rows += "<td class=\"n\">\(HTML.escaped(DiagnosisText.range(layer.output)))</td>"
      rows += "<td class=\"share\">\(layer.saturation.map(Self.share) ?? "")</td>"
      rows += "<td class=\"n\">\(DiagnosisText.dead(layer))</td>"
      rows += "<td>\(HTML.escaped(DiagnosisText.regularization(layer)))</td>"
      if hasGradients {
        rows += "<td class=\"n\">\(layer.outputGradient.map { NumberText.short($0, digits: 3) } ?? "")</td>"
      }
      rows += "</tr>"
    }
    let gradient = hasGradients ? "<th class=\"n\">gradient of outputs</th>" : ""
    return """
      <section><h2>Layers</h2>
      <p>Ranges of weights, of what goes into the activation and of what comes out; the part of the outputs where the
      activation is flat (of a softmax: its entropy); units that never change.</p>
      <div class="wide"><table class="layers"><thead><tr><th>layer</th><th class="n">weights</th><th class="n">before activation</th><th class="n">output</th><th>saturated</th><th class="n">dead</th><th>regularization</th>\(gradient)</tr></thead>
      <tbody>\(rows)</tbody></table></div></section>

      """
  }

  private static func share(_ saturation: Saturation) -> String {
    let part = saturation.entropy.map { 1 - $0 } ?? saturation.share
    let text = DiagnosisText.words(saturation)
    return "<i style=\"width:\(HTML.number(min(1, max(0, part)) * 100))%\"></i><small>\(HTML.escaped(text))</small>"
  }

  private var layers: String {
    var body = ""
    for layer in told {
      var figures = layer.weights.map { HistogramChart.figure($0.name, $0.values, style: "before") }.joined()
      if let values = layer.preActivation {
        figures += HistogramChart.figure(
          "before the \(layer.saturation?.activation ?? "activation")", values, style: "s2")
      }
      for gate in layer.gates {
        figures += HistogramChart.figure("gate \(gate.name), before activation", gate.preActivation, style: "s2")
      }
      figures += HistogramChart.figure("output", layer.output, style: "s1")
      body += "<h3>\(HTML.escaped(layer.path)) <small>\(HTML.escaped(layer.className))</small></h3>"
      body += "<div class=\"histograms\">\(figures)</div>"
    }
    return """
      <section><h2>Histograms</h2>
      <p>Beside each name mean and standard deviation. Heights are square roots of the counts, so that what is rare can be seen; the
      dotted line is zero.</p>\(body)</section>

      """
  }

  private var repeating: String {
    HTML.conditions(
      command: ownCommand,
      [
        ("KerasKit", KerasKitCommand.configuration.version), ("regularizers as in", diagnosis.semantics),
        ("data", data), ("samples", String(diagnosis.samples)), ("batch size", String(diagnosis.batchSize)),
      ])
  }
}
