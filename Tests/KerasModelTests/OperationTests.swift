import KerasCore
import ReferenceInterpreter
import Testing

@testable import KerasModel

/// Functions of `keras.ops` between layers, as Keras 3.15.1 saved and computed them.
@Suite struct OperationTests {
  private static let model = #"""
    {"class_name": "Functional", "config": {"name": "m", "layers": [
    {"module": "keras.layers", "class_name": "InputLayer", "config": {"batch_shape": [null, 3, 4], "dtype":
     "float32", "sparse": false, "ragged": false, "name": "x", "optional": false}, "name": "x", "inbound_nodes":
     []},
    {"module": "keras.src.ops.numpy", "class_name": "Absolute", "config": {"name": "absolute"}, "name": "absolute",
     "inbound_nodes": [{"args": [{"class_name": "__keras_tensor__", "config": {"keras_history": ["x", 0, 0]}}],
     "kwargs": {}}]},
    {"module": "keras.src.ops.numpy", "class_name": "Subtract", "config": {"name": "subtract"}, "name": "subtract",
     "inbound_nodes": [{"args": [{"class_name": "__keras_tensor__", "config": {"keras_history": ["x", 0, 0]}}, 0.1],
     "kwargs": {}}]},
    {"module": "keras.src.ops.numpy", "class_name": "Add", "config": {"name": "add"}, "name": "add",
     "inbound_nodes": [{"args": [{"class_name": "__keras_tensor__", "config": {"keras_history": ["absolute", 0,
     0]}}, 0.5], "kwargs": {}}]},
    {"module": "keras.src.ops.nn", "class_name": "Relu", "config": {"name": "relu"}, "name": "relu",
     "inbound_nodes": [{"args": [{"class_name": "__keras_tensor__", "config": {"keras_history": ["subtract", 0,
     0]}}], "kwargs": {}}]},
    {"module": "keras.src.ops.numpy", "class_name": "TrueDivide", "config": {"name": "true_divide"}, "name":
     "true_divide", "inbound_nodes": [{"args": [{"class_name": "__keras_tensor__", "config": {"keras_history": ["x",
     0, 0]}}, {"class_name": "__keras_tensor__", "config": {"keras_history": ["add", 0, 0]}}], "kwargs": {}}]},
    {"module": "keras.src.ops.numpy", "class_name": "Multiply", "config": {"name": "multiply"}, "name": "multiply",
     "inbound_nodes": [{"args": [{"class_name": "__keras_tensor__", "config": {"keras_history": ["relu", 0, 0]}},
     2.0], "kwargs": {}}]},
    {"module": "keras.src.ops.numpy", "class_name": "Subtract", "config": {"name": "subtract_1"}, "name":
     "subtract_1", "inbound_nodes": [{"args": [1.0, {"class_name": "__keras_tensor__", "config": {"keras_history":
     ["true_divide", 0, 0]}}], "kwargs": {}}]},
    {"module": "keras.src.ops.numpy", "class_name": "Mean", "config": {"name": "mean", "axis": -1, "keepdims":
     true}, "name": "mean", "inbound_nodes": [{"args": [{"class_name": "__keras_tensor__", "config":
     {"keras_history": ["multiply", 0, 0]}}], "kwargs": {}}]},
    {"module": "keras.src.ops.numpy", "class_name": "Sum", "config": {"name": "sum", "axis": [1, 2], "keepdims":
     true}, "name": "sum", "inbound_nodes": [{"args": [{"class_name": "__keras_tensor__", "config":
     {"keras_history": ["subtract_1", 0, 0]}}], "kwargs": {}}]},
    {"module": "keras.src.ops.numpy", "class_name": "Add", "config": {"name": "add_1"}, "name": "add_1",
     "inbound_nodes": [{"args": [{"class_name": "__keras_tensor__", "config": {"keras_history": ["mean", 0, 0]}},
     {"class_name": "__keras_tensor__", "config": {"keras_history": ["sum", 0, 0]}}], "kwargs": {}}]},
    {"module": "keras.src.ops.numpy", "class_name": "Max", "config": {"name": "max", "axis": 1, "keepdims": true,
     "initial": null}, "name": "max", "inbound_nodes": [{"args": [{"class_name": "__keras_tensor__", "config":
     {"keras_history": ["x", 0, 0]}}], "kwargs": {}}]},
    {"module": "keras.src.ops.numpy", "class_name": "Subtract", "config": {"name": "subtract_2"}, "name":
     "subtract_2", "inbound_nodes": [{"args": [{"class_name": "__keras_tensor__", "config": {"keras_history":
     ["add_1", 0, 0]}}, {"class_name": "__keras_tensor__", "config": {"keras_history": ["max", 0, 0]}}], "kwargs":
     {}}]},
    {"module": "keras.src.ops.numpy", "class_name": "Multiply", "config": {"name": "multiply_1"}, "name":
     "multiply_1", "inbound_nodes": [{"args": [{"class_name": "__keras_tensor__", "config": {"keras_history":
     ["subtract_2", 0, 0]}}, {"class_name": "__keras_tensor__", "config": {"keras_history": ["subtract_1", 0, 0]}}],
     "kwargs": {}}]},
    {"module": "keras.src.ops.numpy", "class_name": "Concatenate", "config": {"name": "concatenate", "axis": -1},
     "name": "concatenate", "inbound_nodes": [{"args": [[{"class_name": "__keras_tensor__", "config":
     {"keras_history": ["multiply", 0, 0]}}, {"class_name": "__keras_tensor__", "config": {"keras_history":
     ["multiply_1", 0, 0]}}]], "kwargs": {}}]},
    {"module": "keras.src.ops.numpy", "class_name": "GetItem", "config": {"name": "get_item"}, "name": "get_item",
     "inbound_nodes": [{"args": [{"class_name": "__keras_tensor__", "config": {"keras_history": ["concatenate", 0,
     0]}}, [{"class_name": "__slice__", "config": {"start": null, "stop": null, "step": null}}, {"class_name":
     "__slice__", "config": {"start": 1, "stop": null, "step": null}}, {"class_name": "__slice__", "config":
     {"start": null, "stop": null, "step": 2}}]], "kwargs": {}}]},
    {"module": "keras.src.ops.numpy", "class_name": "Reshape", "config": {"name": "reshape", "newshape": [-1, 4,
     2]}, "name": "reshape", "inbound_nodes": [{"args": [{"class_name": "__keras_tensor__", "config":
     {"keras_history": ["get_item", 0, 0]}}], "kwargs": {}}]},
    {"module": "keras.src.ops.numpy", "class_name": "Transpose", "config": {"name": "transpose", "axes": [0, 2, 1]},
     "name": "transpose", "inbound_nodes": [{"args": [{"class_name": "__keras_tensor__", "config": {"keras_history":
     ["reshape", 0, 0]}}], "kwargs": {}}]},
    {"module": "keras.src.ops.numpy", "class_name": "Square", "config": {"name": "square"}, "name": "square",
     "inbound_nodes": [{"args": [{"class_name": "__keras_tensor__", "config": {"keras_history": ["transpose", 0,
     0]}}], "kwargs": {}}]},
    {"module": "keras.src.ops.numpy", "class_name": "Add", "config": {"name": "add_2"}, "name": "add_2",
     "inbound_nodes": [{"args": [{"class_name": "__keras_tensor__", "config": {"keras_history": ["square", 0, 0]}},
     1.0], "kwargs": {}}]},
    {"module": "keras.src.ops.numpy", "class_name": "Sqrt", "config": {"name": "sqrt"}, "name": "sqrt",
     "inbound_nodes": [{"args": [{"class_name": "__keras_tensor__", "config": {"keras_history": ["add_2", 0, 0]}}],
     "kwargs": {}}]},
    {"module": "keras.src.ops.numpy", "class_name": "Negative", "config": {"name": "negative"}, "name": "negative",
     "inbound_nodes": [{"args": [{"class_name": "__keras_tensor__", "config": {"keras_history": ["sqrt", 0, 0]}}],
     "kwargs": {}}]},
    {"module": "keras.src.ops.nn", "class_name": "Sigmoid", "config": {"name": "sigmoid"}, "name": "sigmoid",
     "inbound_nodes": [{"args": [{"class_name": "__keras_tensor__", "config": {"keras_history": ["negative", 0,
     0]}}], "kwargs": {}}]},
    {"module": "keras.src.ops.numpy", "class_name": "Tanh", "config": {"name": "tanh"}, "name": "tanh",
     "inbound_nodes": [{"args": [{"class_name": "__keras_tensor__", "config": {"keras_history": ["sqrt", 0, 0]}}],
     "kwargs": {}}]},
    {"module": "keras.src.ops.numpy", "class_name": "Power", "config": {"name": "power"}, "name": "power",
     "inbound_nodes": [{"args": [{"class_name": "__keras_tensor__", "config": {"keras_history": ["sigmoid", 0, 0]}},
     2.0], "kwargs": {}}]},
    {"module": "keras.src.ops.numpy", "class_name": "Add", "config": {"name": "add_3"}, "name": "add_3",
     "inbound_nodes": [{"args": [{"class_name": "__keras_tensor__", "config": {"keras_history": ["tanh", 0, 0]}},
     {"class_name": "__keras_tensor__", "config": {"keras_history": ["power", 0, 0]}}], "kwargs": {}}]},
    {"module": "keras.src.ops.numpy", "class_name": "Add", "config": {"name": "add_4"}, "name": "add_4",
     "inbound_nodes": [{"args": [{"class_name": "__keras_tensor__", "config": {"keras_history": ["sqrt", 0, 0]}},
     1.0], "kwargs": {}}]},
    {"module": "keras.src.ops.numpy", "class_name": "Exp", "config": {"name": "exp"}, "name": "exp",
     "inbound_nodes": [{"args": [{"class_name": "__keras_tensor__", "config": {"keras_history": ["add_3", 0, 0]}}],
     "kwargs": {}}]},
    {"module": "keras.src.ops.numpy", "class_name": "Log", "config": {"name": "log"}, "name": "log",
     "inbound_nodes": [{"args": [{"class_name": "__keras_tensor__", "config": {"keras_history": ["add_4", 0, 0]}}],
     "kwargs": {}}]},
    {"module": "keras.src.ops.numpy", "class_name": "Maximum", "config": {"name": "maximum"}, "name": "maximum",
     "inbound_nodes": [{"args": [{"class_name": "__keras_tensor__", "config": {"keras_history": ["exp", 0, 0]}},
     {"class_name": "__keras_tensor__", "config": {"keras_history": ["log", 0, 0]}}], "kwargs": {}}]},
    {"module": "keras.src.ops.numpy", "class_name": "ExpandDims", "config": {"name": "expand_dims", "axis": 1},
     "name": "expand_dims", "inbound_nodes": [{"args": [{"class_name": "__keras_tensor__", "config":
     {"keras_history": ["maximum", 0, 0]}}], "kwargs": {}}]},
    {"module": "keras.src.ops.numpy", "class_name": "Squeeze", "config": {"name": "squeeze", "axis": 1}, "name":
     "squeeze", "inbound_nodes": [{"args": [{"class_name": "__keras_tensor__", "config": {"keras_history":
     ["expand_dims", 0, 0]}}], "kwargs": {}}]},
    {"module": "keras.src.ops.numpy", "class_name": "GetItem", "config": {"name": "get_item_1"}, "name":
     "get_item_1", "inbound_nodes": [{"args": [{"class_name": "__keras_tensor__", "config": {"keras_history":
     ["squeeze", 0, 0]}}, [{"class_name": "__slice__", "config": {"start": null, "stop": null, "step": null}}, -1]],
     "kwargs": {}}]}],
    "input_layers": [["x", 0, 0]], "output_layers": [["get_item_1", 0, 0]]}}
    """#

  @Test func operationsComputeWhatKerasDid() throws {
    let x = Tensor([1, 3, 4], (0..<12).map { Double($0 * 7 % 13) / 20 - 0.2 })
    let y = try LayerBench(Self.model).run(x)
    #expect(agree(y, [1, 4], [2.302_334_547, 2.718_281_746, 2.302_334_547, 2.718_281_746], tolerance: 1e-6))
  }

  /// An .h5 names no modules: `Add` with a constant is then still the operation, as in MobileNetV3.
  @Test func operationsAreKnownWithoutTheirModule() throws {
    let text = Self.model.replacing(/"module": "keras.src.ops[a-z.]+",\s*/, with: "")
    let canonical = try upgraded(text, version: "3.15.1")
    for name in ["add", "multiply", "mean", "get_item"] {
      #expect(canonical.layer(name)?["module"] == "keras.src.ops.numpy")
    }
    #expect(canonical.layer("add")?["inbound_nodes"]?[0]?["args"]?[1] == 0.5)
    #expect(canonical.layer("x")?["class_name"] == "InputLayer")
  }

  @Test func theUpgradeKeepsTheModuleAndTheConstants() throws {
    let canonical = try upgraded(Self.model, version: "3.15.1")
    #expect(canonical.layer("multiply")?["module"] == "keras.src.ops.numpy")
    #expect(canonical.layer("multiply")?["inbound_nodes"]?[0]?["args"]?[1] == 2.0)
    #expect(canonical.field("mean", "keepdims") == true)
  }

  @Test func unknownOperationsAreListed() {
    let text = Self.model.replacing("\"Tanh\"", with: "\"Fft\"")
    #expect(throws: ModelError.self) { try LayerBench(text) }
  }

  @Test func everyNameStandsForAFunctionThatExists() {
    let targets = FunctionNames.targets.union(TensorFlowOperation.all.values.map(\.function))
    #expect(targets.filter { BackendFunction.all[$0] == nil }.isEmpty)
    #expect(targets.count > 100)
  }
}
