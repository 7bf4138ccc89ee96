import KerasCore
import KerasEngine
import KerasFile
import KerasGraph
import KerasModel

/// A model's weights as predictions need them: those in memory, and those that are read from the file when an engine
/// brings them into its own order, so that no more than that order is kept.
final class ModelWeights: Sendable {
  private let loaded: LoadedModel
  private let shapes: [String: [Int]]
  /// Passes over the graph ask for biases and statistics again and again.
  private let small = Locked<[String: TensorData]>([:])
  private let failure = Locked<ModelError?>(nil)

  private static let smallCount = 1 << 14

  init(_ loaded: LoadedModel) {
    self.loaded = loaded
    shapes = loaded.weightShapes
  }

  /// Why an array could not be read, with the names that an engine's error has only as text.
  var readingFailure: ModelError? { failure.withLock { $0 } }

  /// What is known of a graph's parameters, without some that change from batch to batch.
  func known(except changing: [String]) -> KnownParameters {
    let numbers = shapes.filter { name, _ in !changing.contains(name) && loaded.weights[name]?.dtype != .string }
    return KnownParameters(shapes: numbers) { try? self.read($0) }
  }

  /// Offers all arrays to an engine.
  func fill(_ store: ParameterStore) throws(EngineError) {
    for (name, shape) in shapes {
      if let data = loaded.weights[name], data.dtype == .string { try store.set(name, data) }
      var parameter = UnreadParameter(shape: shape) { try self.read(name) }
      if let stored = loaded.storedArray(name), stored.dtype == .float32, let readPart = stored.readPart {
        parameter.readPart = { start, target in
          do throws(KerasFileError) {
            try readPart(start, target)
          } catch {
            throw self.noted(ModelError(.file(error), file: self.loaded.source.file))
          }
        }
      }
      store.set(name, parameter)
    }
  }

  /// Offers what was made of them.
  func fill(_ store: ParameterStore, with derived: [KnownParameters.Derived]) {
    for parameter in derived {
      store.set(
        parameter.name,
        UnreadParameter(shape: parameter.shape) {
          guard let data = parameter.read() else {
            throw self.readingFailure ?? ModelError(.missingWeight(parameter.name), file: self.loaded.source.file)
          }
          return data
        })
    }
  }

  private func read(_ name: String) throws(ModelError) -> TensorData {
    if let data = loaded.weights[name] { return data }
    if let data = small.withLock({ $0[name] }) { return data }
    let data: TensorData?
    do {
      data = try loaded.weight(name)
    } catch {
      throw noted(error)
    }
    guard let data else { throw noted(ModelError(.missingWeight(name), file: loaded.source.file)) }
    if data.elementCount <= Self.smallCount { small.withLock { $0[name] = data } }
    return data
  }

  private func noted(_ error: ModelError) -> ModelError {
    failure.withLock { $0 = error }
    return error
  }
}
