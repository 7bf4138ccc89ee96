import KerasCore
import KerasGraph

/// Mixed precision: everything is computed in float32, and rounded to a layer's format where Keras' backend rounds.
///
/// That is at a layer's inputs and weights, which it casts, and at the result of each of its operations. Gradients pass
/// through unrounded.
extension LoweringContext {
  /// Runs `body` for a layer with a policy, on inputs cast to its format; what it gives is in that format.
  mutating func inPrecision(
    of policy: DTypePolicy, _ layer: any Layer, _ call: LayerCall,
    _ body: (LayerCall, inout LoweringContext) throws(ModelError) -> [LayerTensor]
  ) throws(ModelError) -> [LayerTensor] {
    if layer is Network { return try body(call, &self) }
    let saved = format
    defer { format = saved }
    let following = Precision.follows(layer)
    guard let own = following ? commonFormat(call) : policy.format else {
      format = nil
      return try body(call, &self)
    }
    format = own
    var call = call
    if !following {
      for index in call.inputs.indices { call.inputs[index].value = try rounded(call.inputs[index].value) }
      for (key, tensors) in call.keywordTensors {
        for index in tensors.indices {
          call.keywordTensors[key]?[index].value = try rounded(tensors[index].value)
        }
      }
    }
    if Precision.isSingle(layer) { format = nil }
    var results = try body(call, &self)
    format = own
    for index in results.indices {
      results[index].value = try rounded(results[index].value)
      formats[results[index].value] = own
    }
    return results
  }

  /// The format of all numbers a call is given, if it is the same.
  private func commonFormat(_ call: LayerCall) -> FloatFormat? {
    let tensors = call.inputs + call.keywordTensors.values.joined()
    let numbers = tensors.map(\.value).filter { graph.type($0).dtype == .float32 }
    let found = Set(numbers.map { formats[$0] })
    return found.count == 1 ? found.first ?? nil : nil
  }

  /// The value in the format computed in; in training, its gradient is that of the value.
  mutating func rounded(_ x: Value) throws(ModelError) -> Value {
    guard let format, graph.type(x).dtype == .float32, formats[x] != format else { return x }
    do {
      let rounded = try graph.add(.unary(.rounded(format)), [x])[0]
      guard isTraining else { return rounded }
      let difference = try graph.add(.stopGradient, graph.add(.binary(.subtract), [rounded, x]))[0]
      return try graph.add(.binary(.add), [x, difference])[0]
    } catch {
      throw ModelError(.graph(error))
    }
  }
}

/// Which layers compute how under a policy narrower than float32.
enum Precision {
  /// Operations of a graph: they have the format of what they are given.
  static func follows(_ layer: any Layer) -> Bool { layer is any FunctionNode }

  /// Layers that cast to float32 inside and keep their weights in it.
  static func isSingle(_ layer: any Layer) -> Bool { singleClasses.contains(layer.className) }

  private static let singleClasses: Set<String> = ["BatchNormalization", "LayerNormalization"]
}

extension Op {
  /// Whether the result can be a number that the operands' format does not have.
  var needsRounding: Bool {
    switch self {
    case .input, .parameter, .constant, .compare, .select, .reshape, .transpose, .broadcast, .concatenate, .slice,
      .reverse, .gatherRows, .stopGradient, .sliceGradient, .argMax, .iota, .lookup, .hash, .cross,
      .encodeText:
      false
    case .unary(let function):
      switch function {
      case .negate, .absolute, .sign, .floor, .ceiling, .roundHalfToEven, .relu, .logicalNot, .rounded: false
      default: true
      }
    case .binary(let function):
      switch function {
      case .maximum, .minimum, .logicalAnd, .logicalOr: false
      default: true
      }
    case .reduce(let reduction, _, _):
      switch reduction {
      case .maximum, .minimum, .any, .all: false
      default: true
      }
    case .pool(let pooling): pooling.kind != .maximum
    default: true
    }
  }
}
