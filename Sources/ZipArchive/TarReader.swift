import KerasCore

/// A tar archive read from front to back: POSIX (ustar, pax), GNU and the old form without a magic word.
///
/// Names lead nowhere out of the archive; links, devices and holes of sparse files are passed over by whoever reads.
public struct TarReader {
  /// What an entry is.
  public enum Kind: Sendable, Hashable {
    case file, folder
    /// Links, devices, sparse files …
    case other
  }

  public struct Entry: Sendable, Hashable {
    public var name: String
    public var kind: Kind
    /// Bytes of the content.
    public var size: Int
  }

  private static let blockSize = 512
  /// The longest name or pax record that is read.
  private static let maximumText = 1 << 20

  private let archive: String
  private let next: (Int) throws(ZipError) -> [UInt8]
  /// What is left of the present entry, and of the zeros that fill its last block.
  private var rest = 0
  private var padding = 0

  /// Whether a file begins with a tar header.
  public static func isOne(_ head: [UInt8]) -> Bool {
    guard head.count >= blockSize, head[0] != 0 else { return false }
    return Header(head) != nil
  }

  /// `read` gives the archive's next bytes, fewer than asked for at its end only.
  public init(name: String, read: @escaping (Int) throws(ZipError) -> [UInt8]) {
    archive = name
    next = read
  }

  /// The next entry; `nil` at the end.
  ///
  /// Throws `ZipError` for a damaged header, a name that leads out of the archive, or an archive that was cut off.
  public mutating func entry() throws(ZipError) -> Entry? {
    var longName: String?
    var longSize: Int?
    while true {
      try skip()
      let block = try next(Self.blockSize)
      if block.isEmpty || block.allSatisfy({ $0 == 0 }) { return nil }
      guard block.count == Self.blockSize else { throw damaged("it ends early") }
      guard let header = Header(block) else { throw damaged("a header's checksum does not match") }
      let describesNext = "LKxg".utf8.contains(header.type)
      guard let size = describesNext ? header.size : longSize ?? header.size, size >= 0 else {
        throw damaged("a size is not a number")
      }
      rest = size
      padding = (Self.blockSize - size % Self.blockSize) % Self.blockSize
      switch header.type {
      case UInt8(ascii: "L"): longName = Self.text(try content(limit: Self.maximumText)[...])
      case UInt8(ascii: "K"), UInt8(ascii: "g"): break
      case UInt8(ascii: "x"):
        let records = Self.paxRecords(try content(limit: Self.maximumText))
        longName = records["path"] ?? longName
        longSize = records["size"].flatMap { Int($0) } ?? longSize
      default:
        let kind: Kind =
          switch header.type {
          case 0, UInt8(ascii: "0"), UInt8(ascii: "7"): header.name.hasSuffix("/") ? .folder : .file
          case UInt8(ascii: "5"): .folder
          default: .other
          }
        let name = try safe(longName ?? header.name)
        return Entry(name: name, kind: kind, size: size)
      }
    }
  }

  /// The next bytes of the present entry, fewer than `count` at its end only.
  public mutating func read(_ count: Int) throws(ZipError) -> [UInt8] {
    let wanted = min(count, rest)
    guard wanted > 0 else { return [] }
    let bytes = try next(wanted)
    guard bytes.count == wanted else { throw damaged("it ends early") }
    rest -= wanted
    return bytes
  }

  /// Leaves the present entry.
  private mutating func skip() throws(ZipError) {
    while rest > 0 { _ = try read(1 << 20) }
    if padding > 0 { _ = try next(padding) }
    padding = 0
  }

  private mutating func content(limit: Int) throws(ZipError) -> [UInt8] {
    guard rest <= limit else { throw ZipError(archive: archive, .tooLarge("a name of \(rest) bytes")) }
    return try read(rest)
  }

  /// `./model.h5` is `model.h5`; the archive's own folder is the empty name.
  private func safe(_ name: String) throws(ZipError) -> String {
    let parts = name.split(separator: "/").filter { $0 != "." }
    let clean = parts.joined(separator: "/")
    guard clean.isEmpty || ZipDirectory.isSafe(clean), !name.hasPrefix("/") else {
      throw ZipError(archive: archive, member: name, .unsafeName)
    }
    return clean
  }

  private func damaged(_ reason: String) -> ZipError { ZipError(archive: archive, .damaged(reason)) }

  private static func text(_ bytes: ArraySlice<UInt8>) -> String {
    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }

  /// `LENGTH KEY=VALUE\n`, one after the other.
  private static func paxRecords(_ bytes: [UInt8]) -> [String: String] {
    var records: [String: String] = [:]
    var rest = bytes[...]
    while let blank = rest.firstIndex(of: 0x20), let length = Int(text(rest[..<blank])), length > 0,
      length <= rest.count, rest.startIndex + length > blank + 1
    {
      let record = rest[(blank + 1)..<(rest.startIndex + length - 1)]
      if let equals = record.firstIndex(of: UInt8(ascii: "=")) {
        records[text(record[..<equals])] = text(record[(equals + 1)...])
      }
      rest = rest.dropFirst(length)
    }
    return records
  }

  /// A header block; `nil` if its checksum does not match.
  private struct Header {
    var name: String
    var size: Int?
    var type: UInt8

    init?(_ block: [UInt8]) {
      guard let stated = Self.number(block[148..<156]) else { return nil }
      // The sum counts its own field as blanks; old programs summed signed bytes.
      let outside = block[..<148] + block[156..<512]
      let unsigned = outside.reduce(8 * 0x20) { $0 + Int($1) }
      let signed = outside.reduce(8 * 0x20) { $0 + Int(Int8(bitPattern: $1)) }
      guard stated == unsigned || stated == signed else { return nil }
      let isUstar = block[257..<262].elementsEqual("ustar".utf8) && block[262] == 0
      let prefix = isUstar ? TarReader.text(block[345..<500]) : ""
      name = (prefix.isEmpty ? "" : prefix + "/") + TarReader.text(block[0..<100])
      size = Self.number(block[124..<136])
      type = block[156]
    }

    /// Octal digits, or a number of base 256 that a set highest bit announces.
    private static func number(_ field: ArraySlice<UInt8>) -> Int? {
      guard let first = field.first else { return nil }
      if first & 0x80 != 0 {
        guard first == 0x80, field.dropFirst().dropLast(7).allSatisfy({ $0 == 0 }) else { return nil }
        return field.suffix(7).reduce(0) { $0 << 8 | Int($1) }
      }
      let digits = TarReader.text(field).split(separator: " ").joined()
      return digits.isEmpty ? nil : Int(digits, radix: 8)
    }
  }
}
