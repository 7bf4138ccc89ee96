import KerasCore
import KerasGraph
import KerasModel
import OrderedCollections

/// A layer that Keras 3 does not have, said in operations of `keras.ops`: nodes of a functional model.
///
/// What the layer computes is read from its own lowering, so no class is known here: Lambdas, old merges and old layers
/// come apart alike. Products with a matrix of weights become Dense layers, other trained weights rows of Embeddings, and
/// so they stay trainable; the rest become constants.
struct LayerDecomposition {
  /// The nodes, in the order of the computation.
  private(set) var layers: [LayerConfig] = []
  /// What stands for each output of each call.
  private(set) var replacements: [TensorReference: TensorReference] = [:]
  /// Weights of the layers that were made, by their names in the written model.
  private(set) var weights: [String: TensorData] = [:]
  /// The source's names of what these hold.
  private(set) var sources: [String: String] = [:]
  /// Names of the source's weights that are constants now.
  private(set) var constants: Set<String> = []
  /// Names of the source's weights that are rows of Embeddings now.
  private(set) var rows: Set<String> = []
  /// The masks of outputs, where the layer's have any and they are asked for.
  private(set) var masks: [TensorReference: (tensor: TensorReference, type: TensorType)] = [:]
  /// Whether random numbers are drawn.
  private(set) var drawsNumbers = false
  /// Regularizers and constraints of weights that no layer here has.
  private(set) var dropped: Set<String> = []

  let layer: LayerConfig
  private let prefix: String
  private var taken: Set<String>
  let options: Options
  /// The variables of the layer, by name.
  private var specs: [String: WeightSpec] = [:]
  /// The tensors of such weights, and of the index that all of them are looked up by.
  private var variables: [String: TensorReference] = [:]
  private var rowIndex: TensorReference?
  /// What gets the layer's own name: the one result of its first call, so that outputs keep their names.
  private var ownResult: Value?
  /// Where the Dense layers of matrices of weights are in `layers`.
  private var matrices: [String: Int] = [:]

  /// Numbers that a constant may have: they stand in the config as text.
  static let constantLimit = 200_000

  struct Failure: Error {
    var reason: String
  }

  struct Options {
    /// Whether trained weights stay variables.
    var keepsVariables = true
    /// Whether what reads the outputs reads their masks too.
    var makesMasks = false
    /// Whether the target has functions that draw random numbers.
    var hasDraws = false
    /// Whether anything reads the outputs.
    var makesResults = true
    /// Whether the result has the layer's own name.
    var keepsName = true
  }

  /// Takes a layer of a functional model apart.
  ///
  /// `types` gives what a tensor of the model is; `weights` holds those of the layer by names without `prefix`; `taken` are
  /// the names of the model's layers. Throws `Failure` with what has no operation.
  init(
    _ layer: LayerConfig, prefix: String, weights: [String: TensorData], taken: Set<String>,
    options: Options = Options(), types: @escaping (TensorReference) -> TensorType?
  ) throws(Failure) {
    self.options = options
    self.layer = layer
    self.prefix = prefix
    self.taken = taken
    for call in layer.nodes.indices { try add(call, weights, types) }
    dropUnread()
    for spec in specs.values { dropped.formUnion(VariableRules(spec).names) }
  }

  /// Leaves out operations whose results another way of saying them made needless.
  private mutating func dropUnread() {
    let references = Dictionary(uniqueKeysWithValues: layers.map { ($0.name, $0.nodes.flatMap(\.references)) })
    let results = Array(replacements.values) + masks.values.map(\.tensor)
    var next = results.map(\.layer) + layers.filter { !$0.module.hasPrefix("keras.src.ops.") }.map(\.name)
    var read: Set<String> = []
    while let name = next.popLast() {
      if read.insert(name).inserted { next += (references[name] ?? []).map(\.layer) }
    }
    layers.removeAll { !read.contains($0.name) }
  }

  /// The layer as one Rescaling, where all it does to its input is scale·x + offset with two numbers: as most Lambdas in
  /// front of an image model do.
  var rescaling: LayerConfig? {
    guard layer.nodes.count == 1, layer.nodes[0].args.tensorReferences.count == 1, (1...2).contains(layers.count) else {
      return nil
    }
    var (scale, offset) = (1.0, 0.0)
    for made in layers {
      let arguments = made.nodes.first?.args.arrayValue ?? []
      let numbers = arguments.compactMap(\.doubleValue)
      guard arguments.count == 2, numbers.count == 1 else { return nil }
      let isFirst = arguments[0].doubleValue != nil
      switch made.className {
      case "Multiply": (scale, offset) = (scale * numbers[0], offset * numbers[0])
      case "Add": offset += numbers[0]
      case "Subtract" where !isFirst: offset -= numbers[0]
      case "Subtract": (scale, offset) = (-scale, numbers[0] - offset)
      case "Divide" where !isFirst && numbers[0] != 0: (scale, offset) = (scale / numbers[0], offset / numbers[0])
      default: return nil
      }
    }
    var made = LayerConfig(
      "Rescaling", name: layer.name,
      fields: ["trainable": true, "dtype": "float32", "scale": .number(scale), "offset": .number(offset)])
    made.nodes = layer.nodes
    return made
  }

  // MARK: One call

  private mutating func add(
    _ call: Int, _ weights: [String: TensorData], _ types: (TensorReference) -> TensorType?
  ) throws(Failure) {
    let node = layer.nodes[call]
    var inputs: [TensorReference] = []
    for reference in node.references where !inputs.contains(reference) { inputs.append(reference) }
    guard !inputs.isEmpty else { throw Failure(reason: "it takes no tensor") }
    let lowered = try lowered(call, inputs, weights, types)
    let (graph, trained) = (lowered.graph, lowered.trained)
    drawsNumbers = drawsNumbers || graph.nodes.contains { if case .random = $0.op { true } else { false } }
    guard !drawsNumbers || options.hasDraws else {
      throw Failure(
        reason:
          "it draws random numbers, and keras.ops has no operation that does; --random-draws mean takes their mean")
    }
    constants.formUnion(lowered.constants)
    if call == 0 { specs = lowered.specs }
    ownResult = call == 0 && options.keepsName && lowered.count == 1 ? graph.outputs[0] : nil

    var found: [Int: TensorReference] = [:]
    var outer = self
    for (index, node) in graph.nodes.enumerated() {
      switch node.op {
      case .input(let name):
        guard let number = Int(name.dropFirst()), inputs.indices.contains(number) else { continue }
        found[index] = inputs[number]
      case .parameter(let name) where trained.contains(name):
        if let known = outer.variables[name] { found[index] = known }
        guard found[index] == nil, let weight = weights[name], !graph.matrixParameters.contains(name) else { continue }
        found[index] = try outer.addRow(name, weight, inputs[0], rank: types(inputs[0])?.shape.rank ?? 0)
      case .constant, .parameter: continue
      case .matmul(false, false):
        if let made = try outer.addDense(index, graph, weights, found, call) {
          found[index] = made
        } else {
          found[index] = try outer.addOperation(index, graph, weights, found)
        }
      default: found[index] = try outer.addOperation(index, graph, weights, found)
      }
    }
    for (number, output) in graph.outputs.prefix(lowered.count).enumerated() {
      guard output.output == 0, let result = found[output.node] else {
        throw Failure(reason: "output \(number) does not depend on its input")
      }
      outer.replacements[TensorReference(layer.name, call, number)] = result
    }
    for (number, output) in zip(lowered.masked, graph.outputs.dropFirst(lowered.count)) {
      guard output.output == 0, let result = found[output.node] else {
        throw Failure(reason: "the mask of output \(number) does not depend on its input")
      }
      outer.masks[TensorReference(layer.name, call, number)] = (result, graph.type(output))
    }
    self = outer
  }

  // MARK: Nodes

  private mutating func addOperation(
    _ index: Int, _ graph: Graph, _ weights: [String: TensorData], _ found: [Int: TensorReference]
  ) throws(Failure) -> TensorReference {
    let node = graph.nodes[index]
    if case .unary(.hardSigmoid(let scale, let offset)) = node.op {
      // clip(scale·x + offset, 0, 1) in its parts.
      let x = try argument(node.operands[0], graph, weights, found)
      let scaled = add("Multiply", "numpy", [:], [x, .number(Double(scale))], name: "hard_sigmoid_scaled")
      let moved = add(
        "Add", "numpy", [:], [.tensor(scaled), .number(Double(offset))], name: "hard_sigmoid_offset")
      return add(
        "Clip", "numpy", ["x_min": 0.0, "x_max": 1.0], [.tensor(moved)], name: resultName(index, "clip"))
    }
    if case .matmul(let transposeA, let transposeB) = node.op, transposeA || transposeB {
      var arguments: [JSON] = []
      for (operand, isTransposed) in zip(node.operands, [transposeA, transposeB]) {
        guard isTransposed else {
          arguments.append(try argument(operand, graph, weights, found))
          continue
        }
        let rank = graph.shape(operand).rank
        let axes = Array(0..<rank - 2) + [rank - 1, rank - 2]
        if let x = found[operand.node] {
          let axesJSON = JSON.array(axes.map { JSON($0) })
          arguments.append(.tensor(add("Transpose", "numpy", ["axes": axesJSON], [.tensor(x)], name: "transpose")))
          continue
        }
        // An operation on constants alone would have no input.
        do {
          arguments.append(try constant(known(operand, graph, weights).transposed(axes)))
        } catch let error as Failure {
          throw error
        } catch {
          throw Failure(reason: "\(error)")
        }
      }
      return add(
        "Matmul", "keras.src.ops.numpy", [:], arguments, [:], name: resultName(index, "matmul"))
    }
    if case .broadcast(let target) = node.op, node.types[0].shape.dimensions.contains(where: { $0 == nil }) {
      return try addBroadcast(target, index, graph, weights, found)
    }
    // The least of numbers: Keras 3's argmax tells the signs of zeros, which negation has made.
    if case .argMax(let axis) = node.op, case .unary(.negate) = graph.nodes[node.operands[0].node].op,
      let x = found[graph.nodes[node.operands[0].node].operands[0].node]
    {
      return add(
        "Argmin", "keras.src.ops.numpy", ["axis": JSON(axis), "keepdims": false], [.tensor(x)], [:],
        name: resultName(index, "argmin"))
    }
    if case .iota(let axis) = node.op { return try addPlaces(axis, index, graph, weights, found) }
    if case .random(let distribution, _) = node.op {
      return try addDraw(distribution, index, graph, found)
    }
    if case .dimension(let axis, _) = node.op { return try addSize(axis, index, graph, found) }
    if case .convolution(let convolution) = node.op, convolution.groups > 1 {
      return try addGroups(convolution, index, graph, weights, found)
    }
    if case .reshape(let target) = node.op, let made = try addReshape(target, index, graph, found) { return made }
    guard node.types.count == 1, let operation = Keras3Operation(node, graph) else {
      if case .convolutionInputGradient(let convolution, _) = node.op {
        return try addTransposed(convolution, index, graph, weights, found)
      }
      if case .pool(let pooling) = node.op { return try addPool(pooling, index, graph, found) }
      if case .custom(let function) = node.op {
        throw Failure(reason: "keras.ops has no operation for its \(function.name), which no others make up")
      }
      throw Failure(reason: "keras.ops has no operation for its \(node.op.name) of shape \(node.types[0].shape)")
    }
    var arguments: [JSON] = []
    for argument in operation.arguments { arguments.append(try json(argument, node, graph, weights, found)) }
    var keywords: JSON = [:]
    for (key, argument) in operation.keywords { keywords[key] = try json(argument, node, graph, weights, found) }
    guard !JSON.array(arguments).tensorReferences.isEmpty else {
      throw Failure(reason: "keras.ops computes nothing from constants alone, as its \(node.op.name) does")
    }
    let name = resultName(index, operation.className.lowercased())
    return add(operation.className, operation.module, operation.config, arguments, keywords, name: name)
  }

  /// What stands for an argument of a node's operation.
  mutating func json(
    _ argument: Keras3Operation.Argument, _ node: Node, _ graph: Graph, _ weights: [String: TensorData],
    _ found: [Int: TensorReference]
  ) throws(Failure) -> JSON {
    switch argument {
    case .json(let value): return value
    case .operand(let number): return try self.argument(node.operands[number], graph, weights, found)
    case .expanded(let number):
      if let x = found[node.operands[number].node] {
        return .tensor(add("ExpandDims", "numpy", ["axis": -1], [.tensor(x)], name: "expand_dims"))
      }
      let places = try known(node.operands[number], graph, weights)
      guard let column = try? places.reshaped(places.shape + [1]) else {
        throw Failure(reason: "the places of its \(node.op.name) are no array")
      }
      return try constant(column)
    case .negated(let number):
      if let x = found[node.operands[number].node] {
        return .tensor(add("Negative", "numpy", [:], [.tensor(x)], name: "negative"))
      }
      return try constant(known(node.operands[number], graph, weights), isNegated: true)
    case .padded(let number, let widths, let value):
      guard let x = found[node.operands[number].node] else {
        throw Failure(reason: "keras.ops computes nothing from constants alone, as its \(node.op.name) does")
      }
      let pad = Keras3Operation(padding: widths, with: value)
      return .tensor(
        add(
          pad.className, pad.module, pad.config, [.tensor(x)], ["constant_values": .number(Double(value))],
          name: unique("pad")))
    case .list(let arguments):
      var values: [JSON] = []
      for argument in arguments { values.append(try json(argument, node, graph, weights, found)) }
      return .array(values)
    }
  }

  /// x · weights as a Dense layer; `nil` where the node is another product.
  private mutating func addDense(
    _ index: Int, _ graph: Graph, _ weights: [String: TensorData], _ found: [Int: TensorReference], _ call: Int
  ) throws(Failure) -> TensorReference? {
    let node = graph.nodes[index]
    guard case .parameter(let name) = graph.nodes[node.operands[1].node].op, let kernel = weights[name],
      kernel.shape.count == 2, let x = found[node.operands[0].node], call == 0
    else { return nil }
    // One layer, however often the matrix is used: training changes it once.
    if let known = matrices[name] {
      layers[known].nodes.append(CallNode(args: [.tensor(x)]))
      return TensorReference(layers[known].name, layers[known].nodes.count - 1, 0)
    }
    let proposal = resultName(index, "dense")
    var made = LayerConfig(
      "Dense", name: proposal,
      fields: [
        "trainable": layer.fields["trainable"] ?? true, "dtype": "float32", "units": JSON(kernel.shape[1]),
        "activation": "linear", "use_bias": false,
      ])
    let rules = specs.removeValue(forKey: name).map { VariableRules($0) }
    rules?.write(to: &made, of: "kernel")
    made.nodes = [CallNode(args: [.tensor(x)])]
    taken.insert(proposal)
    matrices[name] = layers.count
    layers.append(made)
    self.weights[prefix + proposal + "/kernel"] = kernel
    sources[prefix + proposal + "/kernel"] = prefix + name
    return TensorReference(proposal)
  }

  /// A weight as the one row of an Embedding, which is looked up by a zero made of the layer's input: so a functional model
  /// of Keras can hold any variable.
  private mutating func addRow(
    _ name: String, _ weight: TensorData, _ input: TensorReference, rank: Int
  ) throws(Failure) -> TensorReference {
    let index: TensorReference
    if let known = rowIndex {
      index = known
    } else {
      let first: JSON = ["class_name": "__slice__", "config": ["start": 0, "stop": 1, "step": 1]]
      let slices = JSON.array(Array(repeating: first, count: rank))
      let one = add("GetItem", "numpy", [:], [.tensor(input), slices], name: "first")
      let zero = add("ZerosLike", "numpy", ["dtype": "int32"], [.tensor(one)], name: "zero")
      index = add("Reshape", "numpy", ["newshape": [1, 1]], [.tensor(zero)], name: "index")
      rowIndex = index
    }
    let role = name.split(separator: "/").dropFirst().joined(separator: "_")
    let proposal = unique(role.isEmpty ? "weight" : role)
    var made = LayerConfig(
      "Embedding", name: proposal,
      fields: [
        "trainable": layer.fields["trainable"] ?? true, "dtype": "float32", "input_dim": 1,
        "output_dim": JSON(max(weight.elementCount, 1)), "mask_zero": false,
      ])
    if let spec = specs.removeValue(forKey: name) {
      dropped.formUnion(VariableRules(spec).writeToRow(&made))
    }
    made.nodes = [CallNode(args: [.tensor(index)])]
    taken.insert(proposal)
    layers.append(made)
    do {
      self.weights[prefix + proposal + "/embeddings"] = try weight.reshaped([1, weight.elementCount])
    } catch { throw Failure(reason: "\(error)") }
    sources[prefix + proposal + "/embeddings"] = prefix + name
    rows.insert(name)
    let result = add(
      "Reshape", "numpy", ["newshape": JSON(weight.shape)], [.tensor(TensorReference(proposal))],
      name: role + "_shaped")
    variables[name] = result
    return result
  }

  mutating func add(
    _ className: String, _ module: String, _ config: [String: JSON], _ arguments: [JSON], name: String
  ) -> TensorReference {
    add(
      className, "keras.src.ops.\(module)", .init(uniqueKeysWithValues: config.sorted { $0.key < $1.key }),
      arguments, [:], name: unique(name))
  }

  mutating func add(
    _ className: String, _ module: String, _ config: OrderedDictionary<String, JSON>, _ arguments: [JSON],
    _ keywords: JSON,
    name: String
  ) -> TensorReference {
    var made = LayerConfig(className, name: name, fields: config)
    made.module = module
    made.nodes = [CallNode(args: .array(arguments), kwargs: keywords)]
    taken.insert(name)
    layers.append(made)
    return TensorReference(name)
  }

  mutating func argument(
    _ value: Value, _ graph: Graph, _ weights: [String: TensorData], _ found: [Int: TensorReference]
  ) throws(Failure) -> JSON {
    if let reference = found[value.node], value.output == 0 { return .tensor(reference) }
    return try constant(known(value, graph, weights))
  }

  /// The numbers of a constant or weight, which is a constant from now on.
  mutating func known(
    _ value: Value, _ graph: Graph, _ weights: [String: TensorData]
  ) throws(Failure) -> TensorData {
    switch graph.nodes[value.node].op {
    case .constant(let data): return data
    case .parameter(let name):
      guard let data = weights[name] else { throw Failure(reason: "the weight \(name) is missing") }
      constants.insert(name)
      return data
    default: throw Failure(reason: "one of several results of \(graph.nodes[value.node].op.name) is used")
    }
  }

  /// An array as Keras 3 writes one in a config; a number where it has no axes.
  func constant(_ array: TensorData, isNegated: Bool = false) throws(Failure) -> JSON {
    guard array.elementCount <= Self.constantLimit, let positives = try? array.doubles() else {
      throw Failure(reason: "a constant of \(array.elementCount) numbers is too large for a config")
    }
    let numbers = isNegated ? positives.map { -$0 } : positives
    let isWhole = array.dtype.isInteger
    let values = numbers.map { number in
      array.dtype == .bool ? JSON.bool(number != 0) : isWhole ? JSON(Int(number)) : JSON.number(number)
    }
    guard numbers.allSatisfy(\.isFinite) else { throw Failure(reason: "a constant of it is not finite") }
    if array.shape.isEmpty { return values[0] }
    var nested = values
    for size in array.shape.dropFirst().reversed() {
      guard size > 0 else { throw Failure(reason: "a constant of it is empty") }
      nested = stride(from: 0, to: nested.count, by: size).map { .array(Array(nested[$0..<$0 + size])) }
    }
    return [
      "class_name": "__numpy__", "config": ["value": .array(nested), "dtype": .string(array.dtype.rawValue)],
    ]
  }

  // MARK: Names

  mutating func resultName(_ index: Int, _ proposal: String) -> String {
    Value(node: index) == ownResult ? layer.name : unique(proposal)
  }

  func unique(_ proposal: String) -> String {
    let name = "\(layer.name)_\(proposal)"
    guard taken.contains(name) else { return name }
    var number = 1
    while taken.contains("\(name)_\(number)") { number += 1 }
    return "\(name)_\(number)"
  }
}
