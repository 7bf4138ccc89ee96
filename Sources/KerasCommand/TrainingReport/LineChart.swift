import KerasKit

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Curves over epochs as an SVG of its own, in the colours of the page.
struct LineChart {
  struct Series {
    var name: String
    /// The CSS class that colours it, such as `s1`.
    var style: String
    var points: [(x: Double, y: Double)]
    /// Whether each point is marked; for few of them.
    var isMarked = false
    /// Whether the area below is filled.
    var isFilled = false
  }

  var title: String
  var series: [Series]
  /// Forces the axis to begin at 0 and end here.
  var range: ClosedRange<Double>?
  var unit = ""
  var text: (Double) -> String = { NumberText.short($0, digits: 3) }

  private static let (width, height) = (560.0, 270.0)
  private static let (left, right, top, bottom) = (58.0, 14.0, 12.0, 34.0)

  /// The figure; empty where no series has a point.
  var figure: String {
    let drawn = series.map { series in
      var finite = series
      finite.points = series.points.filter { $0.x.isFinite && $0.y.isFinite }
      return finite
    }.filter { !$0.points.isEmpty }
    guard !drawn.isEmpty else { return "" }
    let ys = drawn.flatMap { $0.points.map(\.y) }
    let xs = drawn.flatMap { $0.points.map(\.x) }
    let axis = ValueAxis(ys, range: range)
    let lastX = max(xs.max() ?? 1, 1)
    let firstX = min(xs.min() ?? 0, lastX - 1)
    func x(_ value: Double) -> Double {
      Self.left + (value - firstX) / max(lastX - firstX, 1e-9) * (Self.width - Self.left - Self.right)
    }
    func y(_ value: Double) -> Double {
      Self.height - Self.bottom - axis.position(value) * (Self.height - Self.top - Self.bottom)
    }
    var svg = ""
    for tick in axis.ticks {
      let at = HTML.number(y(tick))
      svg += "<line class=\"grid\" x1=\"\(HTML.number(Self.left))\" x2=\"\(HTML.number(Self.width - Self.right))\" "
      svg += "y1=\"\(at)\" y2=\"\(at)\"/>"
      svg +=
        "<text class=\"tick\" text-anchor=\"end\" x=\"\(HTML.number(Self.left - 8))\" y=\"\(HTML.number(y(tick) + 4))\">"
      svg += HTML.escaped(text(tick) + unit) + "</text>"
    }
    for tick in Self.epochs(from: firstX, to: lastX) {
      svg += "<text class=\"tick\" text-anchor=\"middle\" x=\"\(HTML.number(x(tick)))\" "
      svg += "y=\"\(HTML.number(Self.height - Self.bottom + 17))\">\(HTML.number(tick))</text>"
    }
    svg += "<text class=\"tick\" text-anchor=\"end\" x=\"\(HTML.number(Self.width - Self.right))\" "
    svg += "y=\"\(HTML.number(Self.height - 3))\">epoch</text>"
    for entry in drawn {
      let path = entry.points.map { "\(HTML.number(x($0.x))),\(HTML.number(y($0.y)))" }
      if entry.isFilled, let first = entry.points.first, let last = entry.points.last, entry.points.count > 1 {
        let base = HTML.number(Self.height - Self.bottom)
        svg += "<polygon class=\"fill \(entry.style)\" points=\"\(HTML.number(x(first.x))),\(base) "
        svg += path.joined(separator: " ") + " \(HTML.number(x(last.x))),\(base)\"/>"
      }
      if path.count > 1 { svg += "<polyline class=\"line \(entry.style)\" points=\"\(path.joined(separator: " "))\"/>" }
      guard entry.isMarked || path.count == 1 else { continue }
      for point in entry.points {
        svg += "<circle class=\"dot \(entry.style)\" r=\"3.5\" cx=\"\(HTML.number(x(point.x)))\" "
        svg += "cy=\"\(HTML.number(y(point.y)))\"><title>"
        svg += HTML.escaped(
          "\(entry.name), epoch \(HTML.number(point.x)): \(NumberText.short(point.y, digits: 5))\(unit)")
        svg += "</title></circle>"
      }
    }
    var legend = ""
    for entry in drawn {
      let last = entry.points.last.map { " <b>\(HTML.escaped(text($0.y) + unit))</b>" } ?? ""
      legend += "<li><i class=\"key \(entry.style)\"></i>\(HTML.escaped(entry.name))\(last)</li>"
    }
    let label = HTML.escaped(title)
    return """
      <figure><figcaption>\(label)\(axis.isLogarithmic ? " <small>logarithmic</small>" : "")</figcaption>
      <ul class="legend">\(legend)</ul>
      <svg viewBox="0 0 \(HTML.number(Self.width)) \(HTML.number(Self.height))" role="img" aria-label="\(label)">\(svg)</svg></figure>

      """
  }

  /// Whole epochs, at most about eight of them.
  private static func epochs(from first: Double, to last: Double) -> [Double] {
    let span = max(last - first, 1)
    let step =
      [1.0, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000].first { span / $0 <= 8 } ?? (span / 8).rounded(.up)
    var ticks: [Double] = []
    var tick = (first / step).rounded(.up) * step
    while tick <= last + 1e-9 {
      ticks.append(tick)
      tick += step
    }
    return ticks
  }
}

/// A vertical axis with round numbers; logarithmic where the values span many powers of ten.
private struct ValueAxis {
  let isLogarithmic: Bool
  let ticks: [Double]
  private let low: Double
  private let high: Double

  init(_ values: [Double], range: ClosedRange<Double>?) {
    let (smallest, largest) = (values.min() ?? 0, values.max() ?? 1)
    isLogarithmic = range == nil && smallest > 0 && largest / smallest > 100
    if isLogarithmic {
      let first = Int(log10(smallest).rounded(.down))
      let last = max(Int(log10(largest).rounded(.up)), first + 1)
      (low, high) = (Double(first), Double(last))
      let step = max(1, (last - first + 4) / 5)
      ticks = stride(from: first, through: last, by: step).map { pow(10, Double($0)) }
      return
    }
    let bottom = range?.lowerBound ?? (smallest > 0 && smallest < largest / 2 ? 0 : smallest)
    let top = range?.upperBound ?? largest
    let span = top - bottom > 0 ? top - bottom : max(top.magnitude, 1e-9)
    let rough = span / 4
    let power = pow(10, log10(rough).rounded(.down))
    let step = ([1.0, 2, 2.5, 5, 10].first { $0 * power >= rough * 0.999 } ?? 10) * power
    let first = (bottom / step).rounded(.down) * step
    let last = range == nil ? max((top / step - 1e-9).rounded(.up) * step, first + step) : top
    (low, high) = (first, last)
    ticks = stride(from: 0, through: ((last - first) / step + 1e-6).rounded(.down), by: 1).map { first + $0 * step }
  }

  /// From 0 at the bottom to 1.
  func position(_ value: Double) -> Double {
    ((isLogarithmic ? log10(value) : value) - low) / (high - low)
  }
}
