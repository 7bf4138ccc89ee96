import CZlib
import KerasCore

/// A zip archive opened for reading; its directory is checked as a whole before any member is handed out.
///
/// Members may be stored or deflated, zip64 or not. Refused are names that lead out of the archive, duplicate names,
/// overlapping members, and sizes that deflate cannot reach.
public final class ZipReader: Sendable {
  /// The archive as the caller named it.
  public let name: String
  /// In directory order.
  public let members: [ZipMember]
  public let contents: FileContents
  private let indices: [String: Int]

  public convenience init(path: String) throws(ZipError) {
    let contents: FileContents
    do {
      contents = try FileContents(path: path)
    } catch {
      throw ZipError(archive: path, .file(error))
    }
    try self.init(contents, name: path)
  }

  /// Opens an archive in memory.
  public init(_ contents: FileContents, name: String) throws(ZipError) {
    self.name = name
    self.contents = contents
    let members = try contents.withBytes { (bytes) throws(ZipError) in
      try ZipDirectory(archive: name, bytes: bytes).members()
    }
    self.members = members
    indices = Dictionary(members.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  public subscript(name: String) -> ZipMember? { indices[name].map { members[$0] } }

  /// The content of a member, its checksum checked.
  public func read(_ name: String) throws(ZipError) -> [UInt8] {
    guard let member = self[name] else { throw ZipError(archive: self.name, member: name, .missingMember) }
    let content: [UInt8]
    switch member.method {
    case ZipFormat.stored:
      do {
        content = try contents.copy(member.stored)
      } catch {
        throw ZipError(archive: self.name, member: name, .file(error))
      }
    case ZipFormat.deflated:
      content = try contents.withBytes { (bytes) throws(ZipError) in
        try inflate(UnsafeRawBufferPointer(rebasing: bytes[member.stored]), member)
      }
    default: throw ZipError(archive: self.name, member: name, .unsupported("compression method \(member.method)"))
    }
    guard content.withUnsafeBytes({ Checksum.crc32($0) }) == member.crc else {
      throw ZipError(archive: self.name, member: name, .wrongChecksum)
    }
    return content
  }

  /// Where a stored member's content lies in `contents`, its checksum checked; `nil` for a compressed one.
  public func range(of name: String) throws(ZipError) -> Range<Int>? {
    guard let member = self[name] else { throw ZipError(archive: self.name, member: name, .missingMember) }
    guard member.method == ZipFormat.stored else { return nil }
    let checksum: UInt32
    do {
      checksum = try Checksum.crc32(of: member.stored, in: contents)
    } catch {
      throw ZipError(archive: self.name, member: name, .file(error))
    }
    guard checksum == member.crc else { throw ZipError(archive: self.name, member: name, .wrongChecksum) }
    return member.stored
  }

  /// Where a stored member's content lies in the file, its checksum left to whoever reads it.
  public func place(of name: String) throws(ZipError) -> Range<Int> {
    guard let member = self[name] else { throw ZipError(archive: self.name, member: name, .missingMember) }
    guard member.method == ZipFormat.stored else {
      throw ZipError(archive: self.name, member: name, .unsupported("a compressed member's place"))
    }
    return member.stored
  }

  /// Inflates a compressed member part by part.
  public func stream(of name: String) throws(ZipError) -> InflateStream {
    guard let member = self[name] else { throw ZipError(archive: self.name, member: name, .missingMember) }
    guard member.method == ZipFormat.deflated else {
      throw ZipError(archive: self.name, member: name, .unsupported("compression method \(member.method)"))
    }
    return try InflateStream(self, member)
  }

  /// Reads a stored member part by part.
  public func storedStream(of name: String) throws(ZipError) -> StoredStream {
    guard let member = self[name] else { throw ZipError(archive: self.name, member: name, .missingMember) }
    guard member.method == ZipFormat.stored else {
      throw ZipError(archive: self.name, member: name, .unsupported("compression method \(member.method)"))
    }
    return StoredStream(self, member)
  }

  /// Inflates into exactly the declared size: a stream that is longer or shorter is damaged.
  private func inflate(_ packed: UnsafeRawBufferPointer, _ member: ZipMember) throws(ZipError) -> [UInt8] {
    var stream = z_stream()
    guard keraskit_inflate_init_raw(&stream) == Z_OK else {
      throw ZipError(archive: name, member: member.name, .damaged("zlib does not start"))
    }
    defer { inflateEnd(&stream) }
    var content = [UInt8](repeating: 0, count: member.size)
    // One byte more than declared, so that a longer stream is seen.
    var surplus: UInt8 = 0
    var isWhole = false
    content.withUnsafeMutableBytes { output in
      isWhole = Self.run(&stream, packed, output, surplus: &surplus)
    }
    guard isWhole else { throw ZipError(archive: name, member: member.name, .damaged("the compressed data")) }
    return content
  }

  private static func run(
    _ stream: inout z_stream, _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer,
    surplus: inout UInt8
  ) -> Bool {
    var (read, written) = (0, 0)
    return withUnsafeMutablePointer(to: &surplus) { surplus in
      while true {
        // zlib counts in 32 bits.
        let inputStep = min(input.count - read, 1 << 30)
        let isFull = written == output.count
        let outputStep = isFull ? 1 : min(output.count - written, 1 << 30)
        stream.next_in = input.baseAddress.map {
          UnsafeMutablePointer(mutating: ($0 + read).assumingMemoryBound(to: UInt8.self))
        }
        stream.avail_in = UInt32(inputStep)
        stream.next_out =
          isFull ? surplus : output.baseAddress.map { ($0 + written).assumingMemoryBound(to: UInt8.self) }
        stream.avail_out = UInt32(outputStep)
        let status = CZlib.inflate(&stream, Z_NO_FLUSH)
        let produced = outputStep - Int(stream.avail_out)
        let consumed = inputStep - Int(stream.avail_in)
        if isFull, produced > 0 { return false }
        read += consumed
        written += produced
        if status == Z_STREAM_END { return written == output.count }
        guard status == Z_OK, consumed + produced > 0 else { return false }
      }
    }
  }
}
