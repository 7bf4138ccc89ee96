extension MarshalReader {
  /// A code object's fields, behind its type.
  mutating func code() throws(PythonCodeError) -> CodeObject {
    let argumentCount = try count()
    let positionalOnly = layout == .python3_8 || layout == .python3_11 ? try count() : 0
    let keywordOnly = layout == .python2 ? 0 : try count()
    if layout != .python3_11 { _ = try count() }  // nlocals, which the names tell
    _ = try count()  // stacksize
    let flags = try int32()
    let instructions = try byteString()
    guard case .tuple(let constants) = try object() else { throw damaged("constants that are no tuple") }
    let names = try strings()
    var locals = try strings()
    var cells: [String] = []
    var free: [String] = []
    if layout == .python3_11 {
      let kinds = try byteString()
      guard kinds.count == locals.count else { throw damaged("\(kinds.count) kinds of \(locals.count) variables") }
      for (name, kind) in zip(locals, kinds) {
        if kind & 0x40 != 0 { cells.append(name) }
        if kind & 0x80 != 0 { free.append(name) }
      }
    } else {
      free = try strings()
      cells = try strings()
    }
    let fileName = try text()
    let name = try text()
    if layout == .python3_11 { _ = try text() }  // qualname
    let firstLine = try int32()
    let lineTable = try byteString()
    if layout == .python3_11 { _ = try byteString() }  // exceptiontable
    if locals.count < argumentCount + keywordOnly {
      throw damaged("\(argumentCount + keywordOnly) arguments of \(locals.count) variables")
    }
    locals.reserveCapacity(locals.count)
    return CodeObject(
      layout: layout, argumentCount: argumentCount, positionalOnlyCount: positionalOnly, keywordOnlyCount: keywordOnly,
      flags: flags, instructions: instructions, constants: constants, names: names, locals: locals, cells: cells,
      freeVariables: free, fileName: fileName, name: name, firstLine: firstLine, lineTable: lineTable)
  }

  private mutating func count() throws(PythonCodeError) -> Int {
    let value = try int32()
    guard value >= 0, value < 1 << 16 else { throw damaged("a count of \(value)") }
    return value
  }

  private mutating func byteString() throws(PythonCodeError) -> [UInt8] {
    guard case .bytes(let bytes) = try object() else { throw damaged("something else where bytes are due") }
    return bytes
  }

  private mutating func text() throws(PythonCodeError) -> String {
    guard let text = try object().text else { throw damaged("something else where a name is due") }
    return text
  }

  private mutating func strings() throws(PythonCodeError) -> [String] {
    guard case .tuple(let elements) = try object() else { throw damaged("something else where names are due") }
    let strings = elements.compactMap(\.text)
    guard strings.count == elements.count else { throw damaged("something else among names") }
    return strings
  }
}

extension CodeObject {
  /// Reads a marshalled code object of CPython 2.7 or 3.4 to 3.13, whose fields tell the layout.
  ///
  /// Throws `PythonCodeError.damaged` or `.tooLarge`.
  public init(marshalled bytes: [UInt8]) throws(PythonCodeError) {
    guard let type = bytes.first, type & 0x7f == UInt8(ascii: "c") else {
      throw .damaged(offset: 0, "no code object begins here")
    }
    var failure: PythonCodeError?
    for layout in Layout.allCases {
      do throws(PythonCodeError) {
        var reader = try MarshalReader(bytes, layout: layout)
        guard case .code(let code) = try reader.object() else { continue }
        guard reader.isAtEnd else { throw reader.damaged("more bytes behind the code") }
        self = code
        return
      } catch {
        // The layout that reached farthest says best what is wrong.
        if error.reach >= failure?.reach ?? -1 { failure = error }
      }
    }
    throw failure ?? .damaged(offset: 0, "no code object begins here")
  }
}

extension PythonCodeError {
  fileprivate var reach: Int {
    switch self {
    case .damaged(let offset, _): offset
    case .tooLarge: .max
    default: 0
    }
  }
}
