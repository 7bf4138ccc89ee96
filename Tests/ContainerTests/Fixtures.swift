import KerasCore
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The path of a file in `fixtures/containers`, which `Tools/fixtures/containers.py` writes.
func fixture(_ name: String) -> String {
  let tests = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
  return "/\(tests)/fixtures/containers/\(name)"
}

func bytes(of path: String) throws -> [UInt8] { try FileContents(path: path).array() }

/// A folder of its own for one test, removed with its files afterwards.
final class TemporaryFolder {
  let path: String

  init() throws {
    var template = Array("/tmp/keraskit-XXXXXX".utf8CString)
    path = try #require(mkdtemp(&template).map { String(cString: $0) })
  }

  deinit {
    for name in files { unlink("\(path)/\(name)") }
    rmdir(path)
  }

  /// The names in the folder, hidden ones too.
  var files: [String] {
    guard let folder = opendir(path) else { return [] }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  func file(_ name: String) -> String { "\(path)/\(name)" }
}
