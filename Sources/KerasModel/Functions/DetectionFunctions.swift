import Foundation
import KerasCore
import KerasGraph

/// A sample's part of an operand, as rows of numbers.
private struct Rows {
  var values: ArraySlice<Double>
  var width: Int
  var count: Int { width == 0 ? 0 : values.count / width }

  init(_ operand: CustomFunction.Operand, sample: Int) {
    let size = operand.shape.dropFirst().reduce(1, *)
    values = operand.values[sample * size..<(sample + 1) * size]
    let count = operand.shape.count > 1 ? operand.shape[1] : 0
    width = count == 0 ? 0 : size / count
  }

  subscript(row: Int) -> ArraySlice<Double> {
    values[values.startIndex + row * width..<values.startIndex + (row + 1) * width]
  }

  subscript(row: Int, column: Int) -> Float { Float(values[values.startIndex + row * width + column]) }

  func box(_ row: Int, _ column: Int = 0) -> BoxSuppression.Box {
    BoxSuppression.Box(
      sides: (self[row, column], self[row, column + 1], self[row, column + 2], self[row, column + 3]))
  }
}

extension CustomFunction {
  /// A function of each sample's rows, without a gradient; `width` gives the numbers of each of the result's `count` rows.
  fileprivate init(
    _ name: String, count: Int, width: @escaping @Sendable ([Shape]) throws -> Int,
    _ detections: @escaping @Sendable ([Rows]) -> [Double]
  ) {
    self.init(
      name, shape: { Shape([$0[0][0], count, try width($0)]) },
      forward: { operands in
        (0..<operands[0].shape[0]).flatMap { sample in detections(operands.map { Rows($0, sample: sample) }) }
      })
  }
}

/// What keras-retinanet's `FilterDetections` does (layers/filter_detections.py of 1.0.0).
struct DetectionFilter: Sendable {
  var suppresses: Bool
  var isClassSpecific: Bool
  var overlap: Float
  var score: Float
  var count: Int

  /// Operands: boxes `(batch, n, 4)`, scores `(batch, n, classes)`, others `(batch, n, …)`.
  ///
  /// Result `(batch, count, 6 + …)`: box, score, class and the others' numbers, rows of −1 behind the last detection.
  var function: CustomFunction {
    CustomFunction(
      "filter_detections", count: count,
      width: { shapes in try shapes.dropFirst(2).reduce(6) { try $0 + Self.width($1) } }, detections)
  }

  static func width(_ shape: Shape) throws(GraphError) -> Int {
    var width = 1
    for dimension in shape.dimensions.dropFirst(2) {
      guard let dimension else {
        throw GraphError(.shapes(op: "filter_detections", reason: "the sizes should be known", [shape]))
      }
      width *= dimension
    }
    return width
  }

  private func detections(_ operands: [Rows]) -> [Double] {
    let (boxes, scores) = (operands[0], operands[1])
    let rows = boxes.count
    let allBoxes = (0..<rows).map { boxes.box($0) }
    var found: [(row: Int, label: Int)] = []
    func filter(_ own: [Float], _ label: (Int) -> Int) {
      var rest = (0..<rows).filter { own[$0] > score }
      if suppresses {
        rest = BoxSuppression(threshold: overlap, limit: count).kept(of: rest, boxes: allBoxes, scores: own)
      }
      found += rest.map { ($0, label($0)) }
    }
    if isClassSpecific {
      for label in 0..<scores.width { filter((0..<rows).map { scores[$0, label] }) { _ in label } }
    } else {
      let best = (0..<rows).map { row in
        (0..<scores.width).reduce(0) { scores[row, $1] > scores[row, $0] ? $1 : $0 }
      }
      filter(best.enumerated().map { scores[$0.offset, $0.element] }) { best[$0] }
    }
    let values = found.map { scores[$0.row, $0.label] }
    var result: [Double] = []
    for place in BoxSuppression.sorted(Array(found.indices), by: values).prefix(count) {
      let (row, label) = found[place]
      result += boxes[row] + [Double(values[place]), Double(label)]
      for other in operands.dropFirst(2) { result += other[row] }
    }
    let width = 6 + operands.dropFirst(2).reduce(0) { $0 + $1.width }
    return result + [Double](repeating: -1, count: max(count * width - result.count, 0))
  }
}

/// What `DecodeDetections` and `DecodeDetectionsFast` of pierluigiferrari/ssd_keras do.
struct DetectionDecoder: Sendable {
  /// One suppression over the boxes' best classes, instead of one for each class.
  var isFast: Bool
  var confidence: Float
  var overlap: Float
  var count: Int
  var limit: Int
  /// Width and height, which relative coordinates are multiplied by.
  var scale: (Float, Float)

  /// Operand `(batch, n, classes + 12)`: class confidences with the background first, offsets, anchors, variances.
  ///
  /// Result `(batch, count, 6)`: class, confidence, xmin, ymin, xmax, ymax, rows of 0 behind the last detection.
  var function: CustomFunction {
    CustomFunction("decode_detections", count: count, width: { _ in 6 }) { detections($0[0]) }
  }

  private func box(_ y: Rows, _ row: Int) -> BoxSuppression.Box {
    func at(_ back: Int) -> Float { y[row, y.width - back] }
    let (cx, cy) = (at(12) * at(4) * at(6) + at(8), at(11) * at(3) * at(5) + at(7))
    let (w, h) = (exp(at(10) * at(2)) * at(6), exp(at(9) * at(1)) * at(5))
    return BoxSuppression.Box(
      sides: (
        (cx - 0.5 * w) * scale.0, (cy - 0.5 * h) * scale.1, (cx + 0.5 * w) * scale.0, (cy + 0.5 * h) * scale.1
      ))
  }

  private func detections(_ y: Rows) -> [Double] {
    let rows = y.count
    let classes = y.width - 12
    let boxes = (0..<rows).map { box(y, $0) }
    let suppression = BoxSuppression(threshold: overlap, limit: limit)
    var found: [(row: Int, label: Int)] = []
    if isFast {
      let best = (0..<rows).map { row in (0..<classes).reduce(0) { y[row, $1] > y[row, $0] ? $1 : $0 } }
      let scores = best.enumerated().map { y[$0.offset, $0.element] }
      let candidates = (0..<rows).filter { best[$0] != 0 && scores[$0] > confidence }
      found = suppression.kept(of: candidates, boxes: boxes, scores: scores).map { ($0, best[$0]) }
    } else {
      for label in 1..<max(classes, 1) {
        let scores = (0..<rows).map { y[$0, label] }
        let candidates = (0..<rows).filter { scores[$0] > confidence }
        found += suppression.kept(of: candidates, boxes: boxes, scores: scores).map { ($0, label) }
      }
    }
    let values = found.map { y[$0.row, $0.label] }
    var result: [Double] = []
    for place in BoxSuppression.sorted(Array(found.indices), by: values).prefix(count) {
      let (row, label) = found[place]
      let sides = boxes[row].sides
      result += [
        Double(label), Double(values[place]), Double(sides.0), Double(sides.1), Double(sides.2), Double(sides.3),
      ]
    }
    return result + [Double](repeating: 0, count: max(count * 6 - result.count, 0))
  }
}

/// `tf.image.combined_non_max_suppression`.
///
/// Source: tensorflow/core/kernels/image/non_max_suppression_op.cc of 2.15.
struct CombinedSuppression: Sendable {
  var limitPerClass: Int
  var count: Int
  var overlap: Float
  var score: Float
  var clips: Bool

  /// Operands: boxes `(batch, n, 1 or classes, 4)`, scores `(batch, n, classes)`.
  ///
  /// Result `(batch, count, 7)`: box, score, class, 1; rows of 0 behind the last.
  var function: CustomFunction {
    CustomFunction("combined_non_max_suppression", count: count, width: { _ in 7 }) { detections($0[0], $0[1]) }
  }

  private func detections(_ boxes: Rows, _ scores: Rows) -> [Double] {
    let rows = scores.count
    let perClass = boxes.width > 4
    let suppression = BoxSuppression(threshold: overlap, limit: limitPerClass)
    var found: [(score: Float, label: Int, box: BoxSuppression.Box)] = []
    for label in 0..<scores.width {
      let own = (0..<rows).map { boxes.box($0, perClass ? 4 * label : 0) }
      let values = (0..<rows).map { scores[$0, label] }
      let candidates = (0..<rows).filter { values[$0] > score }
      found += suppression.kept(of: candidates, boxes: own, scores: values).map { (values[$0], label, own[$0]) }
    }
    var result: [Double] = []
    for place in BoxSuppression.sorted(Array(found.indices), by: found.map(\.score)).prefix(count) {
      let (value, label, box) = found[place]
      for side in [box.sides.0, box.sides.1, box.sides.2, box.sides.3] {
        result.append(Double(clips ? min(max(side, 0), 1) : side))
      }
      result += [Double(value), Double(label), 1]
    }
    return result + [Double](repeating: 0, count: max(count * 7 - result.count, 0))
  }
}
