import KerasCore
import KerasGraph
import OrderedCollections

/// A function of `keras.ops` in a Functional model of Keras 3: a node without variables, its constants among its arguments.
///
/// Operations put out no masks (Keras 3). Throws `.unsupported` for a function or an argument this program does not know.
struct OperationNode: Layer {
  static let className = "Operation"

  /// Whether a class of this module is an operation: `keras.src.ops.numpy`.
  static func owns(module: String) -> Bool { module.hasPrefix("keras.src.ops.") || module.hasPrefix("keras.ops.") }

  /// The canonical call argument that holds the positional arguments as saved, tensors included.
  static let positionalArguments = "keraskit>args"

  let className: String
  let config: OrderedDictionary<String, JSON>

  init(_ config: inout ConfigReader) throws(ModelError) {
    className = config.className
    var fields: OrderedDictionary<String, JSON> = [:]
    for key in Self.fields where config.has(key) { fields[key] = config.json(key) }
    self.config = fields
    guard Self.knows(className) else {
      throw ModelError(.unknownLayers([(className: className, layer: config.name)]))
    }
  }

  private static let fields = ["axis", "keepdims", "newshape", "axes", "x_min", "x_max", "initial", "negative_slope"]

  static func knows(_ className: String) -> Bool {
    unaries[className] != nil || binaries[className] != nil || reductions[className] != nil
      || shaping.contains(className)
  }

  private static let unaries: [String: Unary] = [
    "Relu": .relu, "Relu6": .clip(minimum: 0, maximum: 6), "Sigmoid": .sigmoid, "Tanh": .tanh,
    "Softplus": .softplus, "Silu": .silu, "Exp": .exponential, "Expm1": .expm1, "Log": .logarithm,
    "Log1p": .log1p, "Sqrt": .squareRoot, "Rsqrt": .reciprocalSquareRoot, "Square": .square, "Sin": .sine,
    "Cos": .cosine, "Absolute": .absolute, "Abs": .absolute, "Negative": .negate, "Sign": .sign, "Floor": .floor,
    "Ceil": .ceiling, "Reciprocal": .reciprocal, "Erf": .erf,
  ]
  private static let binaries: [String: Binary] = [
    "Add": .add, "Subtract": .subtract, "Multiply": .multiply, "TrueDivide": .divide, "Divide": .divide,
    "Maximum": .maximum, "Minimum": .minimum, "Power": .power,
  ]
  private static let reductions: [String: Reduction] = [
    "Sum": .sum, "Mean": .mean, "Max": .maximum, "Min": .minimum, "Prod": .product,
  ]
  private static let shaping: Set<String> = [
    "Reshape", "Transpose", "ExpandDims", "Squeeze", "Concatenate", "GetItem", "Softmax", "Matmul",
  ]

  func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    guard call.keywordTensors.isEmpty, call.arguments.allSatisfy({ $0 == Self.positionalArguments || $1.isNull })
    else {
      throw ModelError(.unsupported("arguments by name of the operation \(className)"))
    }
    if let unary = Self.unaries[className] {
      return [LayerTensor(try context.op(.unary(unary), operand(call, &context)))]
    }
    if let binary = Self.binaries[className] {
      let operands = try operands(call, &context)
      guard operands.count == 2 else { throw ModelError(.inputCount(expected: "2 operands", found: operands.count)) }
      return [LayerTensor(try context.op(.binary(binary), operands[0], operands[1]))]
    }
    if let reduction = Self.reductions[className] {
      let x = try operand(call, &context)
      let axes = try self.axes(config["axis"] ?? .null, of: context.shape(x))
      let keeps = config["keepdims"]?.boolValue ?? false
      guard config["initial"]?.isNull ?? true else {
        throw ModelError(.unsupported("an initial value of the operation \(className)"))
      }
      return [LayerTensor(try context.op(.reduce(reduction, axes: axes, keepDimensions: keeps), x))]
    }
    return [LayerTensor(try shaped(call, &context))]
  }

  private func shaped(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> Value {
    switch className {
    case "Concatenate":
      guard let first = call.inputs.first else { throw ModelError(.inputCount(expected: "inputs", found: 0)) }
      let axis = try context.shape(first.value).axis(config["axis"]?.intValue ?? 0)
      return try context.ops(.concatenate(axis: axis), call.inputs.map(\.value))[0]
    case "Matmul":
      let operands = try operands(call, &context)
      guard operands.count == 2 else { throw ModelError(.inputCount(expected: "2 operands", found: operands.count)) }
      return try context.op(.matmul(transposeA: false, transposeB: false), operands[0], operands[1])
    default: break
    }
    let x = try call.single().value
    let shape = context.shape(x)
    switch className {
    case "Softmax": return try context.op(.softmax(axis: shape.axis(config["axis"]?.intValue ?? -1)), x)
    case "Reshape":
      guard let sizes = config["newshape"]?.arrayValue else { throw ModelError(.missingField("newshape")) }
      var target: [TargetDimension] = []
      for size in sizes {
        guard let number = size.intValue ?? (size.isNull ? -1 : nil), number >= -1 else {
          throw ModelError(.invalidField("newshape", expected: "sizes", found: .array(sizes)))
        }
        target.append(number == -1 ? .inferred : .fixed(number))
      }
      return try context.op(.reshape(target), x)
    case "Transpose":
      var order: [Int] = Array((0..<shape.rank).reversed())
      if let list = config["axes"]?.arrayValue { order = list.compactMap { $0.intValue } }
      for index in order.indices { order[index] = try shape.axis(order[index]) }
      return try context.op(.transpose(order), x)
    case "ExpandDims":
      let axis = config["axis"]?.intValue ?? 0
      return try context.expanded(x, axis: axis < 0 ? axis + shape.rank + 1 : axis)
    case "Squeeze":
      var target = context.dimensions(of: x)
      let all = config["axis"] ?? .null
      let axes =
        all.isNull ? shape.dimensions.indices.filter { shape[$0] == 1 } : try axes(all, of: shape)
      for axis in axes.reversed() {
        guard shape[axis] == 1 else { throw ModelError(.inputShape(expected: "an axis of size 1", found: shape)) }
        target.remove(at: axis)
      }
      return try context.op(.reshape(target), x)
    case "GetItem": return try ItemSelection(positional(call).dropFirst().first ?? .null).apply(x, &context)
    default: throw ModelError(.unsupported("the operation \(className)"))
    }
  }

  // MARK: Arguments

  private func positional(_ call: LayerCall) -> [JSON] { call.arguments[Self.positionalArguments]?.arrayValue ?? [] }

  private func operand(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> Value {
    let operands = try operands(call, &context)
    guard operands.count == 1 else { throw ModelError(.inputCount(expected: "1 operand", found: operands.count)) }
    return operands[0]
  }

  /// Tensors and numbers in the order of the arguments, as floats.
  private func operands(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [Value] {
    var tensors = call.inputs[...]
    var operands: [Value] = []
    for argument in positional(call) {
      if let number = argument.doubleValue {
        operands.append(context.constant(Float(number)))
      } else if argument["class_name"] == "__keras_tensor__", let tensor = tensors.popFirst() {
        operands.append(try context.cast(tensor.value, to: .float32))
      } else {
        throw ModelError(.unsupported("the argument \(argument.text()) of the operation \(className)"))
      }
    }
    return operands
  }

  /// The axes a field names; all of them for null.
  private func axes(_ value: JSON, of shape: Shape) throws(ModelError) -> [Int] {
    if value.isNull { return Array(0..<shape.rank) }
    var axes: Set<Int> = []
    for axis in value.arrayValue ?? [value] {
      guard let number = axis.intValue else {
        throw ModelError(.invalidField("axis", expected: "axes", found: value))
      }
      axes.insert(try shape.axis(number))
    }
    return axes.sorted()
  }
}
