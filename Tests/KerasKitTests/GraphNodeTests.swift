import KerasKit
import PackedFixtures
import Testing

/// Functions as graph nodes, as real releases saved and computed them (Tools/fixtures/graph_nodes.py).
///
/// Every output of a model is one call: an operation of Keras 3, a TFOpLambda or one of its relatives.
@Suite struct GraphNodeTests {
  private static let groups: [(release: String, groups: [String], suffix: String)] = [
    (
      "keras-3",
      [
        "activations", "binary", "elementwise", "geometry", "images", "indexing", "linalg", "logic", "losses",
        "products",
        "reductions", "resizing",
        "shaping",
      ], "keras"
    ),
    (
      "keras-2.15", ["backend", "functions", "images", "linalg", "more_functions", "operators", "resizing", "slicing"],
      "h5"
    ),
    ("tfkeras-1.15", ["operations"], "h5"),
  ]
  static let all = groups.flatMap { entry in entry.groups.map { "\(entry.release)/\($0).\(entry.suffix)" } }

  @Test(arguments: all) func functionsComputeWhatTheReleaseComputed(_ name: String) throws {
    let path = PackedFixtures.path("graph_nodes/\(name)")
    let stem = String(path[..<(path.lastIndex(of: ".") ?? path.endIndex)])
    let arrays = try ArrayFile.read(stem + ".npz")
    var inputs: [String: TensorData] = [:]
    for (key, value) in arrays where key.hasPrefix("input_") { inputs[String(key.dropFirst(6))] = value }
    let outputs = try Model.load(path).predict(inputs)
    #expect(outputs.count == arrays.count - inputs.count)
    for (index, output) in outputs.enumerated() {
      let expected = try #require(arrays["output_\(index)"])
      #expect(try difference(output, expected) <= 1e-5, "\(name): output \(index)")
    }
  }
}
