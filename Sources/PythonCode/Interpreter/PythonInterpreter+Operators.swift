extension PythonInterpreter {
  private static var unary: [String: String] {
    ["UNARY_NEGATIVE": "-", "UNARY_POSITIVE": "+", "UNARY_INVERT": "~", "UNARY_NOT": "not"]
  }

  /// By the name behind `BINARY_` or `INPLACE_`.
  private static var named: [String: String] {
    [
      "POWER": "**", "MULTIPLY": "*", "MATRIX_MULTIPLY": "@", "MODULO": "%", "ADD": "+", "SUBTRACT": "-",
      "FLOOR_DIVIDE": "//", "TRUE_DIVIDE": "/", "LSHIFT": "<<", "RSHIFT": ">>", "AND": "&", "XOR": "^", "OR": "|",
    ]
  }

  /// By the argument of `BINARY_OP` (3.11 and later); from 13 on in place.
  private static var numbered: [String] {
    ["+", "&", "//", "<<", "@", "*", "%", "|", "**", ">>", "-", "/", "^"]
  }

  private static var comparisons: [String] {
    ["<", "<=", "==", "!=", ">", ">=", "in", "not in", "is", "is not"]
  }

  /// Operators, comparisons and brackets; whether the instruction was one.
  mutating func operate(_ instruction: Instruction, _ frame: inout Frame) throws(PythonCodeError) -> Bool {
    let (opcode, argument) = (instruction.opcode, instruction.argument)
    if let symbol = Self.unary[opcode] {
      try unary(symbol, &frame)
      return true
    }
    if let symbol = try binarySymbol(opcode, argument, frame) {
      try binary(symbol, &frame)
      return true
    }
    switch opcode {
    case "BINARY_SUBSCR":
      let key = try pop(&frame)
      try takeItem(key, &frame)
    case "BINARY_SLICE":
      let stop = try pop(&frame)
      let start = try pop(&frame)
      try slice(start, stop, &frame)
    case "SLICE+0": try slice(none(frame), none(frame), &frame)
    case "SLICE+1":
      let start = try pop(&frame)
      try slice(start, none(frame), &frame)
    case "SLICE+2":
      let stop = try pop(&frame)
      try slice(none(frame), stop, &frame)
    case "SLICE+3":
      let stop = try pop(&frame)
      let start = try pop(&frame)
      try slice(start, stop, &frame)
    case "BUILD_SLICE":
      var bounds: [Value] = []
      for item in try pop(argument, &frame) { bounds.append(try value(item, frame)) }
      if bounds.count == 2 { bounds.append(try value(none(frame), frame)) }
      guard bounds.count == 3 else { throw refusal("a slice of \(bounds.count) bounds", frame) }
      try push(&frame) { (semantics: inout Semantics) throws(Semantics.Failure) in
        try semantics.slice(bounds[0], bounds[1], bounds[2])
      }
    default: return false
    }
    return true
  }

  private mutating func unary(_ symbol: String, _ frame: inout Frame) throws(PythonCodeError) {
    let item = try pop(&frame)
    if symbol == "not", let truth = try truth(item, frame) {
      try push(&frame) { (semantics: inout Semantics) throws(Semantics.Failure) in
        try semantics.constant(.bool(!truth))
      }
      return
    }
    let operand = try value(item, frame)
    try push(&frame) { (semantics: inout Semantics) throws(Semantics.Failure) in
      try semantics.unary(symbol, operand)
    }
  }

  private func binarySymbol(_ opcode: String, _ argument: Int, _ frame: Frame) throws(PythonCodeError) -> String? {
    switch opcode {
    case "BINARY_OP":
      let symbols = Self.numbered
      guard argument < 2 * symbols.count else { throw refusal("an operator of the number \(argument)", frame) }
      return symbols[argument % symbols.count]
    case "COMPARE_OP":
      // 3.12 and 3.13 keep flags of the interpreter's own in the lower bits.
      let number = release >= .python3_13 ? argument >> 5 : release == .python3_12 ? argument >> 4 : argument
      let symbols = Self.comparisons
      guard number < symbols.count else { throw refusal("a comparison of the number \(number)", frame) }
      return symbols[number]
    case "IS_OP": return argument == 0 ? "is" : "is not"
    case "CONTAINS_OP": return argument == 0 ? "in" : "not in"
    // Python 2's `/`: of whole numbers the floor; the semantics of tensors is TensorFlow's and Theano's `/`.
    case "BINARY_DIVIDE", "INPLACE_DIVIDE": return "/2"
    default:
      for prefix in ["BINARY_", "INPLACE_"] where opcode.hasPrefix(prefix) {
        return Self.named[String(opcode.dropFirst(prefix.count))]
      }
      return nil
    }
  }

  private mutating func binary(_ symbol: String, _ frame: inout Frame) throws(PythonCodeError) {
    let right = try pop(&frame)
    let left = try pop(&frame)
    if symbol == "+", case .list(let a) = left, case .list(let b) = right {
      frame.stack.append(.list(PythonList(a.elements + b.elements)))
      return
    }
    if symbol == "*", case .list(let list) = left, let count = semantics.int(try value(right, frame)) {
      guard list.elements.count * min(max(count, 0), Self.maximumElements + 1) <= Self.maximumElements else {
        throw refusal("a list of too many elements", frame)
      }
      frame.stack.append(.list(PythonList((0..<max(count, 0)).flatMap { _ in list.elements })))
      return
    }
    if symbol == "in" || symbol == "not in", case .keywords(let pairs) = right {
      let key = semantics.text(try value(left, frame))
      try push(&frame) { (semantics: inout Semantics) throws(Semantics.Failure) in
        try semantics.constant(.bool((key.map { pairs[$0] != nil } ?? false) == (symbol == "in")))
      }
      return
    }
    let (a, b) = (try value(left, frame), try value(right, frame))
    if symbol == "in" || symbol == "not in" {
      return try contains(a, right, isNegated: symbol == "not in", &frame)
    }
    try push(&frame) { (semantics: inout Semantics) throws(Semantics.Failure) in
      try semantics.binary(symbol, a, b)
    }
  }

  /// `a in (…)`: equality with each element, all of which must be known.
  private mutating func contains(
    _ a: Value, _ right: Item, isNegated: Bool, _ frame: inout Frame
  ) throws(PythonCodeError) {
    if case .value(let whole) = right, let text = semantics.text(whole), let part = semantics.text(a) {
      try push(&frame) { (semantics: inout Semantics) throws(Semantics.Failure) in
        try semantics.constant(.bool((part.isEmpty || text.contains(part)) != isNegated))
      }
      return
    }
    var isFound = false
    for element in try elements(right, frame) {
      let element = try value(element, frame)
      let equal = try asked(frame) { (semantics: inout Semantics) throws(Semantics.Failure) in
        try semantics.binary("==", a, element)
      }
      guard let truth = semantics.truth(equal) else { throw refusal("'in' of something that depends on data", frame) }
      if truth { isFound = true }
    }
    try push(&frame) { (semantics: inout Semantics) throws(Semantics.Failure) in
      try semantics.constant(.bool(isFound != isNegated))
    }
  }

  /// `base[start:stop]`, the base on the stack.
  private mutating func slice(_ start: Item, _ stop: Item, _ frame: inout Frame) throws(PythonCodeError) {
    let (first, last) = (try value(start, frame), try value(stop, frame))
    let step = try value(none(frame), frame)
    let key = try asked(frame) { (semantics: inout Semantics) throws(Semantics.Failure) in
      try semantics.slice(first, last, step)
    }
    try takeItem(.value(key), &frame)
  }

  /// `base[key]`, the base on the stack; of the interpreter's own lists by a known place.
  private mutating func takeItem(_ key: Item, _ frame: inout Frame) throws(PythonCodeError) {
    let base = try pop(&frame)
    // numpy picks items by a list, where TensorFlow takes it for a tuple.
    let isList = if case .list = key { true } else { false }
    let key = try value(key, frame)
    if case .keywords(let pairs) = base, let name = semantics.text(key) {
      guard let item = pairs[name] else { throw refusal("the item '\(name)' of a dictionary without it", frame) }
      frame.stack.append(item)
      return
    }
    var own: [Item]?
    switch base {
    case .tuple(let elements): own = elements
    case .list(let list): own = list.elements
    default: break
    }
    if let own, let index = semantics.int(key) {
      guard index >= -own.count, index < own.count else { throw refusal("item \(index) of \(own.count)", frame) }
      frame.stack.append(own[index < 0 ? index + own.count : index])
      return
    }
    let value = try value(base, frame)
    let part = try asked(frame) { (semantics: inout Semantics) throws(Semantics.Failure) in
      try semantics.item(value, key)
    }
    if case .array(let array) = base {
      if isList { throw refusal("several items of an array by a list", frame) }
      frame.stack.append(view(part, of: array))
    } else {
      frame.stack.append(.value(part))
    }
  }
}
