import Foundation

/// The library's filters that keep of each element only the bits it needs: n-bit and scale-offset.
///
/// Their parameters are those of `H5Znbit.c` and `H5Zscaleoffset.c`; section IV.A.2.l names them only.
enum PackedIntegers {
  /// Restores elements of which only `precision` bits from `offset` on were stored.
  static func undoBits(_ packed: [UInt8], _ parameters: [Int], size: Int) throws(HDF5Error.Cause) -> [UInt8] {
    guard parameters.count >= 5 else { throw .damaged("the parameters of the filter 'nbit'") }
    // Nothing could be left out.
    if parameters[1] != 0 { return packed }
    let elementSize = parameters[4]
    var (isBigEndian, precision, offset) = (false, 8 * elementSize, 0)
    switch parameters[3] {
    case 1 where parameters.count >= 8:
      (isBigEndian, precision, offset) = (parameters[5] == 1, parameters[6], parameters[7])
    case 4:
      // Elements that have no bits to spare are copied as they are.
      guard packed.count >= size else { throw .damaged("the data packed by 'nbit'") }
      return Array(packed.prefix(size))
    default: throw .unsupported("the filter 'nbit' over composed elements is not supported")
    }
    guard (1...8).contains(elementSize), precision > 0, offset >= 0, precision <= 8 * elementSize,
      offset <= 8 * elementSize - precision, size % elementSize == 0
    else { throw .damaged("the parameters of the filter 'nbit'") }
    var bits = BitReader(packed[...])
    return try elements(size / elementSize, of: elementSize, isBigEndian: isBigEndian) {
      bits.next(precision).map { $0 << UInt64(offset) }
    }
  }

  /// Restores integers that were stored as what they are above the chunk's least, and decimal fractions likewise.
  static func undoScaleOffset(_ packed: [UInt8], _ parameters: [Int], size: Int) throws(HDF5Error.Cause) -> [UInt8] {
    guard parameters.count >= 8, [0, 2].contains(parameters[0]), (1...8).contains(parameters[4]),
      size % parameters[4] == 0
    else { throw .damaged("the parameters of the filter 'scaleoffset'") }
    let elementSize = parameters[4]
    let (isFloat, isBigEndian) = (parameters[3] == 1, parameters[6] == 1)
    let scale = Int(Int32(truncatingIfNeeded: parameters[1]))
    // Asked to keep all bits, it does nothing.
    if !isFloat, parameters[0] == 2, scale == 8 * elementSize { return packed }
    guard packed.count >= headSize, packed[4] <= 8, packed[4] > 0 else {
      throw .damaged("the data packed by 'scaleoffset'")
    }
    let width = Int(littleEndian(packed[0..<4]))
    let least = littleEndian(packed[5..<5 + Int(packed[4])])
    let content = packed[headSize...]
    guard width <= 8 * elementSize else { throw .damaged("the data packed by 'scaleoffset'") }
    var bits = BitReader(content)
    if width == 8 * elementSize {
      // All bits are needed: the elements follow as they were in the memory that they were packed from.
      var place = content.startIndex
      return try elements(size / elementSize, of: elementSize, isBigEndian: isBigEndian) {
        guard place + elementSize <= content.endIndex else { return nil }
        defer { place += elementSize }
        return littleEndian(content[place..<place + elementSize])
      }
    }
    // The largest number stands for the fill value, if there is one.
    let missing = parameters[7] == 1 && width > 0 ? (UInt64(1) << UInt64(width)) - 1 : nil
    var fill: UInt64 = 0
    for (index, word) in parameters.dropFirst(8).prefix(2).enumerated() {
      fill |= UInt64(UInt32(truncatingIfNeeded: word)) << UInt64(32 * index)
    }
    return try elements(size / elementSize, of: elementSize, isBigEndian: isBigEndian) {
      guard let value = width == 0 ? 0 : bits.next(width) else { return nil }
      if value == missing { return fill }
      guard isFloat else { return value &+ least }
      return fraction(value, least, scale, elementSize)
    }
  }

  private static let headSize = 21

  /// What the library computes in the elements' own type.
  private static func fraction(_ value: UInt64, _ least: UInt64, _ scale: Int, _ elementSize: Int) -> UInt64 {
    if elementSize == 4 {
      let number = Float(Int32(truncatingIfNeeded: value)) / powf(10, Float(scale))
      return UInt64((number + Float(bitPattern: UInt32(truncatingIfNeeded: least))).bitPattern)
    }
    return (Double(Int64(bitPattern: value)) / pow(10, Double(scale)) + Double(bitPattern: least)).bitPattern
  }

  private static func littleEndian(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  private static func elements(
    _ count: Int, of size: Int, isBigEndian: Bool, _ next: () -> UInt64?
  ) throws(HDF5Error.Cause) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(count * size)
    for _ in 0..<count {
      guard let value = next() else { throw .damaged("a chunk of packed numbers ends early") }
      for index in 0..<size {
        result.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * (isBigEndian ? size - 1 - index : index))))
      }
    }
    return result
  }
}

/// Bits from the highest of the first byte on.
private struct BitReader {
  private let bytes: ArraySlice<UInt8>
  private var place: Int
  private var left = 8

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    place = bytes.startIndex
  }

  /// A number of `count` bits, at most 64; `nil` at the end.
  mutating func next(_ count: Int) -> UInt64? {
    var result: UInt64 = 0
    var missing = count
    while missing > 0 {
      guard place < bytes.endIndex else { return nil }
      let taken = min(missing, left)
      let part = UInt64(bytes[place]) >> UInt64(left - taken) & (1 << UInt64(taken) - 1)
      result = result << UInt64(taken) | part
      missing -= taken
      left -= taken
      if left == 0 { (place, left) = (place + 1, 8) }
    }
    return result
  }
}
