import KerasKit

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A child process that runs this program again and speaks in lines through pipes.
///
/// Used by one thread.
final class WorkerProcess {
  /// How it ended.
  struct End {
    /// The number of the signal; `nil` if it ended by itself.
    var signal: Int32?
    var status: Int32
    /// The last it said on standard error.
    var words: String
  }

  /// Where its answers can be waited for.
  let output: Int32
  private let input: Int32
  private let errors: Int32
  private let process: pid_t
  private var received: [UInt8] = []
  private var said: [UInt8] = []
  private var isEnded = false

  /// Starts `keraskit` with these arguments; throws a failure that says why it cannot.
  init(_ arguments: [String], scratch: String) throws {
    let (toChild, fromChild, errorsOfChild) = (try Self.pipe(), try Self.pipe(), try Self.pipe())
    #if canImport(Darwin)
      var actions: posix_spawn_file_actions_t?
    #else
      var actions = posix_spawn_file_actions_t()
    #endif
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, toChild.read, STDIN_FILENO)
    posix_spawn_file_actions_adddup2(&actions, fromChild.write, STDOUT_FILENO)
    posix_spawn_file_actions_adddup2(&actions, errorsOfChild.write, STDERR_FILENO)
    let words = [CommandLine.arguments[0]] + arguments
    var argv: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    defer { for word in argv { free(word) } }
    // A backtrace takes longer than most audits.
    var environment = Self.environment(replacing: ["TMPDIR": scratch, "SWIFT_BACKTRACE": "enable=no"])
    defer { for word in environment { free(word) } }
    var process = pid_t()
    let failure = posix_spawn(&process, Self.program, &actions, nil, &argv, &environment)
    for end in [toChild.read, fromChild.write, errorsOfChild.write] { close(end) }
    guard failure == 0 else {
      for end in [toChild.write, fromChild.read, errorsOfChild.read] { close(end) }
      throw CommandFailure.input("no process can be started to read files in: \(String(cString: strerror(failure)))")
    }
    self.process = process
    (input, output, errors) = (toChild.write, fromChild.read, errorsOfChild.read)
    _ = fcntl(errors, F_SETFL, O_NONBLOCK)
  }

  deinit {
    if !isEnded {
      kill(process, SIGKILL)
      _ = wait()
    }
    for end in [input, output, errors] { close(end) }
  }

  /// Sends a line; a process that is dead already is noticed when its answer is read.
  func send(_ line: String) {
    var rest = Array((line + "\n").utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { bytes in
        #if canImport(Darwin)
          Darwin.write(input, bytes.baseAddress, bytes.count)
        #elseif canImport(Glibc)
          Glibc.write(input, bytes.baseAddress, bytes.count)
        #else
          Musl.write(input, bytes.baseAddress, bytes.count)
        #endif
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }

  /// What has arrived, to be called when `output` is readable; `nil` if the process has closed it.
  func lines() -> [String]? {
    drainErrors()
    let size = 1 << 16
    var buffer = [UInt8](repeating: 0, count: size)
    let count = read(output, &buffer, size)
    if count < 0, errno == EINTR { return [] }
    guard count > 0 else { return nil }
    received += buffer[..<count]
    guard let last = received.lastIndex(of: 0x0a) else { return [] }
    let lines = received[..<last].split(separator: 0x0a).map { String(decoding: $0, as: UTF8.self) }
    received.removeFirst(last + 1)
    return lines
  }

  /// Ends it, if it has not ended by itself, and says how it did.
  func end(killing: Bool) -> End {
    if killing { kill(process, SIGKILL) }
    let status = wait()
    drainErrors()
    let signal = status & 0x7f
    return End(
      signal: signal == 0 ? nil : signal, status: status >> 8 & 0xff, words: String(decoding: said, as: UTF8.self))
  }

  private func wait() -> Int32 {
    isEnded = true
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
    return status
  }

  /// Keeps the pipe of standard error empty, and the last of what came through it.
  private func drainErrors() {
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = read(errors, &buffer, buffer.count)
      guard count > 0 else { return }
      said = Array((said + buffer[..<count]).suffix(1 << 14))
    }
  }

  // MARK: Starting

  /// This program's own file.
  private static let program: String = {
    #if os(Linux)
      return "/proc/self/exe"
    #else
      return CommandLine.arguments[0]
    #endif
  }()

  private static func pipe() throws -> (read: Int32, write: Int32) {
    var ends: [Int32] = [0, 0]
    #if canImport(Darwin)
      let failed = Darwin.pipe(&ends) != 0
    #elseif canImport(Glibc)
      let failed = Glibc.pipe(&ends) != 0
    #else
      let failed = Musl.pipe(&ends) != 0
    #endif
    guard !failed else { throw CommandFailure.input("no pipe can be made: \(String(cString: strerror(errno)))") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
  }

  private static func environment(replacing values: [String: String]) -> [UnsafeMutablePointer<CChar>?] {
    var words: [String] = []
    var entry = environ
    while let word = entry.pointee {
      let text = String(cString: word)
      if values[String(text.prefix { $0 != "=" })] == nil { words.append(text) }
      entry += 1
    }
    return (words + values.map { "\($0)=\($1)" }).map { strdup($0) } + [nil]
  }
}
