import OrderedCollections

/// Follows the instructions of a code object on values that `PythonSemantics` gives a meaning.
///
/// Nothing of Python runs: an instruction without a meaning here is refused by name. Steps, calls and the size of lists
/// are limited.
public struct PythonInterpreter<Semantics: PythonSemantics> {
  typealias Value = Semantics.Value
  typealias Item = PythonItem<Semantics.Value>
  typealias Frame = PythonFrame<Semantics.Value>

  static var maximumSteps: Int { 200_000 }
  static var maximumDepth: Int { 24 }
  static var maximumElements: Int { 65_536 }
  /// Of lists in lists, closures in closures …: what nests deeper ends the stack of whoever walks over it or lets it go.
  static var maximumNesting: Int { 64 }
  /// How many containers are put into lists and variables that exist already, each a level that nobody counts.
  static var maximumStores: Int { 1024 }

  public var semantics: Semantics
  let release: PythonRelease
  private var steps = 0
  private var depth = 0
  private var stores = 0
  /// How deep choices between two ways nest; each doubles the work.
  private var forks = 0

  public init(_ semantics: Semantics, release: PythonRelease) {
    self.semantics = semantics
    self.release = release
  }

  /// What the function gives for arguments; `defaults` are those of its last positional arguments, `closure` the contents
  /// of its free variables in order.
  ///
  /// Throws `PythonCodeError.refused` for the first thing it does that has no meaning here.
  public mutating func call(
    _ code: CodeObject, _ positional: [Semantics.Value],
    keywords: OrderedDictionary<String, PythonArgument<Semantics.Value>> = [:],
    defaults: [PythonArgument<Semantics.Value>] = [], closure: [PythonArgument<Semantics.Value>] = []
  ) throws(PythonCodeError) -> Semantics.Value {
    let function = PythonFunction<Semantics.Value>(
      code, defaults: defaults.map(\.item), closure: closure.map { PythonCell($0.item) })
    guard closure.count == code.freeVariables.count else {
      throw PythonCodeError.refused(
        .init(
          reason:
            "it has \(code.freeVariables.count) variables of an outer function (\(code.freeVariables.joined(separator: ", "))), of which the file holds \(closure.count)",
          function: code.name))
    }
    let item = try call(function, positional.map { .value($0) }, keywords.mapValues(\.item))
    let frame = try frame(of: function)
    return try value(item, frame)
  }

  // MARK: Frames

  private func frame(of function: PythonFunction<Value>) throws(PythonCodeError) -> Frame {
    Frame(function: function, list: try InstructionList(function.code, as: release))
  }

  mutating func call(
    _ function: PythonFunction<Value>, _ positional: [Item], _ keywords: OrderedDictionary<String, Item>
  ) throws(PythonCodeError) -> Item {
    var frame = try frame(of: function)
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.maximumDepth else { throw refusal("calls nested more than \(Self.maximumDepth) deep", frame) }
    guard !function.code.isAsynchronous else { throw refusal("an asynchronous function", frame) }
    try bind(positional, keywords, &frame)
    for (name, cell) in zip(function.code.freeVariables, function.closure) { frame.cells[name] = cell }
    for name in function.code.cells where frame.cells[name] == nil {
      frame.cells[name] = PythonCell(frame.locals[name])
    }
    return try run(&frame)
  }

  private mutating func bind(
    _ positional: [Item], _ keywords: OrderedDictionary<String, Item>, _ frame: inout Frame
  ) throws(PythonCodeError) {
    let function = frame.function
    let code = function.code
    var keywords = keywords
    let plain = code.locals.prefix(code.argumentCount)
    for (name, item) in zip(plain, positional) { frame.locals[name] = item }
    let extra = Array(positional.dropFirst(code.argumentCount))
    let keywordOnly = code.locals.dropFirst(code.argumentCount).prefix(code.keywordOnlyCount)
    for name in Array(plain.dropFirst(positional.count)) + keywordOnly {
      if let item = keywords.removeValue(forKey: name) { frame.locals[name] = item }
    }
    for (name, item) in zip(plain.suffix(function.defaults.count), function.defaults.suffix(plain.count))
    where frame.locals[name] == nil { frame.locals[name] = item }
    for (name, item) in function.keywordDefaults where frame.locals[name] == nil { frame.locals[name] = item }
    var rest = code.locals.dropFirst(code.argumentCount + code.keywordOnlyCount)
    if code.takesExtraPositional, let name = rest.popFirst() {
      frame.locals[name] = .tuple(extra)
    } else if !extra.isEmpty {
      throw refusal("\(positional.count) arguments of a function of \(code.argumentCount)", frame)
    }
    if code.takesExtraKeywords, let name = rest.popFirst() {
      frame.locals[name] = .keywords(keywords)
    } else if let unknown = keywords.keys.first {
      throw refusal("the argument '\(unknown)' of a function without it", frame)
    }
    for name in plain + keywordOnly where frame.locals[name] == nil {
      throw refusal("no value for the argument '\(name)'", frame)
    }
  }

  /// Follows a frame to its return.
  private mutating func run(_ frame: inout Frame) throws(PythonCodeError) -> Item {
    while frame.list.instructions.indices.contains(frame.place) {
      steps += 1
      guard steps <= Self.maximumSteps else { throw refusal("more than \(Self.maximumSteps) steps", frame) }
      let instruction = frame.list.instructions[frame.place]
      frame.place += 1
      switch instruction.opcode {
      case "RETURN_VALUE":
        let result = try pop(&frame)
        return frame.code.isGenerator ? .iterator(PythonIterator(frame.yielded)) : result
      case "RETURN_CONST":
        let result = try constant(instruction.argument, frame)
        return frame.code.isGenerator ? .iterator(PythonIterator(frame.yielded)) : result
      default: break
      }
      if let branch = try condition(instruction, &frame) {
        if let chosen = branch.isTaken {
          try branch.follow(chosen, &frame)
        } else {
          return try fork(branch, frame)
        }
        continue
      }
      if try control(instruction, &frame) { continue }
      if try block(instruction, &frame) { continue }
      if try stackOperation(instruction, &frame) { continue }
      if try load(instruction, &frame) {
        if case .attribute? = frame.stack.last { try checkNesting(frame) }
        continue
      }
      if try operate(instruction, &frame) { continue }
      if try format(instruction, &frame) { continue }
      if try build(instruction, &frame) {
        if instruction.opcode.hasPrefix("BUILD_") { try checkNesting(frame) }
        continue
      }
      if try makeFunction(instruction, &frame) {
        try checkNesting(frame)
        continue
      }
      if try call(instruction, &frame) {
        try checkNesting(frame)
        continue
      }
      throw refusal("the instruction \(instruction.opcode) has no meaning here", frame)
    }
    throw refusal("the code ends without a result", frame)
  }

  /// Follows both ways of a condition that data decide, and lets the semantics choose between what they give.
  private mutating func fork(_ branch: Branch, _ frame: Frame) throws(PythonCodeError) -> Item {
    forks += 1
    defer { forks -= 1 }
    guard forks <= 6, !frame.code.isGenerator else { throw refusal("a condition that depends on data", frame) }
    // What one way changes the other must not see.
    var (taken, passed) = (frame.copied(), frame.copied())
    try branch.follow(true, &taken)
    try branch.follow(false, &passed)
    let condition = branch.condition
    // A choice that cannot be made is said at the condition, not in what follows it.
    do throws(Semantics.Failure) { _ = try semantics.choice(condition, condition, condition) } catch {
      throw refusal(semantics.reason(error), frame)
    }
    let first = try value(run(&taken), frame)
    let second = try value(run(&passed), frame)
    let (then, otherwise) = branch.takenWhen ? (first, second) : (second, first)
    return .value(
      try asked(frame) { (semantics: inout Semantics) throws(Semantics.Failure) in
        try semantics.choice(condition, then, otherwise)
      })
  }

  // MARK: Bounds

  /// Refuses what nests too deep on top of the stack.
  private mutating func checkNesting(_ frame: Frame) throws(PythonCodeError) {
    if let top = frame.stack.last { try checkNesting(of: top, inside: [], frame) }
  }

  /// Each container on the way is a step.
  private mutating func checkNesting(
    of item: Item, inside path: [ObjectIdentifier], _ frame: Frame
  ) throws(PythonCodeError) {
    let parts: [Item]
    var object: AnyObject?
    switch item {
    case .value, .array, .raised, .null: return
    case .tuple(let elements): parts = elements
    case .keywords(let pairs): parts = Array(pairs.values)
    case .attribute(let base, _): parts = [base]
    case .list(let list): (parts, object) = (list.elements, list)
    case .iterator(let iterator): (parts, object) = (iterator.elements, iterator)
    case .cell(let cell): (parts, object) = (cell.content.map { [$0] } ?? [], cell)
    case .function(let function):
      parts = function.defaults + function.keywordDefaults.values + function.closure.compactMap(\.content)
      object = function
    }
    // What holds itself, as a function that calls itself does, goes no deeper by that.
    let own = object.map { ObjectIdentifier($0) } ?? ObjectIdentifier(PythonInterpreter.self)
    if object != nil, path.contains(own) { return }
    steps += 1
    guard path.count < Self.maximumNesting else {
      throw refusal("values nested more than \(Self.maximumNesting) deep", frame)
    }
    guard steps <= Self.maximumSteps else { throw refusal("more than \(Self.maximumSteps) steps", frame) }
    for part in parts { try checkNesting(of: part, inside: path + [own], frame) }
  }

  /// Counts what is put into a list or a variable that exists already, where it is more than a value.
  mutating func countStore(of item: Item, _ frame: Frame) throws(PythonCodeError) {
    switch item {
    case .value, .array, .raised, .null: return
    default: break
    }
    stores += 1
    guard stores <= Self.maximumStores else {
      throw refusal("more than \(Self.maximumStores) lists, tuples and functions put into lists and variables", frame)
    }
    try checkNesting(of: item, inside: [], frame)
  }

  // MARK: For all instructions

  func refusal(_ reason: String, _ frame: Frame) -> PythonCodeError {
    let instructions = frame.list.instructions
    let instruction = instructions.indices.contains(frame.place - 1) ? instructions[frame.place - 1] : nil
    return .refused(
      .init(reason: reason, function: frame.code.name, opcode: instruction?.opcode, line: instruction?.line))
  }

  /// Asks the semantics; its failure becomes a refusal at this place.
  mutating func asked<Result>(
    _ frame: Frame, _ body: (inout Semantics) throws(Semantics.Failure) -> Result
  ) throws(PythonCodeError) -> Result {
    do throws(Semantics.Failure) { return try body(&semantics) } catch {
      throw refusal(semantics.reason(error), frame)
    }
  }

  /// Asks the semantics for a value and puts it on the stack.
  mutating func push(
    _ frame: inout Frame, _ body: (inout Semantics) throws(Semantics.Failure) -> Value
  ) throws(PythonCodeError) {
    frame.stack.append(.value(try asked(frame, body)))
  }

  func pop(_ frame: inout Frame) throws(PythonCodeError) -> Item {
    guard let item = frame.stack.popLast() else { throw refusal("nothing on the stack", frame) }
    return item
  }

  func pop(_ count: Int, _ frame: inout Frame) throws(PythonCodeError) -> [Item] {
    guard count >= 0, count <= frame.stack.count else { throw refusal("\(count) values from the stack", frame) }
    let items = Array(frame.stack.suffix(count))
    frame.stack.removeLast(count)
    return items
  }

  mutating func popValue(_ frame: inout Frame) throws(PythonCodeError) -> Value { try value(pop(&frame), frame) }

  mutating func constant(_ index: Int, _ frame: Frame) throws(PythonCodeError) -> Item {
    guard frame.code.constants.indices.contains(index) else { throw refusal("no constant \(index)", frame) }
    let object = frame.code.constants[index]
    if case .code(let code) = object { return .function(PythonFunction(code)) }
    return .value(
      try asked(frame) { (semantics: inout Semantics) throws(Semantics.Failure) in
        try semantics.constant(object)
      })
  }

  /// An item as the semantics knows it.
  mutating func value(_ item: Item, _ frame: Frame) throws(PythonCodeError) -> Value {
    switch item {
    case .value(let value): return value
    case .array(let array): return try content(of: array, frame)
    case .tuple(let elements): return try sequence(elements, isTuple: true, frame)
    case .list(let list): return try sequence(list.elements, isTuple: false, frame)
    case .iterator(let iterator): return try sequence(iterator.rest, isTuple: false, frame)
    case .attribute(let base, let name):
      let base = try value(base, frame)
      return try asked(frame) { (semantics: inout Semantics) throws(Semantics.Failure) in
        try semantics.attribute(base, name)
      }
    case .function(let function): throw refusal("the function '\(function.code.name)' as a value", frame)
    case .keywords: throw refusal("a dictionary as a value", frame)
    case .raised(let text): throw refusal("\(text) as a value", frame)
    case .cell(let cell):
      guard let content = cell.content else { throw refusal("a variable without a value", frame) }
      return try value(content, frame)
    case .null: throw refusal("a variable without a value", frame)
    }
  }

  private mutating func sequence(
    _ items: [Item], isTuple: Bool, _ frame: Frame
  ) throws(PythonCodeError) -> Value {
    depth += 1
    defer { depth -= 1 }
    // A list that holds itself has no end.
    guard depth <= 2 * Self.maximumDepth else { throw refusal("lists nested too deep", frame) }
    // A list may hold another one many times over.
    steps += items.count
    guard steps <= Self.maximumSteps else { throw refusal("more than \(Self.maximumSteps) steps", frame) }
    var values: [Value] = []
    for item in items { values.append(try value(item, frame)) }
    return try asked(frame) { (semantics: inout Semantics) throws(Semantics.Failure) in
      try semantics.sequence(values, isTuple: isTuple)
    }
  }

  /// What a loop goes through.
  mutating func elements(_ item: Item, count: Int? = nil, _ frame: Frame) throws(PythonCodeError) -> [Item] {
    switch item {
    case .tuple(let elements): return elements
    case .list(let list): return list.elements
    case .iterator(let iterator): return iterator.rest
    case .keywords(let pairs):
      var names: [Item] = []
      for name in pairs.keys {
        names.append(
          .value(
            try asked(frame) { (semantics: inout Semantics) throws(Semantics.Failure) in
              try semantics.constant(.string(name))
            }))
      }
      return names
    default:
      let value = try value(item, frame)
      let elements = try asked(frame) { (semantics: inout Semantics) throws(Semantics.Failure) in
        try semantics.elements(value, count: count)
      }
      guard let elements else { throw refusal("a loop over something whose length is not known", frame) }
      guard elements.count <= Self.maximumElements else { throw refusal("\(elements.count) elements", frame) }
      if case .array(let array) = item { return elements.map { view($0, of: array) } }
      return elements.map { .value($0) }
    }
  }
}
