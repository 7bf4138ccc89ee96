/// From an instruction's place to the line of the author's source.
struct LineTable {
  /// Ascending: from this offset on, this line.
  private var entries: [(offset: Int, line: Int?)] = []

  init(_ code: CodeObject, _ release: PythonRelease) {
    switch release {
    case ...PythonRelease.python3_9: readPairs(code, areSigned: release >= .python3_6)
    case .python3_10: readRanges(code)
    default: readLocations(code)
    }
  }

  func line(at offset: Int) -> Int? { entries.last { $0.offset <= offset }?.line }

  /// `co_lnotab`: steps in bytes and lines (`Objects/lnotab_notes.txt` of 2.7 to 3.9).
  private mutating func readPairs(_ code: CodeObject, areSigned: Bool) {
    var (offset, line) = (0, code.firstLine)
    entries = [(0, line)]
    for index in stride(from: 0, to: code.lineTable.count - 1, by: 2) {
      offset += Int(code.lineTable[index])
      let step = code.lineTable[index + 1]
      line += areSigned ? Int(Int8(bitPattern: step)) : Int(step)
      entries.append((offset, line))
    }
  }

  /// 3.10's `co_linetable`: how many bytes, and the step in lines; −128 for none.
  private mutating func readRanges(_ code: CodeObject) {
    var (offset, line) = (0, code.firstLine)
    for index in stride(from: 0, to: code.lineTable.count - 1, by: 2) {
      let step = Int(Int8(bitPattern: code.lineTable[index + 1]))
      if step != -128 { line += step }
      entries.append((offset, step == -128 ? nil : line))
      offset += Int(code.lineTable[index])
    }
  }

  /// 3.11's locations (`Objects/locations.md`): a byte with the kind and the length, then what the kind needs.
  private mutating func readLocations(_ code: CodeObject) {
    var (offset, line, index) = (0, code.firstLine, 0)
    let bytes = code.lineTable
    func variable() -> Int {
      var (value, shift) = (0, 0)
      while index < bytes.count, shift < 36 {
        let byte = Int(bytes[index])
        index += 1
        value |= (byte & 0x3f) << shift
        shift += 6
        if byte & 0x40 == 0 { break }
      }
      return value
    }
    func signed() -> Int {
      let value = variable()
      return value & 1 == 1 ? -(value >> 1) : value >> 1
    }
    while index < bytes.count {
      let first = Int(bytes[index])
      index += 1
      guard first & 0x80 != 0 else { return }
      let kind = first >> 3 & 0xf
      var own: Int?
      switch kind {
      case 15: own = nil
      case 14:
        line += signed()
        own = line
        for _ in 0..<3 { _ = variable() }
      case 13:
        line += signed()
        own = line
      case 10, 11, 12:
        line += kind - 10
        own = line
        index += 2
      default:
        own = line
        index += 1
      }
      entries.append((offset, own))
      offset += 2 * ((first & 7) + 1)
    }
  }
}
