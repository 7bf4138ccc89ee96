import KerasKit

/// A training as one page that needs nothing else: no script, no network, light or dark as the reader's system is.
struct TrainingReport {
  /// The model's file, as named on the command line.
  var model: String
  var semantics: String
  var sourceVersion: String?
  var changes: [String]
  var record: RunRecord
  var before: [LayerSpread]
  var after: [LayerSpread]
  var batchSize: Int
  var command: String
  /// What has to be the same to repeat it: versions, seed, threads, files.
  var conditions: [(name: String, value: String)]
  var optimizer: String

  var html: String {
    HTML.page(
      title: "Fine-tuning \(HTML.lastComponent(model))", subtitle: subtitle, style: TrainingReportStyle.css,
      body: tiles + "<section class=\"charts\">\(charts)</section>\n" + regularization + layers + repeating)
  }

  private var subtitle: String {
    let last = record.epochs.last?.epoch ?? 0
    var parts = [
      "\(last) epoch\(last == 1 ? "" : "s"), \(NumberText.grouped(record.steps)) steps of \(batchSize) samples",
      "loss and regularizers as in \(semantics)",
    ]
    if let sourceVersion { parts.insert("saved by Keras \(sourceVersion)", at: 0) }
    return parts.joined(separator: " · ")
  }

  // MARK: Numbers

  private var tiles: String {
    guard let last = record.epochs.last else { return "" }
    let first = record.epochs[0]
    var items: [(String, String, String)] = [
      ("loss", NumberText.short(last.training.loss), Self.change(first.training.loss, last.training.loss))
    ]
    if let validation = last.validation {
      let best = record.epochs.compactMap { epoch in epoch.validation.map { (epoch.epoch, $0.loss) } }
        .min { $0.1 < $1.1 }
      items.append(
        (
          "validation loss", NumberText.short(validation.loss),
          best.map { "best \(NumberText.short($0.1)) in epoch \($0.0)" } ?? ""
        ))
    }
    let metrics = last.validation?.metrics ?? last.training.metrics
    for metric in metrics.prefix(2) {
      let name = last.validation == nil ? metric.name : "validation \(metric.name)"
      let start = (first.validation?.metrics ?? first.training.metrics).first { $0.name == metric.name }?.value
      items.append((name, NumberText.short(metric.value), start.map { Self.change($0, metric.value) } ?? ""))
    }
    let share = Self.share(last.training)
    if !last.training.penalties.isEmpty {
      items.append(
        (
          "regularization", NumberText.percent(share),
          "of the loss; \(NumberText.percent(Self.share(first.training))) in epoch \(first.epoch)"
        ))
    }
    items.append(("optimizer", optimizer, "learning rate \(NumberText.short(last.learningRate)) at the end"))
    return HTML.tiles(items)
  }

  private static func change(_ first: Double, _ last: Double) -> String {
    "from \(NumberText.short(first)) in the first epoch"
  }

  private static func share(_ evaluation: Evaluation) -> Double {
    evaluation.loss != 0 ? evaluation.penalty / evaluation.loss : 0
  }

  // MARK: Curves

  private var charts: String {
    let isMarked = record.epochs.count <= 40
    func series(_ name: String, _ style: String, _ points: [(x: Double, y: Double)], marks: Bool? = nil)
      -> LineChart.Series
    {
      LineChart.Series(
        name: name, style: style, points: points, isMarked: marks ?? (isMarked && record.epochs.count > 2))
    }
    let hasPenalties = record.epochs.contains { !$0.training.penalties.isEmpty }
    var loss = [series("training", "s1", record.curve { $0.loss })]
    if hasPenalties { loss.append(series("training, without regularization", "s3", record.curve { $0.dataLoss })) }
    loss.append(series("validation", "s2", record.validationCurve { $0.loss }, marks: isMarked))
    var figures = LineChart(title: "Loss", series: loss).figure
    for name in metricNames {
      func value(_ evaluation: Evaluation) -> Double? { evaluation.metrics.first { $0.name == name }?.value }
      figures +=
        LineChart(
          title: name,
          series: [
            series("training", "s1", record.curve(value)),
            series("validation", "s2", record.validationCurve(value), marks: isMarked),
          ]
        ).figure
    }
    if hasPenalties {
      let shares = record.curve { Self.share($0) * 100 }
      var chart = LineChart(
        title: "Share of regularization in the loss",
        series: [LineChart.Series(name: "regularization", style: "s3", points: shares, isFilled: true)], unit: " %")
      if let largest = shares.map(\.y).max(), largest > 50 { chart.range = 0...100 }
      figures += chart.figure
    }
    let rates = record.epochs.map { (x: Double($0.epoch), y: $0.learningRate) }
    if Set(rates.map(\.y)).count > 1 {
      figures += LineChart(title: "Learning rate", series: [series("at the end of the epoch", "s1", rates)]).figure
    }
    return figures
  }

  private var metricNames: [String] {
    var names: [String] = []
    for epoch in record.epochs {
      for metric in epoch.training.metrics + (epoch.validation?.metrics ?? []) where !names.contains(metric.name) {
        names.append(metric.name)
      }
    }
    return names
  }

  private var regularization: String {
    guard let first = record.epochs.first, let last = record.epochs.last, !last.training.penalties.isEmpty else {
      return ""
    }
    let largest = (first.training.penalties + last.training.penalties).map(\.value.magnitude).max() ?? 0
    var rows = ""
    for (index, term) in last.training.penalties.enumerated() {
      let start = first.training.penalties.indices.contains(index) ? first.training.penalties[index].value : nil
      let width = largest > 0 ? term.value.magnitude / largest * 100 : 0
      rows += "<tr><td>\(HTML.escaped(term.name))</td>"
      rows +=
        "<td class=\"n\">\(start.map { NumberText.short($0) } ?? "")</td><td class=\"n\">\(NumberText.short(term.value))</td>"
      rows += "<td class=\"bar\"><i style=\"width:\(HTML.number(width))%\"></i></td></tr>"
    }
    return """
      <section><h2>Regularization by term</h2>
      <p>What each regularizer added to the loss, on average over the first and the last epoch.</p>
      <div class="wide"><table><thead><tr><th>term</th><th class="n">epoch \(first.epoch)</th><th class="n">epoch \(last.epoch)</th><th></th></tr></thead>
      <tbody>\(rows)</tbody></table></div></section>

      """
  }

  // MARK: Layers

  private var layers: String {
    let earlier = Dictionary(before.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
    var rows = ""
    for layer in after where layer.weights != nil || layer.outputs != nil {
      let old = earlier[layer.path]
      rows += "<tr><td><b>\(HTML.escaped(layer.path))</b><small>\(HTML.escaped(layer.className))</small></td>"
      for (was, now) in [(old?.weights, layer.weights), (old?.outputs, layer.outputs)] {
        rows += "<td>\(RangeBar.svg(before: was, after: now))</td><td class=\"n\">"
        if now != nil {
          rows += "<span class=\"was\">\(RangeBar.text(was))</span><br>\(RangeBar.text(now))"
        }
        rows += "</td>"
      }
      rows += "</tr>"
    }
    guard !rows.isEmpty else { return "" }
    return """
      <section><h2>Layers before and after</h2>
      <p>From the least to the greatest number of a layer's weights and outputs, the box one standard deviation around the
      mean; each drawing has a scale of its own, which the dotted line at zero and the numbers tell. Outputs are those of
      the first training samples, in inference.</p>
      <ul class="legend"><li><i class="key before"></i>before</li><li><i class="key after"></i>after</li></ul>
      <div class="wide"><table class="layers"><thead><tr><th>layer</th><th>weights</th><th class="n">from … to</th><th>outputs</th><th class="n">from … to</th></tr></thead>
      <tbody>\(rows)</tbody></table></div></section>

      """
  }

  private var repeating: String { HTML.conditions(command: command, conditions, changes: changes) }
}
