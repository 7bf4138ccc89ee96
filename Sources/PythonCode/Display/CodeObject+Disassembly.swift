extension CodeObject {
  /// The instructions, one a line: line of the source, place, name, and what the argument means.
  public func disassembly(as release: PythonRelease) throws(PythonCodeError) -> [String] {
    let list = try InstructionList(self, as: release)
    var lines: [String] = []
    var shownLine: Int?
    for instruction in list.instructions {
      let source = instruction.line != shownLine ? instruction.line.map { "\($0)" } ?? "" : ""
      shownLine = instruction.line
      let meaning = meaning(of: instruction, release)
      lines.append(
        "\(source.padded(5)) \("\(instruction.offset)".padded(5)) \(instruction.opcode)"
          + (meaning.isEmpty ? "" : "  \(meaning)"))
    }
    return lines
  }

  /// The global names that the function and the functions within it use, in the order of their first use.
  public func globalNames(as release: PythonRelease) throws(PythonCodeError) -> [String] {
    var found: [String] = []
    for function in functions {
      for instruction in try InstructionList(function, as: release).instructions
      where ["LOAD_GLOBAL", "LOAD_NAME"].contains(instruction.opcode) {
        let name = function.meaning(of: instruction, release)
        if !found.contains(name) { found.append(name) }
      }
    }
    return found
  }

  /// Global names with the attributes that follow them at once (`tf.nn.relu`), and the lines they stand in.
  public func dottedNames(as release: PythonRelease) throws(PythonCodeError) -> [(name: String, line: Int?)] {
    var found: [(name: String, line: Int?)] = []
    for function in functions {
      var isOpen = false
      for instruction in try InstructionList(function, as: release).instructions {
        switch instruction.opcode {
        case "LOAD_GLOBAL", "LOAD_NAME":
          found.append((function.meaning(of: instruction, release), instruction.line))
          isOpen = true
        case "LOAD_ATTR" where isOpen, "LOAD_METHOD" where isOpen:
          found[found.count - 1].name += "." + function.meaning(of: instruction, release)
        default: isOpen = false
        }
      }
    }
    return found
  }

  private func meaning(of instruction: Instruction, _ release: PythonRelease) -> String {
    let argument = instruction.argument
    if let target = instruction.target { return "to \(target)" }
    switch instruction.opcode {
    case "LOAD_CONST", "RETURN_CONST", "KW_NAMES":
      return constants.indices.contains(argument) ? constants[argument].description : "\(argument)"
    case "LOAD_GLOBAL" where release >= .python3_11: return name(argument >> 1)
    case "LOAD_ATTR" where release >= .python3_12: return name(argument >> 1)
    case "LOAD_GLOBAL", "LOAD_NAME", "LOAD_ATTR", "LOAD_METHOD", "STORE_ATTR", "STORE_GLOBAL", "IMPORT_NAME",
      "IMPORT_FROM":
      return name(argument)
    case "LOAD_FAST", "STORE_FAST", "LOAD_FAST_CHECK", "LOAD_FAST_AND_CLEAR", "DELETE_FAST", "MAKE_CELL":
      return local(argument) ?? "\(argument)"
    case "LOAD_FAST_LOAD_FAST", "STORE_FAST_LOAD_FAST", "STORE_FAST_STORE_FAST":
      return "\(local(argument >> 4) ?? "?") \(local(argument & 15) ?? "?")"
    case "LOAD_DEREF", "STORE_DEREF", "LOAD_CLOSURE": return cell(argument) ?? "\(argument)"
    default: return OpcodeTable.takesArgument(instruction.opcode) ? "\(argument)" : ""
    }
  }

  private func name(_ index: Int) -> String { names.indices.contains(index) ? names[index] : "\(index)" }
}

extension String {
  fileprivate func padded(_ width: Int) -> String { String(repeating: " ", count: max(width - count, 0)) + self }
}
