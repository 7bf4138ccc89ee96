import KerasCore
import KerasKit

/// A case to verify a written model by, small enough to travel inside the file: how to make inputs, what comes out of the
/// model, and what each layer puts out.
public struct VerificationCase: Sendable, Hashable {
  public struct Output: Sendable, Hashable {
    public var name: String
    public var digest: ArrayDigest
  }

  /// What a layer puts out, at each of its calls.
  public struct LayerDigests: Sendable, Hashable {
    public var path: String
    public var digests: [ArrayDigest]
  }

  public var inputs: [InputRecipe]
  public var outputs: [Output]
  /// In the order of the computation.
  public var layers: [LayerDigests]

  /// How many values of an output and of a layer's output are kept.
  static let (outputLimit, layerLimit) = (256, 6)
  public static let defaultSamples = 2

  /// What the model computes now.
  ///
  /// Throws `KerasKitError` if it does not run on such inputs.
  public init(
    of model: Model, samples: Int = defaultSamples, seed: UInt64 = 0, withLayers: Bool = true
  ) throws(KerasKitError) {
    try self.init(of: model, inputs: model.inputRecipes(samples: samples, seed: seed), withLayers: withLayers)
  }

  /// What the model computes for inputs made by recipe, in the order of its own.
  public init(of model: Model, inputs: [InputRecipe], withLayers: Bool = true) throws(KerasKitError) {
    self.inputs = inputs
    var arrays: [TensorData] = []
    var outputs: [Output] = []
    var layers: [LayerDigests] = []
    do {
      for recipe in inputs { arrays.append(try recipe.array()) }
      let batch = arrays.first?.shape.first ?? 1
      for (port, array) in zip(model.outputs, try model.predict(arrays, batchSize: max(batch, 1)))
      where array.dtype != .string {
        outputs.append(Output(name: port.name, digest: try ArrayDigest(array, limit: Self.outputLimit)))
      }
      if withLayers {
        for layer in try model.layerOutputs(arrays) where !layer.arrays.isEmpty {
          let digests = try layer.arrays.map { try ArrayDigest($0, limit: Self.layerLimit) }
          layers.append(LayerDigests(path: layer.path, digests: digests))
        }
      }
    } catch let error as KerasKitError {
      throw error
    } catch let error as TensorDataError {
      throw .data(error)
    } catch {
      throw .badRequest("\(error)")
    }
    (self.outputs, self.layers) = (outputs, layers)
  }

  // MARK: As JSON

  public var json: JSON {
    [
      "inputs": .array(inputs.map(\.json)),
      "outputs": .array(outputs.map { ["name": .string($0.name), "digest": $0.digest.json] }),
      "layers": .array(
        layers.map { layer in ["path": .string(layer.path), "digests": .array(layer.digests.map(\.json))] }),
    ]
  }

  /// `nil` if the JSON is no case.
  public init?(_ json: JSON) {
    guard let inputs = json["inputs"]?.arrayValue, let outputs = json["outputs"]?.arrayValue else { return nil }
    self.inputs = inputs.compactMap { InputRecipe($0) }
    self.outputs = outputs.compactMap { output in
      guard let name = output["name"]?.stringValue, let digest = output["digest"].flatMap({ ArrayDigest($0) }) else {
        return nil
      }
      return Output(name: name, digest: digest)
    }
    layers = (json["layers"]?.arrayValue ?? []).compactMap { layer in
      guard let path = layer["path"]?.stringValue, let digests = layer["digests"]?.arrayValue else { return nil }
      return LayerDigests(path: path, digests: digests.compactMap { ArrayDigest($0) })
    }
    guard self.inputs.count == inputs.count, self.outputs.count == outputs.count, !outputs.isEmpty else { return nil }
  }
}
