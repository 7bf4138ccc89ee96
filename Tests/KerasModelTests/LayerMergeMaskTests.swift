import KerasCore
import ReferenceInterpreter
import Testing

@testable import KerasModel

/// Merged masks, seen through SimpleRNN(1, linear, kernel 1, recurrent 0) behind Masking(0) of [1, 2, 0, 0] and [10, 0, 30, 0].
///
/// "all" is what Keras 1.2.2, 2.1.3, 2.3.1 and 2.15 gave, "any" what Keras 3.15.1 gives.
@Suite struct LayerMergeMaskTests {
  struct Recorded: Sendable, CustomTestStringConvertible {
    var merge: String
    var rule: String
    /// Whether the second input is masked too.
    var both: Bool
    var values: [Double]

    init(_ merge: String, _ rule: String, _ both: Bool, _ values: [Double]) {
      (self.merge, self.rule, self.both, self.values) = (merge, rule, both, values)
    }

    var testDescription: String { "\(merge) \(rule) \(both ? "both" : "one")" }
  }

  static let recorded: [Recorded] = [
    Recorded("Add", "all", true, [11, 11, 11, 11]),
    Recorded("Add", "all", false, [11, 2, 2, 2]),
    Recorded("Multiply", "all", true, [10, 10, 10, 10]),
    Recorded("Multiply", "all", false, [10, 0, 0, 0]),
    Recorded("Concatenate -1", "all", true, [11, 11, 11, 11]),
    Recorded("Concatenate -1", "all", false, [11, 2, 2, 2]),
    Recorded("Concatenate 1", "all", true, [1, 2, 2, 2, 10, 10, 30, 30]),
    Recorded("Concatenate 1", "all", false, [1, 2, 2, 2, 10, 0, 30, 0]),
    Recorded("Add", "any", true, [11, 2, 30, 30]),
    Recorded("Add", "any", false, [11, 2, 30, 0]),
    Recorded("Multiply", "any", true, [10, 2, 30, 30]),
    Recorded("Multiply", "any", false, [10, 0, 30, 0]),
    Recorded("Concatenate -1", "any", true, [11, 2, 30, 30]),
    Recorded("Concatenate -1", "any", false, [11, 2, 30, 0]),
    Recorded("Concatenate 1", "any", true, [1, 2, 2, 2, 10, 10, 30, 30]),
    Recorded("Concatenate 1", "any", false, [1, 2, 2, 2, 10, 0, 30, 0]),
  ]

  @Test(arguments: recorded) func masksMergeAsInTheirRelease(_ recorded: Recorded) throws {
    let words = recorded.merge.split(separator: " ")
    let axis = words.count > 1 ? "\"axis\": \(words[1])," : ""
    func tensor(_ name: String) -> String {
      #"{"class_name": "__keras_tensor__", "config": {"keras_history": ["\#(name)", 0, 0]}}"#
    }
    let second = recorded.both ? "mb" : "b"
    let text = """
      {"class_name": "Functional", "config": {"name": "m", "layers": [
      {"class_name": "InputLayer", "config": {"name": "a", "batch_shape": [null, 4, 1]}, "inbound_nodes": []},
      {"class_name": "InputLayer", "config": {"name": "b", "batch_shape": [null, 4, 1]}, "inbound_nodes": []},
      {"class_name": "Masking", "config": {"name": "ma"}, "inbound_nodes": [{"args": [\(tensor("a"))], "kwargs": {}}]},
      {"class_name": "Masking", "config": {"name": "mb"}, "inbound_nodes": [{"args": [\(tensor("b"))], "kwargs": {}}]},
      {"class_name": "\(words[0])", "config": {"name": "t", \(axis) "keraskit>mask": "\(recorded.rule)"},
      "inbound_nodes": [{"args": [[\(tensor("ma")), \(tensor(second))]], "kwargs": {}}]},
      {"class_name": "SimpleRNN", "config": {"name": "r", "units": 1, "activation": "linear", "use_bias": false,
      "return_sequences": true}, "inbound_nodes": [{"args": [\(tensor("t"))], "kwargs": {}}]}],
      "input_layers": [["a", 0, 0], ["b", 0, 0]], "output_layers": [["r", 0, 0]]}}
      """
    var bench = try LayerBench(text)
    let width = recorded.merge == "Concatenate -1" ? 2 : 1
    bench.parameters = [
      "r/cell/kernel": Tensor([width, 1], filledWith: 1), "r/cell/recurrent_kernel": Tensor([1, 1], [0]),
    ]
    let y = try bench.run(Tensor([1, 4, 1], [1, 2, 0, 0]), Tensor([1, 4, 1], [10, 0, 30, 0]))
    #expect(y.values == recorded.values)
  }
}
