/// A table of a FlatBuffer that is read: whatever its offsets say, nothing outside the bytes is touched.
struct FlatBufferTable {
  private let bytes: UnsafeRawBufferPointer
  private let start: Int

  /// The root table; `nil` if there is none.
  init?(_ bytes: UnsafeRawBufferPointer) {
    guard let offset = Self.number(bytes, 0, UInt32.self) else { return nil }
    self.init(bytes, Int(offset))
  }

  private init?(_ bytes: UnsafeRawBufferPointer, _ start: Int) {
    guard start >= 0, start <= bytes.count - 4 else { return nil }
    (self.bytes, self.start) = (bytes, start)
  }

  private static func number<Number: FixedWidthInteger>(
    _ bytes: UnsafeRawBufferPointer, _ place: Int, _ type: Number.Type
  ) -> Number? {
    guard place >= 0, place <= bytes.count - type.bitWidth / 8 else { return nil }
    return Number(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: type))
  }

  /// Where a field's value lies; `nil` if the table does not have it.
  private func place(_ slot: Int) -> Int? {
    guard let back = Self.number(bytes, start, Int32.self) else { return nil }
    let table = start - Int(back)
    guard let size = Self.number(bytes, table, UInt16.self), 4 + 2 * slot + 2 <= size,
      let offset = Self.number(bytes, table + 4 + 2 * slot, UInt16.self), offset != 0
    else { return nil }
    return start + Int(offset)
  }

  /// Where a vector's elements lie and how many there are.
  private func vector(_ slot: Int, elementSize: Int) -> (start: Int, count: Int)? {
    guard let place = place(slot), let offset = Self.number(bytes, place, UInt32.self),
      let count = Self.number(bytes, place + Int(offset), UInt32.self)
    else { return nil }
    let start = place + Int(offset) + 4
    guard Int(count) <= (bytes.count - start) / elementSize else { return nil }
    return (start, Int(count))
  }

  func int(_ slot: Int) -> Int { place(slot).flatMap { Self.number(bytes, $0, Int32.self) }.map { Int($0) } ?? 0 }

  func string(_ slot: Int) -> String {
    guard let (start, count) = vector(slot, elementSize: 1) else { return "" }
    return String(decoding: bytes[start..<start + count], as: UTF8.self)
  }

  func ints(_ slot: Int) -> [Int] {
    guard let (start, count) = vector(slot, elementSize: 4) else { return [] }
    return (0..<count).map { Int(Self.number(bytes, start + 4 * $0, Int32.self) ?? 0) }
  }

  func tables(_ slot: Int) -> [FlatBufferTable] {
    guard let (start, count) = vector(slot, elementSize: 4) else { return [] }
    return (0..<count).compactMap { index in
      let place = start + 4 * index
      return Self.number(bytes, place, UInt32.self).flatMap { FlatBufferTable(bytes, place + Int($0)) }
    }
  }
}
