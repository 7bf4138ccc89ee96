import KerasKit

/// Small bars in a line of text.
enum Sparkline {
  private static let levels: [Character] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]

  /// A histogram; an empty bar is a blank, the fullest as high as a line.
  static func text(_ histogram: Histogram, bars count: Int = 12) -> String {
    let bars = histogram.bars(count)
    guard let largest = bars.max(), largest > 0 else { return "" }
    // Square roots: a few far out should be seen beside the many in the middle.
    return String(
      bars.map { bar in
        guard bar > 0 else { return " " }
        let height = (bar / largest).squareRoot() * Double(levels.count)
        return levels[min(levels.count - 1, max(0, Int(height.rounded(.up)) - 1))]
      })
  }

  /// A part of a whole: `██████░░`.
  static func share(_ share: Double, width: Int = 8) -> String {
    let filled = share > 0 ? max(1, min(width, Int((share * Double(width)).rounded()))) : 0
    return String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
  }
}
