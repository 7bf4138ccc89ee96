import KerasCore
import KerasGraph
import OrderedCollections

/// What stands for the random draws of a model's own functions (samplers of variational autoencoders).
public enum RandomDraws: String, Sendable, Hashable, CaseIterable {
  /// Drawn anew at each run, as the functions do.
  case sample
  /// The mean of each distribution, so that the same input gives the same output. Training still draws.
  case mean
}

extension RandomDraws {
  private static let field = "keraskit>random_draws"

  /// As a layer of a canonical config states it, or the layer that it wraps.
  init(ofLayer object: JSON) {
    var config = object["config"]
    while let inner = config?["layer"]?["config"] { config = inner }
    self = config?[Self.field]?.stringValue.flatMap { RandomDraws(rawValue: $0) } ?? .sample
  }

  /// States it in all layers of a canonical model that may hold functions of the model's author.
  func state(in model: inout JSON, depth: Int = 0) {
    guard depth <= LayerRegistry.maximumNesting, var config = model["config"]?.objectValue else { return }
    if Self.mayDraw(model["class_name"]?.stringValue ?? "", config) { config[Self.field] = .string(rawValue) }
    if var layers = config["layers"]?.arrayValue {
      for index in layers.indices { state(in: &layers[index], depth: depth + 1) }
      config["layers"] = .array(layers)
    }
    if var layer = config["layer"] {
      state(in: &layer, depth: depth + 1)
      config["layer"] = layer
    }
    model["config"] = .object(config)
  }

  /// Functions of the author's, and the nodes of a graph that draw.
  private static func mayDraw(_ className: String, _ config: OrderedDictionary<String, JSON>) -> Bool {
    switch className {
    case LambdaLayer.className, ExpressionLayer.className: return true
    case TFOpLambda.className:
      let function = config["function"]?.stringValue ?? ""
      return ["random", "dropout", "truncated_normal"].contains { function.contains($0) }
    case TensorFlowOpLayer.className: return (config["node_def"]?.text() ?? "").contains("Random")
    default: return false
    }
  }
}

extension BackendFunction {
  /// Draws from distributions, new at each run.
  static let draws: Table = [
    (
      "keraskit>normal",
      BackendFunction("shape mean stddev dtype seed") { arguments, context throws(ModelError) in
        try random(.normal, arguments, scale: arguments["stddev"], offset: arguments["mean"], &context)
      }
    ),
    (
      "keraskit>uniform",
      BackendFunction("shape minval maxval dtype seed") { arguments, context throws(ModelError) in
        let low = arguments["minval"].isNone ? CallValue.float(0) : arguments["minval"]
        let high = arguments["maxval"].isNone ? CallValue.float(1) : arguments["maxval"]
        let width = try binary(.subtract, high, low, arguments.function, &context)
        return try random(.uniform, arguments, scale: width, offset: low, &context)
      }
    ),
    // Within two deviations: √2·erf⁻¹(erf(√2)·(2u − 1)) of a uniform u.
    (
      "keraskit>truncated_normal",
      BackendFunction("shape mean stddev dtype seed") { arguments, context throws(ModelError) in
        let (target, operands) = try context.target(arguments.required("shape"), for: arguments.function)
        let draw = try context.draw(.uniform, target, operands)
        let inner = try context.scaled(context.shifted(context.scaled(draw, by: 2), by: -1), by: 0.954_499_74)
        let unit = try context.value(call("erfinv", [.tensor(inner)], &context), for: arguments.function)
        let deviation = Float(try arguments.double("stddev", default: 1))
        let scaled = try context.scaled(unit, by: Float(2.0.squareRoot()) * deviation)
        return .tensor(try context.shifted(scaled, by: Float(arguments.double("mean", default: 0))))
      }
    ),
    // 1 with a probability.
    (
      "keraskit>bernoulli",
      BackendFunction("shape p dtype seed") { arguments, context throws(ModelError) in
        let chance = Float(try arguments.double("p", default: 0))
        let (target, operands) = try context.target(arguments.required("shape"), for: arguments.function)
        if context.drawsMean {
          let mean = context.constant(chance)
          return .tensor(target.isEmpty ? mean : try context.ops(.broadcast(target), [mean] + operands)[0])
        }
        let draw = try context.draw(.uniform, target, operands)
        return .tensor(try context.cast(context.f(.less, draw, chance), to: .float32))
      }
    ),
    // K.dropout and tf.nn.dropout, which a function calls for always: the mean of what is left and scaled is the input.
    (
      "keraskit>dropout",
      BackendFunction("x rate noise_shape seed keep_prob either") { arguments, context throws(ModelError) in
        let x = try arguments.float("x", &context)
        guard arguments["noise_shape"].isNone else { throw arguments.unsupported("noise_shape", "None") }
        // The second argument is what TensorFlow 1 keeps and what TensorFlow 2 drops.
        if let either = try arguments.optionalDouble("either"), either != 0.5 {
          throw arguments.unsupported("rate", "given by name, 'rate' or 'keep_prob'")
        }
        let kept = try arguments.optionalDouble("keep_prob")
        let standard = try arguments.double("rate", default: arguments["either"].isNone ? 0 : 0.5)
        let rate = kept.map { 1 - $0 } ?? standard
        guard (0..<1).contains(rate) else { throw arguments.unsupported("rate", "a number from 0 to below 1") }
        if context.drawsMean || rate == 0 { return .tensor(x) }
        let draw = try context.op(.random(.uniform, stream: context.nextRandomStream()), x)
        let isKept = try context.f(.greaterOrEqual, draw, Float(rate))
        return .tensor(try context.select(isKept, context.scaled(x, by: Float(1 / (1 - rate))), 0))
      }
    ),
  ]

  private static func random(
    _ distribution: RandomDistribution, _ arguments: FunctionArguments, scale: CallValue, offset: CallValue,
    _ context: inout LoweringContext
  ) throws(ModelError) -> CallValue {
    let (target, operands) = try context.target(arguments.required("shape"), for: arguments.function)
    var draw = try context.draw(distribution, target, operands)
    if !scale.isNone, scale.double != 1 {
      draw = try context.op(.binary(.multiply), draw, context.float(scale, for: arguments.function))
    }
    if !offset.isNone, offset.double != 0 {
      draw = try context.op(.binary(.add), draw, context.float(offset, for: arguments.function))
    }
    return .tensor(draw)
  }
}

extension LoweringContext {
  /// Whether the mean stands for a function's draw: asked for, and not in training.
  var drawsMean: Bool { randomDraws == .mean && !isTraining }

  /// A draw of that shape from the standard normal distribution or from [0, 1); or its mean.
  fileprivate mutating func draw(
    _ distribution: RandomDistribution, _ target: [TargetDimension], _ operands: [Value]
  ) throws(ModelError) -> Value {
    let mean = constant(drawsMean && distribution == .uniform ? 0.5 : 0)
    let shape = target.isEmpty ? mean : try ops(.broadcast(target), [mean] + operands)[0]
    return drawsMean ? shape : try op(.random(distribution, stream: nextRandomStream()), shape)
  }
}
