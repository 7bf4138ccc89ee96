/// A table of a FlatBuffer: values by their slot number, which the schema gives.
struct FlatTable: Sendable {
  private(set) var fields: [(slot: Int, value: FlatValue)] = []

  init() {}

  init(_ fields: (slot: Int, value: FlatValue)...) { self.fields = fields }

  subscript(slot: Int) -> FlatValue? {
    get { fields.first { $0.slot == slot }?.value }
    set {
      fields.removeAll { $0.slot == slot }
      if let newValue { fields.append((slot, newValue)) }
    }
  }
}

/// What a slot of a table can hold; the types of the schema's fields decide which.
enum FlatValue: Sendable {
  case bool(Bool)
  case int8(Int8)
  case uint8(UInt8)
  case int32(Int32)
  case uint32(UInt32)
  case float32(Float)
  case string(String)
  /// A vector of bytes whose first lies at a multiple of 16, as weights must.
  case bytes([UInt8])
  case int32s([Int32])
  case int64s([Int64])
  case floats([Float])
  case table(FlatTable)
  case tables([FlatTable])

  /// Bytes within the table itself; vectors, strings and tables stand there as 4-byte offsets.
  fileprivate var inlineSize: Int {
    switch self {
    case .bool, .int8, .uint8: 1
    default: 4
    }
  }
}

/// Writes tables front to back: what a table refers to follows it, so that every offset is positive.
struct FlatBufferWriter {
  /// Offsets are 32-bit and readers take them as signed.
  static let sizeLimit = Int(Int32.max)

  private(set) var bytes: [UInt8] = []

  /// A whole buffer: the root's offset, four letters that name the schema, and all tables.
  static func buffer(root: FlatTable, identifier: String) -> [UInt8] {
    var writer = FlatBufferWriter()
    writer.append(UInt32(0))
    writer.bytes += Array(identifier.utf8.prefix(4))
    writer.write(root, referredToAt: 0)
    return writer.bytes
  }

  // MARK: Values

  private mutating func write(_ table: FlatTable, referredToAt reference: Int) {
    let start = appendInline(table)
    setOffset(at: reference, to: start.table)
    for (field, place) in zip(table.fields, start.places) { writeReferred(field.value, at: place) }
  }

  /// The vtable, and behind it the table with zeros for what it refers to; returns where it and its fields begin.
  private mutating func appendInline(_ table: FlatTable) -> (table: Int, places: [Int]) {
    let slots = (table.fields.map { $0.slot }.max() ?? -1) + 1
    var relative: [Int] = []
    var size = 4
    for field in table.fields {
      let width = field.value.inlineSize
      size = (size + width - 1) / width * width
      relative.append(size)
      size += width
    }
    align(2)
    // The table must begin at a multiple of 4 behind its vtable.
    if (bytes.count + 4 + 2 * slots) % 4 != 0 { append(UInt16(0)) }
    let vtable = bytes.count
    var offsets = [UInt16](repeating: 0, count: slots)
    for (field, place) in zip(table.fields, relative) { offsets[field.slot] = UInt16(truncatingIfNeeded: place) }
    append(UInt16(truncatingIfNeeded: 4 + 2 * slots))
    append(UInt16(truncatingIfNeeded: size))
    for offset in offsets { append(offset) }
    let start = bytes.count
    append(Int32(truncatingIfNeeded: start - vtable))
    bytes += [UInt8](repeating: 0, count: size - 4)
    for (field, place) in zip(table.fields, relative) { setScalar(field.value, at: start + place) }
    return (start, relative.map { start + $0 })
  }

  private mutating func setScalar(_ value: FlatValue, at place: Int) {
    switch value {
    case .bool(let value): bytes[place] = value ? 1 : 0
    case .int8(let value): bytes[place] = UInt8(bitPattern: value)
    case .uint8(let value): bytes[place] = value
    case .int32(let value): set(value, at: place)
    case .uint32(let value): set(value, at: place)
    case .float32(let value): set(value.bitPattern, at: place)
    case .string, .bytes, .int32s, .int64s, .floats, .table, .tables: break
    }
  }

  private mutating func writeReferred(_ value: FlatValue, at place: Int) {
    switch value {
    case .bool, .int8, .uint8, .int32, .uint32, .float32: return
    case .table(let table): write(table, referredToAt: place)
    case .string(let text):
      beginVector(count: text.utf8.count, alignment: 4, referredToAt: place)
      bytes += Array(text.utf8)
      bytes.append(0)
    case .bytes(let content):
      beginVector(count: content.count, alignment: 16, referredToAt: place)
      bytes += content
    case .int32s(let values):
      beginVector(count: values.count, alignment: 4, referredToAt: place)
      for value in values { append(value) }
    case .int64s(let values):
      beginVector(count: values.count, alignment: 8, referredToAt: place)
      for value in values { append(value) }
    case .floats(let values):
      beginVector(count: values.count, alignment: 4, referredToAt: place)
      for value in values { append(value.bitPattern) }
    case .tables(let tables):
      beginVector(count: tables.count, alignment: 4, referredToAt: place)
      let first = bytes.count
      bytes += [UInt8](repeating: 0, count: 4 * tables.count)
      for (index, table) in tables.enumerated() { write(table, referredToAt: first + 4 * index) }
    }
  }

  /// The count of a vector whose first element is aligned.
  private mutating func beginVector(count: Int, alignment: Int, referredToAt reference: Int) {
    align(4)
    while (bytes.count + 4) % alignment != 0 { append(UInt32(0)) }
    setOffset(at: reference, to: bytes.count)
    append(UInt32(truncatingIfNeeded: count))
  }

  // MARK: Bytes

  private mutating func align(_ alignment: Int) {
    while bytes.count % alignment != 0 { bytes.append(0) }
  }

  private mutating func setOffset(at place: Int, to target: Int) {
    set(UInt32(truncatingIfNeeded: target - place), at: place)
  }

  private mutating func append(_ value: some FixedWidthInteger) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  private mutating func set(_ value: some FixedWidthInteger, at place: Int) {
    withUnsafeBytes(of: value.littleEndian) { source in
      for index in source.indices { bytes[place + index] = source[index] }
    }
  }
}
