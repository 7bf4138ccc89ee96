import KerasCore
import KerasGraph
import OrderedCollections

/// A computation over a layer's inputs in Python's notation, standing for a Lambda or a custom class: `keraskit>Expression`.
///
/// `x` is the input, or the list of the inputs; several have the names `a`, `b`, `c` … too, and a `lambda` its own.
/// `mask` is the first input's mask or None. Variables have the names that `variables` gives them, with their shapes as
/// expressions over the inputs' shapes (`(x.shape[-1], $units)`; None for one that is not there).
/// Puts out no mask, as a Lambda without one, unless `passes_mask` says so.
public struct ExpressionLayer: Layer {
  public static let className = "keraskit>Expression"

  /// The names that inputs have where no `lambda` gives others.
  static let inputNames: Set<String> = ["x", "inputs", "a", "b", "c", "d", "e", "f", "g", "h"]

  let text: String
  private let names: [String]
  private let program: ExpressionProgram
  private let fields: OrderedDictionary<String, JSON>
  private let variables: [(name: String, text: String, shape: ExpressionProgram)]
  private let passesMask: Bool

  public init(_ config: inout ConfigReader) throws(ModelError) {
    text = try config.string("expression")
    var parsed = try Self.program(text)
    if parsed.assignments.isEmpty, case .lambda(let names, let body) = parsed.result {
      self.names = names
      parsed.result = body
    } else {
      names = []
    }
    program = parsed
    fields = config.json("fields").objectValue ?? [:]
    passesMask = try config.bool("passes_mask", default: false)
    var variables: [(name: String, text: String, shape: ExpressionProgram)] = []
    for variable in config.json("variables").arrayValue ?? [] {
      guard let name = variable["name"]?.stringValue, let shape = variable["shape"]?.stringValue else {
        throw ModelError(.invalidField("variables", expected: "objects with a name and a shape", found: variable))
      }
      variables.append((name, shape, try Self.program(shape)))
    }
    self.variables = variables
  }

  private static func program(_ text: String) throws(ModelError) -> ExpressionProgram {
    do {
      return try ExpressionProgram(parsing: text)
    } catch {
      throw ModelError(.unsupported("the expression '\(text)' cannot be read: \(error)"))
    }
  }

  public var config: OrderedDictionary<String, JSON> {
    var config: OrderedDictionary<String, JSON> = ["expression": .string(text)]
    if !fields.isEmpty { config["fields"] = .object(fields) }
    if !variables.isEmpty {
      config["variables"] = .array(variables.map { ["name": .string($0.name), "shape": .string($0.text)] })
    }
    if passesMask { config["passes_mask"] = true }
    return config
  }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] {
    guard !variables.isEmpty else { return [] }
    var context = LoweringContext(isTraining: false)
    let values = inputs.enumerated().map {
      CallValue.tensor(context.graph.addInput("\($0.offset)", TensorType(.float32, $0.element)))
    }
    let evaluation = ExpressionEvaluation(names: try bound(values), fields: fields)
    var specs: [WeightSpec] = []
    for variable in variables {
      var own = evaluation
      let shape = try own.evaluate(variable.shape, &context)
      if shape.isNone { continue }
      var sizes: [Int] = []
      let elements: [CallValue] = if case .sequence(let list) = shape { list } else { [shape] }
      for element in elements {
        guard let size = element.int, size > 0, size <= ConfigReader.largestSize else {
          throw ModelError(.unsupported("the shape '\(variable.text)' of '\(variable.name)' is not known"))
        }
        sizes.append(size)
      }
      specs.append(WeightSpec(variable.name, sizes))
    }
    return specs
  }

  /// The inputs under their names.
  private func bound(_ inputs: [CallValue]) throws(ModelError) -> [String: CallValue] {
    let whole = inputs.count == 1 ? inputs[0] : .sequence(inputs)
    if names.count == 1 { return [names[0]: whole] }
    var bound: [String: CallValue] = [:]
    if names.isEmpty {
      for (name, input) in zip("abcdefgh", inputs) where inputs.count > 1 { bound[String(name)] = input }
      bound["x"] = whole
      bound["inputs"] = whole
      return bound
    }
    guard names.count == inputs.count else {
      throw ModelError(.inputCount(expected: "\(names.count) inputs", found: inputs.count))
    }
    for (name, input) in zip(names, inputs) { bound[name] = input }
    return bound
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    var bound = try bound(call.inputs.map { .tensor($0.value) })
    let mask = call.inputs.first?.mask
    if names.isEmpty { bound["mask"] = mask.map { .tensor($0) } ?? CallValue.none }
    for variable in variables {
      bound[variable.name] =
        context.hasWeight(variable.name) ? .tensor(try context.weight(variable.name)) : CallValue.none
    }
    var evaluation = ExpressionEvaluation(names: bound, fields: fields)
    let result = try evaluation.evaluate(program, &context)
    let results: [CallValue] = if case .sequence(let list) = result { list } else { [result] }
    var outputs: [LayerTensor] = []
    for result in results {
      guard case .tensor(let value) = result else {
        throw ModelError(.unsupported("the expression '\(text)' gives \(result.kind), not a tensor"))
      }
      outputs.append(LayerTensor(value, mask: passesMask ? mask : nil))
    }
    return outputs
  }
}
