/// Greedy non-maximum suppression, as TensorFlow's kernels do it in float32.
///
/// Source: tensorflow/core/kernels/image/non_max_suppression_op.cc of 2.15. A box goes if it covers more than `threshold` of a
/// better one that stays; of equal scores the first box is better.
struct BoxSuppression {
  /// Two opposite corners, in either order of the axes.
  struct Box {
    var sides: (Float, Float, Float, Float)

    /// Intersection over union; 0 for a box without an area.
    func overlap(_ other: Box) -> Float {
      let (first, second) = (ordered, other.ordered)
      let (areaA, areaB) = (Self.area(first), Self.area(second))
      guard areaA > 0, areaB > 0 else { return 0 }
      let height = max(min(first.2, second.2) - max(first.0, second.0), 0)
      let width = max(min(first.3, second.3) - max(first.1, second.1), 0)
      return height * width / (areaA + areaB - height * width)
    }

    private var ordered: (Float, Float, Float, Float) {
      (min(sides.0, sides.2), min(sides.1, sides.3), max(sides.0, sides.2), max(sides.1, sides.3))
    }

    private static func area(_ box: (Float, Float, Float, Float)) -> Float { (box.2 - box.0) * (box.3 - box.1) }
  }

  var threshold: Float
  /// The number of boxes that may stay.
  var limit: Int

  /// Which of the candidates stay, best first.
  func kept(of candidates: [Int], boxes: [Box], scores: [Float]) -> [Int] {
    var kept: [Int] = []
    for candidate in Self.sorted(candidates, by: scores) {
      if kept.count >= limit { break }
      if kept.allSatisfy({ boxes[$0].overlap(boxes[candidate]) <= threshold }) { kept.append(candidate) }
    }
    return kept
  }

  /// From the highest score to the lowest, equal ones in their order.
  static func sorted(_ candidates: [Int], by scores: [Float]) -> [Int] {
    candidates.enumerated().sorted {
      let (a, b) = (scores[$0.element], scores[$1.element])
      return a > b || a == b && $0.offset < $1.offset
    }.map(\.element)
  }
}
