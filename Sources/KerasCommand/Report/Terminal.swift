#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Standard output and standard error: what they are connected to, and writing to them.
enum Terminal {
  enum Color: String {
    case red = "31", yellow = "33", blue = "34", green = "32", bold = "1", dim = "2"
  }

  static let outputIsTerminal = isatty(STDOUT_FILENO) == 1
  static let errorIsTerminal = isatty(STDERR_FILENO) == 1

  private static var refusesColor: Bool {
    // https://no-color.org: any value but an empty one.
    guard let value = getenv("NO_COLOR") else { return false }
    return value.pointee != 0
  }

  /// Whether standard output takes colours.
  static let hasColor = outputIsTerminal && !refusesColor

  /// A reader that closes the pipe early (`head`) ends the program silently instead of with a signal.
  static func prepare() { signal(SIGPIPE, SIG_DFL) }

  static func colored(_ text: String, _ color: Color) -> String {
    hasColor ? "\u{1b}[\(color.rawValue)m\(text)\u{1b}[0m" : text
  }

  /// The number of columns to fill: the terminal's, within reason, or 100.
  static var width: Int {
    var size = winsize()
    guard outputIsTerminal, ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 100 }
    return min(140, max(60, Int(size.ws_col)))
  }

  static func print(_ text: String, terminator: String = "\n") { write(text + terminator, to: STDOUT_FILENO) }

  static func printError(_ message: String) {
    // One line, whatever a file's own text put into the message.
    let line = message.split(whereSeparator: \.isNewline).map(String.init).joined(separator: " ")
    write("error: \(printable(line))\n", to: STDERR_FILENO)
  }

  static func printNote(_ message: String) { write("\(printable(message))\n", to: STDERR_FILENO) }

  static func writeProgress(_ text: String) { write(text, to: STDERR_FILENO) }

  static func exit(_ status: ExitStatus) -> Never {
    #if canImport(Glibc)
      Glibc.exit(status.rawValue)
    #elseif canImport(Musl)
      Musl.exit(status.rawValue)
    #else
      Darwin.exit(status.rawValue)
    #endif
  }

  /// Names from files must not steer the terminal: control characters are shown as `?`.
  static func printable(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7f ? "?" : $0 }))
  }

  private static func write(_ text: String, to descriptor: Int32) {
    var text = text
    text.withUTF8 { bytes in
      var rest = UnsafeRawBufferPointer(bytes)
      while let base = rest.baseAddress, !rest.isEmpty {
        #if canImport(Glibc)
          let count = Glibc.write(descriptor, base, rest.count)
        #elseif canImport(Musl)
          let count = Musl.write(descriptor, base, rest.count)
        #else
          let count = Darwin.write(descriptor, base, rest.count)
        #endif
        if count < 0 {
          if errno == EINTR { continue }
          return
        }
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      }
    }
  }
}
