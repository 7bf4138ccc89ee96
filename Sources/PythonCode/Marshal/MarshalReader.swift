/// Reads what CPython's `marshal.dumps` wrote (`Python/marshal.c`), for one layout of code objects.
///
/// Sizes are checked against the bytes that are there, nesting and the number of objects against fixed limits.
struct MarshalReader {
  static let maximumDepth = 48
  static let maximumObjects = 200_000
  static let maximumBytes = 16 << 20

  let layout: CodeObject.Layout
  let bytes: [UInt8]
  private(set) var offset = 0
  private var objects = 0
  private var depth = 0
  /// What later references name by number; `nil` while it is still being read.
  private var references: [PythonObject?] = []
  /// Python 2's interned strings.
  private var interned: [PythonObject] = []

  init(_ bytes: [UInt8], layout: CodeObject.Layout) throws(PythonCodeError) {
    guard bytes.count <= Self.maximumBytes else { throw .tooLarge("\(bytes.count) bytes") }
    self.bytes = bytes
    self.layout = layout
  }

  var isAtEnd: Bool { offset == bytes.count }

  func damaged(_ reason: String) -> PythonCodeError { .damaged(offset: offset, reason) }

  // MARK: Numbers

  mutating func byte() throws(PythonCodeError) -> UInt8 {
    guard offset < bytes.count else { throw damaged("it ends too early") }
    offset += 1
    return bytes[offset - 1]
  }

  private mutating func little(_ count: Int) throws(PythonCodeError) -> UInt64 {
    guard bytes.count - offset >= count else { throw damaged("it ends too early") }
    var value: UInt64 = 0
    for index in 0..<count { value |= UInt64(bytes[offset + index]) << (8 * UInt64(index)) }
    offset += count
    return value
  }

  mutating func int32() throws(PythonCodeError) -> Int {
    Int(Int32(truncatingIfNeeded: try little(4)))
  }

  private mutating func double() throws(PythonCodeError) -> Double { Double(bitPattern: try little(8)) }

  /// A number in decimal with its length before it, as Python 2 wrote floats at times.
  private mutating func decimal() throws(PythonCodeError) -> Double {
    let text = String(decoding: try run(Int(try byte())), as: UTF8.self)
    guard let value = Double(text) else { throw damaged("'\(text.prefix(40))' is no number") }
    return value
  }

  private mutating func run(_ count: Int) throws(PythonCodeError) -> [UInt8] {
    guard count >= 0, bytes.count - offset >= count else { throw damaged("a length of \(count) bytes") }
    offset += count
    return Array(bytes[offset - count..<offset])
  }

  /// Digits of 15 bits, the sign in their number.
  private mutating func long() throws(PythonCodeError) -> PythonObject {
    let count = try int32()
    let digits = abs(count)
    guard digits <= (bytes.count - offset) / 2 else { throw damaged("an integer of \(digits) digits") }
    var value = 0
    var isLarge = false
    for index in 0..<digits {
      let digit = Int(try little(2))
      guard digit < 1 << 15 else { throw damaged("a digit of \(digit)") }
      if index < 4 {
        value |= digit << (15 * index)
      } else if digit != 0 {
        isLarge = true
      }
    }
    if isLarge { return .largeInt(bits: digits * 15) }
    return .int(count < 0 ? -value : value)
  }

  // MARK: Objects

  mutating func object() throws(PythonCodeError) -> PythonObject {
    guard let object = try objectOrNull() else { throw damaged("NULL where an object is due") }
    return object
  }

  /// The next object; `nil` for the mark that ends a dictionary.
  private mutating func objectOrNull() throws(PythonCodeError) -> PythonObject? {
    objects += 1
    depth += 1
    guard objects <= Self.maximumObjects else { throw .tooLarge("more than \(Self.maximumObjects) objects") }
    guard depth <= Self.maximumDepth else { throw .tooLarge("objects nested more than \(Self.maximumDepth) deep") }
    defer { depth -= 1 }
    let mark = try byte()
    // From 3.4 on the highest bit says that the object can be referred to; its number is given before its parts are read.
    let isReferable = layout != .python2 && mark & 0x80 != 0
    let place = references.count
    if isReferable { references.append(nil) }
    let object = try content(layout == .python2 ? mark : mark & 0x7f)
    if isReferable { references[place] = object }
    return object
  }

  private mutating func content(_ type: UInt8) throws(PythonCodeError) -> PythonObject? {
    switch Unicode.Scalar(type) {
    case "0": return nil
    case "N": return PythonObject.none
    case "T": return .bool(true)
    case "F": return .bool(false)
    case "S": return .stopIteration
    case ".": return .ellipsis
    case "i": return .int(try int32())
    case "I": return .int(Int(truncatingIfNeeded: try little(8)))
    case "l": return try long()
    case "f": return .float(try decimal())
    case "g": return .float(try double())
    case "x": return .complex(try decimal(), try decimal())
    case "y": return .complex(try double(), try double())
    case "s": return .bytes(try run(int32()))
    case "t": return try string(count: int32(), isInterned: true)
    case "u": return try string(count: int32())
    case "a", "A": return try latin(count: int32())
    case "z", "Z": return try latin(count: Int(byte()))
    case "R": return try internedString(int32())
    case "r": return try reference(int32())
    case "(": return .tuple(try elements(int32()))
    case ")": return .tuple(try elements(Int(byte())))
    case "[": return .list(try elements(int32()))
    case "<", ">": return .set(try elements(int32()))
    case "{": return .dictionary(try pairs())
    case "c": return .code(try code())
    default: throw damaged("an object of the unknown type \(type)")
    }
  }

  private mutating func string(count: Int, isInterned: Bool = false) throws(PythonCodeError) -> PythonObject {
    let run = try run(count)
    guard layout == .python2, isInterned else { return .string(String(decoding: run, as: UTF8.self)) }
    interned.append(.bytes(run))
    return .bytes(run)
  }

  private mutating func latin(count: Int) throws(PythonCodeError) -> PythonObject {
    .string(PythonObject.bytes(try run(count)).text ?? "")
  }

  private func internedString(_ index: Int) throws(PythonCodeError) -> PythonObject {
    guard layout == .python2, interned.indices.contains(index) else { throw damaged("no interned string \(index)") }
    return interned[index]
  }

  private func reference(_ index: Int) throws(PythonCodeError) -> PythonObject {
    guard references.indices.contains(index), let object = references[index] else {
      throw damaged("no object \(index) to refer to")
    }
    return object
  }

  private mutating func elements(_ count: Int) throws(PythonCodeError) -> [PythonObject] {
    guard count >= 0, count <= bytes.count - offset else { throw damaged("a list of \(count) elements") }
    var elements: [PythonObject] = []
    for _ in 0..<count { elements.append(try object()) }
    return elements
  }

  private mutating func pairs() throws(PythonCodeError) -> [PythonObject.Pair] {
    var pairs: [PythonObject.Pair] = []
    while let key = try objectOrNull() { pairs.append(.init(key: key, value: try object())) }
    return pairs
  }
}
