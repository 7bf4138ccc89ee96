import KerasCore
import OrderedCollections

extension ConfigUpgrade {
  /// An InputLayer: `batch_input_shape`, `input_dtype` become `batch_shape`, `dtype`.
  mutating func inputLayer(_ saved: SavedLayer, name: String, path: [String]) -> JSON {
    let shape = saved.fields["batch_shape"] ?? saved.fields["batch_input_shape"] ?? shapeFields(saved) ?? .null
    if saved.fields["batch_shape"] == nil {
      record(
        .renamed, "input-layer", path, saved.fieldsPointer.appending("batch_input_shape"),
        old: ("batch_input_shape", shape), new: ("batch_shape", shape))
    }
    return inputObject(
      name: name, shape: unwrapped(shape), dtype: saved.fields["dtype"] ?? saved.fields["input_dtype"],
      sparse: saved.fields["sparse"], pointer: saved.pointer)
  }

  func inputObject(name: String, shape: JSON, dtype: JSON?, sparse: JSON? = nil, pointer: JSONPointer) -> JSON {
    // Keras 0's "float" is the library's default.
    let type = dtype?.stringValue ?? dtype?["config"]?["name"]?.stringValue ?? "float32"
    let fields: OrderedDictionary<String, JSON> = [
      "batch_shape": shape, "dtype": type == "float" ? "float32" : type == "int" ? "int32" : .string(type),
      "sparse": sparse ?? false, "name": .string(name),
    ]
    return layerObject(className: "InputLayer", name: name, config: fields, pointer: pointer)
  }

  /// tf.keras may write a shape as `{"class_name": "TensorShape" | "__tuple__", "items": […]}`.
  private func unwrapped(_ shape: JSON) -> JSON { shape["items"] ?? shape }

  /// The input shape that a Sequential's first layer states, batch first, and the type of its elements.
  mutating func inputOfFirstLayer(_ first: SavedLayer, sequential: SavedLayer) throws(ModelError) -> (
    shape: JSON, dtype: JSON?
  )? {
    let dtype =
      first.fields["input_dtype"]
      ?? (first.className == "Embedding" && era.dialect < .keras3 ? "int32" : first.fields["dtype"])
    if let shape = shapeFields(first) { return (unwrapped(shape), dtype) }
    if first.className == "AutoEncoder", let encoder = first.fields["encoder_config"] {
      let inner = try SavedLayer(encoder, at: first.fieldsPointer.appending("encoder_config"))
      return try inputOfFirstLayer(inner, sequential: sequential)
    }
    if first.isModel, let inner = first.layers?.first {
      let innerFirst = try SavedLayer(inner.json, at: inner.pointer)
      if innerFirst.className == "InputLayer", !first.isSequential, first.fields["input_layers"]?.arrayValue?.count != 1
      {
        return nil
      }
      if let found = try inputOfFirstLayer(innerFirst, sequential: first) { return found }
    }
    if let shape = sequential.fields["build_input_shape"], !shape.isNull { return (unwrapped(shape), dtype) }
    return nil
  }

  /// The batch shape by any of the fields a first layer has carried.
  private func shapeFields(_ saved: SavedLayer) -> JSON? {
    let fields = saved.fields
    // Keras 0.3 took an Embedding's `input_dim`, the size of its vocabulary, for its input shape and saved that too.
    if era.dialect == .keras0, saved.className == "Embedding" { return [nil, fields["input_length"] ?? .null] }
    for key in ["batch_shape", "batch_input_shape"] {
      if let shape = fields[key], !shape.isNull { return shape }
    }
    if let shape = fields["input_shape"]?.arrayValue, era.dialect <= .keras2 { return .array([nil] + shape) }
    guard era.dialect <= .keras1 else { return nil }
    if saved.className == "WordContextProduct" { return [nil, 2] }
    let length = fields["input_length"] ?? .null
    let classes = [
      "TimeDistributedDense", "Convolution1D", "LSTM", "GRU", "SimpleRNN", "AtrousConvolution1D", "JZS1", "JZS2",
      "JZS3", "SimpleDeepRNN",
    ]
    if saved.className == "Embedding" { return [nil, length] }
    guard let features = fields["input_dim"], !features.isNull else { return nil }
    return classes.contains(saved.className) ? [nil, length, features] : [nil, features]
  }
}
