import OrderedCollections

extension PythonInterpreter {
  /// Calls of every release; whether the instruction was one.
  mutating func call(_ instruction: Instruction, _ frame: inout Frame) throws(PythonCodeError) -> Bool {
    let argument = instruction.argument
    var positional: [Item] = []
    var keywords: OrderedDictionary<String, Item> = [:]
    switch instruction.opcode {
    case "CALL_FUNCTION" where release <= .python3_5, "CALL_FUNCTION_VAR",
      "CALL_FUNCTION_KW" where release <= .python3_5,
      "CALL_FUNCTION_VAR_KW":
      return try callBefore3_6(instruction, &frame)
    case "CALL_FUNCTION", "CALL_METHOD": positional = try pop(argument, &frame)
    case "CALL_FUNCTION_KW", "CALL_KW":
      let names = try names(pop(&frame), frame)
      (positional, keywords) = try split(pop(argument, &frame), names, frame)
    case "CALL":
      (positional, keywords) = try split(pop(argument, &frame), frame.keywordNames, frame)
      frame.keywordNames = []
    case "CALL_FUNCTION_EX":
      if argument & 1 == 1 {
        guard case .keywords(let pairs) = try pop(&frame) else {
          throw refusal("'**' of something else than a dictionary", frame)
        }
        keywords = pairs
      }
      positional = try elements(pop(&frame), frame)
    default: return false
    }
    let callee = try callee(instruction.opcode, &positional, &frame)
    frame.stack.append(try apply(callee, positional, keywords, frame))
    return true
  }

  /// Pops the callable and the mark or object beside it.
  private func callee(_ opcode: String, _ positional: inout [Item], _ frame: inout Frame) throws(PythonCodeError)
    -> Item
  {
    let top = try pop(&frame)
    switch opcode {
    case "CALL_METHOD":
      _ = try pop(&frame)  // the mark that LOAD_METHOD left
      return top
    case "CALL", "CALL_KW", "CALL_FUNCTION_EX":
      guard release >= .python3_11 else { return top }
      let below = try pop(&frame)
      if release >= .python3_13 {
        if case .null = top { return below }
        positional.insert(top, at: 0)
        return below
      }
      if case .null = below { return top }
      positional.insert(top, at: 0)
      return below
    default: return top
    }
  }

  /// Python 2.7 to 3.5: the lower byte counts arguments by position, the next one pairs by name.
  private mutating func callBefore3_6(
    _ instruction: Instruction, _ frame: inout Frame
  ) throws(PythonCodeError) -> Bool {
    var extraPairs: OrderedDictionary<String, Item> = [:]
    var extra: [Item] = []
    if ["CALL_FUNCTION_KW", "CALL_FUNCTION_VAR_KW"].contains(instruction.opcode) {
      guard case .keywords(let pairs) = try pop(&frame) else {
        throw refusal("'**' of something else than a dictionary", frame)
      }
      extraPairs = pairs
    }
    // In 3.5 the list stands below the pairs, before above them.
    let listIsBelow = release == .python3_5
    let hasList = ["CALL_FUNCTION_VAR", "CALL_FUNCTION_VAR_KW"].contains(instruction.opcode)
    if hasList, !listIsBelow { extra = try elements(pop(&frame), frame) }
    let items = try pop(2 * (instruction.argument >> 8 & 0xff), &frame)
    var keywords: OrderedDictionary<String, Item> = [:]
    for index in stride(from: 0, to: items.count, by: 2) {
      let name = try names(.tuple([items[index]]), frame)[0]
      keywords[name] = items[index + 1]
    }
    if hasList, listIsBelow { extra = try elements(pop(&frame), frame) }
    let positional = try pop(instruction.argument & 0xff, &frame) + extra
    keywords.merge(extraPairs) { $1 }
    let callee = try pop(&frame)
    frame.stack.append(try apply(callee, positional, keywords, frame))
    return true
  }

  /// The last arguments have the names.
  private func split(
    _ items: [Item], _ names: [String], _ frame: Frame
  ) throws(PythonCodeError) -> ([Item], OrderedDictionary<String, Item>) {
    guard names.count <= items.count else { throw refusal("more names than arguments", frame) }
    var keywords: OrderedDictionary<String, Item> = [:]
    for (name, item) in zip(names, items.suffix(names.count)) { keywords[name] = item }
    return (Array(items.dropLast(names.count)), keywords)
  }

  mutating func apply(
    _ callee: Item, _ positional: [Item], _ keywords: OrderedDictionary<String, Item>, _ frame: Frame
  ) throws(PythonCodeError) -> Item {
    switch callee {
    case .function(let function): return try call(function, positional, keywords)
    case .cell(let cell):
      guard let content = cell.content else { throw refusal("a function before it has a value", frame) }
      return try apply(content, positional, keywords, frame)
    case .attribute(let base, let name):
      if name == Self.leaving { return try none(frame) }
      if case .list(let list) = base, let result = try method(name, of: list, positional, keywords, frame) {
        return result
      }
      if case .keywords(let pairs) = base, let result = try method(name, of: pairs, positional, frame) { return result }
      let own: PythonArray<Value>? = if case .array(let array) = base { array } else { nil }
      let base = try value(base, frame)
      if semantics.name(of: base) == nil {
        let (arguments, named) = try values(positional, keywords, frame)
        let given = try asked(frame) { (semantics: inout Semantics) throws(Semantics.Failure) in
          try semantics.call(method: name, of: base, arguments, named)
        }
        return own.map { result(given, ofMethod: name, of: $0) } ?? .value(given)
      }
      let function = try asked(frame) { (semantics: inout Semantics) throws(Semantics.Failure) in
        try semantics.attribute(base, name)
      }
      return try apply(.value(function), positional, keywords, frame)
    case .value(let function):
      if let name = semantics.name(of: function) {
        if let result = error(name, positional) { return result }
        if let result = try loop(name, positional, keywords, frame) { return result }
        if let result = try builtin(name, positional, keywords, frame) { return result }
        if let result = try withFunctions(name, function, positional, keywords, frame) { return result }
      }
      let (arguments, named) = try values(positional, keywords, frame)
      let given = try asked(frame) { (semantics: inout Semantics) throws(Semantics.Failure) in
        try semantics.call(function, arguments, named)
      }
      return result(given, of: semantics.name(of: function), positional, keywords)
    default: throw refusal("a call of something that is no function", frame)
    }
  }

  mutating func values(
    _ positional: [Item], _ keywords: OrderedDictionary<String, Item>, _ frame: Frame
  ) throws(PythonCodeError) -> ([Value], OrderedDictionary<String, Value>) {
    var arguments: [Value] = []
    for item in positional { arguments.append(try value(item, frame)) }
    var named: OrderedDictionary<String, Value> = [:]
    for (name, item) in keywords { named[name] = try value(item, frame) }
    return (arguments, named)
  }

  /// Functions that take functions of the file: both ways of a switch are computed, as Theano and TensorFlow do.
  private mutating func withFunctions(
    _ name: String, _ callee: Value, _ positional: [Item], _ keywords: OrderedDictionary<String, Item>, _ frame: Frame
  ) throws(PythonCodeError) -> Item? {
    var positional = positional
    var keywords = keywords
    guard ["switch", "cond", "in_train_phase", "in_test_phase", "where"].contains(name.split(separator: ".").last)
    else {
      return nil
    }
    for (index, item) in positional.enumerated() {
      if case .function(let function) = item { positional[index] = try call(function, [], [:]) }
    }
    for (key, item) in keywords {
      if case .function(let function) = item { keywords[key] = try call(function, [], [:]) }
    }
    let (arguments, named) = try values(positional, keywords, frame)
    return .value(
      try asked(frame) { (semantics: inout Semantics) throws(Semantics.Failure) in
        try semantics.call(callee, arguments, named)
      })
  }
}
