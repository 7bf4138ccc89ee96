import KerasCore
import KerasGraph
import KerasModel

/// Biases and shorter tensors that Keras 3 on TensorFlow adds along the wrong axis.
struct SumAxis: AuditRule {
  let id = "bias-add-axis"
  let title = "Keras 3 on TensorFlow adds it along the wrong axis"
  let family = RuleFamily.convolution
  let severity = Severity.error
  let consequence = Consequence.inference
  let affected = "Keras 3.7 and later on TensorFlow: channels first, EinsumDense, merges of different sizes"
  let explanation = """
    keras.ops.add on TensorFlow takes a second operand with only one axis longer than 1 for a bias, if the first operand's
    last or second axis is as long, and adds it along that one, the last before the second, wherever the long axis lies.
    So a convolution with channels first adds its bias along the columns if images come out as wide as they have channels
    (Conv1D and Conv2D only where the model is called: predict fuses the two operations, and is right); EinsumDense a bias
    along another axis than the last if one of those two is as long; Add and Average a tensor of (None, 5, 1) to one of
    (None, 5, 5) in a batch of one, and one of (None, 1, 1) in a batch of five. Nothing is said. Subtract, Multiply and
    other backends are right, as is Keras 3.6. Measured with 3.15.1 for each of these layers; the code is the same from
    3.7 on.
    """
  let fix = """
    `convert` writes channels last between two Permutes, and merges in an order that is computed as written; or let Keras
    run on JAX or PyTorch. keraskit computes the sum that the layers mean.
    """

  private static let convolutions: Set<String> = [
    "Conv1D", "Conv2D", "Conv3D", "Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose", "SeparableConv1D",
    "SeparableConv2D", "DepthwiseConv1D", "DepthwiseConv2D",
  ]
  /// No size that a model has.
  private static let anyBatch = 1_000_003

  private struct Mistake {
    /// Those that are struck; all of them if there is no list.
    var batches: [Int]?
    var what: String
    var now: String
  }

  func check(_ subject: AuditSubject) -> [Finding] {
    guard subject.target.version >= KerasVersion(3, 7) else { return [] }
    let candidates = subject.layers.filter { layer in
      switch layer.className {
      case "Add", "Average", "EinsumDense": true
      default: Self.convolutions.contains(layer.className) && layer.config["data_format"] == "channels_first"
      }
    }
    guard !candidates.isEmpty, let (network, calls) = subject.lowered() else { return [] }
    let biases = (try? network.parameterSpecs()) ?? []
    return candidates.compactMap { layer in
      let found = (calls[layer.path] ?? []).lazy.compactMap { call -> Mistake? in
        switch layer.className {
        case "Add", "Average": return merge(call)
        case "EinsumDense":
          return einsum(call, biases.first { $0.name == layer.path + "/bias" }?.spec.shape)
        default: return layer.config["use_bias"] == false ? nil : convolution(layer, call)
        }
      }.first
      guard let found else { return nil }
      let batches = found.batches.map { sizes in
        " in batches of " + sizes.map(String.init).joined(separator: sizes.count == 2 ? " or " : ", ")
      }
      return Finding(
        rule: id, severity: severity, layer: layer.path,
        location: subject.location(
          layer, keys: layer.className.contains("Conv") ? ["data_format", "dim_ordering"] : []),
        summary: found.what, meantWhenSaved: "The sum, each number along its own axis.",
        meansNow: "\(subject.target) on TensorFlow \(found.now)\(batches ?? "").", advice: fix)
    }
  }

  private func convolution(_ layer: AuditedLayer, _ call: LayerOutput) -> Mistake? {
    guard let shape = call.outputShapes.first, shape.rank > 2, let channels = shape[1], channels > 1,
      shape[shape.rank - 1] == channels
    else { return nil }
    let isFused = ["Conv1D", "Conv2D"].contains(layer.className)
    return Mistake(
      what:
        "This \(layer.className) with channels first puts out \(channels) channels of \(channels) columns, with a bias.",
      now: "adds the bias along the columns"
        + (isFused ? " where the model is called, `model(x)`; predict is right" : "")
    )
  }

  private func einsum(_ call: LayerOutput, _ bias: [Int]?) -> Mistake? {
    guard let bias, let shape = call.outputShapes.first, let sizes = sizes([shape], batch: Self.anyBatch)?.first,
      !TensorFlowSum.isSum(sizes, bias)
    else { return nil }
    return Mistake(
      what: "The bias of this EinsumDense, \(bias), is as long as another axis of its output, \(shape).",
      now: "adds the bias along that axis"
    )
  }

  private func merge(_ call: LayerOutput) -> Mistake? {
    let shapes = call.inputShapes
    guard shapes.count > 1, Set(shapes.map(\.rank)).count == 1, Set(shapes).count > 1, let rank = shapes.first?.rank,
      rank > 1
    else { return nil }
    let fixed = shapes.compactMap { $0[0] }.first
    let lengths = Set([1] + shapes.flatMap { $0.dimensions.dropFirst().compactMap { $0 } })
    let possible = fixed.map { [$0] } ?? lengths.sorted()
    let struck = possible.filter { batch in
      guard let sizes = sizes(shapes, batch: batch) else { return false }
      var sum = sizes[0]
      for operand in sizes.dropFirst() {
        if !TensorFlowSum.isSum(sum, operand) { return true }
        sum = zip(sum, operand).map { $0 == 1 ? $1 : $0 }
      }
      return false
    }
    guard !struck.isEmpty else { return nil }
    return Mistake(
      batches: struck,
      what: "This \(call.className) takes tensors of \(shapes.map { "\($0)" }.joined(separator: " and ")).",
      now: "takes the shorter tensor for a bias and adds it along another axis"
    )
  }

  /// `nil` where sizes but the batch are open.
  private func sizes(_ shapes: [Shape], batch: Int) -> [[Int]]? {
    let known = shapes.compactMap { Shape([$0[0] ?? batch] + $0.dimensions.dropFirst()).concrete }
    return known.count == shapes.count ? known : nil
  }
}
