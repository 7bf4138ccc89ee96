import KerasCore
import KerasGraph
import ReferenceInterpreter
import Testing

@testable import KerasModel

/// A layer's graph with its weighted sum and gradients, and numbers to run it on.
struct LayerGradientBench {
  private let graph: Graph
  private let loss: Value
  private var variables: [(name: String, gradient: Value?)] = []
  private var inputs: [String: Tensor] = [:]
  private var parameters: [String: Tensor] = [:]

  init(_ sample: LayerSample, trains: Bool, isMasked: Bool, trainable: Bool = true) throws {
    let layer = try sample.layer()
    var context = LoweringContext(isTraining: trains)
    var tensors: [LayerTensor] = []
    var values: [Value] = []
    for (index, shape) in sample.inputs.enumerated() {
      let name = "x\(index)"
      let value = context.graph.addInput(name, TensorType(.float32, shape))
      let concrete = shape.dimensions.map { $0 ?? 2 }
      // Away from whole numbers, where casts and roundings jump.
      inputs[name] =
        sample.className == "Embedding"
        ? Tensor.generate(concrete) { Double($0.reduce(0, +) % 2) + 0.5 }
        : .random(concrete, seed: UInt64(11 + index), in: -0.93...0.97)
      var mask: Value?
      if isMasked, shape.rank >= 3 {
        // A softmax takes a mask of its input's shape, all others one of samples and steps.
        let rank = sample.className == "Softmax" ? shape.rank : 2
        mask = context.graph.addInput("mask\(index)", TensorType(.bool, Shape(Array(shape.dimensions.prefix(rank)))))
        // Every sample keeps its first step, and the first sample nothing else.
        inputs["mask\(index)"] = Tensor.generate(Array(concrete.prefix(rank))) { $0[0] > 0 || $0[1] == 0 ? 1 : 0 }
      }
      tensors.append(LayerTensor(value, mask: mask))
      values.append(value)
      variables.append((name, nil))
    }
    let specs = try layer.weights(sample.inputs)
    let results = try context.inLayer(named: "layer", parameterPrefix: "layer/", specs: specs, trainable: trainable) {
      context throws(ModelError) in try context.apply(layer, LayerCall(inputs: tensors))
    }
    var graph = context.graph
    for (index, spec) in specs.enumerated() {
      let name = "layer/" + spec.path
      // Statistics, such as variances, have to be positive.
      parameters[name] = .random(
        spec.shape, seed: UInt64(101 + index), in: spec.trainable ? -0.61...0.67 : 0.31...0.87)
      guard let value = graph.parameter(named: name) else { continue }
      values.append(value)
      variables.append((name, nil))
    }
    for (name, shape) in context.stateParameters {
      parameters[name] = .random(shape, seed: 301, in: -0.5...0.5)
    }

    let floats = results.map(\.value).filter { [graph] in graph.type($0).dtype.isFloatingPoint }
    let outputs = try Interpreter.run(graph, fetching: floats, inputs: inputs, parameters: parameters)
    var total = graph.addConstant(TensorData(Float(0)))
    for (index, value) in floats.enumerated() {
      let factor = graph.addInput("factor\(index)", graph.type(value))
      inputs["factor\(index)"] = .random(outputs[index].shape, seed: UInt64(501 + index), in: -1...1)
      let product = try graph.add(.binary(.multiply), [value, factor])[0]
      let axes = Array(0..<graph.shape(value).rank)
      let sum = try graph.add(.reduce(.sum, axes: axes, keepDimensions: false), [product])[0]
      total = try graph.add(.binary(.add), [total, sum])[0]
    }
    let gradients = try graph.gradients(of: total, with: values)
    loss = total
    self.graph = graph
    for index in variables.indices { variables[index].gradient = gradients[index] }
  }

  /// What is wrong, `nil` if slopes and gradients agree.
  func problem() throws -> String? {
    let found = try gradients()
    var everything: [String: Tensor] = [:]
    for (index, variable) in variables.enumerated() {
      everything[variable.name] = direction(variable.name, seed: UInt64(701 + index))
    }
    if try mismatch(along: everything, found) == nil { return nil }
    // Which of them it is.
    var problems: [String] = []
    for (name, direction) in everything.sorted(by: { $0.key < $1.key }) {
      if let problem = try mismatch(along: [name: direction], found) { problems.append("\(name): \(problem)") }
    }
    return problems.isEmpty ? "only all variables together disagree" : problems.joined(separator: "; ")
  }

  private func mismatch(along direction: [String: Tensor], _ gradients: [String: Tensor]) throws -> String? {
    let step = 1e-5
    let slope = try (value(moved: direction, by: step) - value(moved: direction, by: -step)) / (2 * step)
    var product = 0.0
    for (name, gradient) in gradients {
      guard let moves = direction[name] else { continue }
      guard gradient.shape == moves.shape else { return "the gradient of \(moves.shape) has shape \(gradient.shape)" }
      product += zip(gradient.values, moves.values).reduce(0) { $0 + $1.0 * $1.1 }
    }
    let agrees = abs(slope - product) <= 2e-6 * max(1, abs(slope))
    return agrees ? nil : "slope \(slope), gradients \(product)"
  }

  private func gradients() throws -> [String: Tensor] {
    let known = variables.compactMap { variable in variable.gradient.map { (variable.name, $0) } }
    let tensors = try Interpreter.run(graph, fetching: known.map(\.1), inputs: inputs, parameters: parameters)
    return Dictionary(uniqueKeysWithValues: zip(known.map(\.0), tensors))
  }

  private func direction(_ name: String, seed: UInt64) -> Tensor {
    .random((inputs[name] ?? parameters[name])?.shape ?? [], seed: seed, in: -1...1)
  }

  private func value(moved direction: [String: Tensor], by step: Double) throws -> Double {
    func moved(_ tensors: [String: Tensor]) -> [String: Tensor] {
      tensors.reduce(into: [:]) { result, entry in
        var tensor = entry.value
        if let direction = direction[entry.key] {
          for index in tensor.values.indices { tensor.values[index] += step * direction.values[index] }
        }
        result[entry.key] = tensor
      }
    }
    return try Interpreter.run(graph, fetching: [loss], inputs: moved(inputs), parameters: moved(parameters))[0]
      .values[0]
  }
}
