import KerasCore

/// Layers that Keras 3 no longer has, where another layer computes the same.
enum RemovedClasses: LayerRewrite {
  private static let gone: Set<String> = [
    "Highway", "LRN2D", "LocallyConnected1D", "LocallyConnected2D", "MaxoutDense", "ParametricSoftplus", "SReLU",
    "RandomHeight", "RandomWidth", "ThresholdedLinear", "AutoEncoder", "JZS1", "JZS2", "JZS3", "RandomFourierFeatures",
    "SimpleDeepRNN", "TimeDistributedMerge", "WordContextProduct", "TFOpLambda", "SlicingOpLambda",
    "TensorFlowOpLayer", "ClassMethod", "InstanceMethod", "InstanceProperty",
  ]

  static func apply(to chain: inout LayerChain, _ context: inout RewriteContext) throws(ExportError) {
    let layer = chain.layer
    if layer.className == "ThresholdedReLU" {
      guard let theta = layer.fields["theta"]?.doubleValue, theta >= 0 else {
        throw context.refusal("ThresholdedReLU with a negative theta", "Keras 3's ReLU takes no negative threshold")
      }
      chain.layer.className = "ReLU"
      chain.layer.fields["theta"] = nil
      chain.layer.fields["max_value"] = .null
      chain.layer.fields["negative_slope"] = 0.0
      chain.layer.fields["threshold"] = .number(theta)
      context.note(.rewritten, "ThresholdedReLU is Keras 3's ReLU with a threshold")
    } else if gone.contains(layer.className) {
      throw context.refusal("\(layer.className)", "\(context.target.name) has no such layer")
    }
  }
}
