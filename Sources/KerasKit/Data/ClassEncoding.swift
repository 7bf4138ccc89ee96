import DataFiles
import KerasCore

/// How the classes of an output are written as numbers: 0 or 1, an index, or a one-hot row.
struct ClassEncoding: Sendable {
  private enum Form: Sendable { case binary, index, oneHot }

  private let form: Form
  private let numbers: [String: Int]
  private let width: Int

  /// Throws `KerasKitError.badRequest` for an output of another width; `text` says whose classes they are.
  init(_ classes: [String], for output: Model.Port, isSparse: Bool, named text: String) throws {
    numbers = Dictionary(classes.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    let last = output.shape.dimensions.last ?? nil
    if last == 1 {
      guard classes.count == 2 else { throw KerasKitError.badRequest("\(text), the output '\(output.name)' tells two") }
      (form, width) = (.binary, 1)
      return
    }
    guard let last, last == classes.count else {
      throw KerasKitError.badRequest("\(text), the output '\(output.name)' has shape \(output.shape)")
    }
    (form, width) = (isSparse ? .index : .oneHot, last)
  }

  /// Numbers for texts; of a column of numbers that are classes by their text, the numbers as text.
  func encoded(_ array: TensorData, file: String, name: String) throws -> TensorData {
    let texts = array.strings
    let indices = try texts.map { text in
      guard let index = numbers[text] else {
        throw DataFileError(
          file: file, member: name,
          .unknownFormat("the class '\(text)' is not one of those that the model was trained for: \(known)"))
      }
      return index
    }
    switch form {
    case .binary: return try TensorData(shape: [texts.count, 1], floats: indices.map { Float($0) })
    case .index: return try TensorData(shape: [texts.count, 1], int32s: indices.map { Int32($0) })
    case .oneHot:
      var rows = [Float](repeating: 0, count: texts.count * width)
      for (row, index) in indices.enumerated() { rows[row * width + index] = 1 }
      return try TensorData(shape: [texts.count, width], floats: rows)
    }
  }

  private var known: String {
    numbers.sorted { $0.value < $1.value }.prefix(10).map(\.key).joined(separator: ", ")
  }
}
