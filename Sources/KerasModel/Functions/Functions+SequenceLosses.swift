import KerasCore
import KerasGraph

extension BackendFunction {
  /// Connectionist temporal classification.
  ///
  /// −log of the probability that a sequence of distributions gives the labels, repeated labels and blanks left out.
  /// Steps have to be known in number.
  static let sequenceLosses: Table = [
    // K.ctc_batch_cost: probabilities, whose last class is the blank; lengths are `(batch, 1)`.
    (
      "keraskit>ctc_batch_cost",
      BackendFunction("y_true y_pred input_length label_length") { arguments, context throws(ModelError) in
        let output = try arguments.float("y_pred", &context)
        let logarithms = try context.f(.logarithm, context.shifted(output, by: 1e-7))
        let classes = try context.shape(output).known(axis: -1)
        let loss = try labelLoss(
          logarithms, arguments.float("y_true", &context), arguments.float("input_length", &context),
          arguments.float("label_length", &context), blank: classes - 1, &context)
        return .tensor(loss)
      }
    ),
    (
      "ctc_loss",
      BackendFunction("target output target_length output_length mask_index") {
        arguments, context throws(ModelError) in
        let loss = try labelLoss(
          arguments.float("output", &context), arguments.float("target", &context),
          arguments.float("output_length", &context), arguments.float("target_length", &context),
          blank: arguments.int("mask_index", default: 0), &context)
        return .tensor(try dropped(loss, [1], keeps: false, &context))
      }
    ),
  ]

  /// What stands for the logarithm of 0.
  private static let impossible: Float = -1e30

  /// `(batch, 1)`, by the forward variables of each step in logarithms; `scores` are not yet normalized.
  private static func labelLoss(
    _ scores: Value, _ labels: Value, _ steps: Value, _ counts: Value, blank: Int, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    try context.shape(scores).expectRank(3)
    try context.shape(labels).expectRank(2)
    let length = try context.shape(scores).known(axis: 1)
    let classes = try context.shape(scores).known(axis: 2)
    let labelCount = try context.shape(labels).known(axis: 1)
    guard (1...512).contains(length), (1...512).contains(labelCount), (0..<classes).contains(blank) else {
      throw ModelError(.unsupported("CTC over \(length) steps with \(labelCount) labels, the blank being \(blank)"))
    }
    let places = 2 * labelCount + 1
    let steps = try context.op(.reshape([.inferred, .fixed(1)]), steps)
    let counts = try context.op(.reshape([.inferred, .fixed(1)]), counts)
    // blank, label, blank, label … blank
    let column = try context.expanded(labels, axis: 2)
    let blanks = try context.shifted(context.scaled(column, by: 0), by: Float(blank))
    let pairs = try context.op(
      .reshape([.inferred, .fixed(2 * labelCount)]), context.ops(.concatenate(axis: 2), [blanks, column])[0])
    let last = try context.sliced(pairs, axis: 1, from: 0, to: 1)
    let extended = try context.ops(.concatenate(axis: 1), [pairs, last])[0]
    let hot = try call("one_hot", [.tensor(extended), .int(classes)], &context)
    let logarithms = try context.op(.logSoftmax(axis: 2), scores)
    // (batch, steps, places)
    let emitted = try context.op(
      .matmul(transposeA: false, transposeB: true), logarithms, context.float(hot, for: "CTC"))
    // A label is reached past the blank before it where it differs from the label before that.
    var skips: Value?
    if places > 3 {
      let (now, before) = (
        try context.sliced(extended, axis: 1, from: 2, to: nil), try context.sliced(extended, axis: 1, from: 0, to: -2)
      )
      let differs = try context.op(.cast(.float32), context.f(.notEqual, now, before))
      skips = try context.f(.greater, context.op(.pad(before: [0, 2], after: [0, 0], value: 0), differs), 0)
    }
    let first = try context.constant(vector((0..<places).map { $0 < 2 ? 0 : impossible }))
    var state = try context.f(.add, step(0, of: emitted, &context), first)
    for index in 1..<max(length, 1) {
      let next = try context.f(
        .add, advanced(state, skips, places: places, &context), step(index, of: emitted, &context))
      // A sequence that has ended keeps what it had.
      state = try context.op(.select, context.f(.greater, steps, Float(index)), next, state)
    }
    let numbers = try context.constant(vector((0..<places).map { Float($0) }))
    let end = try context.scaled(counts, by: 2)
    let isEnd = try context.op(
      .select, context.f(.equal, numbers, end), context.constant(1),
      context.op(.cast(.float32), context.f(.equal, numbers, context.shifted(end, by: -1))))
    let ends = try context.select(context.f(.greater, isEnd, 0), state, impossible)
    return try context.f(.negate, logarithmOfSum([ends], along: 1, &context))
  }

  private static func vector(_ numbers: [Float]) throws(ModelError) -> TensorData {
    try LoweringContext.data { () throws(TensorDataError) in try TensorData(shape: [1, numbers.count], floats: numbers)
    }
  }

  private static func step(
    _ index: Int, of emitted: Value, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    try dropped(context.sliced(emitted, axis: 1, from: index, to: index + 1), [1], keeps: false, &context)
  }

  /// What each place is reached from: itself, the place before it, or past a blank.
  private static func advanced(
    _ state: Value, _ skips: Value?, places: Int, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    var ways = [state]
    for distance in 1...2 where distance == 1 || skips != nil {
      let earlier = try context.sliced(state, axis: 1, from: 0, to: -distance)
      var way = try context.op(.pad(before: [0, distance], after: [0, 0], value: impossible), earlier)
      if distance == 2, let skips { way = try context.select(skips, way, impossible) }
      ways.append(way)
    }
    return try logarithmOfSum(ways, along: nil, &context)
  }

  /// log Σ exp of several tensors, or of one along an axis, which stays.
  private static func logarithmOfSum(
    _ values: [Value], along axis: Int?, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    guard let first = values.first else { throw ModelError(.unsupported("a sum of nothing")) }
    var greatest = first
    if let axis {
      greatest = try context.op(.reduce(.maximum, axes: [axis], keepDimensions: true), first)
    } else {
      for value in values.dropFirst() { greatest = try context.f(.maximum, greatest, value) }
    }
    var total: Value?
    for value in values {
      var term = try context.f(.exponential, context.f(.subtract, value, greatest))
      if let axis { term = try context.total(term, [axis], keeps: true) }
      total = if let sum = total { try context.f(.add, sum, term) } else { term }
    }
    return try context.f(.add, greatest, context.f(.logarithm, total ?? first))
  }
}
