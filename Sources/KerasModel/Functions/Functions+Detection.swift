import KerasCore
import KerasGraph

extension BackendFunction {
  /// Detections picked from boxes and scores; no gradient flows through, as in TensorFlow.
  static let detection: Table = [
    (
      "filter_detections",
      BackendFunction("inputs nms class_specific_filter nms_threshold score_threshold max_detections") {
        arguments, context throws(ModelError) in
        let inputs = try arguments.values("inputs", &context)
        guard inputs.count >= 2, context.shape(inputs[0]).rank == 3, context.shape(inputs[1]).rank == 3 else {
          throw arguments.unsupported("inputs", "boxes and scores with an axis of classes")
        }
        let filter = DetectionFilter(
          suppresses: try arguments.bool("nms", default: true),
          isClassSpecific: try arguments.bool("class_specific_filter", default: true),
          overlap: Float(try arguments.double("nms_threshold", default: 0.5)),
          score: Float(try arguments.double("score_threshold", default: 0.05)),
          count: try count(arguments, "max_detections", default: 300))
        var operands: [Value] = []
        for input in inputs { operands.append(try context.cast(input, to: .float32)) }
        let packed = try context.ops(.custom(filter.function), operands)[0]
        var results: [CallValue] = [
          .tensor(try columns(packed, 0..<4, &context)), .tensor(try column(packed, 4, &context)),
          .tensor(try context.cast(column(packed, 5, &context), to: .int32)),
        ]
        var start = 6
        for input in inputs.dropFirst(2) {
          let shape = context.shape(input)
          let width: Int
          do throws(GraphError) {
            width = try DetectionFilter.width(shape)
          } catch {
            throw ModelError(.graph(error))
          }
          let part = try columns(packed, start..<start + width, &context)
          start += width
          let sizes = shape.dimensions.dropFirst(2).map { TargetDimension.fixed($0 ?? 0) }
          let shaped = try context.op(.reshape([.ofOperand(0, axis: 0), .fixed(filter.count)] + sizes), part)
          results.append(.tensor(try context.cast(shaped, to: context.graph.type(input).dtype)))
        }
        return .sequence(results)
      }
    ),
    ("decode_detections", decoder(isFast: false)),
    ("decode_detections_fast", decoder(isFast: true)),
    (
      "combined_non_max_suppression",
      BackendFunction(
        """
        boxes scores max_output_size_per_class max_total_size iou_threshold score_threshold pad_per_class clip_boxes
        """
      ) { arguments, context throws(ModelError) in
        let (boxes, scores) = (try arguments.float("boxes", &context), try arguments.float("scores", &context))
        let (ofBoxes, ofScores) = (context.shape(boxes), context.shape(scores))
        guard ofBoxes.rank == 4, ofBoxes[3] == 4, ofScores.rank == 3, ofBoxes[2] == 1 || ofBoxes[2] == ofScores[2]
        else { throw arguments.unsupported("boxes", "(batch, boxes, 1 or classes, 4)") }
        let perClass = try count(arguments, "max_output_size_per_class", default: nil)
        var total = try count(arguments, "max_total_size", default: nil)
        if try arguments.bool("pad_per_class", default: false), let classes = ofScores[2] {
          total = min(total, perClass * classes)
        }
        let suppression = CombinedSuppression(
          limitPerClass: perClass, count: total, overlap: Float(try arguments.double("iou_threshold", default: 0.5)),
          score: Float(try arguments.double("score_threshold", default: -.infinity)),
          clips: try arguments.bool("clip_boxes", default: true))
        let packed = try context.ops(.custom(suppression.function), [boxes, scores])[0]
        let valid = try context.total(column(packed, 6, &context), [1])
        return .sequence([
          .tensor(try columns(packed, 0..<4, &context)), .tensor(try column(packed, 4, &context)),
          .tensor(try column(packed, 5, &context)), .tensor(try context.cast(valid, to: .int32)),
        ])
      }
    ),
  ]

  private static func decoder(isFast: Bool) -> BackendFunction {
    BackendFunction(
      "x confidence_thresh iou_threshold top_k nms_max_output_size normalize_coords img_height img_width"
    ) { arguments, context throws(ModelError) in
      let x = try arguments.float("x", &context)
      guard context.shape(x).rank == 3, let width = context.shape(x)[2], width > 12 else {
        throw arguments.unsupported("x", "(batch, boxes, classes + 12)")
      }
      var scale: (Float, Float) = (1, 1)
      if try arguments.bool("normalize_coords", default: true) {
        guard let height = try arguments.optionalDouble("img_height"),
          let width = try arguments.optionalDouble("img_width")
        else { throw arguments.unsupported("img_height", "given, as is img_width, where coordinates are relative") }
        scale = (Float(width), Float(height))
      }
      let decoder = DetectionDecoder(
        isFast: isFast, confidence: Float(try arguments.double("confidence_thresh", default: 0.01)),
        overlap: Float(try arguments.double("iou_threshold", default: 0.45)),
        count: try count(arguments, "top_k", default: 200),
        limit: try count(arguments, "nms_max_output_size", default: 400), scale: scale)
      return .tensor(try context.op(.custom(decoder.function), x))
    }
  }

  /// A number of detections: more than a million is no image's, and may be a file's trap.
  private static func count(
    _ arguments: FunctionArguments, _ name: String, default standard: Int?
  ) throws(ModelError) -> Int {
    guard let count = try arguments.optionalInt(name) ?? standard, (1...1_000_000).contains(count) else {
      throw arguments.unsupported(name, "from 1 to 1000000")
    }
    return count
  }

  private static func columns(
    _ x: Value, _ range: Range<Int>, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    try context.op(
      .slice(starts: [0, 0, range.lowerBound], limits: [nil, nil, range.upperBound], strides: [1, 1, 1]), x)
  }

  private static func column(_ x: Value, _ index: Int, _ context: inout LoweringContext) throws(ModelError) -> Value {
    let part = try columns(x, index..<index + 1, &context)
    return try context.op(.reshape([.ofOperand(0, axis: 0), .ofOperand(0, axis: 1)]), part)
  }
}
