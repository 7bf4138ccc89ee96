import KerasCore
import KerasFile
import KerasModel

/// Writes a model back in the format of the release that saved it: config and stamps as they were, weights as they are now.
///
/// For a model trained further that goes on living in the program it came from. Nothing is rewritten, so nothing can be
/// inexpressible. How each canonical weight goes back into the stored arrays (gates apart, kernels transposed and
/// flipped, nested models in their flattened order …) is not written down a second time: the loader's own way is
/// followed once with every stored element numbered, and the numbers that arrive say where each element came from.
public struct SourceLayoutExporter: Sendable {
  public init() {}

  /// Whether a model can be written back: it came as a whole HDF5 model whose every weight is a rearrangement of
  /// stored elements (a CuDNN layer's summed biases, for example, are not), and nothing was changed that the format
  /// cannot say.
  public func canWrite(_ model: LoadedModel) -> Bool {
    model.sourceLacks.isEmpty && (try? Positions(of: model.source, options: model.options)) != nil
  }

  /// Writes the model to `path`, complete or not at all.
  ///
  /// The optimizer's state goes back as the weights do. Throws `ExportError.notExpressible` where `canWrite` is false.
  public func export(_ model: LoadedModel, to path: String) throws(ExportError) -> [ExportNote] {
    let source = model.source
    if let lacking = model.sourceLacks.first {
      throw ExportError(.notExpressible(what: lacking, reason: "the format of the release that saved it cannot say it"))
    }
    let positions = try Positions(of: source, options: model.options)
    var layers: [LegacyHDF5Writer.Layer] = []
    var topLevel: [LegacyHDF5Writer.NamedArray] = []
    for (group, arrays) in zip(positions.groups, try positions.stored(model.weights)) {
      let named = zip(group.arrays, arrays).map { LegacyHDF5Writer.NamedArray(name: $0.name, tensor: $1) }
      if group.name == "top_level_model_weights" {
        topLevel = named
      } else {
        layers.append(LegacyHDF5Writer.Layer(name: group.name, arrays: named))
      }
    }
    var notes: [ExportNote] = []
    var optimizer: [LegacyHDF5Writer.NamedArray] = []
    do throws(OptimizerState.Unreadable) {
      optimizer = try Self.optimizerArrays(model, positions)
    } catch {
      notes.append(ExportNote(.lost, "the optimizer's state, so that training begins with a fresh one: \(error)"))
    }
    let writer = LegacyHDF5Writer(
      modelConfig: source.config, trainingConfig: source.trainingConfig, kerasVersion: source.versionStamp,
      backend: source.backend, layers: layers, topLevelArrays: topLevel, optimizerArrays: optimizer)
    do {
      try writer.write(to: path)
    } catch {
      throw ExportError(.file(error))
    }
    let release = source.versionStamp.map { "Keras \($0)" } ?? "the release that saved it"
    return [ExportNote(.rewritten, "written in the format of \(release), as the source was")] + notes
  }

  /// The state in the places that the file has for it; as it was where training changed nothing.
  private static func optimizerArrays(
    _ model: LoadedModel, _ positions: Positions
  ) throws(OptimizerState.Unreadable) -> [LegacyHDF5Writer.NamedArray] {
    let stored = model.source.optimizerWeights
    do {
      var tensors: [TensorData] = []
      for array in stored { tensors.append(try array.read()) }
      if let state = model.optimizerState, let layout = try OptimizerLayout(of: model, form: state.form) {
        func replace(_ place: Int, with value: Double) throws {
          tensors[place] = try TensorData(shape: [], doubles: [value]).converted(to: stored[place].dtype)
        }
        // The outermost of several is the LossScaleOptimizer's own, which stays 0.
        for place in state.form.scalesLoss ? layout.iterations.suffix(1) : layout.iterations[...] {
          try replace(place, with: Double(state.iterations))
        }
        if let scale = state.lossScale, let places = layout.lossScale {
          try replace(places.scale, with: Double(scale.scale))
          try replace(places.steps, with: Double(scale.steps))
        }
        if let place = layout.scheduleProduct {
          guard let product = state.scheduleProduct else {
            throw OptimizerState.Unreadable(description: "\(state.className)'s momentum schedule is not known")
          }
          try replace(place, with: Double(product))
        }
        for slot in state.form.slots {
          let places = layout.places.filter { $0.slot.name == slot.name }
          guard slot.extent == .variable else {
            for place in places {
              guard let array = place.parameter.flatMap({ state.slots[slot.name]?[$0] }) else { continue }
              tensors[place.index] = try array.converted(to: stored[place.index].dtype)
            }
            continue
          }
          var arrays = model.weights
          for (name, weight) in model.weights { arrays[name] = try state.array(slot, of: name, weight: weight) }
          let back = zip(positions.groups, try positions.stored(arrays)).flatMap { zip($0.arrays.map(\.path), $1) }
          let byPath = Dictionary(back, uniquingKeysWith: { first, _ in first })
          for place in places {
            if let tensor = byPath[place.variable.path] {
              tensors[place.index] = try tensor.converted(to: stored[place.index].dtype)
            }
          }
        }
      }
      return zip(stored, tensors).map { LegacyHDF5Writer.NamedArray(name: $0.name, tensor: $1) }
    } catch let error as OptimizerState.Unreadable {
      throw error
    } catch {
      throw OptimizerState.Unreadable(description: "\(error)")
    }
  }
}

/// Where each element of the canonical weights lies among the stored ones.
private struct Positions {
  let groups: [WeightGroup]
  /// Parameter name → for each of its elements, its number among all stored elements.
  let numbers: [String: [Int]]
  private let count: Int

  init(of source: ModelSource, options: LoadOptions) throws(ExportError) {
    guard source.format == .hdf5Model, case .groups(let groups) = source.weights else {
      throw ExportError(
        .notExpressible(what: "the source's format", reason: "only whole HDF5 models are written back as they were"))
    }
    self.groups = groups
    var next = 0
    var numbered = source
    var numberedGroups: [WeightGroup] = []
    for group in groups {
      var arrays: [StoredArray] = []
      for array in group.arrays {
        guard let size = checkedProduct(array.shape) else {
          throw ExportError(.malformed("the array \(array.path) has an impossible shape"))
        }
        let first = next
        next += size
        arrays.append(
          StoredArray(name: array.name, path: array.path, dtype: .float64, shape: array.shape) {
            () throws(KerasFileError) -> TensorData in
            do {
              return try TensorData(shape: array.shape, doubles: (first..<first + size).map { Double($0) })
            } catch {
              throw KerasFileError(file: source.file, .damaged("\(error)"))
            }
          })
      }
      numberedGroups.append(WeightGroup(name: group.name, arrays: arrays))
    }
    numbered.weights = .groups(numberedGroups)
    count = next
    let arrived: [String: TensorData]
    do {
      arrived = try LoadedModel.load(source: numbered, options: options).weights
    } catch {
      throw ExportError(.model(error))
    }
    var seen = [Bool](repeating: false, count: count)
    var numbers: [String: [Int]] = [:]
    for (name, tensor) in arrived {
      guard let values = try? tensor.doubles() else { continue }
      let indices = values.compactMap { Int(exactly: $0) }
      guard indices.count == values.count, indices.allSatisfy({ $0 >= 0 && $0 < next && !seen[$0] }),
        Set(indices).count == indices.count
      else {
        throw ExportError(
          .notExpressible(what: "the weight '\(name)'", reason: "it is computed from stored arrays, not rearranged"))
      }
      for index in indices { seen[index] = true }
      numbers[name] = indices
    }
    self.numbers = numbers
  }

  /// The weights as stored arrays, group by group, in the stored types; what no parameter uses stays as it was.
  func stored(_ weights: [String: TensorData]) throws(ExportError) -> [[TensorData]] {
    var elements = [Double](repeating: 0, count: count)
    var isSet = [Bool](repeating: false, count: count)
    do {
      for (name, indices) in numbers {
        guard let values = try weights[name]?.doubles(), values.count == indices.count else {
          throw ExportError(.malformed("the weight '\(name)' is missing or of another size"))
        }
        for (index, value) in zip(indices, values) {
          elements[index] = value
          isSet[index] = true
        }
      }
      var result: [[TensorData]] = []
      var next = 0
      for group in groups {
        var arrays: [TensorData] = []
        for array in group.arrays {
          let range = next..<next + (checkedProduct(array.shape) ?? 0)
          next = range.upperBound
          let tensor =
            range.allSatisfy { isSet[$0] }
            ? try TensorData(shape: array.shape, doubles: Array(elements[range])).converted(to: array.dtype)
            : try array.read()
          arrays.append(tensor)
        }
        result.append(arrays)
      }
      return result
    } catch {
      throw ExportError(of: error)
    }
  }
}
