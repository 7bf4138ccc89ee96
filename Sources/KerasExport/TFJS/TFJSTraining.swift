import KerasCore
import KerasModel

/// What TensorFlow.js has of training and cannot run: its layers refuse to be called with an activity regularizer
/// (`topology.ts`), and it applies constraints to weights as it loads them (`variables.ts`).
enum TFJSTraining: LayerRewrite {
  static func apply(to chain: inout LayerChain, _ context: inout RewriteContext) throws(ExportError) {
    for (key, value) in chain.layer.fields where !value.isNull {
      if key == "activity_regularizer" {
        context.note(.lost, "the activity regularizer: TensorFlow.js does not run a layer that has one")
      } else if key.hasSuffix("_constraint") {
        context.note(.lost, "the \(key): TensorFlow.js would change the weights by it as it loads them")
      } else if key.hasSuffix("_regularizer"), ["L1", "L2"].contains(value["class_name"]) {
        // It knows both in one only.
        let config = value["config"]
        chain.layer.fields[key] = [
          "module": "keras.regularizers", "class_name": "L1L2", "registered_name": nil,
          "config": ["l1": config?["l1"] ?? 0.0, "l2": config?["l2"] ?? 0.0],
        ]
        continue
      } else {
        continue
      }
      chain.layer.fields[key] = .null
    }
  }
}

/// TensorFlow.js' ReLU has a maximum alone: a threshold is a ThresholdedReLU, a slope a LeakyReLU.
enum TFJSReLU: LayerRewrite {
  static func apply(to chain: inout LayerChain, _ context: inout RewriteContext) throws(ExportError) {
    guard chain.layer.className == "ReLU" else { return }
    let fields = chain.layer.fields
    let (threshold, slope) = (fields["threshold"]?.doubleValue ?? 0, fields["negative_slope"]?.doubleValue ?? 0)
    let hasMaximum = !(fields["max_value"] ?? .null).isNull
    var kept: JSON = ["trainable": fields["trainable"] ?? true, "dtype": fields["dtype"] ?? "float32"]
    switch (threshold != 0, slope != 0) {
    case (false, false): return
    case (true, false) where !hasMaximum:
      chain.layer.className = "ThresholdedReLU"
      kept["theta"] = .number(threshold)
    case (false, true) where !hasMaximum:
      chain.layer.className = "LeakyReLU"
      kept["negative_slope"] = .number(slope)
    default:
      throw context.refusal(
        "ReLU with several of max_value, negative_slope and threshold", "TensorFlow.js does not have it")
    }
    chain.layer.fields = kept.objectValue ?? [:]
    context.note(.rewritten, "ReLU is TensorFlow.js' \(chain.layer.className)")
  }
}

/// The CPU backend of TensorFlow.js normalises along the last axis whatever `axis` says: the axis is brought there.
enum TFJSNormalizationAxis: LayerRewrite {
  static func apply(to chain: inout LayerChain, _ context: inout RewriteContext) throws(ExportError) {
    guard chain.layer.className == "BatchNormalization", let rank = context.inputShape?.rank, rank > 2,
      let axis = chain.layer.fields["axis"]?.intValue ?? chain.layer.fields["axis"]?[0]?.intValue,
      axis > 0, axis < rank - 1
    else { return }
    let (forth, back) = AxisLast.permutes(
      axis, rank: rank, name: chain.layer.name, dtype: chain.layer.fields["dtype"] ?? "float32")
    chain.before.append(forth)
    chain.after.insert(back, at: 0)
    chain.layer.fields["axis"] = -1
    context.note(
      .rewritten, "axis \(axis) is brought to the end: the CPU backend of TensorFlow.js normalises along the last only")
  }
}

/// TensorFlow.js knows the shape of a Reshape with an inferred size as it runs only: the size is written.
enum TFJSReshape: LayerRewrite {
  static func apply(to chain: inout LayerChain, _ context: inout RewriteContext) throws(ExportError) {
    guard chain.layer.className == "Reshape", chain.layer.fields["target_shape"]?.arrayValue?.contains(-1) == true,
      let calls = context.facts.outputTypes[context.path], !context.isWrapped,
      let sizes = calls.first?.first.flatMap({ Shape(Array($0.shape.dimensions.dropFirst())).concrete }),
      calls.allSatisfy({ $0.first?.shape.dimensions.dropFirst().map { $0 ?? -1 } == sizes })
    else { return }
    chain.layer.fields["target_shape"] = JSON(sizes)
  }
}

/// Causal padding, which TensorFlow.js does not implement, is zeros in front of a `valid` convolution.
enum TFJSCausal: LayerRewrite {
  static func apply(to chain: inout LayerChain, _ context: inout RewriteContext) throws(ExportError) {
    guard chain.layer.className == "Conv1D", chain.layer.string("padding") == "causal",
      let kernel = chain.layer.ints("kernel_size", count: 1)
    else { return }
    let pad = (kernel[0] - 1) * (chain.layer.ints("dilation_rate", count: 1)?[0] ?? 1)
    chain.layer.fields["padding"] = "valid"
    if pad > 0 { chain.before.append(ZeroPadding.layer(chain.layer, pads: [[pad, 0]])) }
    context.note(.rewritten, "causal padding is zeros in front of a valid convolution")
  }
}
