import KerasCore
import KerasGraph
import KerasModel
import OrderedCollections

/// An operation of Keras 3 as a node of a functional model: its class, what its constructor takes, what it is called with.
struct Keras3Operation {
  /// An argument of the call.
  indirect enum Argument {
    /// The node's operand of that number.
    case operand(Int)
    /// That operand with an axis of one element behind its own.
    case expanded(Int)
    /// Less that operand.
    case negated(Int)
    /// That operand with a value around it, so many times before and after each axis.
    case padded(Int, [(before: Int, after: Int)], Float)
    case json(JSON)
    case list([Argument])
  }

  var module: String
  var className: String
  var config: OrderedDictionary<String, JSON>
  var arguments: [Argument]
  var keywords: [(String, Argument)] = []

  private init(
    _ module: String, _ className: String, _ config: OrderedDictionary<String, JSON> = [:], operands: Int = 1
  ) {
    self.module = "keras.src.ops.\(module)"
    self.className = className
    self.config = config
    arguments = (0..<operands).map { .operand($0) }
  }

  /// The operation of `keras.ops` (3.15) that computes a node; `nil` if there is none, or its shape is only known as it runs.
  init?(_ node: Node, _ graph: Graph) {
    let shape = node.types[0].shape
    switch node.op {
    case .unary(let function): self.init(unary: function)
    case .binary(.add): self.init(sumOf: graph.shape(node.operands[0]), graph.shape(node.operands[1]))
    case .binary(let function): self.init("numpy", Self.binaries[function] ?? "", operands: 2)
    case .compare(let comparison): self.init("numpy", Self.comparisons[comparison] ?? "", operands: 2)
    case .select: self.init("numpy", "Where", operands: 3)
    case .cast(let dtype): self.init("core", "Cast", ["dtype": .string(dtype.rawValue)])
    case .matmul(false, false): self.init("numpy", "Matmul", operands: 2)
    case .softmax(let axis): self.init("nn", "Softmax", ["axis": JSON(axis)])
    case .logSoftmax(let axis): self.init("nn", "LogSoftmax", ["axis": JSON(axis)])
    case .argMax(let axis): self.init("numpy", "Argmax", ["axis": JSON(axis), "keepdims": false])
    case .cumulativeSum(let axis, false): self.init("numpy", "Cumsum", ["axis": JSON(axis)])
    case .reduce(let reduction, let axes, let keeps):
      self.init(
        "numpy", Self.reductions[reduction] ?? "",
        ["axis": .array(axes.map { JSON($0) }), "keepdims": .bool(keeps)])
    case .reshape(let target):
      let own = target.map { Self.ofItself($0, node, graph) }
      guard let sizes = Self.sizes(own, shape, of: graph.shape(node.operands[0])) else { return nil }
      self.init("numpy", "Reshape", ["newshape": .array(sizes.map { JSON($0) })])
    case .broadcast:
      guard let sizes = shape.concrete else { return nil }
      self.init("numpy", "BroadcastTo", ["shape": .array(sizes.map { JSON($0) })])
    case .transpose(let permutation):
      self.init("numpy", "Transpose", ["axes": .array(permutation.map { JSON($0) })])
    case .concatenate(let axis):
      self.init("numpy", "Concatenate", ["axis": JSON(axis)])
      arguments = [.list(node.operands.indices.map { .operand($0) })]
    case .slice(let starts, let limits, let strides):
      self.init("numpy", "GetItem")
      let slices = starts.indices.map { axis in
        Argument.json([
          "class_name": "__slice__",
          "config": [
            "start": JSON(starts[axis]), "stop": limits[axis].map { JSON($0) } ?? .null, "step": JSON(strides[axis]),
          ],
        ])
      }
      arguments = [.operand(0), .list(slices)]
    case .pad(let before, let after, let value): self.init(padding: Array(zip(before, after)), with: value)
    case .reverse(let axes): self.init("numpy", "Flip", ["axis": .array(axes.map { JSON($0) })])
    case .pool(let pooling): self.init(pooling)
    case .convolution(let convolution) where convolution.groups == 1:
      self.init(convolution, graph.shape(node.operands[0]), graph.shape(node.operands[1]))
    case .gatherRows: self.init("numpy", "Take", ["axis": 0], operands: 2)
    case .scatterAddRows:
      guard let sizes = shape.concrete else { return nil }
      self.init("core", "Scatter", ["shape": .array(sizes.map { JSON($0) })])
      arguments = [.expanded(1), .operand(0)]
    case .custom(let function) where function.name == "inv": self.init("linalg", "Inv")
    case .stopGradient: self.init("core", "StopGradient")
    default: return nil
    }
    if className.isEmpty { return nil }
  }

  /// A sum, in the order that `keras.ops.add` computes it as written, or else as a difference, which it has no short way for
  /// (`TensorFlowSum`).
  private init(sumOf first: Shape, _ second: Shape) {
    self.init("numpy", "Add", operands: 2)
    if TensorFlowSum.isSum(first, second) { return }
    if TensorFlowSum.isSum(second, first) {
      arguments.reverse()
    } else {
      className = "Subtract"
      arguments[1] = .negated(1)
    }
  }

  init(padding widths: [(before: Int, after: Int)], with value: Float) {
    let sizes = widths.map { JSON.array([JSON($0.before), JSON($0.after)]) }
    self.init("numpy", "Pad", ["pad_width": .array(sizes), "mode": "constant"])
    keywords = [("constant_values", .json(.number(Double(value))))]
  }

  /// Of one group; another padding than TensorFlow's is zeros put around.
  init?(_ convolution: Convolution, _ input: Shape, _ kernel: Shape) {
    guard kernel.rank > 2, let sizes = Shape(Array(kernel.dimensions.dropLast(2))).concrete
    else { return nil }
    // Keras' own operation refuses strides together with dilations.
    guard convolution.strides.allSatisfy({ $0 == 1 }) || convolution.dilations.allSatisfy({ $0 == 1 }) else {
      return nil
    }
    self.init(
      "nn", "Conv",
      [
        "strides": .array(convolution.strides.map { JSON($0) }), "padding": "same", "data_format": "channels_last",
        "dilation_rate": .array(convolution.dilations.map { JSON($0) }),
      ], operands: 2)
    if convolution.padding == .same { return }
    let spatial = Array(input.dimensions.dropFirst().dropLast())
    guard
      case .explicit(let before, let after) = try? WindowPadding(
        convolution.padding, input: spatial, kernel: sizes, strides: convolution.strides,
        dilations: convolution.dilations)
    else { return nil }
    config["padding"] = "valid"
    guard (before + after).contains(where: { $0 != 0 }) else { return }
    arguments[0] = .padded(0, [(0, 0)] + Array(zip(before, after)) + [(0, 0)], 0)
  }

  private init?(_ pooling: Pooling) {
    let padding: String
    switch (pooling.padding, pooling.kind) {
    case (let padded, _) where padded == .valid(pooling.window.count): padding = "valid"
    case (.same, .maximum), (.same, .average(countsPadding: false)): padding = "same"
    default: return nil
    }
    self.init(
      "nn", pooling.kind == .maximum ? "MaxPool" : "AveragePool",
      [
        "pool_size": .array(pooling.window.map { JSON($0) }), "strides": .array(pooling.strides.map { JSON($0) }),
        "padding": .string(padding), "data_format": "channels_last",
      ])
  }

  private init?(unary function: Unary) {
    switch function {
    case .elu(let alpha): self.init("nn", "Elu", ["alpha": .number(Double(alpha))])
    case .leakyRelu(let slope): self.init("nn", "LeakyRelu", ["negative_slope": .number(Double(slope))])
    case .clip(let minimum, let maximum):
      guard minimum.isFinite, maximum.isFinite else { return nil }
      self.init("numpy", "Clip", ["x_min": .number(Double(minimum)), "x_max": .number(Double(maximum))])
    case .gelu(let approximate): self.init("nn", "Gelu", ["approximate": .bool(approximate)])
    case .hardSigmoid(let scale, let offset):
      guard scale == Float(1.0 / 6), offset == 0.5 else { return nil }
      self.init("nn", "HardSigmoid")
    case .rounded: return nil
    default:
      guard let (module, name) = Self.unaries[function] else { return nil }
      self.init(module, name)
      if function == .roundHalfToEven { config["decimals"] = 0 }
    }
  }

  /// The batch that another operand has is the reshaped tensor's own, where that is the same tensor or a model's input.
  private static func ofItself(_ dimension: TargetDimension, _ node: Node, _ graph: Graph) -> TargetDimension {
    guard case .ofOperand(let number, axis: 0) = dimension, node.operands.indices.contains(number), number > 0,
      graph.shape(node.operands[0]).dimensions.first == .some(nil)
    else { return dimension }
    let other = node.operands[number]
    if other == node.operands[0] { return .ofOperand(0, axis: 0) }
    if case .input = graph.nodes[other.node].op { return .ofOperand(0, axis: 0) }
    return dimension
  }

  /// A shape to reach with one open size at most, which is -1.
  private static func sizes(_ target: [TargetDimension], _ shape: Shape, of operand: Shape) -> [Int]? {
    var shape = shape
    // The batch stays and all the rest is known: so is what is left for the inferred size.
    if let place = target.firstIndex(of: .inferred), target.first == .ofOperand(0, axis: 0),
      let rest = Shape(Array(operand.dimensions.dropFirst())).concrete, let count = checkedProduct(rest)
    {
      let known = shape.dimensions.enumerated().dropFirst().filter { $0.offset != place }.map(\.element)
      guard let others = Shape(known).concrete, let product = checkedProduct(others), product > 0 else { return nil }
      shape[place] = count / product
    }
    guard shape.dimensions.count(where: { $0 == nil }) <= 1 else { return nil }
    return shape.dimensions.map { $0 ?? -1 }
  }

  private static let unaries: [Unary: (String, String)] = [
    .negate: ("numpy", "Negative"), .absolute: ("numpy", "Absolute"), .sign: ("numpy", "Sign"),
    .exponential: ("numpy", "Exp"), .expm1: ("numpy", "Expm1"), .logarithm: ("numpy", "Log"),
    .log1p: ("numpy", "Log1p"), .squareRoot: ("numpy", "Sqrt"), .reciprocalSquareRoot: ("math", "Rsqrt"),
    .reciprocal: ("numpy", "Reciprocal"), .square: ("numpy", "Square"), .sine: ("numpy", "Sin"),
    .cosine: ("numpy", "Cos"), .tanh: ("numpy", "Tanh"), .sigmoid: ("nn", "Sigmoid"), .erf: ("math", "Erf"),
    .floor: ("numpy", "Floor"), .ceiling: ("numpy", "Ceil"), .roundHalfToEven: ("numpy", "Round"),
    .relu: ("nn", "Relu"), .softplus: ("nn", "Softplus"), .logicalNot: ("numpy", "LogicalNot"),
    .silu: ("nn", "Silu"),
  ]

  private static let binaries: [Binary: String] = [
    .add: "Add", .subtract: "Subtract", .multiply: "Multiply", .divide: "Divide", .maximum: "Maximum",
    .minimum: "Minimum", .power: "Power", .modulo: "Mod", .floorDivide: "FloorDivide", .logicalAnd: "LogicalAnd",
    .logicalOr: "LogicalOr", .divideNoNaN: "DivideNoNan",
  ]

  private static let comparisons: [Comparison: String] = [
    .equal: "Equal", .notEqual: "NotEqual", .less: "Less", .lessOrEqual: "LessEqual", .greater: "Greater",
    .greaterOrEqual: "GreaterEqual",
  ]

  private static let reductions: [Reduction: String] = [
    .sum: "Sum", .mean: "Mean", .maximum: "Max", .minimum: "Min", .product: "Prod", .any: "Any", .all: "All",
  ]
}
