import KerasKit

/// A histogram as an SVG of its own, in the colours of the page.
enum HistogramChart {
  private static let (width, height) = (280.0, 110.0)
  private static let bottom = 18.0

  /// The figure; empty where there is nothing to draw.
  static func figure(_ title: String, _ values: ValueSummary, style: String) -> String {
    let histogram = values.histogram
    guard let largest = histogram.counts.max(), largest > 0 else { return "" }
    let count = Double(histogram.counts.count)
    let step = width / count
    var svg = ""
    for (index, number) in histogram.counts.enumerated() where number > 0 {
      // As in the terminal, square roots: what is rare should be seen.
      let tall = max(1, (Double(number) / Double(largest)).squareRoot() * (height - bottom - 4))
      let from = histogram.lowerBound + Double(index) * histogram.binWidth
      svg += "<rect class=\"fillbar \(style)\" x=\"\(HTML.number(Double(index) * step + 0.5))\" "
      svg += "y=\"\(HTML.number(height - bottom - tall))\" width=\"\(HTML.number(max(step - 1, 1)))\" "
      svg +=
        "height=\"\(HTML.number(tall))\"><title>\(HTML.escaped(tip(from, histogram.binWidth, number, values.count)))</title></rect>"
    }
    if histogram.lowerBound < 0, histogram.upperBound > 0 {
      let zero = HTML.number(-histogram.lowerBound / histogram.binWidth * step)
      svg += "<line class=\"zero\" x1=\"\(zero)\" x2=\"\(zero)\" y1=\"0\" y2=\"\(HTML.number(height - bottom))\"/>"
    }
    for (text, x, anchor) in [
      (NumberText.short(values.minimum, digits: 3), 0.0, "start"),
      (NumberText.short(values.maximum, digits: 3), width, "end"),
    ] {
      svg += "<text class=\"tick\" text-anchor=\"\(anchor)\" x=\"\(HTML.number(x))\" y=\"\(HTML.number(height - 4))\">"
      svg += HTML.escaped(text) + "</text>"
    }
    let label = HTML.escaped(title)
    let facts = "\(NumberText.short(values.mean, digits: 3)) ± \(NumberText.short(values.deviation, digits: 3))"
    return """
      <figure class="histogram"><figcaption>\(label) <small>\(HTML.escaped(facts))</small></figcaption>
      <svg viewBox="0 0 \(HTML.number(width)) \(HTML.number(height))" role="img" aria-label="\(label)">\(svg)</svg></figure>

      """
  }

  private static func tip(_ from: Double, _ width: Double, _ count: Int, _ total: Int) -> String {
    "\(NumberText.short(from)) to \(NumberText.short(from + width)): "
      + "\(NumberText.grouped(count)) (\(NumberText.percent(Double(count) / Double(max(total, 1)))))"
  }
}
