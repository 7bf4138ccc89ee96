import KerasKit

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A file of JSON Lines that grows while training goes on; every line is whole when it is written.
final class RunLog {
  private let path: String
  private let descriptor: Int32

  /// Appends to a file, or makes it.
  init(_ path: String) throws {
    self.path = path
    descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      throw CommandFailure.usage("\(path): cannot be written: \(String(cString: strerror(errno)))")
    }
  }

  deinit { close(descriptor) }

  func add(_ event: String, _ content: JSON) throws {
    var line: JSON = ["event": .string(event)]
    for (key, value) in content.objectValue ?? [:] { line[key] = value }
    let bytes = Array((line.text() + "\n").utf8)
    let written = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    guard written == bytes.count else {
      throw CommandFailure.input("\(path): cannot be written: \(String(cString: strerror(errno)))")
    }
  }
}
