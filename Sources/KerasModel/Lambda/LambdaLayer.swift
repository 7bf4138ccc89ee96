import KerasCore
import KerasGraph
import OrderedCollections
import PythonCode

/// Keras' Lambda: a Python function of the input, followed as data; never executed.
///
/// The function is called as Keras calls it: with the input, or the list of the inputs, with `arguments` by name, and with
/// `mask` and `training` if it has arguments of these names (`layers/core.py` of Keras 1.0 to 2.3, `layers/core/lambda_layer.py`
/// of Keras 2.15 and 3). It puts out no mask, unless `mask` gives one.
public struct LambdaLayer: Layer {
  public static let className = "Lambda"

  /// Functions that meant something else in the release that wrote the file, by their names here.
  static let meaningsField = "keraskit>meanings"

  private let saved: OrderedDictionary<String, JSON>
  private let function: LambdaFunction?
  /// A function by its dotted name, for functions of Keras that configs name.
  private let functionName: String?
  private let maskFunction: LambdaFunction?
  private let arguments: OrderedDictionary<String, PythonArgument<CallValue>>
  /// Functions that meant something else in the release that wrote the file.
  private let meanings: [String: String]

  public init(_ config: inout ConfigReader) throws(ModelError) {
    let field = config.json("function")
    var saved: OrderedDictionary<String, JSON> = ["function": field]
    for key in [
      "function_type", "module", "output_shape", "output_shape_type", "output_shape_module", "mask", "mask_type",
      "mask_module", "arguments", Self.meaningsField,
    ] {
      let value = config.json(key)
      if !value.isNull { saved[key] = value }
    }
    self.saved = saved
    function = try LambdaFunction(field)
    functionName = function == nil ? Self.knownFunction(field, module: saved["module"]) : nil
    if function == nil, functionName == nil {
      let named = field.stringValue ?? field["config"]?.stringValue
      let reason = named.map { "the file names its function '\($0)' and holds no code of it" }
      throw ModelError(.lambda(reason ?? "its function is \(field.text()), which has no meaning here"))
    }
    maskFunction = try saved["mask"].flatMap { mask throws(ModelError) in try LambdaFunction(mask) }
    var meanings: [String: String] = [:]
    for (name, json) in saved[Self.meaningsField]?.objectValue ?? [:] {
      guard let own = json.stringValue, BackendFunction.all[own] != nil else {
        throw ModelError(.lambda("its function '\(name)' is to mean \(json.text()), which has no meaning here"))
      }
      meanings[name] = own
    }
    self.meanings = meanings
    var arguments: OrderedDictionary<String, PythonArgument<CallValue>> = [:]
    for (name, json) in saved["arguments"]?.objectValue ?? [:] {
      guard let value = PythonArgument(json) else {
        throw ModelError(.lambda("its argument '\(name)' is \(json.text()), which has no meaning here"))
      }
      arguments[name] = value
    }
    self.arguments = arguments
  }

  /// The function a config names, where its module says whose it is.
  private static func knownFunction(_ field: JSON, module: JSON?) -> String? {
    let name = field.stringValue ?? field["config"]?.stringValue
    guard let name else { return nil }
    let owner = field["module"]?.stringValue ?? module?.stringValue
    if let owner, owner != "builtins", FunctionNames.knows("\(owner).\(name)") { return "\(owner).\(name)" }
    // Keras' own activations are saved by their bare names.
    if let owner, owner.hasPrefix("keras"), ActivationFunction.knows(name) { return name }
    return nil
  }

  public var config: OrderedDictionary<String, JSON> { saved }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    let inputs = call.inputs.map { CallValue.tensor($0.value) }
    let masks = call.inputs.map { $0.mask.map { CallValue.tensor($0) } ?? .none }
    let whole = inputs.count == 1 ? inputs[0] : .sequence(inputs)
    let mask = masks.count == 1 ? masks[0] : .sequence(masks)
    var keywords = arguments
    if let function {
      // Whatever `arguments` say of them: Keras 2 wrote into those what it last gave.
      if function.takes("mask") { keywords["mask"] = .value(mask) }
      if function.takes("training") { keywords["training"] = .value(.bool(context.isTraining)) }
    }
    let result =
      if let function {
        try function.call([whole], keywords, meanings: meanings, &context)
      } else {
        try FunctionNames.call(functionName ?? "", [whole], constants(keywords), &context)
      }
    var outputs = try context.layerTensors(result, for: "the function of the Lambda")
    if let maskFunction, !outputs.isEmpty {
      if case .tensor(let value) = try maskFunction.call([whole, mask], [:], &context) { outputs[0].mask = value }
    }
    return outputs
  }

  private func constants(
    _ arguments: OrderedDictionary<String, PythonArgument<CallValue>>
  ) throws(ModelError) -> OrderedDictionary<String, CallValue> {
    var constants: OrderedDictionary<String, CallValue> = [:]
    for (name, argument) in arguments {
      guard case .value(let value) = argument else {
        throw ModelError(.lambda("its argument '\(name)' is a dictionary, which has no meaning here"))
      }
      constants[name] = value
    }
    return constants
  }

  /// Why the layer of a config is not followed; `nil` if its function can be read.
  static func problem(_ config: JSON) -> String? {
    if config["keraskit>refused"] == true { return "translation is off (--no-lambda)" }
    do throws(ModelError) {
      var reader = ConfigReader(className: className, name: "", fields: config.objectValue ?? [:])
      _ = try LambdaLayer(&reader)
      return nil
    } catch {
      if case .lambda(let reason) = error.cause { return reason }
      return error.description
    }
  }
}
