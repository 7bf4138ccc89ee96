import DataFiles
import HDF5
import KerasCore
import KerasTraining

/// Reads the files that hold arrays: `.npz`, `.npy`, HDF5, JSON Lines, and tables (`.csv`, `.tsv`, `.txt`).
public enum ArrayFile {
  /// Arrays by name; `.npy` and tables give one named `x`.
  public static func read(_ path: String) throws(KerasKitError) -> [String: TensorData] {
    try KerasKitError.wrap {
      switch ending(of: path) {
      case "npz":
        let members = try NumpyArchive(path: path).members
        return Dictionary(members.map { ($0.name, $0.tensor) }, uniquingKeysWith: { _, last in last })
      case "npy": return ["x": try NumpyFile.read(path)]
      case "csv", "tsv", "txt":
        let table = try DelimitedTable(path: path)
        return ["x": try table.matrix(Array(table.columns.indices))]
      case "jsonl", "ndjson": return try JSONLines.read(path)
      case "h5", "hdf5": return try datasets(of: HDF5File(path: path))
      default: throw unknownEnding(path)
      }
    }
  }

  /// The data sets at the root of an HDF5 file.
  private static func datasets(of file: HDF5File) throws -> [String: TensorData] {
    var arrays: [String: TensorData] = [:]
    for name in try file.children(of: "/") where try file.kind(of: name) == .dataset {
      arrays[name] = try file.read(name)
    }
    return arrays
  }

  /// The part of a name behind its last dot, in lower case.
  public static func ending(of path: String) -> String {
    path.lastIndex(of: ".").map { path[path.index(after: $0)...].lowercased() } ?? ""
  }

  public static func unknownEnding(_ path: String) -> KerasKitError {
    .badRequest("\(path): the name should end in .npz, .npy, .csv, .tsv, .jsonl or .h5")
  }
}

extension DataSet {
  /// Reads samples for a model.
  ///
  /// `.npz`, `.h5`, `.jsonl`: inputs by name or as `x`, `x0` …, targets as `targets`, by the outputs' names, or as `y`, `y0` …, and
  /// `sample_weight`. Tables: `targets` names the target columns, all others are inputs. `.npy`: `targets` is the `.npy`
  /// file of the targets.
  public static func read(
    _ path: String, for model: Model, targets: [String] = []
  ) throws(KerasKitError) -> DataSet {
    try KerasKitError.wrap {
      switch ArrayFile.ending(of: path) {
      case "npz", "jsonl", "ndjson", "h5", "hdf5":
        var arrays = try ArrayFile.read(path)
        for (index, target) in targets.enumerated() {
          guard let array = arrays[target] else {
            throw TrainingError.missingData(target, available: arrays.keys.sorted())
          }
          arrays[model.outputs.count == 1 ? "y" : "y\(index)"] = array
        }
        let data = try DataSet(
          arrays: arrays, inputNames: model.inputs.map(\.name), outputNames: model.outputs.map(\.name))
        return try DataSet(
          inputs: model.fitted(data.inputs), targets: data.targets, sampleWeights: data.sampleWeights)
      case "csv", "tsv", "txt":
        guard !targets.isEmpty else {
          throw KerasKitError.badRequest("the target columns of a table have to be named (--target)")
        }
        let (x, y) = try DelimitedTable(path: path).split(targets: targets)
        return try DataSet(inputs: model.fitted([x]), targets: [y])
      case "npy":
        guard targets.count == 1, ArrayFile.ending(of: targets[0]) == "npy" else {
          throw KerasKitError.badRequest("the .npy file of the targets has to be named (--target)")
        }
        return try DataSet(
          inputs: model.fitted([try NumpyFile.read(path)]), targets: [try NumpyFile.read(targets[0])])
      default: throw ArrayFile.unknownEnding(path)
      }
    }
  }
}
