import KerasKit

/// Writes predictions to a data file, by its name's ending.
enum OutputArrays {
  static let endings = ["npz", "npy", "csv", "tsv"]

  /// Throws a usage failure for names that cannot hold the outputs, before anything is computed.
  static func check(_ path: String, outputCount: Int) throws {
    let ending = ArrayFile.ending(of: path)
    guard endings.contains(ending) else {
      throw CommandFailure.usage("\(path): the name should end in .npz, .npy, .csv or .tsv")
    }
    if ending == "npy", outputCount > 1 {
      throw CommandFailure.usage("\(path): the model has \(outputCount) outputs, which need .npz or .csv")
    }
  }

  /// `classes` are arrays of names, which go along where the file can hold them: not into `.npy`.
  static func write(_ arrays: [TensorData], classes: [(name: String, array: TensorData)] = [], to path: String) throws {
    do {
      switch ArrayFile.ending(of: path) {
      case "npz":
        let members =
          arrays.enumerated().map { NumpyArchive.Member(name: "y\($0)", tensor: $1) }
          + classes.map { NumpyArchive.Member(name: $0.name, tensor: $0.array) }
        try NumpyArchive(members: members).write(to: path)
      case "npy": if let array = arrays.first { try NumpyFile.write(array, to: path) }
      default:
        var (table, header) = try sideBySide(arrays)
        if !classes.isEmpty {
          table = try withTexts(table, classes.map(\.array))
          header += classes.map(\.name)
        }
        try DelimitedTable.write(table, header: header, to: path)
      }
    } catch let error as DataFileError {
      throw CommandFailure.input("\(error)")
    }
  }

  /// A table, and columns of texts behind it.
  private static func withTexts(_ table: TensorData, _ columns: [TensorData]) throws -> TensorData {
    let values = table.dtype == .string ? table.strings : try table.floats().map { "\($0)" }
    let rows = table.shape[0]
    let width = rows == 0 ? 0 : values.count / rows
    var fields: [String] = []
    for row in 0..<rows {
      fields += values[row * width..<(row + 1) * width] + columns.map { $0.strings[row] }
    }
    return try TensorData(shape: [rows, width + columns.count], strings: fields)
  }

  /// All outputs as columns of one table: `y0`, or `y0_0`, `y0_1` … where an output has several numbers a sample.
  ///
  /// Its fields are texts if an output has strings or integers, which floats might not hold.
  private static func sideBySide(_ arrays: [TensorData]) throws -> (TensorData, [String]) {
    let isText = arrays.contains { $0.dtype == .string || $0.dtype.isInteger }
    let rows = arrays.first?.shape.first ?? 0
    var header: [String] = []
    var columns: [(values: [Float], texts: [String], width: Int)] = []
    for (index, array) in arrays.enumerated() {
      guard array.shape.first == rows else {
        throw CommandFailure.input("output \(index) has another number of rows than the first: use .npz")
      }
      let width = rows == 0 ? 0 : array.elementCount / rows
      columns.append((isText ? [] : try array.floats(), isText ? try fields(of: array) : [], width))
      header += width == 1 ? ["y\(index)"] : (0..<width).map { "y\(index)_\($0)" }
    }
    if isText {
      let fields = (0..<rows).flatMap { row in
        columns.flatMap { $0.texts[row * $0.width..<(row + 1) * $0.width] }
      }
      return (try TensorData(shape: [rows, header.count], strings: fields), header)
    }
    var floats: [Float] = []
    floats.reserveCapacity(rows * header.count)
    for row in 0..<rows {
      for column in columns { floats += column.values[row * column.width..<(row + 1) * column.width] }
    }
    return (try TensorData(shape: [rows, header.count], floats: floats), header)
  }

  private static func fields(of array: TensorData) throws -> [String] {
    if array.dtype == .string { return array.strings }
    return array.dtype.isInteger ? try array.int64s().map { "\($0)" } : try array.floats().map { "\($0)" }
  }
}
