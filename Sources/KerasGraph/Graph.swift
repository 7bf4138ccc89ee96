import KerasCore

/// The element type and shape of a value; unknown dimensions are `nil` until a graph is specialised.
public struct TensorType: Sendable, Hashable, CustomStringConvertible {
  public var dtype: DType
  public var shape: Shape

  public init(_ dtype: DType, _ shape: Shape) {
    self.dtype = dtype
    self.shape = shape
  }

  public var description: String { "\(dtype.rawValue)\(shape)" }
}

/// A result of a node, with its type as far as it is known.
public struct Value: Sendable, Hashable {
  public let node: Int
  public let output: Int

  public init(node: Int, output: Int = 0) {
    self.node = node
    self.output = output
  }
}

/// One operation, its operands and the types of its results.
public struct Node: Sendable, Hashable {
  public var op: Op
  public var operands: [Value]
  public var types: [TensorType]
  /// The path of the layer that made it, for messages and profiles.
  public var scope: String
}

/// A directed acyclic graph of primitive operations in topological order: operands always precede.
public struct Graph: Sendable {
  public private(set) var nodes: [Node] = []
  /// Names of inputs, in the order they were added.
  public private(set) var inputNames: [String] = []
  public var outputs: [Value] = []
  /// The layer on whose behalf nodes are being added.
  public var scope = ""

  private var inputNodes: [String: Int] = [:]
  private var parameterNodes: [String: Int] = [:]

  public init() {}

  public func type(_ value: Value) -> TensorType { nodes[value.node].types[value.output] }
  public func shape(_ value: Value) -> Shape { type(value).shape }

  /// The operands whose elements an operation reads, not only their shapes.
  public func dataOperands(_ index: Int) -> [Value] {
    let node = nodes[index]
    switch node.op {
    case .input, .parameter, .constant, .iota, .dimension, .random: return []
    case .reshape, .broadcast, .sliceGradient: return Array(node.operands.prefix(1))
    case .convolutionInputGradient, .scatterAddRows: return Array(node.operands.prefix(2))
    case .poolGradient: return node.operands.count == 3 ? [node.operands[0], node.operands[2]] : node.operands
    default: return node.operands
    }
  }

  public func input(named name: String) -> Value? { inputNodes[name].map { Value(node: $0) } }
  public func parameter(named name: String) -> Value? { parameterNodes[name].map { Value(node: $0) } }
  /// All parameters' names in the order of first use.
  public var parameterNames: [String] { parameterNodes.sorted { $0.value < $1.value }.map(\.key) }

  public mutating func addInput(_ name: String, _ type: TensorType) -> Value {
    if let node = inputNodes[name] { return Value(node: node) }
    inputNames.append(name)
    inputNodes[name] = nodes.count
    return append(.input(name: name), [], [type])[0]
  }

  /// The parameter of that name; the same value each time.
  public mutating func addParameter(_ name: String, _ type: TensorType) -> Value {
    if let node = parameterNodes[name] { return Value(node: node) }
    parameterNodes[name] = nodes.count
    return append(.parameter(name: name), [], [type])[0]
  }

  public mutating func addConstant(_ data: TensorData) -> Value {
    append(.constant(data), [], [TensorType(data.dtype, Shape(data.shape))])[0]
  }

  /// Adds an operation after checking its operands; throws `GraphError` if they do not fit it.
  public mutating func add(_ op: Op, _ operands: [Value]) throws(GraphError) -> [Value] {
    let operandTypes = operands.map { type($0) }
    do {
      return append(op, operands, try inferTypes(op, operandTypes))
    } catch {
      throw error.inScope(scope)
    }
  }

  private mutating func append(_ op: Op, _ operands: [Value], _ types: [TensorType]) -> [Value] {
    let node = nodes.count
    nodes.append(Node(op: op, operands: operands, types: types, scope: scope))
    return types.indices.map { Value(node: node, output: $0) }
  }

  /// The same graph with the given input types, and sizes of nodes of `unsizedTexts`, and all types inferred anew.
  ///
  /// Throws `GraphError` if an input is missing or an operation does not accept the new shapes.
  public func specialized(
    inputs: [String: TensorType], textSizes: [Int: Int] = [:]
  ) throws(GraphError) -> Graph {
    var result = self
    for index in nodes.indices {
      var node = nodes[index]
      if case .encodeText(var text) = node.op, text.size == nil, let size = textSizes[index] {
        text.size = size
        node.op = .encodeText(text)
        result.nodes[index].op = node.op
      }
      switch node.op {
      case .input(let name):
        guard let type = inputs[name] else { throw GraphError(.missingInput(name), scope: node.scope) }
        result.nodes[index].types = [type]
      case .parameter, .constant: break
      default:
        do {
          result.nodes[index].types = try inferTypes(node.op, node.operands.map { result.type($0) })
        } catch {
          throw error.inScope(node.scope)
        }
      }
    }
    return result
  }
}

/// An operation whose operands do not fit it.
public struct GraphError: Error, Sendable, Hashable, CustomStringConvertible {
  public enum Cause: Sendable, Hashable {
    case operandCount(op: String, expected: String, found: Int)
    case rank(op: String, expected: String, found: Shape)
    case shapes(op: String, reason: String, [Shape])
    case dtype(op: String, expected: String, found: DType)
    case missingInput(String)
    /// The operation has no gradient, or none for what was asked.
    case notDifferentiable(op: String)
    case unsupported(op: String, reason: String)
  }

  public var cause: Cause
  /// The layer that made the operation.
  public var scope: String

  public init(_ cause: Cause, scope: String = "") {
    self.cause = cause
    self.scope = scope
  }

  func inScope(_ scope: String) -> GraphError { self.scope.isEmpty ? GraphError(cause, scope: scope) : self }

  public var description: String {
    let what =
      switch cause {
      case .operandCount(let op, let expected, let found): "\(op) takes \(expected) operands, got \(found)"
      case .rank(let op, let expected, let found): "\(op) needs \(expected), got shape \(found)"
      case .shapes(let op, let reason, let shapes):
        "\(op): \(reason), got " + shapes.map(\.description).joined(separator: " and ")
      case .dtype(let op, let expected, let found): "\(op) needs \(expected), got \(found.rawValue)"
      case .missingInput(let name): "no data for the input '\(name)'"
      case .notDifferentiable(let op): "\(op) has no gradient"
      case .unsupported(let op, let reason): "\(op): \(reason)"
      }
    return scope.isEmpty ? what : "layer '\(scope)': \(what)"
  }
}
