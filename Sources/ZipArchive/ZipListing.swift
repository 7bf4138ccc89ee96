import CZlib
import KerasCore

/// What the directory of an archive says, with nothing of it believed: for who judges an archive rather than reads it.
///
/// ``ZipReader`` refuses an archive at the first thing wrong; this lists every member, the hostile ones too.
public struct ZipListing: Sendable {
  public struct Entry: Sendable {
    public var name: String
    /// The size it declares, in bytes.
    public var size: Int
    /// Where its bytes lie in the archive; `nil` if its header is not where the directory says.
    public var stored: Range<Int>?
    /// What its own header names it, where that is another name.
    public var otherName: String?
    public var isEncrypted: Bool
    /// A symbolic link of Unix: its content is a path.
    public var isLink: Bool
    public var isCompressed: Bool { method != ZipFormat.stored }
    var method: UInt16

    /// The name stays below the folder that the archive is unpacked in, on every system.
    public var staysInside: Bool { ZipDirectory.isSafe(name) }

    /// It declares more than deflate can make of what is stored.
    public var isBomb: Bool { stored.map { ZipDirectory.isBomb(size: size, stored: $0.count) } ?? false }
  }

  /// In directory order.
  public private(set) var entries: [Entry] = []
  /// Bytes before the first member: another file that the archive was put behind.
  public private(set) var leadingBytes = 0
  /// Why the directory could not be followed to its end.
  public private(set) var problem: ZipError?
  public let contents: FileContents
  private let range: Range<Int>

  /// Lists the archive that lies in `range` of `contents`, or is all of it.
  public init(_ contents: FileContents, in range: Range<Int>? = nil, name: String) {
    self.contents = contents
    let range = range ?? 0..<contents.count
    self.range = range
    contents.withBytes { bytes in
      read(ZipDirectory(archive: name, bytes: UnsafeRawBufferPointer(rebasing: bytes[range])))
    }
  }

  private mutating func read(_ directory: ZipDirectory) {
    do throws(ZipError) {
      let location = try directory.location()
      leadingBytes = max(0, location.base)
      guard location.count <= ZipFormat.maximumMembers else {
        throw ZipError(archive: directory.archive, .tooLarge("\(location.count) members"))
      }
      guard var reader = ByteReader(directory.bytes, at: location.start, count: location.size) else {
        throw ZipError(archive: directory.archive, .damaged("the directory lies outside the file"))
      }
      for _ in 0..<location.count {
        let found = try directory.entry(&reader)
        var entry = Entry(
          name: found.name, size: Int(clamping: found.sizes.size), stored: nil, otherName: nil,
          isEncrypted: found.flags & ZipFormat.encryptedFlag != 0,
          isLink: found.writer >> 8 == 3 && found.attributes >> 16 & 0xf000 == 0xa000, method: found.method)
        do throws(ZipError) {
          let place = try directory.place(found.sizes, base: location.base, found.name)
          entry.stored = place.stored
          if place.name != found.name { entry.otherName = place.name }
        } catch {
          problem = problem ?? error
        }
        entries.append(entry)
      }
    } catch {
      problem = error
    }
  }

  /// The names that more than one member has.
  public var repeatedNames: [String] {
    var seen: [String: Int] = [:]
    for entry in entries { seen[entry.name, default: 0] += 1 }
    return entries.map(\.name).filter { name in
      defer { seen[name] = 0 }
      return seen[name, default: 0] > 1
    }
  }

  /// Members whose bytes are another member's too.
  public var overlapping: [Entry] {
    let sorted = entries.filter { $0.stored != nil }.sorted {
      ($0.stored?.lowerBound ?? 0) < ($1.stored?.lowerBound ?? 0)
    }
    return zip(sorted, sorted.dropFirst()).filter { earlier, later in
      guard let first = earlier.stored, let second = later.stored else { return false }
      return first.upperBound > second.lowerBound - ZipFormat.localHeaderSize
    }.map(\.1)
  }

  /// Where a member's content lies in `contents` as it is; `nil` if it is compressed, encrypted or not there.
  public func place(of entry: Entry) -> Range<Int>? {
    guard entry.method == ZipFormat.stored, !entry.isEncrypted, let stored = entry.stored else { return nil }
    return stored.lowerBound + range.lowerBound..<stored.upperBound + range.lowerBound
  }

  /// At most the first `limit` bytes of a member's content, as far as they can be had; no checksum is asked for.
  public func content(of entry: Entry, limit: Int) -> [UInt8]? {
    guard !entry.isEncrypted, let stored = entry.stored else { return nil }
    let place = stored.lowerBound + range.lowerBound..<stored.upperBound + range.lowerBound
    return contents.withBytes { bytes in
      let packed = UnsafeRawBufferPointer(rebasing: bytes[place])
      switch entry.method {
      case ZipFormat.stored: return Array(packed.prefix(limit))
      case ZipFormat.deflated: return Self.inflate(packed, limit: min(limit, max(entry.size, 0)))
      default: return nil
      }
    }
  }

  private static func inflate(_ packed: UnsafeRawBufferPointer, limit: Int) -> [UInt8]? {
    var stream = z_stream()
    guard keraskit_inflate_init_raw(&stream) == Z_OK else { return nil }
    defer { inflateEnd(&stream) }
    var content: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 1 << 16)
    var read = 0
    while content.count < limit {
      let step = min(packed.count - read, 1 << 18)
      let (status, consumed, produced) = part.withUnsafeMutableBytes { output -> (Int32, Int, Int) in
        stream.next_in = packed.baseAddress.map {
          UnsafeMutablePointer(mutating: ($0 + read).assumingMemoryBound(to: UInt8.self))
        }
        stream.avail_in = UInt32(step)
        stream.next_out = output.baseAddress.map { $0.assumingMemoryBound(to: UInt8.self) }
        stream.avail_out = UInt32(output.count)
        let status = CZlib.inflate(&stream, Z_NO_FLUSH)
        return (status, step - Int(stream.avail_in), output.count - Int(stream.avail_out))
      }
      read += consumed
      content += part.prefix(min(produced, limit - content.count))
      if status == Z_STREAM_END { return content }
      guard status == Z_OK, consumed + produced > 0 else { return nil }
    }
    return content
  }
}
