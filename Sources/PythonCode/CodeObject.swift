/// A code object of CPython, one function's instructions with its constants and names: read as data, never run.
public struct CodeObject: Sendable, Hashable {
  /// Which fields the releases marshal, in which order (`Python/marshal.c`).
  public enum Layout: String, CaseIterable, Sendable {
    /// argcount, nlocals, stacksize, flags.
    case python2 = "2.7"
    /// With kwonlyargcount.
    case python3_0 = "3.0 to 3.7"
    /// With posonlyargcount.
    case python3_8 = "3.8 to 3.10"
    /// Without nlocals; one list of all local variables with their kinds.
    case python3_11 = "3.11 or later"
  }

  public var layout: Layout
  /// Arguments that may be given by position, those that may be given by position only among them.
  public var argumentCount: Int
  public var positionalOnlyCount: Int
  public var keywordOnlyCount: Int
  public var flags: Int
  public var instructions: [UInt8]
  public var constants: [PythonObject]
  /// Globals and attributes.
  public var names: [String]
  /// Arguments first; from 3.11 on with the cells and free variables among them.
  public var locals: [String]
  public var cells: [String]
  public var freeVariables: [String]
  public var fileName: String
  public var name: String
  public var firstLine: Int
  public var lineTable: [UInt8]

  public var takesExtraPositional: Bool { flags & 0x04 != 0 }
  public var takesExtraKeywords: Bool { flags & 0x08 != 0 }
  public var isGenerator: Bool { flags & 0x20 != 0 }
  public var isAsynchronous: Bool { flags & 0x280 != 0 }

  /// The names of all arguments: by position, by keyword only, `*args`, `**kwargs`.
  public var argumentNames: [String] {
    let extra = (takesExtraPositional ? 1 : 0) + (takesExtraKeywords ? 1 : 0)
    return Array(locals.prefix(argumentCount + keywordOnlyCount + extra))
  }

  /// The variable that `LOAD_FAST` names by that number.
  func local(_ index: Int) -> String? { locals.indices.contains(index) ? locals[index] : nil }

  /// The variable that `LOAD_DEREF` names by that number.
  func cell(_ index: Int) -> String? {
    if layout == .python3_11 { return local(index) }
    if cells.indices.contains(index) { return cells[index] }
    let free = index - cells.count
    return freeVariables.indices.contains(free) ? freeVariables[free] : nil
  }
}
