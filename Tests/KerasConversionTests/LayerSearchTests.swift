import KerasCore
import KerasExport
import Testing

@testable import KerasConversion

@Suite struct LayerSearchTests {
  private func digest(_ values: [Float], _ shape: [Int]) throws -> ArrayDigest {
    try ArrayDigest(TensorData(shape: shape, floats: values), limit: 6)
  }

  /// Two branches that meet: x → a → b → sum, x → c → sum.
  private let graph = WrittenGraph(steps: [
    WrittenGraph.Step(name: "a/Conv", inputs: ["x"], results: ["a"]),
    WrittenGraph.Step(name: "b/Mul", inputs: ["a"], results: ["b"]),
    WrittenGraph.Step(name: "c/Conv", inputs: ["x"], results: ["c"]),
    WrittenGraph.Step(name: "sum/Add", inputs: ["b", "c"], results: ["sum"]),
  ])

  private func layers() throws -> [VerificationCase.LayerDigests] {
    [
      .init(path: "a", digests: [try digest([1, 2, 3, 4], [2, 2])]),
      .init(path: "b", digests: [try digest([2, 4, 6, 8], [2, 2])]),
      .init(path: "c", digests: [try digest([5, 6, 7, 9], [2, 2])]),
      .init(path: "sum", digests: [try digest([7, 10, 13, 17], [2, 2])]),
    ]
  }

  private func search(_ arrays: [String: [Float]]) throws -> (first: Verification.Divergence?, count: Int) {
    let results = try arrays.mapValues { try TensorData(shape: [2, 2], floats: $0) }
    return LayerSearch(graph, results: results, tolerance: 1e-5).firstDivergence(from: try layers())
  }

  @Test func theFirstLayerThatDivergesIsFound() throws {
    let found = try search(["a": [1, 2, 3, 4], "b": [2, 4, 6, 9], "c": [5, 6, 7, 9], "sum": [7, 10, 13, 18]])
    #expect(found.first?.layer == "b" && found.count == 4)
    let other = try search(["a": [1, 2, 3, 4], "b": [2, 4, 6, 8], "c": [5, 6, 8, 9], "sum": [7, 10, 14, 17]])
    #expect(other.first?.layer == "c")
  }

  /// ONNX' order of axes is another: the same numbers at other places.
  @Test func theOrderOfElementsDoesNotMatter() throws {
    let found = try search(["a": [1, 3, 2, 4], "b": [2, 6, 4, 8], "c": [5, 7, 6, 9], "sum": [7, 13, 10, 18]])
    #expect(found.first?.layer == "sum")
  }

  /// Where b is folded into a, a's own outputs are nowhere; as the sum depends on what is there and is right, so is a.
  @Test func whatIsFoldedIntoAnotherIsNotBlamed() throws {
    let found = try search(["a": [2, 4, 6, 8], "c": [5, 6, 7, 9], "sum": [7, 10, 13, 18]])
    #expect(found.first?.layer == "sum")
  }

  /// An input that a layer only turns is right where the layer's product is not.
  @Test func whatALayerDoesFirstDoesNotClearIt() throws {
    let graph = WrittenGraph(steps: [
      WrittenGraph.Step(name: "a/Transpose", inputs: ["x"], results: ["turned"]),
      WrittenGraph.Step(name: "a/Conv", inputs: ["turned"], results: ["a"]),
    ])
    let layers: [VerificationCase.LayerDigests] = [
      .init(path: "x", digests: [try digest([1, 2, 3, 4], [2, 2])]),
      .init(path: "a", digests: [try digest([5, 6, 7, 9], [2, 2])]),
    ]
    let results = try ["turned": [1, 3, 2, 4], "a": [5, 6, 7, 8]].mapValues {
      try TensorData(shape: [2, 2], floats: $0)
    }
    let found = LayerSearch(graph, results: results, tolerance: 1e-5).firstDivergence(from: layers)
    #expect(found.first?.layer == "a" && found.count == 2)
  }

  @Test func equalResultsHaveNoDivergence() throws {
    let found = try search(["a": [1, 2, 3, 4], "b": [2, 4, 6, 8], "c": [5, 6, 7, 9], "sum": [7, 10, 13, 17]])
    #expect(found.first == nil && found.count == 4)
  }
}
