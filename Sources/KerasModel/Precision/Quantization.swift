import KerasCore
import KerasGraph

/// How the variables of a Dense, EinsumDense, Embedding or ReversibleEmbedding are quantized, and its inputs.
///
/// Keras 3.15.1, `layers/core/dense.py` and its neighbours. Variables keep the integers that the file stores; what a layer
/// computes with them is part of the graph, so a saved copy is quantized as the file was.
struct Quantization: Sendable {
  enum Mode: Sendable, Hashable {
    case int8
    /// With a `block`, each so many rows have a scale and a zero point of their own.
    case int4(block: Int?)
    /// As Keras before 3.14 laid it out: packed along the first axis that the product sums, with int8's scales.
    case int4AlongInputs
    case float8(historyLength: Int)
    case gptq(bits: Int, group: Int?)
  }

  let mode: Mode
  /// How inputs are quantized at every call; `nil` where only the variables are.
  let inputs: AbsMaxQuantizer?

  /// Reads the policy and `quantization_config`; `nil` for a layer that is not quantized.
  ///
  /// Throws `.unsupported` for a mode Keras 3.15.1 does not have.
  init?(_ config: inout ConfigReader, className: String) throws(ModelError) {
    let fields = config.json("quantization_config")
    try self.init(config.policy(), fields, className: className)
  }

  init?(_ policy: DTypePolicy, _ fields: JSON = .null, className: String) throws(ModelError) {
    guard let text = policy.quantization else { return nil }
    let parts = text.split(separator: "/").map(String.init)
    let numbers = parts.dropFirst().map { Int($0) ?? 0 }
    switch (parts.first, numbers.count) {
    case ("int8", 0): mode = .int8
    case ("int4", 0): mode = className.hasSuffix("Embedding") ? .int4(block: nil) : .int4AlongInputs
    case ("int4", 1): mode = .int4(block: try Self.size(numbers[0], text))
    case ("float8", 0): mode = .float8(historyLength: policy.historyLength)
    case ("gptq", 2) where [2, 3, 4, 8].contains(numbers[0]):
      mode = .gptq(bits: numbers[0], group: try Self.size(numbers[1], text))
    case ("awq", 2):
      throw ModelError(
        .unsupported(
          "a layer quantized by AWQ: Keras 3.15 leaves its zero points out of the file and reads none itself"))
    default: throw ModelError(.unsupported("the quantization '\(text)'"))
    }
    switch mode {
    case .float8, .gptq:
      guard !className.hasSuffix("Embedding") else {
        throw ModelError(.unsupported("the quantization '\(text)' of a \(className)"))
      }
    default: break
    }
    if let quantizer = fields["config"]?["activation_quantizer"], quantizer["class_name"] != nil {
      inputs = try AbsMaxQuantizer(quantizer)
    } else if fields.isNull {
      let isDefault = mode == .int8 || mode == .int4AlongInputs || className == "ReversibleEmbedding"
      inputs = isDefault ? AbsMaxQuantizer() : nil
    } else {
      inputs = nil
    }
  }

  /// A size, or −1 for one group of all rows.
  private static func size(_ number: Int, _ text: String) throws(ModelError) -> Int? {
    guard number == -1 || (1...ConfigReader.largestSize).contains(number) else {
      throw ModelError(.unsupported("the quantization '\(text)'"))
    }
    return number == -1 ? nil : number
  }

  static func groups(_ rows: Int, _ size: Int?) -> Int { size.map { (rows + $0 - 1) / $0 } ?? 1 }
}

/// Keras' `AbsMaxQuantizer`: integers between two limits, scaled by the largest magnitude along some axes.
struct AbsMaxQuantizer: Sendable {
  var minimum: Float = -127
  var maximum: Float = 127
  var epsilon: Float = 1e-7

  init() {}

  init(_ object: JSON) throws(ModelError) {
    let name = object["class_name"]?.stringValue ?? ""
    guard name == "AbsMaxQuantizer" else {
      throw ModelError(.unknownValue(field: "activation_quantizer", value: name, known: "AbsMaxQuantizer"))
    }
    let config = object["config"]
    if let range = config?["value_range"] {
      guard let low = range[0]?.doubleValue, let high = range[1]?.doubleValue, low < high else {
        throw ModelError(.invalidField("value_range", expected: "two numbers", found: range))
      }
      (minimum, maximum) = (Float(low), Float(high))
    }
    if let number = config?["epsilon"]?.doubleValue { epsilon = Float(number) }
  }

  /// The integers, and the factor they were scaled by with `axes` of size 1.
  func quantized(
    _ x: Value, axes: [Int], _ context: inout LoweringContext
  ) throws(ModelError) -> (values: Value, scale: Value) {
    let largest = try context.total(.maximum, context.f(.absolute, x), axes, keeps: true)
    let scale = try context.f(.divide, context.constant(maximum), context.f(.add, largest, epsilon))
    let rounded = try context.f(.roundHalfToEven, context.f(.multiply, x, scale))
    return (try context.f(.clip(minimum: minimum, maximum: maximum), rounded), scale)
  }
}
