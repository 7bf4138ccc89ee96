import KerasCore
import KerasGraph
import OrderedCollections

/// A function in a Functional model: a node without variables, with its constants among its arguments.
///
/// Functions put out no masks (tf.keras 2.4 and later, Keras 3).
protocol FunctionNode: Layer {
  /// The function's result for the arguments of one node; throws `.unsupported` for what has no meaning here.
  func result(
    _ positional: [CallValue], _ keywords: OrderedDictionary<String, CallValue>, _ context: inout LoweringContext
  ) throws(ModelError) -> CallValue
}

extension FunctionNode {
  func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    var positional: [CallValue] = []
    var keywords: OrderedDictionary<String, CallValue> = [:]
    if let saved = call.arguments[FunctionNodes.positionalArguments]?.arrayValue {
      var reader = NodeArguments(tensors: call.inputs, context: context)
      for argument in saved { positional.append(try reader.value(argument)) }
      for (key, value) in call.arguments where key != FunctionNodes.positionalArguments {
        var reader = NodeArguments(tensors: call.keywordTensors[key] ?? [], context: context)
        keywords[key] = try reader.value(value)
      }
    } else {
      // In a Sequential model, or inside a wrapper: the inputs are the arguments.
      positional = call.inputs.map { .tensor($0.value) }
    }
    return try context.layerTensors(result(positional, keywords, &context), for: className)
  }
}

/// The classes whose nodes are calls of functions.
enum FunctionNodes {
  /// The canonical call argument that holds the positional arguments as saved, tensors included.
  static let positionalArguments = "keraskit>args"

  private static let classes: [any FunctionNode.Type] = [
    TFOpLambda.self, SlicingOpLambda.self, TensorFlowOpLayer.self, ClassMethod.self, InstanceProperty.self,
    InstanceMethod.self,
  ]
  private static let classNames = Set(classes.map { $0.className })

  /// Whether a layer object of a config is a function: its arguments are then kept as saved.
  static func contains(_ object: JSON) -> Bool {
    if let module = object["module"]?.stringValue, OperationNode.owns(module: module) { return true }
    return object["class_name"]?.stringValue.map { classNames.contains($0) } ?? false
  }
}

/// Puts the tensors of a call back into its saved arguments, in the order in which they stand there.
struct NodeArguments {
  private var tensors: ArraySlice<LayerTensor>
  private let context: LoweringContext

  init(tensors: [LayerTensor], context: LoweringContext) {
    self.tensors = tensors[...]
    self.context = context
  }

  mutating func value(_ json: JSON) throws(ModelError) -> CallValue {
    if json["class_name"] == "__keras_tensor__" {
      guard let tensor = tensors.popFirst() else { throw ModelError(.malformedConfig("an argument has no tensor")) }
      // A shape or a size stays what it is from node to node.
      return context.resolved(.tensor(tensor.value))
    }
    if let list = json.arrayValue {
      var elements: [CallValue] = []
      for element in list { elements.append(try value(element)) }
      return .sequence(elements)
    }
    if json["class_name"] == "__slice__", let slice = json["config"] { return try self.slice(slice) }
    if json["class_name"] == "__tuple__", let items = json["items"] { return try value(items) }
    if json["class_name"] == nil, json.objectValue != nil, json["start"] != nil || json["stop"] != nil {
      return try slice(json)
    }
    guard let constant = CallValue(constant: json) else {
      throw ModelError(.unsupported("the argument \(json.text()) is nothing this program can compute with"))
    }
    return constant
  }

  private mutating func slice(_ json: JSON) throws(ModelError) -> CallValue {
    // In the order in which the file has them, as the tensors come.
    var bounds: [String: CallValue] = [:]
    for (key, bound) in json.objectValue ?? [:] { bounds[key] = try value(bound) }
    return .slice(bounds["start"] ?? .none, bounds["stop"] ?? .none, bounds["step"] ?? .none)
  }
}

extension LoweringContext {
  /// A function's result as a layer's: several tensors, one, or a constant that stays known to the functions after it.
  mutating func layerTensors(_ result: CallValue, for user: String) throws(ModelError) -> [LayerTensor] {
    if case .sequence(let elements) = result, !elements.isEmpty {
      var tensors: [LayerTensor] = []
      for element in elements {
        guard case .tensor(let value) = element else { break }
        tensors.append(LayerTensor(value))
      }
      if tensors.count == elements.count { return tensors }
    }
    let value = try value(result, for: user)
    if case .tensor = result { return [LayerTensor(value)] }
    shapeContents[value] = result
    return [LayerTensor(value)]
  }
}
