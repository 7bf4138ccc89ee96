import KerasCore
import KerasFile
import Testing

@testable import KerasModel

private func history(_ model: CanonicalModel, _ layer: String, _ node: Int = 0) -> [[JSON]] {
  let args = model.layer(layer)?["inbound_nodes"]?[node]?["args"]?[0]
  let tensors = args?.arrayValue ?? args.map { [$0] } ?? []
  return tensors.compactMap { $0["config"]?["keras_history"]?.arrayValue }
}

@Suite("Connections of every era")
struct EraTopologyTests {
  /// Keras 1.2.2's `areg_nested_sequential`, fields shortened: the nested model's first use is its node 1.
  private let nested = """
    {"class_name": "Model", "config": {"layers": [
     {"class_name": "InputLayer", "config": {"batch_input_shape": [null, 5], "input_dtype": "float32", "sparse": false,
      "name": "input_3"}, "inbound_nodes": [], "name": "input_3"},
     {"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"name": "dense_33", "W_regularizer": null,
      "activation": "relu", "input_dim": 5, "output_dim": 4, "batch_input_shape": [null, 5]}}],
      "inbound_nodes": [[["input_3", 0, 0]]], "name": "sequential_17"},
     {"class_name": "Dense", "config": {"name": "dense_35", "input_dim": 4, "output_dim": 2, "W_regularizer": null},
      "inbound_nodes": [[["sequential_17", 1, 0]]], "name": "dense_35"}],
     "input_layers": [["input_3", 0, 0]], "output_layers": [["dense_35", 0, 0]], "name": "model_3"}}
    """

  @Test func `A nested model's uses are counted from 0`() throws {
    let model = try upgraded(nested, version: "1.2.2")
    #expect(model.config["class_name"] == "Functional")
    #expect(history(model, "dense_35") == [["sequential_17", 0, 0]])
    #expect(model.layer("sequential_17")?["config"]?["layers"]?[0]?["class_name"] == "InputLayer")
    #expect(model.layer("sequential_17")?["source_pointer"] == "/config/layers/1")
    let inner = try #require(model.provenance.first { $0.oldKey == "output_dim" })
    #expect(inner.layer == "sequential_17/dense_33")
    #expect(inner.location.pointer?.description == "/config/layers/1/config/0/config/output_dim")
  }

  @Test func `A Sequential that begins with Merge becomes Functional with its branches' layers`() throws {
    // Keras 1.2.2's merge_seq_dot.
    let text = """
      {"class_name": "Sequential", "config": [{"class_name": "Merge", "config": {"layers": [
       {"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"name": "dense_77", "activation": "tanh",
        "input_dtype": "float32", "input_dim": 5, "W_regularizer": null, "output_dim": 4, "batch_input_shape": [null, 5]}}]},
       {"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"name": "dense_78", "activation":
        "linear", "input_dtype": "float32", "input_dim": 3, "output_dim": 4, "batch_input_shape": [null, 3]}}]}],
       "name": "merge_10", "concat_axis": -1, "arguments": {}, "mode_type": "raw", "dot_axes": [1, 1],
       "output_mask_type": "raw", "output_shape_type": "raw", "output_mask": null, "output_shape": null, "mode": "dot"}},
       {"class_name": "Dense", "config": {"name": "dense_79", "input_dim": 1, "output_dim": 2}}]}
      """
    let model = try upgraded(text, version: "1.2.2")
    #expect(model.config["class_name"] == "Functional")
    #expect(model.layer("merge_10")?["class_name"] == "Dot")
    #expect(model.field("merge_10", "axes") == [1, 1])
    #expect(history(model, "merge_10") == [["dense_77", 0, 0], ["dense_78", 0, 0]])
    #expect(history(model, "dense_79") == [["merge_10", 0, 0]])
    #expect(model.config["config"]?["input_layers"] == [["dense_77_input", 0, 0], ["dense_78_input", 0, 0]])
    #expect(model.layer("dense_78")?["source_pointer"] == "/config/0/config/layers/1/config/0")
  }

  @Test func `A merge with a Python function is a Lambda, refused where its code is none`() throws {
    let text =
      #"{"class_name": "Model", "config": {"layers": [{"class_name": "Merge", "config": {"name": "m", "mode": "c2FmZQ==", "mode_type": "lambda"}, "inbound_nodes": [], "name": "m"}], "input_layers": [], "output_layers": []}}"#
    let model = try upgraded(text, version: "1.2.2")
    #expect(model.layer("m")?["class_name"] == "Lambda")
    let error = #expect(throws: ModelError.self) { try UnknownObjects.check(model.config) }
    #expect("\(try #require(error))".contains("m"))
  }

  @Test func `A Graph of Keras 0 becomes Functional, merges where a node has several inputs`() throws {
    // Keras 0.3.3's graph_two_outputs, fields shortened.
    let dense = { (name: String) in
      #"{"name": "Dense", "custom_name": "\#(name)", "activation": "linear", "input_dim": null, "output_dim": 3}"#
    }
    let text = """
      {"name": "Graph", "loss": {"o1": "mse"}, "optimizer": {"lr": 0.05, "name": "SGD"},
       "input_config": [{"dtype": "float", "name": "a", "input_shape": [5]}],
       "node_config": [{"inputs": [], "name": "d1", "input": "a"},
        {"inputs": ["a", "d1"], "name": "d3", "concat_axis": -1, "merge_mode": "concat", "dot_axes": -1, "input": null}],
       "output_config": [{"inputs": ["d1", "d3"], "name": "o1", "merge_mode": "sum", "input": null}, {"inputs": [],
        "name": "o2", "merge_mode": "concat", "input": "d3"}],
       "nodes": {"d3": \(dense("d3")), "d1": \(dense("d1"))}}
      """
    let model = try upgraded(text)
    #expect(history(model, "d3_merge") == [["a", 0, 0], ["d1", 0, 0]])
    #expect(history(model, "d3") == [["d3_merge", 0, 0]])
    #expect(model.layer("o1")?["class_name"] == "Add")
    #expect(history(model, "o2") == [["d3", 0, 0]])
    #expect(model.config["config"]?["output_layers"] == [["o1", 0, 0], ["o2", 0, 0]])
    #expect(model.compile?["loss"]?["o1"] == "mean_squared_error")
  }

  @Test func `An RNN's further inputs are its initial state`() throws {
    let text = """
      {"class_name": "Model", "config": {"name": "m", "layers": [
       {"class_name": "InputLayer", "config": {"batch_input_shape": [null, 4, 3], "name": "x"}, "inbound_nodes": [], "name": "x"},
       {"class_name": "InputLayer", "config": {"batch_input_shape": [null, 3], "name": "h"}, "inbound_nodes": [], "name": "h"},
       {"class_name": "GRU", "config": {"name": "g", "units": 3}, "name": "g", "inbound_nodes": [[["x", 0, 0, {}], ["h", 0, 0, {}]]]}],
       "input_layers": [["x", 0, 0], ["h", 0, 0]], "output_layers": [["g", 0, 0]]}}
      """
    let model = try upgraded(text, version: "2.2.4")
    #expect(history(model, "g") == [["x", 0, 0]])
    let state = model.layer("g")?["inbound_nodes"]?[0]?["kwargs"]?["initial_state"]
    #expect(state?[0]?["config"]?["keras_history"] == ["h", 0, 0])
  }

  @Test func `Keras 3's outputs of nested models are counted from 1 in the file, from 0 here`() throws {
    let tensor = { (layer: String) in
      #"{"class_name": "__keras_tensor__", "config": {"shape": [null, 2], "dtype": "float32", "keras_history": ["\#(layer)", 0, 0]}}"#
    }
    let input = { (name: String) in
      #"{"module": "keras.layers", "class_name": "InputLayer", "config": {"batch_shape": [null, 2], "dtype": "float32", "name": "\#(name)"}, "registered_name": null, "name": "\#(name)", "inbound_nodes": []}"#
    }
    let text = """
      {"module": "keras.src.models.functional", "class_name": "Functional", "config": {"name": "outer", "layers": [
       \(input("x")), {"module": "keras.src.models.functional", "class_name": "Functional", "config": {"name": "inner",
       "layers": [\(input("y"))], "input_layers": ["y", 0, 0], "output_layers": ["y", 0, 0]}, "registered_name":
       "Functional", "name": "inner", "inbound_nodes": [{"args": [\(tensor("x"))], "kwargs": {}}]}],
       "input_layers": ["x", 0, 0], "output_layers": ["inner", 1, 0]}, "registered_name": "Functional"}
      """
    let model = try upgraded(text, version: "3.8.0")
    #expect(model.config["config"]?["output_layers"] == [["inner", 0, 0]])
    #expect(model.config["config"]?["input_layers"] == [["x", 0, 0]])
  }

  @Test func `A connection to a layer that is not there is an error`() throws {
    let text = nested.replacing(#"[["sequential_17", 1, 0]]"#, with: #"[["ghost", 0, 0]]"#)
    #expect(throws: ModelError.self) { try upgraded(text, version: "1.2.2") }
  }
}
