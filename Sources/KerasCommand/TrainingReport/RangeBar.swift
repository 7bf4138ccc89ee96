import KerasKit

/// How far numbers reach, before and after, as a small drawing: a line from the least to the greatest, a box of one
/// deviation around the mean, and a mark at zero.
enum RangeBar {
  private static let (width, height) = (240.0, 30.0)

  static func svg(before: Spread?, after: Spread?) -> String {
    let spreads = [before, after].compactMap { $0 }
    guard !spreads.isEmpty else { return "" }
    let low = min(0, spreads.map(\.minimum).min() ?? 0)
    let high = max(0, spreads.map(\.maximum).max() ?? 0)
    let span = high - low > 0 ? high - low : 1
    func x(_ value: Double) -> Double { 3 + (value - low) / span * (width - 6) }
    var svg =
      "<line class=\"zero\" x1=\"\(HTML.number(x(0)))\" x2=\"\(HTML.number(x(0)))\" y1=\"0\" y2=\"\(HTML.number(height))\"/>"
    for (spread, middle, style) in [(before, 8.0, "before"), (after, 22.0, "after")] {
      guard let spread else { continue }
      let (first, last) = (x(spread.minimum), x(spread.maximum))
      svg += "<line class=\"reach \(style)\" x1=\"\(HTML.number(first))\" x2=\"\(HTML.number(max(last, first + 1)))\" "
      svg += "y1=\"\(HTML.number(middle))\" y2=\"\(HTML.number(middle))\"/>"
      let boxStart = x(max(spread.mean - spread.deviation, spread.minimum))
      let boxEnd = x(min(spread.mean + spread.deviation, spread.maximum))
      svg += "<rect class=\"box \(style)\" x=\"\(HTML.number(boxStart))\" y=\"\(HTML.number(middle - 4))\" "
      svg += "width=\"\(HTML.number(max(boxEnd - boxStart, 2)))\" height=\"8\" rx=\"2\"/>"
    }
    return
      "<svg class=\"range\" viewBox=\"0 0 \(HTML.number(width)) \(HTML.number(height))\" aria-hidden=\"true\">\(svg)</svg>"
  }

  /// `-0.31 … 0.29`.
  static func text(_ spread: Spread?) -> String {
    guard let spread else { return "" }
    return NumberText.short(spread.minimum, digits: 3) + " … " + NumberText.short(spread.maximum, digits: 3)
  }
}
