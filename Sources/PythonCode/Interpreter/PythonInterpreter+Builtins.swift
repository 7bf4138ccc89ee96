import OrderedCollections

extension PythonInterpreter {
  /// Python's own functions of lists and counts; `nil` for a name that is none of them, or that the semantics knows.
  mutating func builtin(
    _ name: String, _ arguments: [Item], _ keywords: OrderedDictionary<String, Item>, _ frame: Frame
  ) throws(PythonCodeError) -> Item? {
    switch (name, arguments.count) {
    case ("dict", 0): return .keywords(keywords)
    case ("enumerate", 1...2): return try enumerated(arguments, keywords, frame)
    case ("hasattr", 2):
      guard let attribute = semantics.text(try value(arguments[1], frame)),
        let answer = semantics.has(try value(arguments[0], frame), attribute: attribute)
      else { return nil }
      return try constant(.bool(answer), frame)
    case ("sum", 1) where keywords.keys.elementsEqual(["start"]):
      let (values, named) = try values(arguments, keywords, frame)
      guard let start = named["start"] else { return nil }
      let function = try asked(frame) { (semantics: inout Semantics) throws(Semantics.Failure) in
        try semantics.global(name)
      }
      return .value(
        try asked(frame) { (semantics: inout Semantics) throws(Semantics.Failure) in
          try semantics.call(function, values + [start], [:])
        })
    case ("sorted", 1): return .list(PythonList(try sorted(elements(arguments[0], frame), keywords, frame)))
    default: break
    }
    guard keywords.isEmpty else { return nil }
    switch (name, arguments.count) {
    case ("range", 1...3), ("xrange", 1...3): return .list(PythonList(try range(arguments, frame)))
    case ("len", 1):
      switch arguments[0] {
      case .tuple(let elements): return try int(elements.count, frame)
      case .list(let list): return try int(list.elements.count, frame)
      case .keywords(let pairs): return try int(pairs.count, frame)
      default: return nil
      }
    case ("set", 1), ("frozenset", 1): return .tuple(try distinct(elements(arguments[0], frame), frame))
    case ("list", 0): return .list(PythonList([]))
    case ("list", 1): return .list(PythonList(try elements(arguments[0], frame)))
    case ("tuple", 1): return .tuple(try elements(arguments[0], frame))
    case ("reversed", 1): return .iterator(PythonIterator(try elements(arguments[0], frame).reversed()))
    case ("iter", 1): return .iterator(PythonIterator(try elements(arguments[0], frame)))
    case ("any", 1), ("all", 1): return try truths(name, arguments[0], frame)
    case ("isinstance", 2):
      switch arguments[0] {
      case .list: return try isInstance("list", arguments[1], frame)
      case .tuple: return try isInstance("tuple", arguments[1], frame)
      case .keywords: return try isInstance("dict", arguments[1], frame)
      default: return nil
      }
    case ("zip", 1...):
      var columns: [[Item]] = []
      for argument in arguments { columns.append(try elements(argument, frame)) }
      let count = columns.map(\.count).min() ?? 0
      return .iterator(PythonIterator((0..<count).map { row in .tuple(columns.map { $0[row] }) }))
    case ("map", 2...):
      var columns: [[Item]] = []
      for argument in arguments.dropFirst() { columns.append(try elements(argument, frame)) }
      var results: [Item] = []
      for row in 0..<(columns.map(\.count).min() ?? 0) {
        results.append(try apply(arguments[0], columns.map { $0[row] }, [:], frame))
      }
      return .iterator(PythonIterator(results))
    case ("filter", 2):
      var kept: [Item] = []
      for item in try elements(arguments[1], frame) {
        guard let truth = try truth(apply(arguments[0], [item], [:], frame), frame) else {
          throw refusal("'filter' by something that depends on data", frame)
        }
        if truth { kept.append(item) }
      }
      return .iterator(PythonIterator(kept))
    default: return nil
    }
  }

  /// The elements of a set, of texts or whole numbers; their order has no meaning.
  private mutating func distinct(_ items: [Item], _ frame: Frame) throws(PythonCodeError) -> [Item] {
    var (texts, numbers): (Set<String>, Set<Int>) = ([], [])
    var kept: [Item] = []
    for item in items {
      let value = try value(item, frame)
      if let text = semantics.text(value) {
        if texts.insert(text).inserted { kept.append(item) }
      } else if let number = semantics.int(value) {
        if numbers.insert(number).inserted { kept.append(item) }
      } else {
        throw refusal("a set of something else than texts and whole numbers", frame)
      }
    }
    return kept
  }

  private mutating func enumerated(
    _ arguments: [Item], _ keywords: OrderedDictionary<String, Item>, _ frame: Frame
  ) throws(PythonCodeError) -> Item? {
    guard keywords.keys.allSatisfy({ $0 == "start" }) else { return nil }
    var start = 0
    if let given = keywords["start"] ?? arguments.dropFirst().first {
      guard let number = semantics.int(try value(given, frame)), number.magnitude < 1 << 40 else {
        throw refusal("a start that is not known", frame)
      }
      start = number
    }
    var pairs: [Item] = []
    for (index, item) in try elements(arguments[0], frame).enumerated() {
      pairs.append(.tuple([try int(start + index, frame), item]))
    }
    return .iterator(PythonIterator(pairs))
  }

  /// `any` and `all` of what is known.
  private mutating func truths(_ name: String, _ item: Item, _ frame: Frame) throws(PythonCodeError) -> Item? {
    // An array of numpy's is the semantics' to judge.
    guard semantics.name(of: try value(item, frame)) == nil else { return nil }
    var isUnknown = false
    for element in try elements(item, frame) {
      guard let truth = try truth(element, frame) else {
        isUnknown = true
        continue
      }
      if truth == (name == "any") { return try constant(.bool(truth), frame) }
    }
    return isUnknown ? nil : try constant(.bool(name == "all"), frame)
  }

  /// Whether something of that type is an instance of a type, or of one of several.
  private mutating func isInstance(_ type: String, _ asked: Item, _ frame: Frame) throws(PythonCodeError) -> Item? {
    var types = [asked]
    if case .tuple(let several) = asked { types = several }
    for asked in types {
      guard let name = semantics.name(of: try value(asked, frame)) else { return nil }
      if name == type { return try constant(.bool(true), frame) }
    }
    return try constant(.bool(false), frame)
  }

  private mutating func constant(_ object: PythonObject, _ frame: Frame) throws(PythonCodeError) -> Item {
    .value(
      try self.asked(frame) { (semantics: inout Semantics) throws(Semantics.Failure) in
        try semantics.constant(object)
      })
  }

  mutating func int(_ value: Int, _ frame: Frame) throws(PythonCodeError) -> Item {
    try constant(.int(value), frame)
  }

  private mutating func range(_ arguments: [Item], _ frame: Frame) throws(PythonCodeError) -> [Item] {
    var bounds: [Int] = []
    for argument in arguments {
      guard let bound = semantics.int(try value(argument, frame)) else {
        throw refusal("a range whose bounds are not known", frame)
      }
      bounds.append(bound)
    }
    let (first, last, step) = (
      bounds.count > 1 ? bounds[0] : 0, bounds.count > 1 ? bounds[1] : bounds[0], bounds.count > 2 ? bounds[2] : 1
    )
    guard step != 0, first.magnitude < 1 << 40, last.magnitude < 1 << 40, step.magnitude < 1 << 40,
      (last - first) / step <= Self.maximumElements
    else { throw refusal("a range of too many numbers", frame) }
    var items: [Item] = []
    for index in stride(from: first, to: last, by: step) { items.append(try int(index, frame)) }
    return items
  }

  /// What changes a list where it is; `nil` for another method.
  mutating func method(
    _ name: String, of list: PythonList<Value>, _ arguments: [Item], _ keywords: OrderedDictionary<String, Item>,
    _ frame: Frame
  ) throws(PythonCodeError) -> Item? {
    if name == "sort", arguments.isEmpty {
      list.elements = try sorted(list.elements, keywords, frame)
      return try none(frame)
    }
    guard keywords.isEmpty else { return nil }
    if name == "append" || name == "insert", let item = arguments.last { try countStore(of: item, frame) }
    switch (name, arguments.count) {
    case ("append", 1): list.elements.append(arguments[0])
    case ("extend", 1):
      let items = try elements(arguments[0], frame)
      for item in items { try countStore(of: item, frame) }
      list.elements += items
    case ("reverse", 0): list.elements.reverse()
    case ("insert", 2):
      guard let place = semantics.int(try value(arguments[0], frame)) else {
        throw refusal("a place that is not known", frame)
      }
      let count = list.elements.count
      list.elements.insert(arguments[1], at: min(max(place < 0 ? place + count : place, 0), count))
    case ("copy", 0): return .list(PythonList(list.elements))
    case ("pop", 0):
      guard let last = list.elements.popLast() else { throw refusal("'pop' of an empty list", frame) }
      return last
    default: return nil
    }
    guard list.elements.count <= Self.maximumElements else { throw refusal("an endless list", frame) }
    return try none(frame)
  }
  /// What reads a dictionary; `nil` for another method.
  mutating func method(
    _ name: String, of pairs: OrderedDictionary<String, Item>, _ arguments: [Item], _ frame: Frame
  ) throws(PythonCodeError) -> Item? {
    var keys: [Item] = []
    for key in pairs.keys { keys.append(try constant(.string(key), frame)) }
    switch (name, arguments.count) {
    case ("keys", 0): return .iterator(PythonIterator(keys))
    case ("values", 0): return .iterator(PythonIterator(Array(pairs.values)))
    case ("items", 0), ("iteritems", 0):
      return .iterator(PythonIterator(zip(keys, pairs.values).map { .tuple([$0, $1]) }))
    case ("get", 1...2):
      guard let key = semantics.text(try value(arguments[0], frame)) else {
        throw refusal("a dictionary with something else than texts as keys", frame)
      }
      if let item = pairs[key] ?? arguments.dropFirst().first { return item }
      return try none(frame)
    default: return nil
    }
  }
}
