import KerasCore
import KerasFile
import ZipArchive

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Lays out in a folder what of an archive may be a model; the rest is only counted.
struct Unpacking {
  /// What is accepted of one archive.
  enum Limits {
    static let memberBytes = 2 << 30
    static let totalBytes = 8 << 30
    static let members = 100_000
    /// Archives within archives.
    static let depth = 3
  }

  /// What could not be unpacked: the member, or `nil` for the archive, and why.
  struct Refusal {
    var member: String?
    var reason: String
    /// The member's name leads out of the archive.
    var leadsOut = false
  }

  let folder: String
  /// Members that cannot be a model.
  private(set) var others = 0
  private(set) var refusals: [Refusal] = []
  private var total = 0
  private var count = 0

  init(folder: String) { self.folder = folder }

  mutating func unpack(_ kind: AuditCandidate, _ contents: FileContents, path: String, name: String) {
    do throws(ZipError) {
      switch kind {
      case .zip: try unpackZip(contents, name)
      case .tar:
        var position = 0
        var tar = TarReader(name: name) { (count) throws(ZipError) in
          let end = min(contents.count, position + count)
          defer { position = end }
          if end >> 22 != position >> 22 { contents.releasePages() }
          return contents.withBytes { Array($0[position..<end]) }
        }
        try unpackTar(&tar)
      default: try unpackGzip(contents, path: path, name: name)
      }
    } catch {
      let text = error.description
      let reason = text.hasPrefix(name) ? String(text.dropFirst(name.count).drop { "#: ".contains($0) }) : text
      refusals.append(Refusal(member: error.member, reason: reason, leadsOut: error.cause == .unsafeName))
    }
  }

  private mutating func unpackZip(_ contents: FileContents, _ name: String) throws(ZipError) {
    let zip = try ZipReader(contents, name: name)
    for member in zip.members where !member.name.hasSuffix("/") {
      try accept(member.name, size: member.size, in: name)
      if member.isCompressed {
        let stream = try zip.stream(of: member.name)
        write(member.name) { (count) throws(ZipError) in try stream.read(count) }
      } else {
        let place = try zip.place(of: member.name)
        var position = place.lowerBound
        write(member.name) { (count) throws(ZipError) in
          let end = min(place.upperBound, position + count)
          defer { position = end }
          return contents.withBytes { Array($0[position..<end]) }
        }
      }
    }
  }

  private mutating func unpackTar(_ tar: inout TarReader) throws(ZipError) {
    while let entry = try tar.entry() {
      guard entry.kind == .file, !entry.name.isEmpty else {
        if entry.kind == .other { others += 1 }
        continue
      }
      try accept(entry.name, size: entry.size, in: folder)
      var failure: ZipError?
      // The reader is the archive's own and goes on where the member ends.
      var reader = tar
      write(entry.name) { (count) throws(ZipError) in
        do throws(ZipError) {
          return try reader.read(count)
        } catch {
          failure = error
          throw error
        }
      }
      tar = reader
      // Said with the member's name; what follows it cannot be reached.
      if failure != nil { return }
    }
  }

  /// A compressed tar, or a single file under its name without `.gz`.
  private mutating func unpackGzip(_ contents: FileContents, path: String, name: String) throws(ZipError) {
    let head = try GzipStream(contents, name: name).read(512)
    let stream = try GzipStream(contents, name: name)
    if TarReader.isOne(head) {
      var tar = TarReader(name: name) { (count) throws(ZipError) in try stream.read(count) }
      return try unpackTar(&tar)
    }
    let last = path.split(separator: "/").last.map(String.init) ?? "content"
    let member = last.lowercased().hasSuffix(".gz") ? String(last.dropLast(3)) : "content"
    write(member.isEmpty ? "content" : member) { (count) throws(ZipError) in try stream.read(count) }
  }

  private mutating func accept(_ member: String, size: Int, in archive: String) throws(ZipError) {
    count += 1
    guard count <= Limits.members else {
      throw ZipError(archive: archive, .tooLarge("more than \(Limits.members) members"))
    }
  }

  /// Writes a member if its beginning is that of something to be looked at.
  private mutating func write(_ member: String, _ read: (Int) throws(ZipError) -> [UInt8]) {
    do {
      let head = try read(4096)
      guard Self.matters(member, head) else {
        others += 1
        return
      }
      let file = try Self.file("\(folder)/\(member)")
      defer { close(file) }
      var size = 0
      var part = head
      while !part.isEmpty {
        size += part.count
        total += part.count
        guard size <= Limits.memberBytes, total <= Limits.totalBytes else {
          unlink("\(folder)/\(member)")
          refusals.append(Refusal(member: member, reason: "it is larger than an audit unpacks"))
          return
        }
        try Self.write(part, to: file, member)
        part = try read(1 << 20)
      }
    } catch {
      unlink("\(folder)/\(member)")
      refusals.append(Refusal(member: member, reason: (error as? ZipError).map { "\($0.cause)" } ?? "\(error)"))
    }
  }

  private static func matters(_ member: String, _ head: [UInt8]) -> Bool {
    let suffix = AuditCandidate.suffix(member)
    // Parts of SavedModel folders and the vocabularies of `.keras` folders.
    if ["h5", "hdf5", "keras", "pb", "index"].contains(suffix) || suffix.hasPrefix("data-")
      || member.contains("assets/")
    {
      return true
    }
    if case .unknown = head.withUnsafeBytes({ ContainerKind($0) }) {
      return AuditCandidate(FileContents(head), path: member) != .other
    }
    return true
  }

  private static func file(_ path: String) throws(FileError) -> Int32 {
    var end = path.startIndex
    while let slash = path[path.index(after: end)...].firstIndex(of: "/") {
      mkdir(String(path[..<slash]), 0o700)
      end = slash
    }
    let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw FileError(path: path, .unwritable(String(cString: strerror(errno)))) }
    return file
  }

  private static func write(_ bytes: [UInt8], to file: Int32, _ member: String) throws(FileError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let written = rest.withUnsafeBytes { bytes in
        #if canImport(Darwin)
          Darwin.write(file, bytes.baseAddress, bytes.count)
        #elseif canImport(Glibc)
          Glibc.write(file, bytes.baseAddress, bytes.count)
        #else
          Musl.write(file, bytes.baseAddress, bytes.count)
        #endif
      }
      if written < 0, errno == EINTR { continue }
      guard written > 0 else { throw FileError(path: member, .unwritable(String(cString: strerror(errno)))) }
      rest = rest.dropFirst(written)
    }
  }
}
