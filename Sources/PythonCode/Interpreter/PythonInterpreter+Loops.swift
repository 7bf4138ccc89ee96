import OrderedCollections

/// The loops that the interpreter follows, by their names.
public enum PythonLoops {
  /// Whether a function of that name is one of them.
  public static func knows(_ name: String) -> Bool { parameters(name) != nil }

  /// The parameters of a loop by its name, those of `keras.ops` where they are others.
  static func parameters(_ name: String) -> [String]? {
    let parts = name.split(separator: ".").map(String.init)
    let isCurrent = parts.dropLast().contains("ops")
    switch parts.last {
    case "map" where parts.count > 1: return ["fn", "elems"]
    case "map_fn", "vectorized_map": return ["fn", "elems"]
    case "foldl", "foldr": return ["fn", "elems", "initializer"]
    case "scan":
      return isCurrent ? ["fn", "initializer", "elems", "length", "reverse"] : ["fn", "elems", "initializer"]
    case "while_loop": return ["cond", "body", "loop_vars"]
    case "fori_loop": return ["lower", "upper", "fn", "initializer"]
    case "rnn":
      return [
        "fn", "elems", "initializer", "go_backwards", "mask", "constants", "unroll", "input_length", "time_major",
      ]
    case "reduce" where parts.count == 1 || parts[0] == "functools": return ["fn", "elems", "initializer"]
    default: return nil
    }
  }
}

/// Functions of TensorFlow, Keras and Python that call a function of the file again and again: `map_fn`, `scan`, `foldl`,
/// `while_loop`, `rnn`, `functools.reduce`.
///
/// Loops come apart step by step, which needs their length to be known; a function mapped over the samples of a batch is
/// the semantics' to spread.
extension PythonInterpreter {
  private static var maximumRounds: Int { 1024 }

  /// Their names in one library or the other.
  private static var renamed: [String: String] {
    [
      "f": "fn", "function": "fn", "body_fun": "fn", "step_function": "fn", "xs": "elems", "elements": "elems",
      "sequence": "elems", "inputs": "elems", "init": "initializer", "init_val": "initializer",
      "initial_states": "initializer", "initial": "initializer",
    ]
  }

  /// Arguments that change no result.
  private static var meaningless: Set<String> {
    [
      "dtype", "fn_output_signature", "parallel_iterations", "back_prop", "swap_memory", "infer_shape", "name",
      "fallback_to_while_loop", "warn", "shape_invariants", "maximum_iterations", "unroll", "input_length", "length",
    ]
  }

  /// What a loop gives; `nil` for another function.
  mutating func loop(
    _ name: String, _ positional: [Item], _ keywords: OrderedDictionary<String, Item>, _ frame: Frame
  ) throws(PythonCodeError) -> Item? {
    guard let parameters = PythonLoops.parameters(name) else { return nil }
    var given: [String: Item] = [:]
    for (item, parameter) in zip(positional, parameters) { given[parameter] = item }
    for (key, item) in keywords { given[parameters.contains(key) ? key : Self.renamed[key] ?? key] = item }
    for key in given.keys where !parameters.contains(key) && !Self.meaningless.contains(key) {
      guard key == "reverse" || key == "zero_output_for_mask" else {
        throw refusal("the argument '\(key)' of \(name)", frame)
      }
    }
    func needed(_ key: String) throws(PythonCodeError) -> Item {
      guard let item = given[key] else { throw refusal("\(name) without its argument '\(key)'", frame) }
      return item
    }
    switch name.split(separator: ".").last {
    case "map", "map_fn", "vectorized_map": return try mapped(needed("fn"), needed("elems"), name, frame)
    case "foldl", "foldr", "reduce":
      var rows = try rows(needed("elems"), name, frame)
      if name.hasSuffix("foldr") { rows.reverse() }
      return try steps(needed("fn"), rows, from: isGiven(given["initializer"]), name, frame).last
    case "scan":
      var rows = try rows(needed("elems"), name, frame)
      let isReversed = try given["reverse"].map { item throws(PythonCodeError) in try truth(item, frame) } ?? false
      guard let isReversed else { throw refusal("'reverse' of \(name), which is not known", frame) }
      if isReversed { rows.reverse() }
      if parameters[1] == "initializer" {
        return try carried(needed("fn"), rows, needed("initializer"), isReversed, frame)
      }
      let results = try steps(needed("fn"), rows, from: isGiven(given["initializer"]), name, frame)
      return try stacked(isReversed ? results.reversed() : results, axis: 0, frame)
    case "while_loop": return try whileLoop(needed("cond"), needed("body"), needed("loop_vars"), frame)
    case "fori_loop":
      guard let lower = semantics.int(try value(needed("lower"), frame)),
        let upper = semantics.int(try value(needed("upper"), frame)),
        upper.subtractingReportingOverflow(lower).overflow == false,
        upper - lower <= Self.maximumRounds
      else { throw refusal("\(name) between bounds that are not known or too far apart", frame) }
      var carry = try needed("initializer")
      for index in lower..<max(lower, upper) {
        carry = try apply(needed("fn"), [int(index, frame), carry], [:], frame)
      }
      return carry
    default: return try recurrence(given, needed("fn"), needed("elems"), frame)
    }
  }

  /// `nil` for None.
  private mutating func isGiven(_ item: Item?) -> Item? {
    if case .value(let value)? = item, semantics.isNone(value) { return nil }
    return item
  }

  /// The parts of a list or tuple; of anything else itself alone.
  private func components(_ item: Item) -> (parts: [Item], isOne: Bool) {
    switch item {
    case .tuple(let elements): (elements, false)
    case .list(let list): (list.elements, false)
    default: ([item], true)
    }
  }

  private func joined(_ parts: [Item], isOne: Bool) -> Item { isOne && parts.count == 1 ? parts[0] : .tuple(parts) }

  /// What a loop goes through: the rows of a tensor, or of several tensors side by side.
  private mutating func rows(
    _ item: Item, axis: Int = 0, _ name: String, _ frame: Frame
  ) throws(PythonCodeError) -> [Item] {
    if name.hasSuffix("reduce") { return try elements(item, frame) }
    let (parts, isOne) = components(item)
    var columns: [[Item]] = []
    for part in parts {
      let value = try value(part, frame)
      let rows = try asked(frame) { (semantics: inout Semantics) throws(Semantics.Failure) in
        try semantics.rows(of: value, axis: axis)
      }
      guard let rows else { throw refusal("\(name) over an axis whose size is not known", frame) }
      columns.append(rows.map { .value($0) })
    }
    let count = columns.map(\.count).min() ?? 0
    guard count <= Self.maximumRounds else { throw refusal("\(name) over \(count) elements", frame) }
    return (0..<count).map { row in joined(columns.map { $0[row] }, isOne: isOne) }
  }

  /// Results of all rounds as tensors with a new axis, component by component.
  private mutating func stacked(_ results: [Item], axis: Int, _ frame: Frame) throws(PythonCodeError) -> Item {
    guard let first = results.first else { throw refusal("a loop of no rounds", frame) }
    let (parts, isOne) = components(first)
    var joinedParts: [Item] = []
    for place in parts.indices {
      var values: [Value] = []
      for result in results {
        let own = components(result).parts
        guard own.count == parts.count else { throw refusal("rounds that give different numbers of results", frame) }
        values.append(try value(own[place], frame))
      }
      let stack = try asked(frame) { (semantics: inout Semantics) throws(Semantics.Failure) in
        try semantics.stacked(values, axis: axis)
      }
      guard let stack else { throw refusal("a loop's results as one tensor", frame) }
      joinedParts.append(.value(stack))
    }
    return joined(joinedParts, isOne: isOne)
  }

  /// fn(result so far, row) for each row; all results.
  private mutating func steps(
    _ function: Item, _ rows: [Item], from start: Item?, _ name: String, _ frame: Frame
  ) throws(PythonCodeError) -> [Item] {
    guard var result = start ?? rows.first else { throw refusal("\(name) of nothing", frame) }
    var results = start == nil ? [result] : []
    for row in start == nil ? rows.dropFirst() : rows[...] {
      result = try apply(function, [result, row], [:], frame)
      results.append(result)
    }
    return results.isEmpty ? [result] : results
  }

  /// `keras.ops.scan`: fn(carry, row) gives the next carry and a result.
  private mutating func carried(
    _ function: Item, _ rows: [Item], _ start: Item, _ isReversed: Bool, _ frame: Frame
  ) throws(PythonCodeError) -> Item {
    var carry = start
    var results: [Item] = []
    for row in rows {
      let pair = try elements(apply(function, [carry, row], [:], frame), count: 2, frame)
      guard pair.count == 2 else { throw refusal("a function of scan that gives \(pair.count) values", frame) }
      carry = pair[0]
      results.append(pair[1])
    }
    return .tuple([carry, try stacked(isReversed ? results.reversed() : results, axis: 0, frame)])
  }

  private mutating func whileLoop(
    _ condition: Item, _ body: Item, _ start: Item, _ frame: Frame
  ) throws(PythonCodeError) -> Item {
    var (variables, isOne) = components(start)
    for _ in 0..<Self.maximumRounds {
      let answer = try apply(condition, variables, [:], frame)
      guard let goesOn = try truth(answer, frame) else { throw refusal("a loop whose end depends on data", frame) }
      guard goesOn else { return joined(variables, isOne: isOne) }
      let result = try apply(body, variables, [:], frame)
      let next =
        variables.count == 1 && components(result).isOne
        ? [result] : try elements(result, count: variables.count, frame)
      guard next.count == variables.count else {
        throw refusal("a loop that gives \(next.count) values for \(variables.count)", frame)
      }
      variables = next
    }
    throw refusal("a loop of more than \(Self.maximumRounds) rounds", frame)
  }

  /// `K.rnn`: the last output, all outputs along time, the last states.
  private mutating func recurrence(
    _ given: [String: Item], _ function: Item, _ inputs: Item, _ frame: Frame
  ) throws(PythonCodeError) -> Item {
    guard isGiven(given["mask"]) == nil else { throw refusal("rnn with a mask", frame) }
    var flags: [String: Bool] = [:]
    for key in ["go_backwards", "time_major"] {
      guard let item = isGiven(given[key]) else { continue }
      guard let flag = try truth(item, frame) else { throw refusal("'\(key)' of rnn, which is not known", frame) }
      flags[key] = flag
    }
    let axis = flags["time_major"] == true ? 0 : 1
    var rows = try rows(inputs, axis: axis, "rnn", frame)
    if flags["go_backwards"] == true { rows.reverse() }
    var states = try given["initializer"].map { item throws(PythonCodeError) in try elements(item, frame) } ?? []
    let constants =
      try isGiven(given["constants"]).map { item throws(PythonCodeError) in try elements(item, frame) } ?? []
    var outputs: [Item] = []
    for row in rows {
      let pair = try elements(
        apply(function, [row, .list(PythonList(states + constants))], [:], frame), count: 2, frame)
      guard pair.count == 2 else { throw refusal("a step of rnn that gives \(pair.count) values", frame) }
      outputs.append(pair[0])
      states = try elements(pair[1], frame)
    }
    guard let last = outputs.last else { throw refusal("rnn over no steps", frame) }
    return .tuple([last, try stacked(outputs, axis: axis, frame), .list(PythonList(states))])
  }

  /// A function of each row: step by step where there are so many rows, else spread over the batch by the semantics.
  private mutating func mapped(
    _ function: Item, _ whole: Item, _ name: String, _ frame: Frame
  ) throws(PythonCodeError) -> Item {
    let (parts, isOne) = components(whole)
    var wholes: [Value] = []
    for part in parts { wholes.append(try value(part, frame)) }
    let given = wholes
    let samples = try asked(frame) { (semantics: inout Semantics) throws(Semantics.Failure) in
      try semantics.samples(of: given)
    }
    guard let samples else {
      var results: [Item] = []
      for row in try rows(whole, name, frame) { results.append(try apply(function, [row], [:], frame)) }
      return try stacked(results, axis: 0, frame)
    }
    let result = try apply(function, [joined(samples.map { .value($0) }, isOne: isOne)], [:], frame)
    let (outputs, isOneOutput) = components(result)
    var values: [Value] = []
    for output in outputs { values.append(try value(output, frame)) }
    let found = values
    let spread = try asked(frame) { (semantics: inout Semantics) throws(Semantics.Failure) in
      try semantics.spread(found, over: given, from: samples)
    }
    return joined(spread.map { .value($0) }, isOne: isOneOutput)
  }
}
