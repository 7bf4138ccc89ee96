import KerasCore
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

@Suite final class AtomicFileTests {
  let folder: String

  init() throws {
    var template = Array("/tmp/keraskit-XXXXXX".utf8CString)
    folder = try #require(mkdtemp(&template).map { String(cString: $0) })
  }

  deinit {
    for name in ["out", "link"] { unlink("\(folder)/\(name)") }
    // Fails, and leaves the folder to be seen, if a temporary file was forgotten.
    rmdir(folder)
  }

  private func content(_ name: String) throws -> String {
    String(decoding: try FileContents(path: "\(folder)/\(name)").array(), as: UTF8.self)
  }

  @Test func `a file appears only when it is committed`() throws {
    let file = try AtomicFile(replacing: "\(folder)/out")
    try file.write("hello ")
    try file.write(Array("world".utf8))
    #expect(throws: FileError(path: "\(folder)/out", .notFound)) { try content("out") }
    try file.commit()
    #expect(try content("out") == "hello world")
  }

  @Test func `an abandoned file leaves what was there, and nothing of itself`() throws {
    try AtomicFile.write(Array("old".utf8), to: "\(folder)/out")
    var temporary = ""
    do {
      let file = try AtomicFile(replacing: "\(folder)/out")
      try file.write("new")
      temporary = file.temporaryPath
      #expect(access(temporary, F_OK) == 0)
    }
    #expect(access(temporary, F_OK) != 0)
    #expect(try content("out") == "old")
  }

  @Test func `a symbolic link stays one, and its target is replaced`() throws {
    try AtomicFile.write(Array("old".utf8), to: "\(folder)/out")
    #expect(symlink("\(folder)/out", "\(folder)/link") == 0)
    try AtomicFile.write(Array("new".utf8), to: "\(folder)/link")
    #expect(try content("out") == "new")
    var status = stat()
    #expect(lstat("\(folder)/link", &status) == 0)
    #expect(status.st_mode & S_IFMT == S_IFLNK)
  }

  @Test(arguments: ["/nonexistent/folder/out", "/dev/null", "/tmp"])
  func `places that cannot be written are refused in words`(path: String) {
    let error = #expect(throws: FileError.self) { try AtomicFile(replacing: path) }
    guard case .unwritable(let reason) = error?.cause else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(!reason.isEmpty)
  }

  @Test func `folders and absent files cannot be read`() {
    #expect(throws: FileError(path: "/nonexistent", .notFound)) { try FileContents(path: "/nonexistent") }
    #expect(throws: FileError(path: "/tmp", .unreadable("it is a folder"))) { try FileContents(path: "/tmp") }
  }
}
