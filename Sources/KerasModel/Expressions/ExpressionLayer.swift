import KerasCore
import KerasGraph
import OrderedCollections

/// An arithmetic expression over a layer's inputs, standing for a Lambda or a custom class: `keraskit>Expression`.
///
/// `x` is the input, or the list of the inputs; several have the names `a`, `b`, `c` … too, and a `lambda` its own.
/// Puts out no mask, as a Lambda without one.
public struct ExpressionLayer: Layer {
  public static let className = "keraskit>Expression"

  /// The names that inputs have where no `lambda` gives others.
  static let inputNames: Set<String> = ["x", "inputs", "a", "b", "c", "d", "e", "f", "g", "h"]

  let text: String
  private let names: [String]
  private let body: Expression

  public init(_ config: inout ConfigReader) throws(ModelError) {
    text = try config.string("expression")
    do {
      let parsed = try Expression(parsing: text)
      if case .lambda(let names, let body) = parsed {
        (self.names, self.body) = (names, body)
      } else {
        (names, body) = ([], parsed)
      }
    } catch {
      throw ModelError(.unsupported("the expression '\(text)' cannot be read: \(error)"))
    }
  }

  public var config: OrderedDictionary<String, JSON> { ["expression": .string(text)] }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    let inputs = call.inputs.map { ExpressionValue.tensor($0.value) }
    let whole = inputs.count == 1 ? inputs[0] : .sequence(inputs)
    var bound: [String: ExpressionValue] = [:]
    if names.isEmpty {
      for (name, input) in zip("abcdefgh", inputs) where inputs.count > 1 { bound[String(name)] = input }
      bound["x"] = whole
      bound["inputs"] = whole
    } else if names.count == 1 {
      bound[names[0]] = whole
    } else {
      guard names.count == inputs.count else {
        throw ModelError(.inputCount(expected: "\(names.count) inputs", found: inputs.count))
      }
      for (name, input) in zip(names, inputs) { bound[name] = input }
    }
    let result = try ExpressionEvaluation(names: bound).evaluate(body, &context)
    let results: [ExpressionValue] = if case .sequence(let list) = result { list } else { [result] }
    var outputs: [LayerTensor] = []
    for result in results {
      guard case .tensor(let value) = result else {
        throw ModelError(.unsupported("the expression '\(text)' gives \(result.kind), not a tensor"))
      }
      outputs.append(LayerTensor(value))
    }
    return outputs
  }
}
