extension PythonInterpreter {
  /// The parts of f-strings; whether the instruction was one.
  mutating func format(_ instruction: Instruction, _ frame: inout Frame) throws(PythonCodeError) -> Bool {
    let argument = instruction.argument
    switch instruction.opcode {
    case "FORMAT_VALUE":
      let specification = argument & 4 == 0 ? nil : try popValue(&frame)
      try format(Self.conversion(argument & 3), specification, &frame)
    case "FORMAT_SIMPLE": try format("s", nil, &frame)
    case "FORMAT_WITH_SPEC": try format("s", popValue(&frame), &frame)
    case "CONVERT_VALUE": try format(Self.conversion(argument), nil, &frame)
    case "BUILD_STRING":
      let parts = try pop(argument, &frame)
      guard let first = parts.first else { throw refusal("a text of no parts", frame) }
      var text = try value(first, frame)
      for part in parts.dropFirst() {
        let next = try value(part, frame)
        text = try asked(frame) { (semantics: inout Semantics) throws(Semantics.Failure) in
          try semantics.binary("+", text, next)
        }
      }
      frame.stack.append(.value(text))
    default: return false
    }
    return true
  }

  /// `!s`, `!r` and `!a` by their numbers.
  private static func conversion(_ number: Int) -> Character { number == 2 || number == 3 ? "r" : "s" }

  private mutating func format(
    _ conversion: Character, _ specification: Value?, _ frame: inout Frame
  ) throws(PythonCodeError) {
    let item = try popValue(&frame)
    try push(&frame) { (semantics: inout Semantics) throws(Semantics.Failure) in
      try semantics.formatted(item, conversion: conversion, specification: specification)
    }
  }
}
