import CZlib

/// What was done to each chunk before it was stored, in order.
///
/// Deflate, shuffle, Fletcher's checksum, n-bit, scale-offset and h5py's LZF are undone; other filters are named. Layout:
/// section IV.A.2.l.
struct FilterPipeline {
  struct Filter {
    var id: Int
    var name: String
    var parameters: [Int]
  }

  private(set) var filters: [Filter] = []

  private static let known = [
    1: "deflate", 2: "shuffle", 3: "fletcher32", 4: "szip", 5: "nbit", 6: "scaleoffset", 307: "bzip2", 32000: "lzf",
    32001: "blosc", 32004: "lz4", 32008: "bitshuffle", 32013: "zfp", 32015: "zstd", 32026: "blosc2",
  ]

  init() {}

  init(_ content: Range<Int>, in bytes: StoredBytes) throws(HDF5Error.Cause) {
    var cursor = try bytes.cursor(content)
    let (version, count) = (try cursor.byte(), try cursor.byte())
    guard (1...2).contains(version), count <= 32 else { throw .damaged("the list of filters") }
    if version == 1 { try cursor.skip(6) }
    for _ in 0..<count {
      let id = try cursor.short()
      let nameLength = version == 1 || id >= 256 ? try cursor.short() : 0
      try cursor.skip(2)
      let parameterCount = try cursor.short()
      let name = try cursor.text(nameLength)
      var parameters: [Int] = []
      for _ in 0..<parameterCount { parameters.append(try cursor.word()) }
      if version == 1, parameterCount % 2 == 1 { try cursor.skip(4) }
      filters.append(Filter(id: id, name: name.isEmpty ? Self.known[id] ?? "" : name, parameters: parameters))
    }
  }

  /// Refuses filters that are not undone, before anything is read.
  func check() throws(HDF5Error.Cause) {
    for filter in filters where ![1, 2, 3, 5, 6, 32000].contains(filter.id) {
      let name = filter.name.isEmpty ? "number \(filter.id)" : "'\(filter.name)' (number \(filter.id))"
      throw .unsupported("the filter \(name) is not supported; repack the file without it: h5repack -f GZIP=4 OLD NEW")
    }
  }

  /// A chunk of `size` bytes from what is stored of it; `mask` has a bit set for each filter that was left out.
  func decode(_ stored: [UInt8], size: Int, mask: Int) throws(HDF5Error.Cause) -> [UInt8] {
    var chunk = stored
    // Checksums and the heads of packed integers may lie under the packing.
    let limit = size + 32 * filters.count
    for (index, filter) in filters.enumerated().reversed() where mask >> index & 1 == 0 {
      switch filter.id {
      case 1: chunk = try Self.inflate(chunk, limit: limit)
      case 2: chunk = Self.unshuffle(chunk, elementSize: filter.parameters.first ?? 1)
      case 3: chunk = try Self.checked(chunk)
      case 5: chunk = try PackedIntegers.undoBits(chunk, filter.parameters, size: size)
      case 6: chunk = try PackedIntegers.undoScaleOffset(chunk, filter.parameters, size: size)
      case 32000:
        guard let unpacked = LZF.decode(chunk, limit: limit) else {
          throw .damaged("the data packed by LZF")
        }
        chunk = unpacked
      default: try check()
      }
    }
    guard chunk.count == size else { throw .damaged("a chunk of \(chunk.count) bytes instead of \(size)") }
    return chunk
  }

  private static func inflate(_ packed: [UInt8], limit: Int) throws(HDF5Error.Cause) -> [UInt8] {
    var status = Z_DATA_ERROR
    let unpacked = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
      var size = uLong(limit)
      status = uncompress(buffer.baseAddress, &size, packed, uLong(packed.count))
      count = status == Z_OK ? Int(size) : 0
    }
    guard status == Z_OK else { throw .damaged("the compressed data") }
    return unpacked
  }

  /// The first bytes of all elements stand first, then the second ones; what is left over stays at the end.
  private static func unshuffle(_ bytes: [UInt8], elementSize: Int) -> [UInt8] {
    let count = elementSize > 1 ? bytes.count / elementSize : 0
    guard count > 1 else { return bytes }
    var result = bytes
    bytes.withUnsafeBufferPointer { source in
      result.withUnsafeMutableBufferPointer { target in
        for byte in 0..<elementSize {
          for element in 0..<count { target[element * elementSize + byte] = source[byte * count + element] }
        }
      }
    }
    return result
  }

  /// Fletcher's sums over pairs of bytes, as the library computes them.
  private static func checked(_ bytes: [UInt8]) throws(HDF5Error.Cause) -> [UInt8] {
    guard bytes.count >= 4 else { throw .damaged("a chunk without its checksum") }
    let content = bytes.dropLast(4)
    var (low, high): (UInt32, UInt32) = (0, 0)
    func fold(_ sum: UInt32) -> UInt32 { sum & 0xffff + sum >> 16 }
    content.withUnsafeBufferPointer { pointer in
      var index = 0
      var left = pointer.count / 2
      while left > 0 {
        let step = min(left, 360)
        for _ in 0..<step {
          low += UInt32(pointer[index]) << 8 | UInt32(pointer[index + 1])
          high += low
          index += 2
        }
        (low, high) = (fold(low), fold(high))
        left -= step
      }
      if pointer.count % 2 == 1 {
        low += UInt32(pointer[pointer.count - 1]) << 8
        high += low
        (low, high) = (fold(low), fold(high))
      }
    }
    (low, high) = (fold(low), fold(high))
    let stored = bytes.suffix(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    // Before 1.6.3 the library wrote each half the other way round.
    let swapped = (low & 0xff) << 8 | low >> 8 | ((high & 0xff) << 8 | high >> 8) << 16
    guard stored == high << 16 | low || stored == swapped else { throw .damaged("the checksum of a chunk") }
    return Array(content)
  }
}

/// h5py's filter, which the library does not have.
enum LZF {
  /// A byte below 32 says how many bytes follow as they are, any other how far back what follows stood before.
  static func decode(_ source: [UInt8], limit: Int) -> [UInt8]? {
    var output: [UInt8] = []
    output.reserveCapacity(min(limit, source.count * 8))
    var at = 0
    while at < source.count {
      let control = Int(source[at])
      at += 1
      if control < 32 {
        let length = control + 1
        guard length <= source.count - at, length <= limit - output.count else { return nil }
        output += source[at..<at + length]
        at += length
        continue
      }
      var length = control >> 5
      if length == 7 {
        guard at < source.count else { return nil }
        length += Int(source[at])
        at += 1
      }
      length += 2
      guard at < source.count else { return nil }
      let distance = (control & 31) << 8 + Int(source[at]) + 1
      at += 1
      guard distance <= output.count, length <= limit - output.count else { return nil }
      // Byte by byte: a run may repeat what it writes itself.
      for _ in 0..<length { output.append(output[output.count - distance]) }
    }
    return output
  }
}
