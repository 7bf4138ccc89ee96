import KerasCore
import KerasEngine
import KerasGraph
import KerasModel

/// A data set in the form a plan's inputs have, from which any rows can be copied in.
struct BatchFeed {
  /// One of a plan's inputs; a number takes four bytes, unless `isWide`.
  struct Column {
    var name: String
    var rowShape: [Int]
    /// Bytes of a row.
    var rowSize: Int
    var bytes: [UInt8]
    /// Whether elements are Int64, for an input that only lookups and hashes read.
    var isWide = false
    /// The elements of a column of strings, which has no bytes.
    var texts: [String]?

    var textsPerRow: Int { rowShape.reduce(1, *) }

    func texts(_ rows: ArraySlice<Int>) -> [String]? {
      texts.map { texts in rows.flatMap { texts[$0 * textsPerRow..<($0 + 1) * textsPerRow] } }
    }
  }

  private(set) var columns: [Column] = []
  private(set) var count: Int
  /// Each row's number in its source; empty where that is the row's place.
  private(set) var ids: [Int] = []
  /// Threads that a step on these rows uses, where it is not its own work that decides.
  var threads: Int?

  /// Converts every array once; throws `TrainingError.dataShape` where one does not fit the graph's input.
  init(_ data: DataSet, for loss: LossGraph, classWeights: [Int: Double] = [:]) throws(TrainingError) {
    count = data.count
    try add(data.inputs, loss.inputNames, kind: "inputs", loss.graph)
    let targetNames = loss.targetInputs.compactMap { $0 }
    // Who asks for no loss need not have targets.
    let takesTargets = loss.targetInputs.contains { $0 != nil }
    guard data.targets.count == loss.targetInputs.count || !takesTargets else {
      throw .missingData("y\(data.targets.count)", available: data.targets.indices.map { "y\($0)" })
    }
    let wanted = zip(data.targets, loss.targetInputs).filter { $0.1 != nil }.map(\.0)
    try add(wanted, targetNames, kind: "targets", loss.graph)
    for (index, input) in loss.weightInputs.enumerated() {
      guard let input else { continue }
      let own = data.sampleWeights.count == 1 ? data.sampleWeights[0] : data.sampleWeights[safe: index]
      let weights = try classWeights.isEmpty ? own : Self.weighted(data.targets[index], classWeights, own)
      guard let weights else { throw .missingData("sample_weight\(index)", available: []) }
      try add([weights], [input], kind: "sample weights", loss.graph)
    }
  }

  /// Rows that are computed.
  init(count: Int, columns: [Column], threads: Int? = nil) {
    self.count = count
    self.columns = columns
    self.threads = threads
  }

  /// Rows of which nothing but their number is known.
  init(ids: [Int]) {
    count = ids.count
    self.ids = ids
  }

  /// The numbers of rows in their source.
  func ids(of rows: ArraySlice<Int>) -> [Int] { ids.isEmpty ? Array(rows) : rows.map { ids[$0] } }

  /// The same rows, known by these numbers.
  func numbered(_ ids: [Int]) -> BatchFeed {
    var result = self
    result.ids = ids
    return result
  }

  private mutating func add(
    _ arrays: [TensorData], _ names: [String], kind: String, _ graph: Graph
  ) throws(TrainingError) {
    guard arrays.count == names.count else {
      throw .missingData("\(kind) (\(names.count) needed)", available: arrays.map { "\(Shape($0.shape))" })
    }
    let categories =
      names.contains { graph.input(named: $0).map { graph.type($0).dtype.isInteger } ?? false }
      ? graph.categoryInputs : []
    for (array, name) in zip(arrays, names) {
      guard let value = graph.input(named: name) else { continue }
      let type = graph.type(value)
      guard let shape = Self.fitted(array.shape, to: type.shape) else {
        throw .dataShape(name: name, expected: type.shape, found: Shape(array.shape))
      }
      if type.dtype == .string {
        guard array.dtype == .string else {
          throw .engine(EngineError(.data(.numeric(shape: array.shape)), scope: name))
        }
        columns.append(
          Column(name: name, rowShape: Array(shape.dropFirst()), rowSize: 0, bytes: [], texts: array.strings))
        continue
      }
      let isWide = categories.contains(name)
      if type.dtype.isInteger {
        do throws(EngineError) {
          _ = try array.wideIntegers(forInput: name, wide: isWide)
        } catch {
          throw .engine(error)
        }
      }
      let bytes = try dataStep { () throws(TensorDataError) in
        if isWide { return try TensorData(shape: shape, int64s: array.int64s()).bytes }
        return type.dtype.isInteger
          ? try TensorData(shape: shape, int32s: array.int32s()).bytes
          : try TensorData(shape: shape, floats: array.floats()).bytes
      }
      columns.append(
        Column(
          name: name, rowShape: Array(shape.dropFirst()), rowSize: bytes.count / max(count, 1), bytes: bytes,
          isWide: isWide))
    }
  }

  /// The shape with a last axis of 1 added or dropped if that makes it fit, as Keras does for targets.
  private static func fitted(_ shape: [Int], to declared: Shape) -> [Int]? {
    if declared.accepts(shape) { return shape }
    if declared.accepts(shape + [1]) { return shape + [1] }
    if shape.count > 1, shape.last == 1, declared.accepts(Array(shape.dropLast())) { return Array(shape.dropLast()) }
    return nil
  }

  /// The weight of each sample's class, times its own weight.
  private static func weighted(
    _ targets: TensorData, _ classWeights: [Int: Double], _ own: TensorData?
  ) throws(TrainingError) -> TensorData {
    let samples = targets.shape[0]
    let width = targets.elementCount / max(samples, 1)
    let values = try dataStep { () throws(TensorDataError) in try targets.floats() }
    var weights = (0..<samples).map { sample -> Float in
      let row = values[sample * width..<(sample + 1) * width]
      let largest = row.indices.reduce(row.startIndex) { row[$1] > row[$0] ? $1 : $0 }
      let label = width > 1 ? largest - row.startIndex : Int(row[row.startIndex].isFinite ? row[row.startIndex] : -1)
      return Float(classWeights[label] ?? 1)
    }
    return try dataStep { () throws(TensorDataError) in
      if let own, own.elementCount == samples {
        for (index, factor) in try own.floats().enumerated() { weights[index] *= factor }
      }
      return try TensorData(shape: [samples], floats: weights)
    }
  }

  /// Bytes of one sample.
  var rowBytes: Int { columns.reduce(0) { $0 + $1.rowSize } }

  /// A feed of the same arrays without rows, with room for some.
  func empty(capacity: Int) -> BatchFeed {
    var result = self
    result.count = 0
    result.ids = []
    for index in columns.indices {
      result.columns[index].bytes = []
      if result.columns[index].texts != nil { result.columns[index].texts = [] }
      result.columns[index].bytes.reserveCapacity(capacity * columns[index].rowSize)
    }
    return result
  }

  /// Adds a row of another feed; throws `TrainingError.dataShape` if its rows have other shapes.
  mutating func append(_ row: Int, of other: BatchFeed) throws(TrainingError) {
    try checkRows(of: other)
    for index in columns.indices {
      let size = columns[index].rowSize
      columns[index].bytes.append(contentsOf: other.columns[index].bytes[row * size..<(row + 1) * size])
      columns[index].texts?.append(contentsOf: other.columns[index].texts([row]) ?? [])
    }
    ids.append(other.ids.isEmpty ? row : other.ids[row])
    count += 1
  }

  /// Puts a row of another feed in the place of one of this.
  mutating func replace(_ target: Int, with row: Int, of other: BatchFeed) throws(TrainingError) {
    try checkRows(of: other)
    ids[target] = other.ids.isEmpty ? row : other.ids[row]
    for index in columns.indices {
      let size = columns[index].rowSize
      let width = columns[index].textsPerRow
      columns[index].texts?.replaceSubrange(
        target * width..<(target + 1) * width, with: other.columns[index].texts([row]) ?? [])
      other.columns[index].bytes.withUnsafeBytes { source in
        columns[index].bytes.withUnsafeMutableBytes { bytes in
          UnsafeMutableRawBufferPointer(rebasing: bytes[target * size..<(target + 1) * size])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[row * size..<(row + 1) * size]))
        }
      }
    }
  }

  /// A sample's bytes, array after array.
  func rowData(_ row: Int) -> [UInt8] { columns.flatMap { $0.bytes[row * $0.rowSize..<(row + 1) * $0.rowSize] } }

  /// The texts that some rows hold, by input.
  func texts(rows: ArraySlice<Int>) throws(TrainingError) -> [String: TensorData] {
    var result: [String: TensorData] = [:]
    for column in columns {
      guard let texts = column.texts(rows) else { continue }
      result[column.name] = try dataStep { () throws(TensorDataError) in
        try TensorData(shape: [rows.count] + column.rowShape, strings: texts)
      }
    }
    return result
  }

  private func checkRows(of other: BatchFeed) throws(TrainingError) {
    for (own, column) in zip(columns, other.columns) where own.rowShape != column.rowShape {
      throw .dataShape(
        name: own.name, expected: Shape([nil] + own.rowShape.map { $0 }),
        found: Shape([nil] + column.rowShape.map { $0 }))
    }
  }

  /// The shapes of all inputs for a batch of that many rows.
  func shapes(batchSize: Int) -> [String: [Int]] {
    Dictionary(columns.map { ($0.name, [batchSize] + $0.rowShape) }, uniquingKeysWith: { first, _ in first })
  }

  /// Copies rows into a plan's inputs, all of them or those named.
  func fill(_ plan: Plan, rows: ArraySlice<Int>, only names: Set<String>? = nil) throws(EngineError) {
    plan.forgetInputs()
    for column in columns where names?.contains(column.name) ?? true {
      if let texts = column.texts(rows) {
        try plan.setInput(column.name, strings: texts)
        continue
      }
      if column.isWide {
        let width = column.rowSize / 8
        try plan.setInput(
          column.name,
          integers: column.bytes.withUnsafeBytes { source in
            rows.flatMap { row in
              (0..<width).map { source.loadUnaligned(fromByteOffset: (row * width + $0) * 8, as: Int64.self) }
            }
          })
        continue
      }
      try plan.withInput(column.name) { target in
        column.bytes.withUnsafeBytes { source in
          for (position, row) in rows.enumerated() {
            let from = UnsafeRawBufferPointer(rebasing: source[row * column.rowSize..<(row + 1) * column.rowSize])
            let start = position * column.rowSize
            UnsafeMutableRawBufferPointer(rebasing: target[start..<start + column.rowSize]).copyMemory(from: from)
          }
        }
      }
    }
  }
}

extension Array {
  fileprivate subscript(safe index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}
