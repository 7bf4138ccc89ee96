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

  /// A table of numbers, and columns of texts behind them.
  private static func withTexts(_ table: TensorData, _ columns: [TensorData]) throws -> TensorData {
    let values = try table.floats()
    let rows = table.shape[0]
    let width = rows == 0 ? 0 : values.count / rows
    var fields: [String] = []
    for row in 0..<rows {
      fields += values[row * width..<(row + 1) * width].map { "\($0)" } + columns.map { $0.strings[row] }
    }
    return try TensorData(shape: [rows, width + columns.count], strings: fields)
  }

  /// All outputs as columns of one table: `y0`, or `y0_0`, `y0_1` … where an output has several numbers a sample.
  private static func sideBySide(_ arrays: [TensorData]) throws -> (TensorData, [String]) {
    let rows = arrays.first?.shape.first ?? 0
    var header: [String] = []
    var columns: [(values: [Float], width: Int)] = []
    for (index, array) in arrays.enumerated() {
      guard array.shape.first == rows else {
        throw CommandFailure.input("output \(index) has another number of rows than the first: use .npz")
      }
      let values = try array.floats()
      let width = rows == 0 ? 0 : values.count / rows
      columns.append((values, width))
      header += width == 1 ? ["y\(index)"] : (0..<width).map { "y\(index)_\($0)" }
    }
    var floats: [Float] = []
    floats.reserveCapacity(rows * header.count)
    for row in 0..<rows {
      for column in columns { floats += column.values[row * column.width..<(row + 1) * column.width] }
    }
    return (try TensorData(shape: [rows, header.count], floats: floats), header)
  }
}
