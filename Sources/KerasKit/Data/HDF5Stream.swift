import DataFiles
import HDF5
import KerasCore

/// The data sets at the root of an HDF5 file, read some rows at a time.
struct HDF5Stream: ArrayStream {
  let file: String
  private let sets: [HDF5Rows]

  init(path: String) throws {
    file = path
    let source = try HDF5File(path: path)
    var sets: [HDF5Rows] = []
    for name in try source.children(of: "/") where try source.kind(of: name) == .dataset {
      if try !source.describe(name).shape.isEmpty { sets.append(try HDF5Rows(source, path: name)) }
    }
    self.sets = sets
  }

  private init(file: String, sets: [HDF5Rows]) {
    self.file = file
    self.sets = sets
  }

  var count: Int { sets.first?.shape.first ?? 0 }

  func selecting(_ names: Set<String>) throws -> any ArrayStream {
    let chosen = sets.filter { names.contains($0.path) }
    for set in chosen where set.shape[0] != chosen[0].shape[0] {
      throw DataFileError(
        file: file, member: set.path,
        .damaged("its shape is \(Shape(set.shape)), where \(chosen[0].shape[0]) samples are due"))
    }
    return HDF5Stream(file: file, sets: chosen)
  }

  var columns: [(name: String, shape: [Int])] { sets.map { ($0.path, Array($0.shape.dropFirst())) } }

  func reader(from start: Int) -> any ArrayReader {
    RangeReader(from: start, count: count, depth: sets.map(\.chunkRows).max() ?? 1) { [sets] rows in
      var result: [String: TensorData] = [:]
      for set in sets { result[set.path] = try set.read(rows) }
      return result
    }
  }
}
