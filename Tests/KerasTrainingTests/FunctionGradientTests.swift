import DataFiles
import Foundation
import KerasCore
import KerasGraph
import PackedFixtures
import ReferenceInterpreter
import Testing

@testable import KerasModel

/// The gradients of every recorded function (operations of Keras 3, TFOpLambda, TensorFlowOpLayer) against finite
/// differences in double precision, at the recorded inputs.
@Suite struct FunctionGradientTests {
  private static let folder = URL(filePath: PackedFixtures.folder("graph_nodes"))

  static let models: [String] = {
    let releases = (try? FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false))) ?? []
    return releases.sorted().flatMap { release in
      let path = folder.appending(path: release).path(percentEncoded: false)
      let files = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
      return files.sorted().filter { $0.hasSuffix(".keras") || $0.hasSuffix(".h5") }.map { "\(release)/\($0)" }
    }
  }()

  /// What has no gradient, and why.
  private static let without: KeyValuePairs = [
    "stop_gradient": "is there to stop it", "qr": "not written here (Keras has it)",
    "svd": "not written here (Keras has it)", "pinv": "not written here (Keras has it)",
    "lstsq": "not written here (Keras has it)", "matrix_rank": "a whole number",
  ]
  /// Files of comparisons and bits, all of whose results are truths and whole numbers.
  private static let discrete = ["keras-3/logic.keras"]

  @Test func thereAreModels() { #expect(Self.models.count >= 15) }

  @Test(arguments: models) func gradientsAreFiniteDifferences(_ name: String) throws {
    let path = Self.folder.appending(path: name).path(percentEncoded: false)
    let model = try LoadedModel.load(path)
    let arrays = try NumpyArchive(path: String(path[..<(path.lastIndex(of: ".") ?? path.endIndex)]) + ".npz")
    let lowered = try model.network.lowered(training: true, batchNormalization: model.semantics.batchNormalization)
    var inputs: [String: Tensor] = [:]
    for input in lowered.inputNames {
      var tensor = try Tensor(try #require(arrays["input_" + input]))
      // Away from whole numbers, where casts jump.
      if tensor.values.allSatisfy({ $0 == $0.rounded() }) { tensor.values = tensor.values.map { $0 + 0.3 } }
      inputs[input] = tensor
    }
    let text = try String(
      contentsOfFile: String(path[..<(path.lastIndex(of: ".") ?? path.endIndex)]) + ".txt", encoding: .utf8)
    let calls = text.split(separator: "\n").map(String.init)
    try #require(calls.count == lowered.graph.outputs.count)
    let parameters = try model.weights.mapValues { try Tensor($0) }
    var withGradient = 0
    for index in lowered.graph.outputs.indices {
      let reason = Self.without.first { calls[index].contains($0.key) }
      let output: Output
      do {
        output = try Output(index, of: lowered, inputs, parameters)
      } catch let error as GraphError {
        #expect(reason != nil, "\(name), \(calls[index]): \(error)")
        continue
      }
      if output.hasGradient { withGradient += 1 }
      if reason?.key == "stop_gradient" {
        #expect(!output.hasGradient)
      } else if let problem = try output.problem() {
        Issue.record("\(name), \(calls[index]): \(problem)")
      }
    }
    #expect((withGradient == 0) == Self.discrete.contains(name), "\(name)")
  }
}

/// One output weighted with fixed numbers, and the gradients of the sum.
private struct Output {
  private var graph: Graph
  private let loss: Value?
  private var gradients: [(input: String, value: Value?)] = []
  private var inputs: [String: Tensor]
  private let parameters: [String: Tensor]

  var hasGradient: Bool { gradients.contains { $0.value != nil } }

  init(
    _ index: Int, of lowered: LoweredModel, _ inputs: [String: Tensor], _ parameters: [String: Tensor]
  ) throws {
    graph = lowered.graph
    self.inputs = inputs
    self.parameters = parameters
    let output = graph.outputs[index]
    guard graph.type(output).dtype.isFloatingPoint else {
      loss = nil
      return
    }
    let shape = try Interpreter.run(graph, fetching: [output], inputs: inputs, parameters: parameters)[0].shape
    let factor = graph.addInput("factor", graph.type(output))
    self.inputs["factor"] = .random(shape, seed: 41, in: 0.3...1)
    let product = try graph.add(.binary(.multiply), [output, factor])[0]
    let axes = Array(0..<shape.count)
    let sum = try graph.add(.reduce(.sum, axes: axes, keepDimensions: false), [product])[0]
    loss = sum
    let floats = lowered.inputNames.compactMap { name in graph.input(named: name).map { (name, $0) } }
      .filter { [graph] in graph.type($0.1).dtype.isFloatingPoint }
    let found = try graph.gradients(of: sum, with: floats.map(\.1))
    gradients = zip(floats, found).map { ($0.0, $1) }
  }

  /// What is wrong, `nil` if slope and gradients agree along a random direction.
  func problem() throws -> String? {
    guard let loss else { return nil }
    var product = 0.0
    var directions: [String: Tensor] = [:]
    for (position, gradient) in gradients.enumerated() {
      guard let tensor = inputs[gradient.input] else { continue }
      let direction = Tensor.random(tensor.shape, seed: UInt64(61 + position), in: -1...1)
      directions[gradient.input] = direction
      guard let value = gradient.value else { continue }
      let found = try Interpreter.run(graph, fetching: [value], inputs: inputs, parameters: parameters)[0]
      guard found.shape == tensor.shape else { return "the gradient of \(tensor.shape) has shape \(found.shape)" }
      product += zip(found.values, direction.values).reduce(0) { $0 + $1.0 * $1.1 }
    }
    func value(_ step: Double) throws -> Double {
      var moved = inputs
      for (name, direction) in directions {
        for index in direction.values.indices { moved[name]?.values[index] += step * direction.values[index] }
      }
      return try Interpreter.run(graph, fetching: [loss], inputs: moved, parameters: parameters)[0].values[0]
    }
    // Steps and kinks at a recorded input (a 0, a tie) have two slopes; the gradient may be either, or lie between.
    let step = 1e-6
    let center = try value(0)
    let slopes = [(try value(step) - center) / step, (center - (try value(-step))) / step]
    guard slopes.allSatisfy(\.isFinite) else { return nil }
    let tolerance = 3e-4 * max(1, slopes.map(\.magnitude).max() ?? 0)
    let agrees = product >= (slopes.min() ?? 0) - tolerance && product <= (slopes.max() ?? 0) + tolerance
    return agrees ? nil : "slopes \(slopes), gradients \(product)"
  }
}
