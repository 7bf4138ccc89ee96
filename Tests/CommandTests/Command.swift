import Foundation
import PackedFixtures

/// The built `keraskit`, run as a user runs it.
enum Command {
  struct Result {
    var status: Int32
    var output: String
    var errors: String
    /// The lines on standard error.
    var errorLines: [Substring] { errors.split(separator: "\n") }
  }

  static let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")

  /// The binary lies beside the test bundle.
  static var binary: URL {
    let start = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }?.bundleURL ?? Bundle.main.bundleURL
    var folder = start
    for _ in 0..<4 {
      let candidate = folder.appendingPathComponent("keraskit")
      if FileManager.default.isExecutableFile(atPath: candidate.path) { return candidate }
      folder.deleteLastPathComponent()
    }
    return start.appendingPathComponent("keraskit")
  }

  static func run(_ arguments: String...) throws -> Result { try run(arguments) }

  static func run(_ arguments: [String]) throws -> Result {
    let process = Process()
    process.executableURL = binary
    process.arguments = arguments
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    // Both are drained at once: a full pipe would stop the process.
    let reader = ErrorReader(errors.fileHandleForReading)
    let text = output.fileHandleForReading.readDataToEndOfFile()
    let errorText = reader.finish()
    process.waitUntilExit()
    return Result(
      status: process.terminationStatus, output: String(decoding: text, as: UTF8.self),
      errors: String(decoding: errorText, as: UTF8.self))
  }

  static func fixture(_ name: String) -> String { PackedFixtures.path(name) }

  /// A new empty folder.
  static func folder() throws -> String {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("keraskit-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    return url.path
  }
}

/// Reads a handle to its end on another thread.
private final class ErrorReader: @unchecked Sendable {
  private var data = Data()
  private let done = DispatchSemaphore(value: 0)

  init(_ handle: FileHandle) {
    Thread.detachNewThread {
      self.data = handle.readDataToEndOfFile()
      self.done.signal()
    }
  }

  func finish() -> Data {
    done.wait()
    return data
  }
}
