import KerasCore
import KerasFile

/// The `output_padding` of transposed convolutions, which Keras 3.0 to 3.14 leave out of what they save.
///
/// (`BaseConvTranspose.get_config`.) Those releases load such a model with other shapes than it had. The shapes that a
/// file has of the next layers' inputs tell what was lost; where no layer follows, and in a Sequential of an `.h5`,
/// nothing does: then the layer is read without, as Keras reads it, which a note says, and a mapping of the layer's name
/// states it (`--map 'conv2d_transpose=Conv2DTranspose(output_padding=[1, 1])'`).
enum LostOutputPadding {
  private static let ranks = ["Conv1DTranspose": 1, "Conv2DTranspose": 2, "Conv3DTranspose": 3]
  private static let releases = Releases(since: KerasVersion(3, 0), before: KerasVersion(3, 15))

  static func fill(in canonical: inout CanonicalModel, from source: ModelSource) {
    guard let version = source.version, releases.contains(version), let saved = source.config else { return }
    var found: [Finding] = []
    canonical.config = filled(canonical.config, saved, &found)
    let location = SourceLocation(file: source.file, container: source.configContainer)
    for (layer, className, padding) in found {
      if let padding {
        canonical.diagnostics.append(
          Diagnostic(
            rule: "output-padding-recovered", severity: .warning, layer: layer, location: location,
            message:
              "Keras \(version) left output_padding out of the file, and loads the layer with other shapes than it "
              + "had; the input shape of the layer behind it tells that it was \(padding)."))
      } else {
        canonical.diagnostics.append(
          Diagnostic(
            rule: "output-padding-unknown", severity: .note, layer: layer, location: location,
            message:
              "Keras \(version) left output_padding out of the file and nothing in it tells whether the layer had one; "
              + "it is read without, as Keras reads it. If it had one, state it: "
              + "--map '\(layer)=\(className)(output_padding=1)'."))
      }
    }
  }

  /// A layer whose padding the shapes tell, or (`nil`) do not.
  private typealias Finding = (layer: String, className: String, padding: [Int]?)

  private static func filled(_ model: JSON, _ saved: JSON, _ found: inout [Finding]) -> JSON {
    guard var fields = model["config"]?.objectValue, var layers = fields["layers"]?.arrayValue else { return model }
    for index in layers.indices {
      let layer = layers[index]
      layers[index] = filled(layer, saved, &found)
      let className = layer["class_name"]?.stringValue ?? ""
      guard let rank = ranks[className], let name = layer["name"]?.stringValue,
        var config = layer["config"]?.objectValue, config["output_padding"] ?? .null == .null
      else { continue }
      let input = layer["inbound_nodes"].flatMap { shape(in: $0, of: nil) } ?? buildShape(of: layer, saved)
      let output = consumed(name, layers) ?? (fields["input_layers"] == nil ? following(index, layers, saved) : nil)
      guard let padding = padding(.object(config), rank, input ?? [], output ?? []) else {
        // Without strides nothing could have been added.
        let strides = config["strides"]?.arrayValue ?? []
        if strides.contains(where: { ($0.intValue ?? 1) > 1 }) { found.append((name, className, nil)) }
        continue
      }
      guard !padding.isEmpty else { continue }
      config["output_padding"] = JSON(padding)
      layers[index]["config"] = .object(config)
      found.append((name, className, padding))
    }
    fields["layers"] = .array(layers)
    var model = model
    model["config"] = .object(fields)
    return model
  }

  /// The shape in which a layer's result goes into another one of the same model.
  private static func consumed(_ name: String, _ layers: [JSON]) -> [Int?]? {
    layers.lazy.compactMap { $0["inbound_nodes"].flatMap { shape(in: $0, of: name) } }.first
  }

  /// The shape of the first tensor among inbound nodes that comes from the layer `name`, or from any.
  private static func shape(in nodes: JSON, of name: String?) -> [Int?]? {
    switch nodes {
    case .array(let elements): return elements.lazy.compactMap { shape(in: $0, of: name) }.first
    case .object(let members):
      if members["class_name"] == "__keras_tensor__", let config = members["config"] {
        guard name == nil || config["keras_history"]?[0]?.stringValue == name else { return nil }
        return config["shape"].flatMap(shape)
      }
      return members.values.lazy.compactMap { shape(in: $0, of: name) }.first
    default: return nil
    }
  }

  /// The shape that the next layer of a Sequential was built for.
  private static func following(_ index: Int, _ layers: [JSON], _ saved: JSON) -> [Int?]? {
    layers.indices.contains(index + 1) ? buildShape(of: layers[index + 1], saved) : nil
  }

  private static func buildShape(of layer: JSON, _ saved: JSON) -> [Int?]? {
    layer["source_pointer"]?.stringValue.flatMap { saved[JSONPointer(parsing: $0)]?["build_config"]?["input_shape"] }
      .flatMap(shape)
  }

  private static func shape(_ value: JSON) -> [Int?]? { value.arrayValue?.map(\.intValue) }

  /// What must have been added to each axis, nothing if that was the default; `nil` if the shapes do not tell.
  private static func padding(_ config: JSON, _ rank: Int, _ input: [Int?], _ output: [Int?]) -> [Int]? {
    guard input.count == rank + 2, output.count == rank + 2 else { return nil }
    let first = config["data_format"] == "channels_first" ? 2 : 1
    var padding: [Int] = []
    var isDefault = true
    for axis in 0..<rank {
      guard let size = config["kernel_size"]?[axis]?.intValue, let stride = config["strides"]?[axis]?.intValue,
        let dilation = config["dilation_rate"]?[axis]?.intValue, let length = input[first + axis],
        let found = output[first + axis], [size, stride, dilation, length].allSatisfy({ (1...1 << 24).contains($0) })
      else { return nil }
      let reach = (size - 1) * dilation + 1
      let isSame = config["padding"] == "same"
      if found != length * stride + (isSame ? 0 : max(reach - stride, 0)) { isDefault = false }
      let added = found - ((length - 1) * stride + reach - (isSame ? 2 * (reach / 2) : 0))
      guard (0..<stride).contains(added) else { return nil }
      padding.append(added)
    }
    return isDefault ? [] : padding
  }
}
