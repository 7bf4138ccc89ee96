import KerasCore

/// What a layer puts out, at each of its calls.
public struct LayerValues: Sendable {
  /// Names from the outer model on: `encoder/dense_1`.
  public var path: String
  public var className: String
  /// One array for each call and output; nothing but float arrays.
  public var arrays: [TensorData]
}

extension Model {
  /// The outputs of all layers, those of nested models too, in the order of the computation; inference.
  ///
  /// `arrays` are in the order of the model's inputs. All are held at once: meant for a few samples.
  public func layerOutputs(_ arrays: [TensorData]) throws(KerasKitError) -> [LayerValues] {
    let fitted = try fitted(arrays)
    return try KerasKitError.wrap {
      let observer = try LayerObserver(self)
      var layers = observer.layers.map { LayerValues(path: $0.path, className: $0.className, arrays: []) }
      for (layer, array) in try observer.run(fitted) { layers[layer].arrays.append(array) }
      return layers
    }
  }
}
