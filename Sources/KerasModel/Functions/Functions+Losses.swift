import KerasCore
import KerasGraph

extension BackendFunction {
  /// Losses per element or row, and distances.
  static let losses: Table = [
    (
      "binary_crossentropy",
      BackendFunction("target output from_logits") { arguments, context throws(ModelError) in
        let (target, output) = (try arguments.float("target", &context), try arguments.float("output", &context))
        if try arguments.bool("from_logits", default: false) {
          return .tensor(try sigmoidCrossEntropy(target, output, &context))
        }
        let shares = try context.f(.clip(minimum: epsilon, maximum: 1 - epsilon), output)
        let rest = try context.f(.add, context.f(.negate, shares), 1)
        let others = try context.f(.add, context.f(.negate, target), 1)
        let sum = try context.f(
          .add, context.f(.multiply, target, context.f(.logarithm, shares)),
          context.f(.multiply, others, context.f(.logarithm, rest)))
        return .tensor(try context.f(.negate, sum))
      }
    ),
    (
      "keraskit>sigmoid_cross_entropy",
      .two("labels logits") { labels, logits, context throws(ModelError) in
        try sigmoidCrossEntropy(labels, logits, &context)
      }
    ),
    (
      "categorical_crossentropy",
      BackendFunction("target output from_logits axis") { arguments, context throws(ModelError) in
        let (target, output) = (try arguments.float("target", &context), try arguments.float("output", &context))
        let axis = try arguments.axis("axis", of: output, default: -1, context)
        let logarithms = try logarithms(of: output, axis, arguments, &context)
        return .tensor(
          try context.f(.negate, context.total(context.f(.multiply, target, logarithms), [axis])))
      }
    ),
    (
      "sparse_categorical_crossentropy",
      BackendFunction("target output from_logits axis") { arguments, context throws(ModelError) in
        let output = try arguments.float("output", &context)
        let axis = try arguments.axis("axis", of: output, default: -1, context)
        let count = try context.shape(output).known(axis: axis)
        let hot = try call("one_hot", [arguments.required("target"), .int(count), .int(axis)], &context)
        var logarithms = output
        if try !arguments.bool("from_logits", default: false) {
          logarithms = try context.f(.logarithm, context.f(.clip(minimum: epsilon, maximum: 1 - epsilon), output))
        }
        logarithms = try context.op(.logSoftmax(axis: axis), logarithms)
        let own = try context.f(.multiply, context.float(hot, for: arguments.function), logarithms)
        return .tensor(try context.f(.negate, context.total(own, [axis])))
      }
    ),
    (
      "psnr",
      BackendFunction("x1 x2 max_val") { arguments, context throws(ModelError) in
        let gap = try context.f(.subtract, arguments.float("x1", &context), arguments.float("x2", &context))
        let squares = try context.f(.square, gap)
        let mean = try context.total(.mean, squares, Array(0..<context.shape(squares).rank))
        let peak = try context.f(.square, context.constant(Float(arguments.double("max_val", default: 1))))
        let ratio = try context.f(.logarithm, context.f(.divide, peak, mean))
        return .tensor(try context.scaled(ratio, by: 10 / 2.302_585_1))
      }
    ),
    (
      "cdist",
      .two("x y") { x, y, context throws(ModelError) in
        let rank = context.shape(x).rank
        guard rank >= 2, context.shape(y).rank == rank else {
          throw ModelError(.inputShape(expected: "rows of points", found: context.shape(y)))
        }
        let gap = try context.f(
          .subtract, context.expanded(x, axis: rank - 1), context.expanded(y, axis: rank - 2))
        return try context.f(.squareRoot, context.total(context.f(.square, gap), [rank]))
      }
    ),
    (
      "corrcoef",
      .map { x, context throws(ModelError) in
        let rows = context.shape(x).rank == 1 ? try context.expanded(x, axis: 0) : x
        try context.shape(rows).expectRank(2)
        let centred = try context.f(.subtract, rows, context.total(.mean, rows, [1], keeps: true))
        let products = try context.op(.matmul(transposeA: false, transposeB: true), centred, centred)
        let deviation = try context.f(
          .squareRoot, context.total(context.f(.square, centred), [1], keeps: true))
        let scale = try context.op(.matmul(transposeA: false, transposeB: true), deviation, deviation)
        return try context.f(.divide, products, scale)
      }
    ),
    (
      "inner",
      .two { a, b, context throws(ModelError) in
        let (m, n) = (context.shape(a).rank, context.shape(b).rank)
        if m == 0 || n == 0 { return try context.f(.multiply, a, b) }
        let axes = CallValue.sequence([.sequence([.int(m - 1)]), .sequence([.int(n - 1)])])
        if m == 1, n == 1 { return try context.total(context.f(.multiply, a, b), [0]) }
        return try context.value(call("tensordot", [.tensor(a), .tensor(b), axes], &context), for: "inner")
      }
    ),
    (
      "kron",
      .two { a, b, context throws(ModelError) in
        var (a, b) = (a, b)
        while context.shape(a).rank < context.shape(b).rank { a = try context.expanded(a, axis: 0) }
        while context.shape(b).rank < context.shape(a).rank { b = try context.expanded(b, axis: 0) }
        let (m, n) = (try context.shape(a).knownSizes(), try context.shape(b).knownSizes())
        for axis in m.indices {
          a = try context.expanded(a, axis: 2 * axis + 1)
          b = try context.expanded(b, axis: 2 * axis)
        }
        let product = try context.f(.multiply, a, b)
        return try context.op(.reshape(zip(m, n).map { .fixed($0 * $1) }), product)
      }
    ),
    (
      "cross",
      BackendFunction("x1 x2 axisa axisb axisc axis") { arguments, context throws(ModelError) in
        let (a, b) = (try arguments.float("x1", &context), try arguments.float("x2", &context))
        let rank = context.shape(a).rank
        for name in ["axisa", "axisb", "axisc", "axis"] {
          guard try [-1, rank - 1].contains(arguments.int(name, default: -1)) else {
            throw arguments.unsupported(name, "the last axis")
          }
        }
        guard try context.shape(a).known(axis: -1) == 3, try context.shape(b).known(axis: -1) == 3 else {
          throw ModelError(.inputShape(expected: "vectors of 3", found: context.shape(a)))
        }
        func turned(_ x: Value, _ count: Int, _ context: inout LoweringContext) throws(ModelError) -> Value {
          try context.value(call("roll", [.tensor(x), .int(-count), .int(-1)], &context), for: arguments.function)
        }
        let first = try context.f(.multiply, turned(a, 1, &context), turned(b, 2, &context))
        let second = try context.f(.multiply, turned(a, 2, &context), turned(b, 1, &context))
        return .tensor(try context.f(.subtract, first, second))
      }
    ),
    (
      "vander",
      BackendFunction("x N increasing") { arguments, context throws(ModelError) in
        let x = try arguments.float("x", &context)
        try context.shape(x).expectRank(1)
        let count = try bounded(arguments.int("N", default: context.shape(x).known(axis: 0)))
        let rises = try arguments.bool("increasing", default: false)
        var powers: [Value] = []
        var power = try context.shifted(context.scaled(x, by: 0), by: 1)
        for _ in 0..<count {
          powers.append(try context.expanded(power, axis: 1))
          power = try context.f(.multiply, power, x)
        }
        guard !powers.isEmpty else { throw arguments.unsupported("N", "a number above 0") }
        return .tensor(try context.ops(.concatenate(axis: 1), rises ? powers : powers.reversed())[0])
      }
    ),
    (
      "correlate",
      BackendFunction("x1 x2 mode") { arguments, context throws(ModelError) in
        let (a, b) = (try arguments.float("x1", &context), try arguments.float("x2", &context))
        let (m, n) = (try context.shape(a).knownSizes(), try context.shape(b).knownSizes())
        guard m.count == 1, n.count == 1, m[0] >= n[0], n[0] > 0 else {
          throw ModelError(.unsupported("\(arguments.function) of a vector with a longer one"))
        }
        let reach: (Int, Int)
        switch try arguments.optionalString("mode") ?? "valid" {
        case "full": reach = (n[0] - 1, n[0] - 1)
        case "same": reach = (n[0] / 2, n[0] - 1 - n[0] / 2)
        default: reach = (0, 0)
        }
        let line = try context.op(.reshape([.fixed(1), .fixed(m[0]), .fixed(1)]), a)
        let kernel = try context.op(.reshape([.fixed(n[0]), .fixed(1), .fixed(1)]), b)
        let convolution = Convolution(
          strides: [1], padding: .explicit(before: [reach.0], after: [reach.1]), dilations: [1])
        return .tensor(try context.op(.reshape([.inferred]), context.op(.convolution(convolution), line, kernel)))
      }
    ),
  ]

  private static let epsilon: Float = 1e-7

  /// max(z, 0) − z·t + log(1 + e^−|z|).
  private static func sigmoidCrossEntropy(
    _ target: Value, _ logits: Value, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let rest = try context.f(
      .log1p, context.f(.exponential, context.f(.negate, context.f(.absolute, logits))))
    let gap = try context.f(.subtract, context.f(.relu, logits), context.f(.multiply, logits, target))
    return try context.f(.add, gap, rest)
  }

  private static func logarithms(
    of output: Value, _ axis: Int, _ arguments: FunctionArguments, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    if try arguments.bool("from_logits", default: false) { return try context.op(.logSoftmax(axis: axis), output) }
    let shares = try context.f(.divide, output, context.total(output, [axis], keeps: true))
    return try context.f(.logarithm, context.f(.clip(minimum: epsilon, maximum: 1 - epsilon), shares))
  }

  // MARK: Attention and layer normalisation

  static let attention: Table = [
    (
      "dot_product_attention",
      BackendFunction("query key value bias mask scale is_causal flash_attention attn_logits_soft_cap") {
        arguments, context throws(ModelError) in
        let (query, key) = (try arguments.float("query", &context), try arguments.float("key", &context))
        let value = try arguments.float("value", &context)
        try context.shape(query).expectRank(4)
        let width = Double(try context.shape(query).known(axis: 3))
        let scale = Float(try arguments.double("scale", default: 1 / width.squareRoot()))
        var logits = try context.scaled(EinsumEquation("btnh,bsnh->bnts").product(query, key, &context), by: scale)
        if let cap = try arguments.optionalDouble("attn_logits_soft_cap") {
          logits = try context.scaled(context.f(.tanh, context.scaled(logits, by: Float(1 / cap))), by: Float(cap))
        }
        if !arguments["bias"].isNone { logits = try context.f(.add, logits, arguments.float("bias", &context)) }
        let lowest = context.constant(-0.7 * Float.greatestFiniteMagnitude)
        if !arguments["mask"].isNone {
          let mask = try context.cast(arguments.value("mask", &context), to: .bool)
          logits = try context.op(.select, mask, logits, lowest)
        }
        if try arguments.bool("is_causal", default: false) {
          let isPast = try context.f(
            .greaterOrEqual, context.cast(context.op(.iota(axis: 2), logits), to: .float32),
            context.cast(context.op(.iota(axis: 3), logits), to: .float32))
          logits = try context.op(.select, isPast, logits, lowest)
        }
        let weights = try context.op(.softmax(axis: 3), logits)
        return .tensor(try EinsumEquation("bnts,bsnh->btnh").product(weights, value, &context))
      }
    ),
    (
      "layer_normalization",
      BackendFunction("x gamma beta axis epsilon rms_scaling") { arguments, context throws(ModelError) in
        let x = try arguments.float("x", &context)
        let axes = arguments["axis"].isNone ? [context.shape(x).rank - 1] : try arguments.axes("axis", of: x, context)
        let mean = try context.total(.mean, x, axes, keeps: true)
        let centred = try context.f(.subtract, x, mean)
        let variance = try context.total(.mean, context.f(.square, centred), axes, keeps: true)
        let limit = Float(try arguments.double("epsilon", default: 1e-7))
        let inverse = try context.f(.reciprocalSquareRoot, context.shifted(variance, by: limit))
        let isScaling = try arguments.bool("rms_scaling", default: false)
        var result = try context.f(.multiply, isScaling ? x : centred, inverse)
        if !arguments["gamma"].isNone { result = try context.f(.multiply, result, arguments.float("gamma", &context)) }
        if !arguments["beta"].isNone { result = try context.f(.add, result, arguments.float("beta", &context)) }
        return .tensor(result)
      }
    ),
    (
      "rms_normalization",
      BackendFunction("x scale axis epsilon") { arguments, context throws(ModelError) in
        let x = try arguments.float("x", &context)
        let axes = arguments["axis"].isNone ? [context.shape(x).rank - 1] : try arguments.axes("axis", of: x, context)
        let mean = try context.total(.mean, context.f(.square, x), axes, keeps: true)
        let limit = Float(try arguments.double("epsilon", default: 1e-7))
        let result = try context.f(
          .multiply, x, context.f(.reciprocalSquareRoot, context.shifted(mean, by: limit)))
        guard !arguments["scale"].isNone else { return .tensor(result) }
        return .tensor(try context.f(.multiply, result, arguments.float("scale", &context)))
      }
    ),
    (
      "squareplus",
      BackendFunction("x b") { arguments, context throws(ModelError) in
        let x = try arguments.float("x", &context)
        let width = Float(try arguments.double("b", default: 4))
        let root = try context.f(.squareRoot, context.shifted(context.f(.square, x), by: width))
        return .tensor(try context.scaled(context.f(.add, x, root), by: 0.5))
      }
    ),
  ]
}
