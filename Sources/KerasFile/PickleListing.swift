import DataFiles
import KerasCore

/// The functions and classes that a Python pickle names, found without doing what it says.
///
/// A pickle is a program for a small machine, and its names are imported and may be called by whoever loads it. This walks
/// over the instructions of protocols 0 to 5 and keeps the texts that they push, as a name may be put together from two.
public struct PickleListing: Sendable {
  /// `module.name`, in the order of the file, each once.
  public private(set) var names: [String] = []
  /// It calls something or builds an object, rather than only naming it.
  public private(set) var calls = false
  /// Why the walk ended before the pickle did.
  public private(set) var problem: String?

  private static let maximumNames = 10_000

  /// Walks over a pickle; several may follow each other.
  public init(_ bytes: ArraySlice<UInt8>) {
    var scanner = PickleScanner(bytes: bytes, position: bytes.startIndex)
    while problem == nil, scanner.position < bytes.endIndex {
      scanner.run()
      problem = scanner.problem
    }
    var seen: Set<String> = []
    names = scanner.names.filter { seen.insert($0).inserted }
    calls = scanner.calls
    if names.count > Self.maximumNames { names.removeLast(names.count - Self.maximumNames) }
  }

  /// The pickle in a `.npy` file of Python objects; `nil` for an array of numbers or texts.
  public init?(numpyArray bytes: [UInt8]) {
    guard let start = Self.pickleStart(bytes) else { return nil }
    self.init(bytes[start...])
  }

  /// Where the pickle of a `.npy` file begins, from its first bytes; `nil` if it has none.
  public static func pickleStart(_ bytes: [UInt8]) -> Int? {
    guard bytes.count > 12, bytes.starts(with: [0x93] + Array("NUMPY".utf8)) else { return nil }
    let start = bytes[6] == 1 ? 10 : 12
    let length = bytes[8..<start].reversed().reduce(0) { $0 << 8 | Int($1) }
    guard length <= bytes.count - start else { return nil }
    // `'|O'`, or a record with such a field.
    let header = String(decoding: bytes[start..<start + length], as: UTF8.self)
    return header.contains("|O'") || header.contains("|O\"") ? start + length : nil
  }

  /// Whether bytes begin as a pickle does: with the protocol's number, or with an instruction of protocol 0 and a line.
  public static func looksLikeOne(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard bytes.count > 2 else { return false }
    if bytes[0] == 0x80, (2...5).contains(bytes[1]) { return bytes.last == UInt8(ascii: ".") }
    // Protocol 0 and 1 have no mark; their end and a global import, a list or a dictionary at the start tell.
    guard bytes.last == UInt8(ascii: "."), bytes.count < 1 << 20 else { return false }
    if bytes[0] == UInt8(ascii: "c") {
      let line = bytes.dropFirst().prefix(128).prefix { $0 != 0x0a }
      return line.count < 128 && !line.isEmpty && line.allSatisfy { (0x21..<0x7f).contains($0) }
    }
    return bytes[0] == UInt8(ascii: "(")
      && [UInt8(ascii: "d"), UInt8(ascii: "l"), UInt8(ascii: "i")].contains(bytes[1])
  }
}

/// Walks over the instructions of one pickle with a stack that knows texts from everything else.
private struct PickleScanner {
  private enum Item {
    case text(String)
    case other, mark

    /// A text that is computed when the pickle is loaded is not known.
    var name: String { if case .text(let text) = self { text } else { "?" } }
  }

  private struct Failure: Error { var reason: String }

  let bytes: ArraySlice<UInt8>
  var position: Int
  var names: [String] = []
  var calls = false
  var problem: String?
  private var stack: [Item] = []
  private var memo: [Int: Item] = [:]

  init(bytes: ArraySlice<UInt8>, position: Int) {
    self.bytes = bytes
    self.position = position
  }

  mutating func run() {
    stack = []
    memo = [:]
    do throws(Failure) {
      while try step() {}
    } catch {
      problem = error.reason
    }
  }

  /// One instruction; `false` at the end of the pickle.
  private mutating func step() throws(Failure) -> Bool {
    let code = Unicode.Scalar(try byte())
    switch code {
    case ".": return false
    case "c":
      names.append(try line() + "." + (try line()))
      stack.append(.other)
    case "i":
      names.append(try line() + "." + (try line()))
      calls = true
      replaceToMark()
    case "\u{93}":
      let name = pop().name
      names.append(pop().name + "." + name)
      stack.append(.other)
    case "R", "\u{81}": call(2)
    case "\u{92}": call(3)
    case "b":
      calls = true
      _ = pop()
    case "o":
      calls = true
      replaceToMark()
    case "\u{82}", "\u{83}", "\u{84}":
      names.append("copyreg extension \(try number(1 << (Int(code.value) - 0x82)))")
      stack.append(.other)
    case "V", "S": stack.append(.text(try line().trimmingQuotes))
    case "\u{8c}", "U": stack.append(.text(try text(1)))
    case "X", "T": stack.append(.text(try text(4)))
    case "\u{8d}": stack.append(.text(try text(8)))
    case "p": memo[Int(try line()) ?? -1] = stack.last
    case "q": memo[try number(1)] = stack.last
    case "r": memo[try number(4)] = stack.last
    case "\u{94}": memo[memo.count] = stack.last ?? .other
    case "g": stack.append(memo[Int(try line()) ?? -1] ?? .other)
    case "h": stack.append(memo[try number(1)] ?? .other)
    case "j": stack.append(memo[try number(4)] ?? .other)
    default: try plain(code)
    }
    guard stack.count < 1 << 24 else { throw Failure(reason: "its stack overflows") }
    return true
  }

  /// Instructions that make or move plain values.
  private mutating func plain(_ code: Unicode.Scalar) throws(Failure) {
    switch code {
    case "(": stack.append(.mark)
    case "N", "\u{88}", "\u{89}", "]", ")", "}", "\u{8f}", "\u{97}": stack.append(.other)
    case "K": try value(1)
    case "M": try value(2)
    case "J": try value(4)
    case "G": try value(8)
    case "C", "\u{8a}": try value(number(1))
    case "B", "\u{8b}": try value(number(4))
    case "\u{8e}", "\u{96}": try value(number(8))
    case "I", "F", "L", "P":
      _ = try line()
      stack.append(.other)
    case "0", "a": _ = pop()
    case "s":
      _ = pop()
      _ = pop()
    case "1", "e", "u", "\u{90}": dropToMark()
    case "l", "t", "d", "\u{91}": replaceToMark()
    case "2": stack.append(stack.last ?? .other)
    case "Q", "\u{85}": call(1, counts: false)
    case "\u{86}": call(2, counts: false)
    case "\u{87}": call(3, counts: false)
    case "\u{80}": try skip(1)
    case "\u{95}": try skip(8)
    case "\u{98}": break
    default: throw Failure(reason: "the instruction 0x\(String(code.value, radix: 16)) is none of a pickle's")
    }
  }

  private mutating func value(_ size: Int) throws(Failure) {
    try skip(size)
    stack.append(.other)
  }

  private mutating func call(_ operands: Int, counts: Bool = true) {
    calls = calls || counts
    for _ in 0..<operands { _ = pop() }
    stack.append(.other)
  }

  private mutating func pop() -> Item { stack.popLast() ?? .other }

  private mutating func dropToMark() {
    while let item = stack.popLast() {
      if case .mark = item { return }
    }
  }

  private mutating func replaceToMark() {
    dropToMark()
    stack.append(.other)
  }

  private mutating func byte() throws(Failure) -> UInt8 {
    guard position < bytes.endIndex else { throw Failure(reason: "it ends early") }
    defer { position += 1 }
    return bytes[position]
  }

  private mutating func skip(_ count: Int) throws(Failure) {
    guard count >= 0, count <= bytes.endIndex - position else { throw Failure(reason: "it ends early") }
    position += count
  }

  private mutating func number(_ size: Int) throws(Failure) -> Int {
    let start = position
    try skip(size)
    let value = bytes[start..<position].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard let number = Int(exactly: value) else { throw Failure(reason: "a length of \(value)") }
    return number
  }

  private mutating func text(_ width: Int) throws(Failure) -> String {
    let length = try number(width)
    let start = position
    try skip(length)
    // Names are short; longer texts are data.
    return String(decoding: bytes[start..<min(position, start + 512)], as: UTF8.self)
  }

  private mutating func line() throws(Failure) -> String {
    guard let end = bytes[position...].firstIndex(of: 0x0a) else { throw Failure(reason: "it ends early") }
    defer { position = end + 1 }
    return String(decoding: bytes[position..<min(end, position + 512)], as: UTF8.self)
  }
}

extension String {
  fileprivate var trimmingQuotes: String {
    guard count >= 2, let mark = first, mark == last, mark == "'" || mark == "\"" else { return self }
    return String(dropFirst().dropLast())
  }
}
