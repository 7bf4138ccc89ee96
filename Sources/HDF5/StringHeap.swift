import KerasCore

/// The collections ("global heap") in which a file keeps its variable-length strings, read without the library.
///
/// Each length a file states is compared with the object that it is the length of.
///
/// Layout: HDF5 File Format Specification 3.0, section III.E.
struct StringHeap: Sendable {
  /// What a file stores in a string's place: its length, the collection's address, the object's number in it.
  static let referenceSize = 16

  private static let headerSize = 16
  /// Signature and version 1.
  private static let signature: [UInt8] = Array("GCOL".utf8) + [1]

  /// Where the objects of the collections met so far lie in the file, by address and number.
  private let collections = Locked<[Int: [UInt16: Range<Int>]]>([:])

  /// The strings that `references` stand for, of at most `limit` bytes: they may share bytes, which a file uses to grow.
  func strings(
    _ references: [UInt8], in file: UnsafeRawBufferPointer, limit: Int
  ) throws(HDF5Error.Cause) -> [String] {
    var strings: [String] = []
    var total = 0
    for start in stride(from: 0, to: references.count - Self.referenceSize + 1, by: Self.referenceSize) {
      let (length, address, index) = references.withUnsafeBytes { bytes in
        (
          Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt32.self))),
          UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: start + 4, as: UInt64.self)),
          UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: start + 12, as: UInt32.self))
        )
      }
      guard length > 0 else {
        strings.append("")
        continue
      }
      total += length
      guard total <= limit else { throw .tooLarge("\(total) bytes of strings") }
      guard let place = Int(exactly: address), let index = UInt16(exactly: index) else {
        throw .damaged("a string lies outside the file")
      }
      guard let object = try objects(of: place, in: file)[index], length <= object.count else {
        throw .damaged("a string of \(length) bytes is not in the heap at byte \(place)")
      }
      let text = file[object.lowerBound..<object.lowerBound + length].prefix { $0 != 0 }
      strings.append(String(decoding: text, as: UTF8.self))
    }
    return strings
  }

  /// Where an object of any kind lies.
  func object(
    _ index: UInt16, at place: Int, in file: UnsafeRawBufferPointer
  ) throws(HDF5Error.Cause) -> Range<Int>? {
    try objects(of: place, in: file)[index]
  }

  private func objects(
    of place: Int, in file: UnsafeRawBufferPointer
  ) throws(HDF5Error.Cause) -> [UInt16: Range<Int>] {
    if let known = collections.withLock({ $0[place] }) { return known }
    let objects = try Self.objects(of: place, in: file)
    collections.withLock { $0[place] = objects }
    return objects
  }

  /// The objects of one collection: they follow each other to its end, or to free space (number zero).
  private static func objects(
    of place: Int, in file: UnsafeRawBufferPointer
  ) throws(HDF5Error.Cause) -> [UInt16: Range<Int>] {
    let damaged = HDF5Error.Cause.damaged("the string heap at byte \(place)")
    guard place >= 0, place <= file.count - headerSize, file[place...].starts(with: signature),
      let size = number(file, at: place + 8), size >= headerSize, size <= file.count - place
    else { throw damaged }
    var objects: [UInt16: Range<Int>] = [:]
    var position = place + headerSize
    let end = place + size
    while position <= end - headerSize {
      let index = UInt16(littleEndian: file.loadUnaligned(fromByteOffset: position, as: UInt16.self))
      if index == 0 { break }
      let start = position + headerSize
      guard let length = number(file, at: position + 8), length <= end - start else { throw damaged }
      objects[index] = start..<start + length
      // Objects begin at multiples of eight; the last one's padding may be missing.
      position = start + (length + 7) / 8 * 8
    }
    return objects
  }

  private static func number(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Int? {
    Int(exactly: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
  }
}
