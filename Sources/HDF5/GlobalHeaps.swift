#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A check of the collections in which a file keeps its variable-length strings.
///
/// libhdf5 1.10 follows their chains of sizes without checking them: a size of zero makes it loop for ever. So the file
/// is searched for collections before the first such string is read.
enum GlobalHeaps {
  private static let headerSize = 16
  /// Signature, version 1 and three zero bytes: by chance in one of 2⁶⁴ places.
  private static let signature: [UInt8] = Array("GCOL".utf8) + [1, 0, 0, 0]

  /// What is wrong with a collection in `bytes`; `nil` if all are sound.
  static func fault(in bytes: UnsafeRawBufferPointer) -> String? {
    guard let base = bytes.baseAddress else { return nil }
    guard usesEightByteSizes(bytes) else { return "sizes of an unusual width" }
    var position = 0
    while position < bytes.count,
      let found = memchr(base + position, Int32(signature[0]), bytes.count - position)
    {
      position = UnsafeRawPointer(found) - base
      if bytes[position...].starts(with: signature) {
        guard isSound(UnsafeRawBufferPointer(rebasing: bytes[position...])) else {
          return "the string heap at byte \(position)"
        }
      }
      position += 1
    }
    return nil
  }

  /// Objects follow each other to the collection's end; index zero is free space, whose size counts its header.
  private static func isSound(_ collection: UnsafeRawBufferPointer) -> Bool {
    guard collection.count >= headerSize, let size = number(collection, at: 8), size <= collection.count,
      size >= headerSize
    else { return false }
    var position = headerSize
    while position + headerSize <= size {
      let isFree = collection[position] == 0 && collection[position + 1] == 0
      guard let stated = number(collection, at: position + 8), stated <= size else { return false }
      let needed = isFree ? stated : headerSize + (stated + 7) / 8 * 8
      guard needed > 0, needed <= size - position else { return false }
      position += needed
    }
    return true
  }

  private static func number(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Int? {
    Int(exactly: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
  }

  /// Whether addresses and sizes have eight bytes, as in every file of h5py.
  private static func usesEightByteSizes(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]
    var start = 0
    while start + 16 <= bytes.count {
      if bytes[start...].starts(with: signature) {
        let offset = bytes[start + 8] < 2 ? 13 : 9
        return bytes[start + offset] == 8 && bytes[start + offset + 1] == 8
      }
      start = start == 0 ? 512 : start * 2
    }
    return false
  }
}
