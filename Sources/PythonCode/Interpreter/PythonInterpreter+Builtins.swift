import OrderedCollections

extension PythonInterpreter {
  /// Python's own functions of lists and counts; `nil` for a name that is none of them, or that the semantics knows.
  mutating func builtin(
    _ name: String, _ arguments: [Item], _ frame: Frame
  ) throws(PythonCodeError) -> Item? {
    switch (name, arguments.count) {
    case ("range", 1...3), ("xrange", 1...3): return .list(PythonList(try range(arguments, frame)))
    case ("len", 1):
      switch arguments[0] {
      case .tuple(let elements): return try int(elements.count, frame)
      case .list(let list): return try int(list.elements.count, frame)
      default: return nil
      }
    case ("list", 0): return .list(PythonList([]))
    case ("list", 1): return .list(PythonList(try elements(arguments[0], frame)))
    case ("tuple", 1): return .tuple(try elements(arguments[0], frame))
    case ("reversed", 1): return .iterator(PythonIterator(try elements(arguments[0], frame).reversed()))
    case ("iter", 1): return .iterator(PythonIterator(try elements(arguments[0], frame)))
    case ("enumerate", 1):
      var pairs: [Item] = []
      for (index, item) in try elements(arguments[0], frame).enumerated() {
        pairs.append(.tuple([try int(index, frame), item]))
      }
      return .iterator(PythonIterator(pairs))
    case ("zip", 1...):
      var columns: [[Item]] = []
      for argument in arguments { columns.append(try elements(argument, frame)) }
      let count = columns.map(\.count).min() ?? 0
      return .iterator(PythonIterator((0..<count).map { row in .tuple(columns.map { $0[row] }) }))
    case ("map", 2):
      var results: [Item] = []
      for item in try elements(arguments[1], frame) { results.append(try apply(arguments[0], [item], [:], frame)) }
      return .iterator(PythonIterator(results))
    default: return nil
    }
  }

  private mutating func int(_ value: Int, _ frame: Frame) throws(PythonCodeError) -> Item {
    .value(
      try asked(frame) { (semantics: inout Semantics) throws(Semantics.Failure) in
        try semantics.constant(.int(value))
      })
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
    _ name: String, of list: PythonList<Value>, _ arguments: [Item], _ frame: Frame
  ) throws(PythonCodeError) -> Item? {
    switch (name, arguments.count) {
    case ("append", 1): list.elements.append(arguments[0])
    case ("extend", 1): list.elements += try elements(arguments[0], frame)
    case ("reverse", 0): list.elements.reverse()
    case ("insert", 2):
      guard let place = semantics.int(try value(arguments[0], frame)) else {
        throw refusal("a place that is not known", frame)
      }
      let count = list.elements.count
      list.elements.insert(arguments[1], at: min(max(place < 0 ? place + count : place, 0), count))
    case ("pop", 0):
      guard let last = list.elements.popLast() else { throw refusal("'pop' of an empty list", frame) }
      return last
    default: return nil
    }
    guard list.elements.count <= Self.maximumElements else { throw refusal("an endless list", frame) }
    return try none(frame)
  }
}
