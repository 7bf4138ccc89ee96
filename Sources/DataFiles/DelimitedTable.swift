import KerasCore

/// A table read from comma-, tab- or semicolon-separated text, column by column.
public struct DelimitedTable: Sendable {
  /// Whether the first row names the columns.
  public enum Header: Sendable {
    /// It does if none of its fields is a number.
    case detected
    case present
    case absent
  }

  public struct Column: Sendable {
    /// The header's name, or the column's index counted from zero.
    public var name: String
    public var values: Values
  }

  public enum Values: Sendable {
    case numbers([Double])
    /// A column with at least one field that is not a number.
    case texts([String])
  }

  public let file: String
  public let columns: [Column]
  public let rowCount: Int
  public let hasHeader: Bool
  /// For each column the row in the file of its first text, for messages.
  private let firstTextRows: [Int?]

  /// Reads a table.
  ///
  /// Every row must have as many fields as the first. A missing value (an empty field, `NA`, `nan`, `null`, `None`, `?`)
  /// is an error that names its row and column: what to put in its place is not for a reader to guess.
  public init(path: String, header: Header = .detected) throws(DataFileError) {
    let contents: FileContents
    do {
      contents = try FileContents(path: path)
    } catch {
      throw DataFileError(file: path, .file(error))
    }
    try self.init(contents, file: path, header: header)
  }

  /// Reads a table from a text in memory.
  public init(text: String, file: String, header: Header = .detected) throws(DataFileError) {
    try self.init(FileContents(Array(text.utf8)), file: file, header: header)
  }

  private init(_ contents: FileContents, file: String, header: Header) throws(DataFileError) {
    var text = DelimitedText(contents.array(), file: file)
    guard let first = try text.next() else { throw DataFileError(file: file, .empty) }
    hasHeader =
      switch header {
      case .present: true
      case .absent: false
      case .detected: Self.isHeader(first)
      }
    self.file = file
    let names = hasHeader ? first : first.indices.map(String.init)
    var builders = names.map { ColumnBuilder(name: $0) }
    var row: [String]? = first
    if hasHeader { row = try text.next() }
    var count = 0
    while let fields = row {
      guard fields.count == builders.count else {
        throw DataFileError(
          file: file, .raggedRow(row: text.row, expected: builders.count, found: fields.count))
      }
      for (index, field) in fields.enumerated() {
        if Self.isMissing(field) {
          throw DataFileError(file: file, .missingValue(row: text.row, column: names[index]))
        }
        builders[index].append(field, row: text.row)
      }
      count += 1
      row = try text.next()
    }
    guard count > 0 else { throw DataFileError(file: file, .empty) }
    rowCount = count
    columns = builders.map { $0.column }
    firstTextRows = builders.map { $0.firstTextRow }
  }

  /// Whether float32 would make another whole number of it.
  static func needsDouble(_ number: Double) -> Bool { number.rounded() == number && Double(Float(number)) != number }

  static func number(_ field: String) -> Double? { Double(field) }

  /// Whether a first row names the columns: none of its fields is a number.
  static func isHeader(_ fields: [String]) -> Bool { fields.allSatisfy { number($0) == nil && !isMissing($0) } }

  static func isMissing(_ field: String) -> Bool {
    field.isEmpty || (field.utf8.count <= 5 && missingMarks.contains(field.lowercased()))
  }

  private static let missingMarks: Set<String> = [
    "na", "n/a", "#n/a", "nan", "-nan", "null", "none", "nil", "?",
  ]

  // MARK: Columns

  public var columnNames: [String] { columns.map(\.name) }

  /// The index of a column given by its name, or by its index, which counts from the end if negative.
  public func index(of column: String) throws(DataFileError) -> Int {
    if let index = columns.firstIndex(where: { $0.name == column }) { return index }
    if let number = Int(column), (-columns.count..<columns.count).contains(number) {
      return number < 0 ? number + columns.count : number
    }
    throw DataFileError(file: file, .noSuchColumn(column, available: columnNames))
  }

  /// Columns of numbers side by side: float32 of shape (rows, columns); float64 where a whole number, such as an id, needs it.
  ///
  /// Throws `DataFileError.notANumber` with the first row and column that holds a text.
  public func matrix(_ indices: [Int]) throws(DataFileError) -> TensorData {
    var doubles = [Double](repeating: 0, count: rowCount * indices.count)
    var needsDoubles = false
    for (position, index) in indices.enumerated() {
      guard columns.indices.contains(index) else {
        throw DataFileError(file: file, .noSuchColumn(String(index), available: columnNames))
      }
      switch columns[index].values {
      case .numbers(let numbers):
        for (row, number) in numbers.enumerated() { doubles[row * indices.count + position] = number }
        needsDoubles = needsDoubles || numbers.contains(where: Self.needsDouble)
      case .texts(let texts):
        let text = texts.first { Self.number($0) == nil } ?? ""
        throw DataFileError(
          file: file, .notANumber(row: firstTextRows[index] ?? 0, column: columns[index].name, found: text))
      }
    }
    do {
      let shape = [rowCount, indices.count]
      return needsDoubles
        ? try TensorData(shape: shape, doubles: doubles)
        : try TensorData(shape: shape, floats: doubles.map { Float($0) })
    } catch {
      throw DataFileError(file: file, .notATable("\(error)"))
    }
  }

  /// Inputs and targets: `targets` names the target columns, all others are inputs in their order.
  ///
  /// Both are float32 of shape (rows, columns).
  public func split(targets: [String]) throws(DataFileError) -> (inputs: TensorData, targets: TensorData) {
    var chosen: [Int] = []
    for target in targets { chosen.append(try index(of: target)) }
    let rest = columns.indices.filter { !chosen.contains($0) }
    return (try matrix(rest), try matrix(chosen))
  }
}

/// A column that stays one of numbers as long as its fields are.
private struct ColumnBuilder {
  let name: String
  private var numbers: [Double] = []
  /// The fields as written, from the first text on needed for the whole column.
  private var fields: [String] = []
  private(set) var firstTextRow: Int?

  init(name: String) { self.name = name }

  mutating func append(_ field: String, row: Int) {
    fields.append(field)
    guard firstTextRow == nil else { return }
    if let number = DelimitedTable.number(field) {
      numbers.append(number)
    } else {
      firstTextRow = row
      numbers = []
    }
  }

  var column: DelimitedTable.Column {
    DelimitedTable.Column(name: name, values: firstTextRow == nil ? .numbers(numbers) : .texts(fields))
  }
}
