import KerasCore
import KerasGraph
import ReferenceInterpreter
import Testing

@testable import KerasModel

/// Small models built from text and run by the reference interpreter.
struct LayerBench {
  let network: Network
  var parameters: [String: Tensor] = [:]
  var training = false
  var semantics = BatchNormalizationSemantics()

  /// A Sequential of an input of the given shape and layers written as `(class, config)`.
  init(input: [Int?], dtype: String = "float32", _ layers: [(String, JSON)]) throws {
    let shape = JSON(Shape([nil] + input))
    var objects: [JSON] = [
      ["class_name": "InputLayer", "config": ["name": "in", "batch_shape": shape, "dtype": .string(dtype)]]
    ]
    for (index, (className, config)) in layers.enumerated() {
      var config = config
      if config["name"] == nil { config["name"] = .string("l\(index)") }
      objects.append(["class_name": .string(className), "config": config])
    }
    network = try Network(
      canonical: ["class_name": "Sequential", "config": ["name": "model", "layers": .array(objects)]])
  }

  /// Any canonical model.
  init(_ json: String) throws { network = try Network(canonical: JSON(parsing: json)) }

  func lowered() throws -> LoweredModel { try network.lowered(training: training, batchNormalization: semantics) }

  func run(_ inputs: Tensor...) throws -> Tensor {
    let model = try lowered()
    return try run(inputs, fetching: model.graph.outputs, in: model)[0]
  }

  func run(_ inputs: [Tensor], fetching values: [Value], in model: LoweredModel) throws -> [Tensor] {
    var all = parameters
    for state in model.stateParameters where all[state.name] == nil {
      all[state.name] = Tensor(state.shape, filledWith: 0)
    }
    return try Interpreter.run(
      model.graph, fetching: values,
      inputs: Dictionary(uniqueKeysWithValues: zip(model.inputNames, inputs)), parameters: all)
  }
}

/// Whether all numbers agree within a relative 1e-6.
func agree(_ a: Tensor, _ shape: [Int], _ values: [Double], tolerance: Double = 1e-6) -> Bool {
  a.shape == shape && a.values.count == values.count
    && zip(a.values, values).allSatisfy { abs($0 - $1) <= tolerance * max(1, abs($1)) }
}
