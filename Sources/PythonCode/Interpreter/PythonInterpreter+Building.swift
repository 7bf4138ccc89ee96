import OrderedCollections

extension PythonInterpreter {
  /// Tuples, lists, dictionaries and what unpacks them; whether the instruction was one.
  mutating func build(_ instruction: Instruction, _ frame: inout Frame) throws(PythonCodeError) -> Bool {
    let argument = instruction.argument
    switch instruction.opcode {
    case "BUILD_TUPLE": frame.stack.append(.tuple(try pop(argument, &frame)))
    case "BUILD_LIST": frame.stack.append(.list(PythonList(try pop(argument, &frame))))
    case "BUILD_TUPLE_UNPACK", "BUILD_TUPLE_UNPACK_WITH_CALL", "BUILD_LIST_UNPACK":
      var all: [Item] = []
      for item in try pop(argument, &frame) { all += try elements(item, frame) }
      frame.stack.append(instruction.opcode == "BUILD_LIST_UNPACK" ? .list(PythonList(all)) : .tuple(all))
    case "LIST_APPEND":
      let item = try pop(&frame)
      try append([item], toListAt: argument, &frame)
    case "LIST_EXTEND":
      let items = try elements(pop(&frame), frame)
      try append(items, toListAt: argument, &frame)
    case "LIST_TO_TUPLE": frame.stack.append(.tuple(try elements(pop(&frame), frame)))
    case "CALL_INTRINSIC_1":
      // `pycore_intrinsics.h` of 3.12 and 3.13.
      switch argument {
      case 5:
        let value = try popValue(&frame)
        try push(&frame) { (semantics: inout Semantics) throws(Semantics.Failure) in
          try semantics.unary("+", value)
        }
      case 6: frame.stack.append(.tuple(try elements(pop(&frame), frame)))
      default: throw refusal("an operation of the interpreter's own (\(argument))", frame)
      }
    case "BUILD_MAP", "BUILD_CONST_KEY_MAP", "STORE_MAP", "DICT_MERGE", "DICT_UPDATE", "BUILD_MAP_UNPACK_WITH_CALL",
      "BUILD_MAP_UNPACK", "MAP_ADD":
      try buildKeywords(instruction, &frame)
    case "UNPACK_SEQUENCE":
      let items = try elements(pop(&frame), count: argument, frame)
      guard items.count == argument else { throw refusal("\(items.count) values for \(argument) names", frame) }
      frame.stack += items.reversed()
    case "UNPACK_EX":
      let items = try elements(pop(&frame), frame)
      let (before, after) = (argument & 0xff, argument >> 8)
      guard items.count >= before + after else {
        throw refusal("\(items.count) values for \(before + after) names and a rest", frame)
      }
      frame.stack += items.suffix(after).reversed()
      frame.stack.append(.list(PythonList(Array(items.dropFirst(before).dropLast(after)))))
      frame.stack += items.prefix(before).reversed()
    case "STORE_SUBSCR": try storeItem(&frame)
    case "STORE_SLICE", "STORE_SLICE+0", "STORE_SLICE+1", "STORE_SLICE+2", "STORE_SLICE+3":
      try storeSlice(instruction.opcode, &frame)
    default: return false
    }
    return true
  }

  private mutating func append(_ items: [Item], toListAt place: Int, _ frame: inout Frame) throws(PythonCodeError) {
    guard place > 0, place <= frame.stack.count, case .list(let list) = frame.stack[frame.stack.count - place] else {
      throw refusal("no list to append to", frame)
    }
    guard list.elements.count + items.count <= Self.maximumElements else { throw refusal("an endless list", frame) }
    for item in items { try countStore(of: item, frame) }
    list.elements += items
  }

  /// Dictionaries with texts as keys, which hold arguments by name.
  private mutating func buildKeywords(_ instruction: Instruction, _ frame: inout Frame) throws(PythonCodeError) {
    var pairs: OrderedDictionary<String, Item> = [:]
    switch instruction.opcode {
    case "BUILD_CONST_KEY_MAP":
      let names = try names(pop(&frame), frame)
      for (name, item) in zip(names, try pop(instruction.argument, &frame)) { pairs[name] = item }
    case "BUILD_MAP" where release >= .python3_5:
      let items = try pop(2 * instruction.argument, &frame)
      for index in stride(from: 0, to: items.count, by: 2) { pairs[try text(items[index], frame)] = items[index + 1] }
    case "BUILD_MAP": break
    case "STORE_MAP":
      let key = try text(pop(&frame), frame)
      let item = try pop(&frame)
      guard case .keywords(let earlier) = try pop(&frame) else { throw refusal("no dictionary to store in", frame) }
      pairs = earlier
      pairs[key] = item
    case "BUILD_MAP_UNPACK", "BUILD_MAP_UNPACK_WITH_CALL":
      for item in try pop(instruction.argument & 0xff, &frame) {
        guard case .keywords(let part) = item else { throw refusal("'**' of something else than a dictionary", frame) }
        pairs.merge(part) { $1 }
      }
    case "MAP_ADD":
      // Until 3.7 the key lies above the value.
      let items = try pop(2, &frame)
      let (key, item) = release >= .python3_8 ? (items[0], items[1]) : (items[1], items[0])
      let place = frame.stack.count - instruction.argument
      guard instruction.argument > 0, frame.stack.indices.contains(place),
        case .keywords(var earlier) = frame.stack[place]
      else { throw refusal("no dictionary to add to", frame) }
      try countStore(of: item, frame)
      earlier[try text(key, frame)] = item
      guard earlier.count <= Self.maximumElements else { throw refusal("an endless dictionary", frame) }
      frame.stack[place] = .keywords(earlier)
      return
    default:
      guard case .keywords(let part) = try pop(&frame), instruction.argument > 0,
        instruction.argument <= frame.stack.count
      else { throw refusal("'**' of something else than a dictionary", frame) }
      let place = frame.stack.count - instruction.argument
      guard case .keywords(let earlier) = frame.stack[place] else { throw refusal("no dictionary to add to", frame) }
      try countStore(of: .keywords(part), frame)
      frame.stack[place] = .keywords(earlier.merging(part) { $1 })
      return
    }
    frame.stack.append(.keywords(pairs))
  }

  /// `array[start:stop] = item`.
  private mutating func storeSlice(_ opcode: String, _ frame: inout Frame) throws(PythonCodeError) {
    let none = try value(none(frame), frame)
    let hasStop = !["STORE_SLICE+0", "STORE_SLICE+1"].contains(opcode)
    let hasStart = !["STORE_SLICE+0", "STORE_SLICE+2"].contains(opcode)
    let stop = hasStop ? try popValue(&frame) : none
    let start = hasStart ? try popValue(&frame) : none
    let base = try pop(&frame)
    let item = try pop(&frame)
    guard case .array(let array) = base else {
      throw refusal("an assignment to a part of something else than an array of its own", frame)
    }
    let key = try asked(frame) { (semantics: inout Semantics) throws(Semantics.Failure) in
      try semantics.slice(start, stop, none)
    }
    try store(item, in: array, at: .value(key), frame)
  }

  /// `list[place] = item` of a list or an array that the code made itself.
  private mutating func storeItem(_ frame: inout Frame) throws(PythonCodeError) {
    let key = try pop(&frame)
    let base = try pop(&frame)
    let item = try pop(&frame)
    if case .array(let array) = base { return try store(item, in: array, at: key, frame) }
    guard case .list(let list) = base else {
      throw refusal("an assignment to an item of something else than a list or an array of its own", frame)
    }
    guard let index = semantics.int(try value(key, frame)), index >= -list.elements.count, index < list.elements.count
    else {
      throw refusal("an assignment to an item that is not known", frame)
    }
    try countStore(of: item, frame)
    list.elements[index < 0 ? index + list.elements.count : index] = item
  }

  /// A tuple of texts.
  mutating func names(_ item: Item, _ frame: Frame) throws(PythonCodeError) -> [String] {
    var names: [String] = []
    for element in try elements(item, frame) { names.append(try text(element, frame)) }
    return names
  }

  private mutating func text(_ item: Item, _ frame: Frame) throws(PythonCodeError) -> String {
    guard let text = semantics.text(try value(item, frame)) else {
      throw refusal("a dictionary with something else than texts as keys", frame)
    }
    return text
  }

  // MARK: Functions

  /// Instructions that make functions; whether it was one.
  mutating func makeFunction(_ instruction: Instruction, _ frame: inout Frame) throws(PythonCodeError) -> Bool {
    let argument = instruction.argument
    switch instruction.opcode {
    case "MAKE_FUNCTION", "MAKE_CLOSURE": break
    case "SET_FUNCTION_ATTRIBUTE":
      guard case .function(let function) = try pop(&frame) else { throw refusal("no function to complete", frame) }
      try set(argument, of: function, &frame)
      frame.stack.append(.function(function))
      return true
    default: return false
    }
    // From 3.3 to 3.10 the qualified name lies above the code.
    if release >= .python3_4, release <= .python3_10 { _ = try pop(&frame) }
    guard case .function(let made) = try pop(&frame) else { throw refusal("a function without code", frame) }
    let function = PythonFunction<Value>(made.code)
    if release <= .python3_5 {
      if instruction.opcode == "MAKE_CLOSURE" { function.closure = try cells(pop(&frame), frame) }
      function.defaults = try pop(argument & 0xff, &frame)
      let pairs = release == .python2_7 ? 0 : argument >> 8 & 0xff
      let items = try pop(2 * pairs, &frame)
      for index in stride(from: 0, to: items.count, by: 2) {
        function.keywordDefaults[try text(items[index], frame)] = items[index + 1]
      }
      if argument >> 16 & 0x7fff != 0 { throw refusal("a function with annotations", frame) }
    } else if release < .python3_13 {
      for flag in [8, 4, 2, 1] where argument & flag != 0 { try set(flag, of: function, &frame) }
    }
    frame.stack.append(.function(function))
    return true
  }

  /// Defaults (1), defaults by name (2), annotations (4) or the closure (8) from the stack.
  private mutating func set(
    _ flag: Int, of function: PythonFunction<Value>, _ frame: inout Frame
  ) throws(PythonCodeError) {
    let item = try pop(&frame)
    switch flag {
    case 1: function.defaults = try elements(item, frame)
    case 2:
      guard case .keywords(let pairs) = item else { throw refusal("defaults that are no dictionary", frame) }
      function.keywordDefaults = pairs
    case 8: function.closure = try cells(item, frame)
    default: break
    }
  }

  private func cells(_ item: Item, _ frame: Frame) throws(PythonCodeError) -> [PythonCell<Value>] {
    guard case .tuple(let elements) = item else { throw refusal("a closure that is no tuple", frame) }
    var cells: [PythonCell<Value>] = []
    for case .cell(let cell) in elements { cells.append(cell) }
    guard cells.count == elements.count else { throw refusal("something else in a closure", frame) }
    return cells
  }
}
