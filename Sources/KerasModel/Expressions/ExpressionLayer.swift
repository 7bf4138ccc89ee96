import KerasCore
import KerasGraph
import OrderedCollections

/// A computation over a layer's inputs in Python's notation, standing for a Lambda or a custom class: `keraskit>Expression`.
///
/// `x` is the input, or the list of the inputs; several have the names `a`, `b`, `c` … too, and a `lambda` its own.
/// `mask` is the first input's mask or None. Variables have the names that `variables` gives them, with their shapes as
/// expressions over the inputs' shapes (`(x.shape[-1], $units)`; None for one that is not there).
/// Assignments come before the result; one of a `lambda` makes a function, which `fold(f, start, count)` repeats.
/// Puts out no mask, as a Lambda without one, unless `passes_mask` says so or `masks` gives one for each output.
public struct ExpressionLayer: Layer {
  public static let className = "keraskit>Expression"

  /// The names that inputs have where no `lambda` gives others.
  static let inputNames: Set<String> = ["x", "inputs", "a", "b", "c", "d", "e", "f", "g", "h"]

  /// One variable; `holder` is the object that owns it below the layer in `.keras` files.
  private struct Variable {
    var name: String
    var holder: String
    var text: String
    var shape: ExpressionProgram

    var key: String { holder.isEmpty ? name : holder + "/" + name }
  }

  let text: String
  private let names: [String]
  private let program: ExpressionProgram
  private let fields: OrderedDictionary<String, JSON>
  private let variables: [Variable]
  private let passesMask: Bool
  private let masks: (text: String, program: ExpressionProgram)?

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
    let maskText = config.json("masks").stringValue
    masks = try maskText.map { text throws(ModelError) in (text, try Self.program(text)) }
    var variables: [Variable] = []
    for variable in config.json("variables").arrayValue ?? [] {
      guard let name = variable["name"]?.stringValue, let shape = variable["shape"]?.stringValue else {
        throw ModelError(.invalidField("variables", expected: "objects with a name and a shape", found: variable))
      }
      variables.append(
        Variable(
          name: name, holder: variable["holder"]?.stringValue ?? "", text: shape, shape: try Self.program(shape)))
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
      config["variables"] = .array(
        variables.map { variable in
          var object: OrderedDictionary<String, JSON> = [
            "name": .string(variable.name), "shape": .string(variable.text),
          ]
          if !variable.holder.isEmpty { object["holder"] = .string(variable.holder) }
          return .object(object)
        })
    }
    if let masks { config["masks"] = .string(masks.text) }
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
      specs.append(WeightSpec(variable.name, sizes, holder: variable.holder))
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
    // Inputs that the call gave by the names of the author's arguments.
    for (name, tensors) in call.keywordTensors where bound[name] == nil {
      bound[name] = tensors.count == 1 ? .tensor(tensors[0].value) : .sequence(tensors.map { .tensor($0.value) })
    }
    for variable in variables {
      bound[variable.name] =
        context.hasWeight(variable.key) ? .tensor(try context.weight(variable.key)) : CallValue.none
    }
    var evaluation = ExpressionEvaluation(names: bound, fields: fields)
    let result = try evaluation.evaluate(program, &context)
    let results: [CallValue] = if case .sequence(let list) = result { list } else { [result] }
    var outputs: [LayerTensor] = []
    let masks = try masks(evaluation, count: results.count, passing: mask, &context)
    for (index, result) in results.enumerated() {
      guard case .tensor(let value) = result else {
        throw ModelError(.unsupported("the expression '\(text)' gives \(result.kind), not a tensor"))
      }
      outputs.append(LayerTensor(value, mask: masks[index]))
    }
    return outputs
  }

  /// The mask of each output.
  private func masks(
    _ evaluation: ExpressionEvaluation, count: Int, passing mask: Value?, _ context: inout LoweringContext
  ) throws(ModelError) -> [Value?] {
    guard let masks else { return Array(repeating: passesMask ? mask : nil, count: count) }
    var own = evaluation
    let result = try own.evaluate(masks.program, &context)
    let elements: [CallValue] = if case .sequence(let list) = result { list } else { [result] }
    var values: [Value?] = []
    for element in elements {
      if element.isNone {
        values.append(nil)
      } else {
        values.append(try context.cast(context.value(element, for: "a mask"), to: .bool))
      }
    }
    return values + Array(repeating: nil, count: max(count - values.count, 0))
  }
}
