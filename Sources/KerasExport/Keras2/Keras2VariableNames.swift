import KerasCore
import OrderedCollections

/// How tf.keras 2.15 names variables: `lstm/lstm_cell/kernel`, those of nested models by their own layers.
struct Keras2VariableNames {
  /// Prefix of our own names and of Keras', the longest to be used.
  private var prefixes: [(own: String, keras: String)] = []

  /// Whether the cells of LSTM, GRU and SimpleRNN are part of the names: not before TensorFlow 2.2, nor in TensorFlow.js.
  private let namesCells: Bool

  init(_ model: ModelConfig, namesCells: Bool = true) {
    self.namesCells = namesCells
    add(model, own: "", scope: "")
  }

  func names(of parameters: [String]) -> [String] {
    parameters.map { parameter in
      let prefix = prefixes.filter { parameter.hasPrefix($0.own) }.max { $0.own.count < $1.own.count }
      guard let prefix else { return parameter }
      let rest = String(parameter.dropFirst(prefix.own.count))
      if rest.isEmpty { return prefix.keras }
      return prefix.keras.isEmpty ? rest : "\(prefix.keras)/\(rest)"
    }
  }

  private mutating func add(_ model: ModelConfig, own: String, scope: String) {
    for layer in model.layers { add(layer, own: own + layer.name + "/", scope: scope) }
  }

  private mutating func add(_ layer: LayerConfig, own: String, scope: String) {
    let name = scope.isEmpty ? layer.name : "\(scope)/\(layer.name)"
    if let model = layer.model {
      // Built when they are made, unless they wait for their input.
      let waits = model.isSequential && model.layers.first?.className != "InputLayer"
      return add(model, own: own, scope: waits ? name : "")
    }
    prefixes.append((own, name))
    switch layer.className {
    case "LSTM", "GRU", "SimpleRNN":
      let cell = "/" + ObjectPaths.snakeCase(layer.className) + "_cell"
      prefixes.append((own + "cell/", namesCells ? name + cell : name))
    case "DepthwiseConv1D", "DepthwiseConv2D":
      prefixes.append((own + "kernel", name + "/depthwise_kernel"))
    case "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D":
      prefixes.append((own + "cell/", name))
    case "MultiHeadAttention":
      for role in ["query", "key", "value"] { prefixes.append(("\(own)\(role)_dense/", "\(name)/\(role)")) }
      prefixes.append((own + "output_dense/", name + "/attention_output"))
    case "RNN":
      guard let cell = try? layer.inner("cell", path: own) else { return }
      prefixes.append((own + "cell/", "\(name)/\(cell.name)"))
      var counts: [String: Int] = [:]
      for json in cell.fields["cells"]?.arrayValue ?? [] {
        guard let inner = try? LayerConfig(json, path: own) else { continue }
        let base = ObjectPaths.snakeCase(inner.className)
        let number = counts[base, default: 0]
        counts[base] = number + 1
        let holder = number == 0 ? base : "\(base)_\(number)"
        prefixes.append(("\(own)cell/cells/\(holder)/", "\(name)/\(cell.name)/\(inner.name)"))
      }
    case "Bidirectional":
      for (field, holder, prefix) in [
        ("layer", "forward_layer/", "forward_"), ("layer", "backward_layer/", "backward_"),
        ("backward_layer", "backward_layer/", ""),
      ] {
        guard var inner = try? layer.inner(field, path: own) else { continue }
        inner.name = prefix + inner.name
        add(inner, own: own + holder, scope: name)
      }
    case "TimeDistributed", "SpectralNormalization":
      guard let inner = try? layer.inner("layer", path: own) else { return }
      if let model = inner.model { return add(model, own: own + "layer/", scope: "") }
      // The wrapper's scope holds them, without the layer's own name.
      var nested = inner
      nested.name = layer.name
      add(nested, own: own + "layer/", scope: scope)
    default: break
    }
  }
}
