import DataFiles
import Foundation
import KerasCore
import KerasGraph
import PackedFixtures
import ReferenceInterpreter
import Testing

@testable import KerasModel

/// What releases put out in training with dropout inside a recurrence, against every combination of masks we could draw.
///
/// `Tools/fixtures/recurrent_dropout.py`: the rows of a batch have the same input and differ by their masks only.
@Suite struct RecurrentDropoutTests {
  static let folder = URL(filePath: PackedFixtures.folder("recurrent_dropout"))

  @Test(arguments: ["keras-1.2.2-tf", "keras-2.0.2", "keras-2.3.1", "keras-2.15", "keras-3"])
  func everyRecordedRowIsOneOfOurMasks(_ release: String) throws {
    let path = Self.folder.appending(path: release).path(percentEncoded: false)
    let model = try LoadedModel.load(path + "/model.h5")
    let recorded = try NumpyArchive(path: path + "/outputs.npz")
    let lowered = try model.network.lowered(training: true, batchNormalization: model.semantics.batchNormalization)
    let x = try Tensor(try #require(recorded["x"]))
    #expect(lowered.outputNames.count >= 5)
    for (name, output) in zip(lowered.outputNames, lowered.graph.outputs) {
      let rows = try Tensor(try #require(recorded[name]))
      let masks = try Masks(of: output, in: lowered.graph)
      let candidates = try masks.outputs(for: x, parameters: model.weights.mapValues { try Tensor($0) })
      let width = rows.count / rows.shape[0]
      var seen: [Int] = []
      for row in 0..<rows.shape[0] {
        let values = Array(rows.values[row * width..<(row + 1) * width])
        let fitting = candidates.indices.filter { index in
          zip(candidates[index], values).allSatisfy { abs($0 - $1) <= 2e-6 * max(1, abs($1)) }
        }
        #expect(!fitting.isEmpty, "\(release) \(name), row \(row) of \(candidates.count) candidates")
        if fitting.count == 1 { seen.append(fitting[0]) }
      }
      // Masks drawn apart differ somewhere; those that are one in Keras would not.
      for first in 0..<masks.bitCount {
        for second in 0..<first where seen.count >= 20 {
          #expect(seen.contains { ($0 >> first ^ $0 >> second) & 1 == 1 }, "\(release) \(name): \(first), \(second)")
        }
      }
    }
  }
}

/// The random masks that a value depends on, each element of a sample's masks a bit.
private struct Masks {
  private var graph = Graph()
  private var output: Value?
  private var draws: [(name: String, shape: [Int])] = []
  let bitCount: Int

  init(of value: Value, in source: Graph) throws {
    var needed: Set<Int> = [value.node]
    for index in (0...value.node).reversed() where needed.contains(index) {
      needed.formUnion(source.nodes[index].operands.map(\.node))
    }
    var known: [Value: Value] = [:]
    for index in 0...value.node where needed.contains(index) {
      let node = source.nodes[index]
      let operands = node.operands.compactMap { known[$0] }
      let results: [Value]
      switch node.op {
      case .input(let name): results = [graph.addInput(name, node.types[0])]
      case .parameter(let name): results = [graph.addParameter(name, node.types[0])]
      case .constant(let data): results = [graph.addConstant(data)]
      case .random(_, let stream):
        let shape = graph.shape(operands[0])
        draws.append(("draw\(stream)", try shape.dimensions.dropFirst().map { try #require($0) }))
        results = [graph.addInput("draw\(stream)", TensorType(.float32, shape))]
      default: results = try graph.add(node.op, operands)
      }
      for (position, result) in results.enumerated() { known[Value(node: index, output: position)] = result }
    }
    output = known[value]
    bitCount = draws.reduce(0) { $0 + $1.shape.reduce(1, *) }
  }

  /// The output's values for each combination of kept (bit 1) and dropped elements.
  func outputs(for x: Tensor, parameters: [String: Tensor]) throws -> [[Double]] {
    let count = 1 << bitCount
    var inputs = ["x": Tensor([count] + x.shape.dropFirst(), Array(repeating: x.values, count: count).flatMap { $0 })]
    if let name = graph.inputNames.first(where: { !$0.hasPrefix("draw") }), name != "x" {
      inputs[name] = inputs.removeValue(forKey: "x")
    }
    var first = 0
    for draw in draws {
      let bits = draw.shape.reduce(1, *)
      var values: [Double] = []
      for combination in 0..<count {
        for bit in first..<first + bits { values.append(combination >> bit & 1 == 1 ? 0.99 : 0.01) }
      }
      inputs[draw.name] = Tensor([count] + draw.shape, values)
      first += bits
    }
    let result = try Interpreter.run(graph, fetching: [try #require(output)], inputs: inputs, parameters: parameters)[0]
    let width = result.count / count
    return (0..<count).map { Array(result.values[$0 * width..<($0 + 1) * width]) }
  }
}
