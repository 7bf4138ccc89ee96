import OrderedCollections

extension PythonInterpreter {
  /// Instructions that only move what is on the stack; whether it was one.
  mutating func stackOperation(
    _ instruction: Instruction, _ frame: inout Frame
  ) throws(PythonCodeError) -> Bool {
    let argument = instruction.argument
    switch instruction.opcode {
    // GEN_START takes what a generator is sent, which here never lay on the stack.
    case "NOP", "RESUME", "PRECALL", "COPY_FREE_VARS", "TO_BOOL", "GEN_START": break
    case "POP_TOP": _ = try pop(&frame)
    case "ROT_TWO": try rotate(2, &frame)
    case "ROT_THREE": try rotate(3, &frame)
    case "ROT_FOUR": try rotate(4, &frame)
    case "ROT_N": try rotate(argument, &frame)
    case "DUP_TOP": try duplicate(1, &frame)
    case "DUP_TOP_TWO": try duplicate(2, &frame)
    case "DUP_TOPX": try duplicate(argument, &frame)
    case "COPY": frame.stack.append(try peek(argument, frame))
    case "SWAP":
      _ = try peek(argument, frame)
      frame.stack.swapAt(frame.stack.count - argument, frame.stack.count - 1)
    case "PUSH_NULL": frame.stack.append(.null)
    case "KW_NAMES":
      guard frame.code.constants.indices.contains(argument),
        case .tuple(let names) = frame.code.constants[argument]
      else { throw refusal("names of arguments that are no tuple", frame) }
      frame.keywordNames = names.compactMap(\.text)
    default: return false
    }
    return true
  }

  private func peek(_ place: Int, _ frame: Frame) throws(PythonCodeError) -> Item {
    guard place > 0, place <= frame.stack.count else { throw refusal("nothing that deep on the stack", frame) }
    return frame.stack[frame.stack.count - place]
  }

  private func duplicate(_ count: Int, _ frame: inout Frame) throws(PythonCodeError) {
    let items = try pop(count, &frame)
    frame.stack += items + items
  }

  /// The top goes below the others.
  private func rotate(_ count: Int, _ frame: inout Frame) throws(PythonCodeError) {
    var items = try pop(count, &frame)
    guard let top = items.popLast() else { throw refusal("nothing to rotate", frame) }
    frame.stack += [top] + items
  }

  // MARK: Variables, globals, attributes

  mutating func load(_ instruction: Instruction, _ frame: inout Frame) throws(PythonCodeError) -> Bool {
    let argument = instruction.argument
    switch instruction.opcode {
    case "LOAD_CONST": frame.stack.append(try constant(argument, frame))
    case "LOAD_FAST", "LOAD_FAST_CHECK": frame.stack.append(try variable(argument, frame))
    case "LOAD_FAST_LOAD_FAST":
      frame.stack.append(try variable(argument >> 4, frame))
      frame.stack.append(try variable(argument & 15, frame))
    case "LOAD_FAST_AND_CLEAR":
      let name = try localName(argument, frame)
      frame.stack.append(frame.locals[name] ?? .null)
      frame.locals[name] = nil
    case "STORE_FAST": try store(argument, &frame)
    case "STORE_FAST_LOAD_FAST":
      try store(argument >> 4, &frame)
      frame.stack.append(try variable(argument & 15, frame))
    case "STORE_FAST_STORE_FAST":
      try store(argument >> 4, &frame)
      try store(argument & 15, &frame)
    case "DELETE_FAST": frame.locals[try localName(argument, frame)] = nil
    case "MAKE_CELL":
      let name = try localName(argument, frame)
      if frame.cells[name] == nil { frame.cells[name] = PythonCell(frame.locals[name]) }
    case "LOAD_CLOSURE": frame.stack.append(.cell(try cell(argument, frame)))
    case "LOAD_DEREF", "LOAD_CLASSDEREF":
      guard let content = try cell(argument, frame).content else {
        throw refusal("the variable '\(frame.code.cell(argument) ?? "")' before it has a value", frame)
      }
      frame.stack.append(content)
    case "STORE_DEREF":
      let item = try pop(&frame)
      try countStore(of: item, frame)
      try cell(argument, frame).content = item
    case "LOAD_GLOBAL", "LOAD_NAME": try loadGlobal(instruction, &frame)
    case "LOAD_ATTR": try loadAttribute(instruction, &frame)
    case "LOAD_METHOD":
      let base = try pop(&frame)
      frame.stack += [.null, .attribute(of: base, try name(argument, frame))]
    case "IMPORT_NAME":
      _ = try pop(2, &frame)
      frame.stack.append(try importedModule(name(argument, frame), frame))
    case "IMPORT_FROM":
      guard let module = frame.stack.last else { throw refusal("nothing to import from", frame) }
      frame.stack.append(.attribute(of: module, try name(argument, frame)))
    default: return false
    }
    return true
  }

  func name(_ index: Int, _ frame: Frame) throws(PythonCodeError) -> String {
    guard frame.code.names.indices.contains(index) else { throw refusal("no name \(index)", frame) }
    return frame.code.names[index]
  }

  private func localName(_ index: Int, _ frame: Frame) throws(PythonCodeError) -> String {
    guard let name = frame.code.local(index) else { throw refusal("no variable \(index)", frame) }
    return name
  }

  /// A variable's content; its cell where inner functions share it (3.13 loads cells as variables).
  private func variable(_ index: Int, _ frame: Frame) throws(PythonCodeError) -> Item {
    let name = try localName(index, frame)
    if release >= .python3_11, let cell = frame.cells[name] { return .cell(cell) }
    guard let item = frame.locals[name] else { throw refusal("the variable '\(name)' before it has a value", frame) }
    return item
  }

  private func store(_ index: Int, _ frame: inout Frame) throws(PythonCodeError) {
    let name = try localName(index, frame)
    let item = try pop(&frame)
    if case .null = item { frame.locals[name] = nil } else { frame.locals[name] = item }
  }

  private func cell(_ index: Int, _ frame: Frame) throws(PythonCodeError) -> PythonCell<Value> {
    guard let name = frame.code.cell(index), let cell = frame.cells[name] else {
      throw refusal("no shared variable \(index)", frame)
    }
    return cell
  }

  private mutating func loadGlobal(_ instruction: Instruction, _ frame: inout Frame) throws(PythonCodeError) {
    // From 3.11 on the lowest bit asks for the mark that a callable needs.
    let hasMark = release >= .python3_11 && instruction.opcode == "LOAD_GLOBAL"
    let name = try name(hasMark ? instruction.argument >> 1 : instruction.argument, frame)
    // Python 2 has True and False among the names.
    let literals: [String: PythonObject] = ["True": .bool(true), "False": .bool(false), "None": .none]
    let literal = release == .python2_7 ? literals[name] : nil
    let value = Item.value(
      try asked(frame) { (semantics: inout Semantics) throws(Semantics.Failure) in
        if let literal { return try semantics.constant(literal) }
        return try semantics.global(name)
      })
    push(callable: value, marked: hasMark && instruction.argument & 1 == 1, &frame)
  }

  private mutating func loadAttribute(_ instruction: Instruction, _ frame: inout Frame) throws(PythonCodeError) {
    // From 3.12 on the lowest bit says that a method is wanted.
    let hasMark = release >= .python3_12
    let base = try pop(&frame)
    let name = try name(hasMark ? instruction.argument >> 1 : instruction.argument, frame)
    push(callable: .attribute(of: base, name), marked: hasMark && instruction.argument & 1 == 1, &frame)
  }

  /// 3.13 has the mark above the callable, 3.11 and 3.12 below it.
  private func push(callable: Item, marked: Bool, _ frame: inout Frame) {
    if marked, release < .python3_13 { frame.stack.append(.null) }
    frame.stack.append(callable)
    if marked, release >= .python3_13 { frame.stack.append(.null) }
  }

  /// Only modules whose functions have a meaning here can be imported; `import a.b` gives `a`.
  private mutating func importedModule(_ name: String, _ frame: Frame) throws(PythonCodeError) -> Item {
    let roots: Set<Substring> = [
      "tensorflow", "keras", "numpy", "math", "tensorflow_addons", "functools", "warnings", "logging",
    ]
    guard let root = name.split(separator: ".").first, roots.contains(root) else {
      throw refusal("the import of '\(name)'", frame)
    }
    let value = try asked(frame) { (semantics: inout Semantics) throws(Semantics.Failure) in
      try semantics.global(name)
    }
    return .value(value)
  }
}
