import KerasCore

/// Nodes of one function as they are added.
final class FunctionBuilder {
  let name: String
  private(set) var nodes: [SMNode] = []
  private(set) var arguments: [Argument] = []
  var isStateful = false
  /// What the names of nodes begin with: the layer's path.
  var scope = ""

  private var taken: Set<String> = []
  private var constants: [SMTensor: Tensor] = [:]

  struct Argument {
    var name: String
    var type: ElementType
    /// Of the tensor, or of the variable that the argument is.
    var shape: Shape
    /// The type of the variable's elements, where the argument is one.
    var variable: ElementType?
  }

  init(_ name: String) { self.name = name }

  func argument(_ name: String, _ type: ElementType, _ shape: Shape, variable: ElementType? = nil) -> Tensor {
    taken.insert(name)
    arguments.append(Argument(name: name, type: type, shape: shape, variable: variable))
    return Tensor(name: name, type: type)
  }

  /// Adds a node; the result is its name.
  func add(_ operation: String, _ inputs: [String], _ attributes: [String: SMAttribute]) -> String {
    var node = SMNode()
    node.name = uniqueName(scope.isEmpty ? operation : "\(scope)/\(operation)")
    node.op = operation
    node.input = inputs
    node.attr = attributes
    nodes.append(node)
    return node.name
  }

  /// Adds a node with one result, of `type` or else the first operand's; `T` is the first operand's type.
  func node(
    _ operation: String, _ inputs: [Tensor], _ attributes: [String: SMAttribute] = [:], as type: ElementType? = nil,
    after: [String] = []
  ) -> Tensor {
    var attributes = attributes
    if let first = inputs.first, !OperationForm.untyped.contains(operation), attributes["T"] == nil {
      attributes["T"] = .type(first.type)
    }
    let name = add(operation, inputs.map(\.name) + after.map { "^\($0)" }, attributes)
    let own = OperationForm.predicates.contains(operation) ? .bool : inputs.first?.type ?? .float
    return Tensor(name: "\(name):\(OperationForm.result(of: operation)):0", type: type ?? own)
  }

  /// A node that holds an array, one for all that are equal.
  func constant(_ data: SMTensor) -> Tensor {
    if let known = constants[data] { return known }
    let own = scope
    scope = ""
    defer { scope = own }
    let type = ElementType(rawValue: data.dtype) ?? .float
    let result = node("Const", [], ["value": .tensor(data), "dtype": .type(type)], as: type)
    constants[data] = result
    return result
  }

  /// The function; `results` in order, with their names.
  func function(results: [(name: String, tensor: Tensor)], keywords: [String] = []) -> SMFunction {
    var function = SMFunction()
    function.signature.name = name
    function.signature.isStateful = isStateful
    for (index, argument) in arguments.enumerated() {
      var proto = SMFunctionSignature.Argument()
      (proto.name, proto.type) = (argument.name, argument.type.rawValue)
      var attributes = SMFunction.Arguments()
      if let variable = argument.variable {
        var handle = SMTypeAndShape()
        (handle.dtype, handle.shape) = (variable.rawValue, SMTensorShape(argument.shape))
        proto.handleData = [handle]
      } else if argument.type != .variant {
        attributes.attr["_output_shapes"] = .shapes([SMTensorShape(argument.shape)])
      }
      if keywords.indices.contains(index) { attributes.attr["_user_specified_name"] = .string(keywords[index]) }
      if !attributes.attr.isEmpty { function.argAttr[UInt32(index)] = attributes }
      function.signature.inputArg.append(proto)
    }
    for (name, tensor) in results {
      var proto = SMFunctionSignature.Argument()
      (proto.name, proto.type) = (name, tensor.type.rawValue)
      function.signature.outputArg.append(proto)
      function.ret[name] = tensor.name
    }
    function.nodeDef = nodes
    return function
  }

  private func uniqueName(_ wish: String) -> String { NodeName.unique(wish, &taken) }
}

/// Names as TensorFlow allows them.
enum NodeName {
  /// Letters, digits and `_.-/>` only, beginning with a letter, a digit or a dot.
  static func valid(_ wish: String) -> String {
    let characters = wish.unicodeScalars.map { scalar -> Character in
      let isPlain = scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
      return isPlain || "_.-/".unicodeScalars.contains(scalar) ? Character(scalar) : "_"
    }
    let name = String(characters)
    return name.first.map { "_-/".contains($0) } ?? true ? "n\(name)" : name
  }

  /// A valid name that is not among those taken, and is then; TensorFlow tells names apart without their case.
  static func unique(_ wish: String, _ taken: inout Set<String>) -> String {
    let wish = valid(wish)
    var (name, number) = (wish, 1)
    while !taken.insert(name.lowercased()).inserted {
      name = "\(wish)_\(number)"
      number += 1
    }
    return name
  }

  /// A name of a Python keyword argument, as TensorFlow makes one.
  static func keyword(_ wish: String) -> String {
    let name = String(
      wish.unicodeScalars.map { scalar -> Character in
        scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
          ? Character(scalar) : "_"
      })
    return name.first?.isLetter ?? false ? name : "arg_\(name)"
  }
}
