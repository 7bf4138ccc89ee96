import KerasKit

/// Writes predictions to a data file, by its name's ending, as they come.
final class OutputArrays {
  private let path: String
  /// The names of classes, to be read when there are outputs to name.
  private let labels: () throws -> LabelMap?
  private var known: LabelMap??
  private let table: DelimitedWriter
  private var arrays: [(name: String, array: NumpySpool)] = []

  /// `labels` gives the names of classes, which go along where the file can hold them: not into `.npy`.
  init(_ path: String, labels: @escaping () throws -> LabelMap?) {
    self.path = path
    self.labels = labels
    table = DelimitedWriter(path: path)
  }

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

  /// Adds the outputs of some samples.
  func append(_ outputs: [TensorData]) throws {
    let labels = try known ?? labels()
    known = .some(labels)
    let classes = try labels?.classNames(of: outputs) ?? []
    do {
      switch ArrayFile.ending(of: path) {
      case "npz": try add(outputs.enumerated().map { ("y\($0)", $1) } + classes.map { ($0.name, $0.array) })
      case "npy": try add(outputs.prefix(1).map { ("y0", $0) })
      default:
        var (rows, header) = try Self.sideBySide(outputs)
        if !classes.isEmpty {
          rows = try Self.withTexts(rows, classes.map(\.array))
          header += classes.map(\.name)
        }
        try table.append(rows, header: header)
      }
    } catch let error as DataFileError {
      throw CommandFailure.input("\(error)")
    }
  }

  private func add(_ parts: [(name: String, array: TensorData)]) throws {
    if arrays.isEmpty { arrays = parts.map { ($0.name, NumpySpool(for: path)) } }
    for (spool, part) in zip(arrays, parts) { try spool.array.append(part.array) }
  }

  /// Writes the file, which is not there before.
  func finish() throws {
    do {
      switch ArrayFile.ending(of: path) {
      case "npz": try NumpySpool.write(arrays, to: path)
      case "npy": try arrays.first?.array.write(to: path)
      default: try table.finish()
      }
    } catch {
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
