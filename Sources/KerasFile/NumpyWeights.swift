import DataFiles
import KerasCore
import ZipArchive

/// Weights in an `.npz` archive: Keras 3's by path, or the arrays of `get_weights()` in order.
struct NumpyWeights {
  let file: String
  /// The archive member that holds the `.npz`, with a `#`; empty for a file of its own.
  var prefix = ""
  let zip: ZipReader

  /// Whether an archive is an `.npz`.
  static func isOne(_ zip: ZipReader) -> Bool {
    !zip.members.isEmpty && zip.members.allSatisfy { $0.name.hasSuffix(".npy") }
  }

  func model() throws(KerasFileError) -> ModelSource {
    var source = ModelSource(file: file, format: .numpyWeights)
    if zip["__root__.npy"] != nil {
      let stored = try paths()
      source.weights = .paths(stored.weights)
      source.optimizerWeights = stored.optimizer
    } else {
      source.weights = .groups([WeightGroup(name: "get_weights()", arrays: try arraysInOrder(), isWholeModel: true)])
    }
    return source
  }

  /// Keras 3's layout: for each object a pickled dictionary of its variables.
  func paths() throws(KerasFileError) -> StoredPaths {
    var groups: [WeightGroup] = []
    for member in zip.members where member.name.hasSuffix(".npy") {
      let object = String(member.name.dropLast(4))
      let name = object == "__root__" ? "" : object
      let arrays: [(name: String, tensor: TensorData)]
      do {
        arrays = try PickledArrays.read(content(member.name))
      } catch let error as KerasFileError {
        throw error
      } catch PickledArrays.Failure.refused(let what) {
        throw KerasFileError(file: file, .unsupported("\(prefix)\(object): a Python pickle with \(what)"))
      } catch PickledArrays.Failure.damaged(let reason) {
        throw KerasFileError(file: file, .damaged("\(prefix)\(object): \(reason)"))
      } catch {
        throw KerasFileError(file: file, .damaged("\(prefix)\(object): \(error)"))
      }
      groups.append(
        WeightGroup(
          name: name,
          arrays: arrays.map { name, tensor in
            StoredArray(name: name, path: "\(prefix)/\(object)/\(name)", dtype: tensor.dtype, shape: tensor.shape) {
              () throws(KerasFileError) -> TensorData in tensor
            }
          }))
    }
    return StoredPaths(groups)
  }

  /// `arr_0`, `arr_1` … by number, other names as they are stored.
  private func arraysInOrder() throws(KerasFileError) -> [StoredArray] {
    var names = zip.members.map { String($0.name.dropLast(4)) }
    let numbers = names.map { $0.hasPrefix("arr_") ? Int($0.dropFirst(4)) : nil }
    if numbers.allSatisfy({ $0 != nil }) {
      names = zip.members.indices.sorted { (numbers[$0] ?? 0) < (numbers[$1] ?? 0) }.map { names[$0] }
    }
    var arrays: [StoredArray] = []
    for name in names {
      let tensor = try tensor(name)
      let reader = self
      arrays.append(
        StoredArray(name: name, path: prefix + name, dtype: tensor.dtype, shape: tensor.shape) {
          () throws(KerasFileError) -> TensorData in try reader.tensor(name)
        })
    }
    return arrays
  }

  private func tensor(_ name: String) throws(KerasFileError) -> TensorData {
    let bytes = try content(name + ".npy")
    do {
      return try NumpyFile.read(bytes, file: file, member: name)
    } catch {
      let reason = "\(prefix)\(name): \(error.cause.text)"
      if case .unsupportedType = error.cause { throw KerasFileError(file: file, .unsupported(reason)) }
      throw KerasFileError(file: file, .damaged(reason))
    }
  }

  private func content(_ member: String) throws(KerasFileError) -> [UInt8] {
    do {
      return try zip.read(member)
    } catch {
      throw KerasFileError(error, file: file)
    }
  }
}
