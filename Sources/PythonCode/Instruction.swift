/// One instruction of a code object.
public struct Instruction: Sendable, Hashable {
  /// Where it begins, in bytes.
  public var offset: Int
  /// CPython's name of it.
  public var opcode: String
  public var argument: Int
  /// Where a jump leads to, in bytes; `nil` if it is none.
  public var target: Int?
  /// The line in the author's source.
  public var line: Int?
}

/// A code object's instructions as a release of CPython reads them.
struct InstructionList {
  let release: PythonRelease
  private(set) var instructions: [Instruction] = []
  /// The place of the instruction at an offset.
  private var places: [Int: Int] = [:]

  func place(of offset: Int) -> Int? { places[offset] }

  /// Throws `.unknownRelease` if these are not that release's instructions: an unused number, a jump between
  /// instructions, a cache that holds something, an end that does not return.
  init(_ code: CodeObject, as release: PythonRelease) throws(PythonCodeError) {
    self.release = release
    let table = OpcodeTable.of(release)
    let bytes = code.instructions
    let lines = LineTable(code, release)
    func wrong(_ reason: String) -> PythonCodeError { .unknownRelease("Python \(release.rawValue): \(reason)") }
    var offset = 0
    var start = 0
    var extended = 0
    while offset < bytes.count {
      let number = bytes[offset]
      guard let name = table.name(number), name != "CACHE" else { throw wrong("no opcode has the number \(number)") }
      var argument = extended
      var next = offset + 1
      if release.hasFixedWidth {
        guard next < bytes.count else { throw wrong("the last instruction is cut off") }
        argument |= Int(bytes[next])
        next += 1
      } else if table.hasArgument(number) {
        guard next + 1 < bytes.count else { throw wrong("the last instruction is cut off") }
        argument |= Int(bytes[next]) | Int(bytes[next + 1]) << 8
        next += 2
      }
      if name == "EXTENDED_ARG" {
        guard argument < 1 << 24 else { throw wrong("an argument beyond 32 bits") }
        extended = argument << (release.hasFixedWidth ? 8 : 16)
        offset = next
        continue
      }
      extended = 0
      let caches = 2 * table.cacheCount(name)
      guard next + caches <= bytes.count, !bytes[next..<next + caches].contains(where: { $0 != 0 }) else {
        throw wrong("\(name) is not followed by its cache")
      }
      next += caches
      places[start] = instructions.count
      // A jump to an argument's extension means the instruction.
      places[offset] = instructions.count
      let target = Self.target(name, argument, next: next, release)
      instructions.append(
        Instruction(offset: offset, opcode: name, argument: argument, target: target, line: lines.line(at: offset)))
      offset = next
      start = next
    }
    for instruction in instructions {
      if let target = instruction.target, places[target] == nil {
        throw wrong("\(instruction.opcode) leads into the middle of an instruction")
      }
    }
    if release >= .python3_11, !instructions.contains(where: { $0.opcode == "RESUME" }) {
      throw wrong("there is no RESUME")
    }
    let ends: Set<String> = [
      "RETURN_VALUE", "RETURN_CONST", "JUMP_ABSOLUTE", "JUMP_FORWARD", "JUMP_BACKWARD", "RAISE_VARARGS", "RERAISE",
    ]
    guard let last = instructions.last, ends.contains(last.opcode) else { throw wrong("its end does not return") }
  }

  private static let absoluteJumps: Set<String> = [
    "JUMP_ABSOLUTE", "POP_JUMP_IF_FALSE", "POP_JUMP_IF_TRUE", "JUMP_IF_FALSE_OR_POP", "JUMP_IF_TRUE_OR_POP",
    "CONTINUE_LOOP", "JUMP_IF_NOT_EXC_MATCH",
  ]
  private static let forwardJumps: Set<String> = [
    "JUMP_FORWARD", "FOR_ITER", "SETUP_LOOP", "SETUP_FINALLY", "SETUP_WITH", "SETUP_EXCEPT", "SEND",
    "POP_JUMP_FORWARD_IF_FALSE", "POP_JUMP_FORWARD_IF_TRUE", "POP_JUMP_FORWARD_IF_NONE",
    "POP_JUMP_FORWARD_IF_NOT_NONE", "POP_JUMP_IF_NONE", "POP_JUMP_IF_NOT_NONE",
  ]
  private static let backwardJumps: Set<String> = [
    "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT", "POP_JUMP_BACKWARD_IF_FALSE", "POP_JUMP_BACKWARD_IF_TRUE",
    "POP_JUMP_BACKWARD_IF_NONE", "POP_JUMP_BACKWARD_IF_NOT_NONE",
  ]

  /// Targets count in bytes before 3.10 and in units of two from then on; from 3.11 on all are relative.
  private static func target(_ name: String, _ argument: Int, next: Int, _ release: PythonRelease) -> Int? {
    let unit = release >= .python3_10 ? 2 : 1
    if backwardJumps.contains(name) { return next - unit * argument }
    if forwardJumps.contains(name) { return next + unit * argument }
    guard absoluteJumps.contains(name) else { return nil }
    return release >= .python3_11 ? next + unit * argument : unit * argument
  }
}
