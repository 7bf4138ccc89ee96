import KerasCore

/// What a file is by its first bytes; names and suffixes say nothing (`.keras` files of TensorFlow 2.12 are HDF5).
public enum ContainerKind: Equatable, Sendable {
  case hdf5, zip, json, yaml, safetensors
  /// None of these; in words, what it looks like.
  case unknown(String)

  /// Looks at the beginning of a file; more of it is touched only where HDF5 may follow a user block.
  public init(_ bytes: UnsafeRawBufferPointer) {
    // First, as a stored HDF5 file inside an archive may begin where a user block would end.
    if bytes.starts(with: [0x50, 0x4b, 0x03, 0x04]) || bytes.starts(with: [0x50, 0x4b, 0x05, 0x06]) {
      self = .zip
    } else if Self.hasHDF5Signature(bytes) {
      self = .hdf5
    } else if SafetensorsReader.begins(bytes) {
      self = .safetensors
    } else {
      self = Self.text(bytes)
    }
  }

  /// HDF5 may follow a user block of 512 bytes or a doubling of that.
  private static func hasHDF5Signature(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]
    var offset = 0
    while offset + signature.count <= bytes.count {
      if bytes[offset...].starts(with: signature) { return true }
      offset = offset == 0 ? 512 : offset * 2
    }
    return false
  }

  private static func text(_ bytes: UnsafeRawBufferPointer) -> ContainerKind {
    var start = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
    while start < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[start]) { start += 1 }
    guard start < bytes.count else { return .unknown("it is empty") }
    switch bytes[start] {
    case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "\""): return .json
    default: break
    }
    let head = bytes.prefix(64)
    if looksLikeYAML(UnsafeRawBufferPointer(rebasing: bytes[start...])) { return .yaml }
    if head.starts(with: "version https://git-lfs".utf8) {
      return .unknown("it is a Git LFS pointer, not the file itself")
    }
    if head.allSatisfy({ (0x20..<0x7f).contains($0) || [0x09, 0x0a, 0x0d].contains($0) }) {
      return .unknown("it begins with the text '\(String(decoding: head.prefix(24), as: UTF8.self))'")
    }
    let digits = head.prefix(8).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
    return .unknown("it begins with the bytes \(digits.joined(separator: " "))")
  }

  /// A mapping or a list in YAML's block style: `class_name: Model`, `- class_name: …`, `!!python/…`, `---`, a comment.
  private static func looksLikeYAML(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let line = bytes.prefix(256).prefix { $0 != 0x0a && $0 != 0x0d }
    if ["---", "%YAML", "- ", "!!python", "# "].contains(where: { line.starts(with: $0.utf8) }) { return true }
    let key = line.prefix { $0 == UInt8(ascii: "_") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
    let rest = line.dropFirst(key.count)
    return !key.isEmpty && rest.first == UInt8(ascii: ":") && (rest.count == 1 || rest.dropFirst().first == 0x20)
  }
}
