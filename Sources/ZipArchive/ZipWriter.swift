import KerasCore

/// Writes a zip archive of stored members, in zip64 form where a size or offset needs it.
///
/// Members carry the format's earliest date, so that equal contents give equal archives.
public final class ZipWriter {
  private let file: AtomicFile
  private var offset = 0
  private var directory: [UInt8] = []
  private var count = 0
  /// Sizes and offsets from this on are written with 64 bits; lower only in tests.
  private let limit: Int

  /// Begins an archive that appears at `path` when `finish` is called.
  public convenience init(replacing path: String) throws(ZipError) {
    try self.init(replacing: path, limit: 0xffff_ffff)
  }

  init(replacing path: String, limit: Int) throws(ZipError) {
    do {
      file = try AtomicFile(replacing: path)
    } catch {
      throw ZipError(archive: path, .file(error))
    }
    self.limit = limit
  }

  /// Appends a member.
  public func add(_ name: String, _ content: UnsafeRawBufferPointer) throws(ZipError) {
    let entry = try begin(name, size: content.count, crc: Checksum.crc32(content))
    do {
      try file.write(content)
    } catch {
      throw ZipError(archive: file.path, member: name, .file(error))
    }
    end(entry, size: content.count)
  }

  /// Appends a member whose content `parts` gives to what it is called with, twice the same.
  public func add(
    _ name: String, _ parts: ((_ part: [UInt8]) throws(FileError) -> Void) throws(FileError) -> Void
  ) throws(ZipError) {
    var (size, crc) = (0, UInt32(0))
    do {
      try parts { part in
        size += part.count
        crc = part.withUnsafeBytes { Checksum.extended(crc, by: $0) }
      }
      let entry = try begin(name, size: size, crc: crc)
      try parts { part throws(FileError) in try file.write(part) }
      end(entry, size: size)
    } catch let error as ZipError {
      throw error
    } catch let error as FileError {
      throw ZipError(archive: file.path, member: name, .file(error))
    } catch {
      throw ZipError(archive: file.path, member: name, .damaged("\(error)"))
    }
  }

  /// Writes what stands before a member's content; the result is its entry in the directory.
  private func begin(_ name: String, size: Int, crc: UInt32) throws(ZipError) -> [UInt8] {
    guard ZipDirectory.isSafe(name) else { throw ZipError(archive: file.path, member: name, .unsafeName) }
    let isLong = size >= limit
    let isFar = offset >= limit
    let nameBytes = Array(name.utf8)
    let date: UInt32 = 0x0021_0000

    var local = ByteWriter()
    local.append(ZipFormat.localHeader)
    local.append(UInt16(isLong ? 45 : 20))
    local.append(ZipFormat.utf8Flag)
    local.append(ZipFormat.stored)
    local.append(date)
    local.append(crc)
    local.append(isLong ? UInt32.max : UInt32(size))
    local.append(isLong ? UInt32.max : UInt32(size))
    local.append(UInt16(nameBytes.count))
    local.append(UInt16(isLong ? 20 : 0))
    local.bytes += nameBytes
    if isLong { Self.appendZip64(to: &local, [size, size]) }

    let extra = (isLong ? [size, size] : []) + (isFar ? [offset] : [])
    var entry = ByteWriter()
    entry.append(ZipFormat.directoryHeader)
    // "Made by" Unix, so that the external attributes are a file mode.
    entry.append(UInt16(3 << 8 | 45))
    entry.append(UInt16(extra.isEmpty ? 20 : 45))
    entry.append(ZipFormat.utf8Flag)
    entry.append(ZipFormat.stored)
    entry.append(date)
    entry.append(crc)
    entry.append(isLong ? UInt32.max : UInt32(size))
    entry.append(isLong ? UInt32.max : UInt32(size))
    entry.append(UInt16(nameBytes.count))
    entry.append(UInt16(extra.isEmpty ? 0 : 4 + 8 * extra.count))
    entry.append(UInt16(0))
    entry.append(UInt32(0))
    entry.append(UInt32(0o100644) << 16)
    entry.append(isFar ? UInt32.max : UInt32(offset))
    entry.bytes += nameBytes
    if !extra.isEmpty { Self.appendZip64(to: &entry, extra) }

    try write(local.bytes)
    return entry.bytes
  }

  private func end(_ entry: [UInt8], size: Int) {
    offset += size
    directory += entry
    count += 1
  }

  public func add(_ name: String, _ content: [UInt8]) throws(ZipError) {
    do {
      try content.withUnsafeBytes { try add(name, $0) }
    } catch let error as ZipError {
      throw error
    } catch {
      throw ZipError(archive: file.path, member: name, .damaged("\(error)"))
    }
  }

  /// Writes the directory and gives the archive its name.
  public func finish() throws(ZipError) {
    let start = offset
    try write(directory)
    var end = ByteWriter()
    if start >= limit || directory.count >= limit || count >= 0xffff {
      end.append(ZipFormat.zip64EndRecord)
      end.append(UInt64(ZipFormat.zip64EndRecordSize - 12))
      end.append(UInt16(3 << 8 | 45))
      end.append(UInt16(45))
      end.append(UInt32(0))
      end.append(UInt32(0))
      for value in [count, count, directory.count, start] { end.append(UInt64(value)) }
      end.append(ZipFormat.zip64Locator)
      end.append(UInt32(0))
      end.append(UInt64(offset))
      end.append(UInt32(1))
    }
    end.append(ZipFormat.endRecord)
    end.append(UInt32(0))
    end.append(UInt16(min(count, 0xffff)))
    end.append(UInt16(min(count, 0xffff)))
    end.append(directory.count >= limit ? UInt32.max : UInt32(directory.count))
    end.append(start >= limit ? UInt32.max : UInt32(start))
    end.append(UInt16(0))
    try write(end.bytes)
    do {
      try file.commit()
    } catch {
      throw ZipError(archive: file.path, .file(error))
    }
  }

  private static func appendZip64(to writer: inout ByteWriter, _ values: [Int]) {
    writer.append(ZipFormat.zip64Extra)
    writer.append(UInt16(8 * values.count))
    for value in values { writer.append(UInt64(value)) }
  }

  private func write(_ bytes: [UInt8]) throws(ZipError) {
    do {
      try file.write(bytes)
    } catch {
      throw ZipError(archive: file.path, .file(error))
    }
    offset += bytes.count
  }
}

/// Little-endian numbers into bytes.
private struct ByteWriter {
  var bytes: [UInt8] = []

  mutating func append(_ number: some FixedWidthInteger & BitwiseCopyable) {
    withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
  }
}
