import CHDF5
import KerasCore

/// The collections ("global heap") in which a file keeps its variable-length strings, read without the library.
///
/// libhdf5 trusts what a file says about them: it allocates the stated length of a string (up to 4 GB) before it looks
/// at the string, copies an object of another size over it, and follows a chain of zero sizes for ever. Here each
/// length is compared with the object that it is the length of. Used under the library's lock only.
///
/// Layout: HDF5 File Format Specification 3.0, section III.E.
final class StringHeap: @unchecked Sendable {
  /// What a file stores in a string's place: its length, the collection's address, the object's number in it.
  static let referenceSize = 16

  enum Fault: Error {
    case damaged(String)
    /// Strings that share their bytes add up to more than the file could hold.
    case tooLarge(Int)
  }

  private static let headerSize = 16
  /// Signature and version 1.
  private static let signature: [UInt8] = Array("GCOL".utf8) + [1]

  /// Where the objects of the collections met so far lie in the file, by address and number.
  private var collections: [Int: [UInt16: Range<Int>]] = [:]

  /// The strings that `references` stand for; `base` is the place that addresses count from.
  func strings(
    _ references: [UInt8], in file: UnsafeRawBufferPointer, base: Int, limit: Int
  ) throws(Fault) -> [String] {
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
      guard total <= limit else { throw .tooLarge(total) }
      guard let address = Int(exactly: address), let index = UInt16(exactly: index),
        case let (place, overflow) = address.addingReportingOverflow(base), !overflow
      else { throw .damaged("a string lies outside the file") }
      if collections[place] == nil { collections[place] = try Self.objects(of: place, in: file) }
      guard let object = collections[place]?[index], length <= object.count else {
        throw .damaged("a string of \(length) bytes is not in the heap at byte \(place)")
      }
      let text = file[object.lowerBound..<object.lowerBound + length].prefix { $0 != 0 }
      strings.append(String(decoding: text, as: UTF8.self))
    }
    return strings
  }

  /// The objects of one collection: they follow each other to its end, or to free space (number zero).
  private static func objects(
    of place: Int, in file: UnsafeRawBufferPointer
  ) throws(Fault) -> [UInt16: Range<Int>] {
    let damaged = Fault.damaged("the string heap at byte \(place)")
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

extension HDF5File {
  /// Reads variable-length strings: their references by the library, their bytes from the file's own.
  func variableStrings(_ elements: borrowing Elements, count: Int) throws(HDF5Error) -> [String] {
    guard count > 0 else { return [] }
    let object = elements.object
    guard let creation = HDF5Handle(H5Fget_create_plist(root)) else { throw damaged(object) }
    var (addressSize, lengthSize, userBlock) = (0, 0, hsize_t(0))
    guard H5Pget_sizes(creation.id, &addressSize, &lengthSize) >= 0,
      H5Pget_userblock(creation.id, &userBlock) >= 0, let base = Int(exactly: userBlock)
    else { throw damaged(object) }
    guard addressSize == 8, lengthSize == 8 else {
      throw HDF5Error(file: name, object: object, .unsupportedType("string with \(addressSize)-byte addresses"))
    }
    guard let memoryType = HDF5Handle(keraskit_h5_string_reference()) else { throw damaged(object) }
    let references = try bytes(
      elements, count: count, size: StringHeap.referenceSize, memoryType: memoryType.id)
    do {
      return try contents.withBytes { bytes throws(StringHeap.Fault) in
        try heap.strings(
          references, in: UnsafeRawBufferPointer(rebasing: bytes[range]), base: base,
          limit: max(Limits.unquestionedBytes, bytes.count))
      }
    } catch {
      switch error {
      case .damaged(let reason): throw HDF5Error(file: name, object: object, .damaged(reason))
      case .tooLarge(let size): throw HDF5Error(file: name, object: object, .tooLarge("\(size) bytes of strings"))
      }
    }
  }
}
