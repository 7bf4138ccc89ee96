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
  /// Reads samples for a model into memory; see `SampleFile.open` for those that do not fit.
  ///
  /// `.npz`, `.h5`, `.jsonl`: inputs by name or as `x`, `x0` …, targets as `targets`, by the outputs' names, or as `y`, `y0` …, and
  /// `sample_weight`. Tables: `targets` names the target columns, all others are inputs. `.npy`: `targets` is the `.npy`
  /// file of the targets. Targets that are texts become classes.
  public static func read(
    _ path: String, for model: Model, targets: [String] = []
  ) throws(KerasKitError) -> DataSet {
    try whole(path, for: model, SampleOptions(targets: targets))
  }

  /// Reads a folder of images, one folder per class, for a model of one input and one output.
  ///
  /// Labels are 0 or 1 for an output of width 1, class indices for a sparse loss, and one-hot rows otherwise. `loss` is
  /// the one that training will use instead of the file's. All images are held in memory.
  public static func readImages(
    _ path: String, for model: Model, _ options: ImageOptions = ImageOptions(), loss: String? = nil
  ) throws(KerasKitError) -> DataSet {
    guard FolderListing.isFolder(path) else { throw .badRequest("\(path): not a folder of images") }
    return try whole(path, for: model, SampleOptions(images: options, loss: loss))
  }

  private static func whole(
    _ path: String, for model: Model, _ options: SampleOptions
  ) throws(KerasKitError) -> DataSet {
    var options = options
    options.memoryLimit = .max
    guard let data = try SampleFile.open(path, for: model, options).source as? DataSet else {
      throw .badRequest("\(path): more than fits into memory")
    }
    return data
  }
}
