import KerasCore

/// The opcodes of one release by number, and how its instructions are laid out.
struct OpcodeTable: Sendable {
  let release: PythonRelease
  private let names: [String?]
  /// The number from which on opcodes have an argument, where instructions have no fixed width.
  private static let firstWithArgument = 90

  /// Bytes of CPython's own that follow an instruction, in units of two (`_inline_cache_entries` of `Lib/opcode.py`).
  private let caches: [String: Int]

  static func of(_ release: PythonRelease) -> OpcodeTable { tables[release] ?? OpcodeTable(release) }

  private static let tables = Dictionary(
    uniqueKeysWithValues: PythonRelease.allCases.map { ($0, OpcodeTable($0)) })

  private init(_ release: PythonRelease) {
    self.release = release
    var names: [String?] = Array(repeating: nil, count: 256)
    for (name, number) in Self.numbers(in: release) { names[number] = name }
    self.names = names
    caches = Self.caches(in: release)
  }

  /// The opcode's name; `nil` for a number that the release does not use.
  func name(_ number: UInt8) -> String? { names[Int(number)] }

  func hasArgument(_ number: UInt8) -> Bool { release.hasFixedWidth || Int(number) >= Self.firstWithArgument }

  func cacheCount(_ name: String) -> Int { caches[name] ?? 0 }

  private static func numbers(in release: PythonRelease) -> [String: Int] {
    let changes = OpcodeNumbers.changes(in: release)
    var numbers = changes.previous.map { Self.numbers(in: $0) } ?? [:]
    for name in changes.removed.split(separator: " ") { numbers[String(name)] = nil }
    for pair in changes.added.split(separator: " ") {
      let parts = pair.split(separator: "=")
      if parts.count == 2, let number = Int(parts[1]), number < 256 { numbers[String(parts[0])] = number }
    }
    return numbers
  }

  private static func caches(in release: PythonRelease) -> [String: Int] {
    switch release {
    case .python3_11:
      [
        "BINARY_SUBSCR": 4, "STORE_SUBSCR": 1, "UNPACK_SEQUENCE": 1, "STORE_ATTR": 4, "LOAD_ATTR": 4, "COMPARE_OP": 2,
        "LOAD_GLOBAL": 5, "BINARY_OP": 1, "LOAD_METHOD": 10, "PRECALL": 1, "CALL": 4,
      ]
    case .python3_12:
      [
        "LOAD_GLOBAL": 4, "BINARY_OP": 1, "UNPACK_SEQUENCE": 1, "COMPARE_OP": 1, "BINARY_SUBSCR": 1, "FOR_ITER": 1,
        "LOAD_SUPER_ATTR": 1, "LOAD_ATTR": 9, "STORE_ATTR": 4, "CALL": 3, "STORE_SUBSCR": 1, "SEND": 1,
      ]
    case .python3_13:
      [
        "LOAD_GLOBAL": 4, "BINARY_OP": 1, "UNPACK_SEQUENCE": 1, "COMPARE_OP": 1, "CONTAINS_OP": 1, "BINARY_SUBSCR": 1,
        "FOR_ITER": 1, "LOAD_SUPER_ATTR": 1, "LOAD_ATTR": 9, "STORE_ATTR": 4, "CALL": 3, "STORE_SUBSCR": 1, "SEND": 1,
        "JUMP_BACKWARD": 1, "TO_BOOL": 3, "POP_JUMP_IF_TRUE": 1, "POP_JUMP_IF_FALSE": 1, "POP_JUMP_IF_NONE": 1,
        "POP_JUMP_IF_NOT_NONE": 1,
      ]
    default: [:]
    }
  }
}

extension OpcodeTable {
  /// Whether an opcode's argument means something; from 3.6 on all have one, most of them 0.
  static func takesArgument(_ name: String) -> Bool {
    let prefixes = [
      "BUILD_", "CALL", "UNPACK_", "COMPARE_", "MAKE_", "LIST_", "COPY", "SWAP", "SET_FUNCTION", "IS_", "CONTAINS_",
    ]
    return name == "BINARY_OP" || prefixes.contains { name.hasPrefix($0) }
  }
}
