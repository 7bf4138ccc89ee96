import KerasCore

/// Convolution kernels of every era as `(spatial…, in, out)` kernels of a correlation.
///
/// Layouts and flips as measured: spec of Keras 1's `preprocess_weights_for_loading` and of Theano's true convolution.
struct KernelLayout {
  var era: Era
  var className: String
  var isChannelsFirst: Bool

  /// The canonical kernel and what was done to the stored one; `nil` if no layout of the era fits `shape`.
  func convert(_ stored: TensorData, role: String, to shape: [Int]) throws(TensorDataError) -> (TensorData, String?)? {
    guard let (permutation, dropsAxis) = layout(role: role, stored: stored.shape, to: shape) else { return nil }
    var kernel = stored
    var steps: [String] = []
    if permutation != Array(permutation.indices) {
      kernel = try kernel.transposed(permutation)
      steps.append("transposed \(permutation)")
    }
    if dropsAxis != nil {
      kernel = try kernel.reshaped(shape)
      steps.append("axis of one dropped")
    }
    if isFlipped(role) {
      kernel = try kernel.reversed(0..<max(0, shape.count - 2))
      steps.append("flipped (Theano)")
    }
    return (kernel, steps.isEmpty ? nil : steps.joined(separator: ", "))
  }

  /// The first layout of the era in which an array of shape `stored` is a kernel of `shape`.
  func layout(role: String, stored: [Int], to shape: [Int]) -> ([Int], Int?)? {
    candidates(role: role, stored: stored).first { permutation, dropsAxis in
      guard permutation.allSatisfy({ stored.indices.contains($0) }), permutation.count == stored.count
      else { return false }
      var result = permutation.map { stored[$0] }
      if let dropsAxis {
        guard result.indices.contains(dropsAxis), result[dropsAxis] == 1 else { return false }
        result.remove(at: dropsAxis)
      }
      return result == shape
    }
  }

  /// Theano convolves; its depthwise, separable and locally connected layers correlate.
  private func isFlipped(_ role: String) -> Bool {
    guard era.isTheano, era.dialect < .keras3 else { return false }
    return ["kernel", "recurrent_kernel"].contains(role) && LayerAxes.isConvolution(className)
      && !className.hasPrefix("Depthwise") && !className.hasPrefix("Separable")
  }

  /// Permutations to try in turn, with an axis to drop after it.
  private func candidates(role: String, stored: [Int]) -> [([Int], Int?)] {
    let same = (Array(stored.indices), Int?.none)
    guard era.dialect <= .keras1 else {
      // Keras 2's own last resort for kernels it cannot place.
      return stored.count == 4 ? [same, ([3, 2, 0, 1], nil)] : [same]
    }
    switch className {
    case "Conv1D":
      let old: ([Int], Int?) = ([2, 3, 1, 0], 1)
      let new: ([Int], Int?) = ([0, 1, 2, 3], 1)
      return era.version < KerasVersion(1, 1, 0) ? [old, new, same] : [new, old, same]
    case "Conv2DTranspose":
      let first: ([Int], Int?) = ([2, 3, 0, 1], nil)
      let last: ([Int], Int?) = ([0, 1, 3, 2], nil)
      return isChannelsFirst ? [first, last, same] : [last, first, same]
    case "Conv3D":
      let first: ([Int], Int?) = ([2, 3, 4, 1, 0], nil)
      return isChannelsFirst ? [first, same] : [same, first]
    case "Conv2D", "SeparableConv2D", "ConvLSTM2D":
      guard stored.count == 4 else { return [same] }
      let first: ([Int], Int?) = ([2, 3, 1, 0], nil)
      return isChannelsFirst ? [first, same] : [same, first]
    default: return [same]
    }
  }
}
