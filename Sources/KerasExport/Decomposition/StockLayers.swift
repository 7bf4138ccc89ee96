import KerasCore
import KerasGraph
import KerasModel
import OrderedCollections

/// Operations said as plain layers, for programs whose models hold nothing else (TensorFlow.js): Rescaling, Activation,
/// Reshape, Permute, Add, Multiply, Maximum, Minimum, Concatenate, Dot, pooling, cropping and padding.
struct StockLayers {
  var layers: [LayerConfig] = []
  /// Weights of these layers, by `layer/role`.
  var weights: [String: TensorData]
  /// Whether some of these hold constants of the operations, which training does not change.
  var holdsConstants = false
  let types: (TensorReference) -> TensorType?
  /// How often each tensor is taken.
  let uses: [TensorReference: Int]
  private var taken: Set<String>

  struct Failure: Error {
    var reason: String
  }

  /// Says operations of a decomposition; `weights` are those of its Dense layers, `types` tells what each tensor is, those of
  /// the operations included.
  init(
    _ operations: [LayerConfig], weights: [String: TensorData], outputs: [TensorReference], taken: Set<String>,
    target: String, types: @escaping (TensorReference) -> TensorType?
  ) throws(Failure) {
    self.types = types
    self.taken = taken
    self.weights = weights
    uses = (operations.flatMap(\.nodes).flatMap(\.references) + outputs).reduce(into: [:]) { $0[$1, default: 0] += 1 }
    for operation in operations {
      guard operation.nodes.count == 1, operation.module != "keras.layers" else {
        layers.append(operation)
        continue
      }
      guard try add(operation, operation.nodes[0]) else {
        throw Failure(reason: "\(target) has no layer for its \(operation.className)")
      }
    }
  }

  private static let activations = [
    "Relu": "relu", "Sigmoid": "sigmoid", "Tanh": "tanh", "Softplus": "softplus", "Softsign": "softsign",
    "Silu": "silu", "Selu": "selu", "Relu6": "relu6",
  ]
  private static let merges = ["Add": "Add", "Multiply": "Multiply", "Maximum": "Maximum", "Minimum": "Minimum"]

  private mutating func add(_ operation: LayerConfig, _ node: CallNode) throws(Failure) -> Bool {
    let arguments = node.args.arrayValue ?? []
    let tensors = arguments.compactMap(\.tensorReference)
    let numbers = arguments.compactMap(\.doubleValue)
    let name = operation.name
    if let activation = Self.activations[operation.className], tensors.count == 1 {
      append("Activation", name, ["activation": .string(activation)], tensors[0])
      return true
    }
    if arguments.count == 2, numbers.count == 1, tensors.count == 1,
      tensors[0] == arguments[0].tensorReference
        || ["Add", "Multiply", "Subtract"].contains(operation.className)
    {
      return scaled(operation.className, name, tensors[0], numbers[0], isFirst: arguments[0].doubleValue != nil)
    }
    if arguments.count == 2, tensors.count == 1, numbers.isEmpty,
      let constant = arguments.lazy.compactMap({ FixedScaling.array($0) }).first
    {
      return try withConstant(operation, tensors[0], constant, isFirst: arguments[0].tensorReference == nil)
    }
    if arguments.count == 2, tensors.count == 2, let shapes = shapes(tensors), shapes[0].rank == shapes[1].rank {
      if let merge = Self.merges[operation.className] {
        append(merge, name, [:], tensors)
        return true
      }
      if operation.className == "Subtract" {
        let negated = append("Rescaling", unique(name + "_negated"), ["scale": -1.0, "offset": 0.0], tensors[1])
        append("Add", name, [:], [tensors[0], negated])
        return true
      }
      if operation.className == "Matmul", shapes[0].rank == 3 {
        // A product with the transposed batch of a matrix would mix the samples: Dot takes each sample's own.
        append("Dot", name, ["axes": [2, 1], "normalize": false], tensors)
        return true
      }
      if operation.className == "Matmul", shapes[0].rank == 4 { return productsOfHeads(name, tensors, shapes) }
    }
    if operation.className == "Where", arguments.count == 3, tensors.count == 1 {
      return chosen(operation, tensors[0], arguments)
    }
    guard let x = tensors.first, let shape = types(x)?.shape else { return false }
    switch operation.className {
    case "Square": append("Multiply", name, [:], [x, x])
    case "Negative": append("Rescaling", name, ["scale": -1.0, "offset": 0.0], x)
    case "Absolute":
      let negated = append("Rescaling", unique(name + "_negated"), ["scale": -1.0, "offset": 0.0], x)
      append("Maximum", name, [:], [x, negated])
    case "Softmax":
      let axis = operation.fields["axis"]?.intValue ?? -1
      append("Softmax", name, ["axis": JSON(axis < 0 ? axis + shape.rank : axis)], x)
    case "LeakyRelu": append("LeakyReLU", name, ["negative_slope": operation.fields["negative_slope"] ?? 0.2], x)
    case "Elu" where operation.fields["alpha"]?.doubleValue ?? 1 == 1: append("ELU", name, ["alpha": 1.0], x)
    case "Elu":
      // relu(x) − α · relu(−elu(x)).
      let alpha = operation.fields["alpha"]?.doubleValue ?? 1
      let elu = append("ELU", unique(name + "_elu"), ["alpha": 1.0], x)
      let above = append("Activation", unique(name + "_above"), ["activation": "relu"], x)
      let negated = append("Rescaling", unique(name + "_negated"), ["scale": -1.0, "offset": 0.0], elu)
      let depth = append("Activation", unique(name + "_depth"), ["activation": "relu"], negated)
      let below = append("Rescaling", unique(name + "_below"), ["scale": .number(-alpha), "offset": 0.0], depth)
      append("Add", name, [:], [above, below])
    case "Clip": return clipped(operation, x)
    case "Reshape":
      guard let sizes = operation.fields["newshape"]?.arrayValue?.compactMap(\.intValue), sizes.first == -1,
        sizes.count > 1, sizes.dropFirst().allSatisfy({ $0 > 0 }), shape.dimensions.first == .some(nil)
      else { return false }
      append("Reshape", name, ["target_shape": JSON(Array(sizes.dropFirst()))], x)
    case "Transpose":
      guard let axes = operation.fields["axes"]?.arrayValue?.compactMap(\.intValue), axes.first == 0, axes.count > 1
      else { return false }
      append("Permute", name, ["dims": JSON(Array(axes.dropFirst()))], x)
    case "Concatenate":
      guard let axis = operation.fields["axis"]?.intValue, let list = arguments.first?.arrayValue,
        list.allSatisfy({ $0.tensorReference != nil })
      else { return false }
      append("Concatenate", name, ["axis": JSON(axis)], list.compactMap(\.tensorReference))
    case "MaxPool", "AveragePool":
      guard shape.rank == 4 || shape.rank == 3 else { return false }
      let fields = operation.fields.filter { ["pool_size", "strides", "padding", "data_format"].contains($0.key) }
      let kind = operation.className == "MaxPool" ? "MaxPooling" : "AveragePooling"
      append("\(kind)\(shape.rank - 2)D", name, fields, x)
    case "Mean", "Max", "Sum": return reduced(operation, x, shape)
    case "GetItem": return cropped(operation, arguments, x, shape)
    case "Pad": return padded(operation, node, x, shape)
    default: return false
    }
    return true
  }

  /// x ⊕ number.
  private mutating func scaled(_ kind: String, _ name: String, _ x: TensorReference, _ number: Double, isFirst: Bool)
    -> Bool
  {
    var (scale, offset) = (1.0, 0.0)
    switch kind {
    case "Multiply": scale = number
    case "Add": offset = number
    case "Subtract": (scale, offset) = isFirst ? (-1, number) : (1, -number)
    case "Divide" where !isFirst && number != 0: scale = 1 / number
    case "Power" where !isFirst && number == 2:
      append("Multiply", name, [:], [x, x])
      return true
    case "Maximum" where number == 0:
      append("Activation", name, ["activation": "relu"], x)
      return true
    default: return false
    }
    append("Rescaling", name, ["scale": .number(scale), "offset": .number(offset)], x)
    return true
  }

  /// clip(x, a, b) = relu(x − a), at most b − a, plus a.
  private mutating func clipped(_ operation: LayerConfig, _ x: TensorReference) -> Bool {
    guard let low = operation.fields["x_min"]?.doubleValue, let high = operation.fields["x_max"]?.doubleValue,
      low < high
    else { return false }
    let moved =
      low == 0 ? x : append("Rescaling", unique(operation.name + "_moved"), ["scale": 1.0, "offset": .number(-low)], x)
    let fields: OrderedDictionary<String, JSON> = [
      "max_value": .number(high - low), "negative_slope": 0.0, "threshold": 0.0,
    ]
    guard low != 0 else {
      append("ReLU", operation.name, fields, moved)
      return true
    }
    let bounded = append("ReLU", unique(operation.name + "_bounded"), fields, moved)
    append("Rescaling", operation.name, ["scale": 1.0, "offset": .number(low)], bounded)
    return true
  }

  /// Over axes other than the batch: these first, in one row, which is pooled.
  private mutating func reduced(_ operation: LayerConfig, _ x: TensorReference, _ shape: Shape) -> Bool {
    guard let given = operation.fields["axis"]?.arrayValue?.compactMap(\.intValue), !given.isEmpty,
      shape.dimensions.first == .some(nil), let sizes = Shape(Array(shape.dimensions.dropFirst())).concrete
    else { return false }
    let axes = Set(given.map { $0 < 0 ? $0 + shape.rank : $0 })
    guard !axes.contains(0), axes.allSatisfy({ $0 < shape.rank }) else { return false }
    let kept = (1..<shape.rank).filter { !axes.contains($0) }
    let order = axes.sorted() + kept
    var rows = x
    if order != Array(1..<shape.rank) {
      rows = append("Permute", unique(operation.name + "_order"), ["dims": JSON(order)], rows)
    }
    let count = axes.reduce(1) { $0 * sizes[$1 - 1] }
    let rest = kept.reduce(1) { $0 * sizes[$1 - 1] }
    rows = append("Reshape", unique(operation.name + "_rows"), ["target_shape": [JSON(count), JSON(rest)]], rows)
    let kind = operation.className == "Max" ? "GlobalMaxPooling1D" : "GlobalAveragePooling1D"
    var result = append(
      kind, unique(operation.name + "_pooled"), ["data_format": "channels_last", "keepdims": false], rows)
    if operation.className == "Sum" {
      result = append(
        "Rescaling", unique(operation.name + "_sum"), ["scale": .number(Double(count)), "offset": 0.0], result)
    }
    let keeps = operation.fields["keepdims"] == true
    let target = keeps ? (1..<shape.rank).map { axes.contains($0) ? 1 : sizes[$0 - 1] } : kept.map { sizes[$0 - 1] }
    append("Reshape", operation.name, ["target_shape": JSON(target.isEmpty ? [1] : target)], result)
    // A single number for each sample has no axis of its own, which no layer takes away.
    return !target.isEmpty
  }

  /// A part along axes other than the batch, each cut from images whose columns it is.
  private mutating func cropped(
    _ operation: LayerConfig, _ arguments: [JSON], _ x: TensorReference, _ shape: Shape
  ) -> Bool {
    guard arguments.count == 2, let slices = arguments[1].arrayValue, slices.count == shape.rank else { return false }
    var cuts: [Int: (Int, Int)] = [:]
    for (axis, slice) in slices.enumerated() {
      guard let config = slice["config"], config["step"]?.intValue ?? 1 == 1 else { return false }
      let (start, stop) = (config["start"]?.intValue ?? 0, config["stop"]?.intValue)
      guard let size = shape[axis] else {
        guard start == 0, stop == nil else { return false }
        continue
      }
      let first = start < 0 ? start + size : start
      let last = stop.map { $0 < 0 ? $0 + size : min($0, size) } ?? size
      guard first >= 0, last > first else { return false }
      if first > 0 || last < size { cuts[axis] = (first, size - last) }
    }
    return alongColumns(operation, x, shape, cuts, className: "Cropping2D", field: "cropping", sign: -1)
  }

  /// Zeros around axes other than the batch.
  private mutating func padded(
    _ operation: LayerConfig, _ node: CallNode, _ x: TensorReference, _ shape: Shape
  ) -> Bool {
    guard let widths = operation.fields["pad_width"]?.arrayValue, widths.count == shape.rank,
      node.kwargs["constant_values"]?.doubleValue ?? 0 == 0
    else { return false }
    var cuts: [Int: (Int, Int)] = [:]
    for (axis, pair) in widths.enumerated() {
      let both = pair.arrayValue?.compactMap(\.intValue) ?? []
      guard both.count == 2, both.allSatisfy({ $0 >= 0 }) else { return false }
      if both != [0, 0] { cuts[axis] = (both[0], both[1]) }
    }
    return alongColumns(operation, x, shape, cuts, className: "ZeroPadding2D", field: "padding", sign: 1)
  }

  private mutating func alongColumns(
    _ operation: LayerConfig, _ x: TensorReference, _ shape: Shape, _ cuts: [Int: (Int, Int)], className: String,
    field: String, sign: Int
  ) -> Bool {
    guard shape.dimensions.first == .some(nil), cuts[0] == nil,
      var sizes = Shape(Array(shape.dimensions.dropFirst())).concrete, !sizes.isEmpty
    else { return false }
    var result = x
    for (axis, cut) in cuts.sorted(by: { $0.key < $1.key }) {
      let place = axis - 1
      let (before, behind) = (sizes[..<place].reduce(1, *), sizes[(place + 1)...].reduce(1, *))
      result = append(
        "Reshape", unique("\(operation.name)_columns"),
        ["target_shape": [JSON(before), JSON(sizes[place]), JSON(behind)]],
        result)
      result = append(
        className, unique("\(operation.name)_cut"),
        [field: [[0, 0], [JSON(cut.0), JSON(cut.1)]], "data_format": "channels_last"], result)
      sizes[place] += sign * (cut.0 + cut.1)
    }
    append("Reshape", operation.name, ["target_shape": JSON(sizes)], result)
    return true
  }

  // MARK: Layers

  private func shapes(_ tensors: [TensorReference]) -> [Shape]? {
    let shapes = tensors.compactMap { types($0)?.shape }
    return shapes.count == tensors.count ? shapes : nil
  }

  @discardableResult
  mutating func append(
    _ className: String, _ name: String, _ fields: OrderedDictionary<String, JSON>, _ x: TensorReference
  ) -> TensorReference {
    append(className, name, fields, args: [.tensor(x)])
  }

  @discardableResult
  mutating func append(
    _ className: String, _ name: String, _ fields: OrderedDictionary<String, JSON>, _ tensors: [TensorReference]
  ) -> TensorReference {
    append(className, name, fields, args: [.array(tensors.map { .tensor($0) })])
  }

  mutating func append(
    _ className: String, _ name: String, _ fields: OrderedDictionary<String, JSON>, args: JSON
  ) -> TensorReference {
    var all: OrderedDictionary<String, JSON> = ["trainable": true, "dtype": "float32"]
    all.merge(fields) { _, new in new }
    var layer = LayerConfig(className, name: name, fields: all)
    layer.nodes = [CallNode(args: args)]
    taken.insert(name)
    layers.append(layer)
    return TensorReference(name)
  }

  func unique(_ proposal: String) -> String {
    var name = proposal
    var number = 1
    while taken.contains(name) {
      name = "\(proposal)_\(number)"
      number += 1
    }
    return name
  }
}
