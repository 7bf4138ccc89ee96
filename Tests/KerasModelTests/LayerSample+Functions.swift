/// Functions as layers, as tf.keras wrote them.
extension LayerSample {
  static let functions = [
    LayerSample("TFOpLambda", inputs: [[nil, 3]], config: #"{"function": "nn.relu"}"#),
    LayerSample("InstanceProperty", inputs: [[nil, nil]], config: #"{"attr_name": "T"}"#),
    LayerSample("InstanceMethod", inputs: [[nil, nil]], config: #"{"attr_name": "transpose"}"#),
    LayerSample(
      "ClassMethod", inputs: [[nil, 3]], config: #"{"cls_symbol": "math", "method_name": "square"}"#),
    LayerSample(
      "SlicingOpLambda", inputs: [[nil, 3], [nil]], config: #"{"function": "__operators__.getitem"}"#),
    LayerSample(
      "TensorFlowOpLayer", inputs: [[nil, 3]],
      config: #"{"node_def": {"name": "f", "op": "AddV2"}, "constants": {"1": 2.0}}"#),
  ]
}
