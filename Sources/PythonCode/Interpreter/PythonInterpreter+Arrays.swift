import OrderedCollections

/// An array of numpy's, which assignments to its items change where it is; or a view of one.
final class PythonArray<Value> {
  fileprivate(set) var content: Value
  /// The array that this is a part or another shape of; views of views name the first one.
  fileprivate let owner: PythonArray?
  /// How often items were assigned; of a view, when it was made.
  fileprivate var changes: Int

  init(_ content: Value) { (self.content, owner, changes) = (content, nil, 0) }

  fileprivate init(_ content: Value, viewOf other: PythonArray) {
    let owner = other.owner ?? other
    (self.content, self.owner, changes) = (content, owner, owner.changes)
  }

  /// Whether the array has changed since this view of it was made.
  fileprivate var isStale: Bool { owner.map { $0.changes != changes } ?? false }
}

extension PythonInterpreter {
  /// Functions of numpy's that make an array of their own; what others give may share elements with their arguments.
  private static var makers: Set<String> {
    [
      "zeros", "ones", "full", "empty", "eye", "identity", "array", "arange", "linspace", "zeros_like", "ones_like",
      "full_like", "copy", "tile", "repeat", "concatenate", "stack", "outer", "tri", "triu", "tril", "hanning",
      "hamming",
    ]
  }

  /// What a function of that name gave: an array of its own, a possible view of an array among the arguments, or a value.
  func result(
    _ value: Value, of name: String?, _ positional: [Item], _ keywords: OrderedDictionary<String, Item>
  ) -> Item {
    let parts = (name ?? "").split(separator: ".")
    if parts.count == 2, parts[0] == "np" || parts[0] == "numpy", Self.makers.contains(String(parts[1])) {
      return .array(PythonArray(value))
    }
    for case .array(let array) in positional + Array(keywords.values) { return view(value, of: array) }
    return .value(value)
  }

  func view(_ value: Value, of array: PythonArray<Value>) -> Item { .array(PythonArray(value, viewOf: array)) }

  /// What a method of an array gave.
  func result(_ value: Value, ofMethod name: String, of array: PythonArray<Value>) -> Item {
    ["copy", "astype"].contains(name) ? .array(PythonArray(value)) : view(value, of: array)
  }

  func content(of array: PythonArray<Value>, _ frame: Frame) throws(PythonCodeError) -> Value {
    guard !array.isStale else { throw refusal("a part of an array that was changed after it was taken", frame) }
    return array.content
  }

  /// `array[key] = item`.
  mutating func store(
    _ item: Item, in array: PythonArray<Value>, at key: Item, _ frame: Frame
  ) throws(PythonCodeError) {
    guard array.owner == nil else { throw refusal("an assignment to an item of a part of an array", frame) }
    if case .list = key { throw refusal("an assignment to several items of an array by a list", frame) }
    let (key, item) = (try value(key, frame), try value(item, frame))
    let base = array.content
    array.content = try asked(frame) { (semantics: inout Semantics) throws(Semantics.Failure) in
      try semantics.stored(item, in: base, at: key)
    }
    array.changes += 1
  }
}

extension PythonCopier {
  func copy(_ array: PythonArray<Value>) -> PythonArray<Value> {
    guard let owner = array.owner else {
      return once(array, PythonArray(array.content)) { $0.changes = array.changes }
    }
    let own = copy(owner)
    return once(array, PythonArray(array.content, viewOf: own)) { $0.changes = array.changes }
  }
}

/// A default, an argument or a variable of an outer function as a file holds it.
public indirect enum PythonArgument<Value> {
  case value(Value)
  case dictionary(OrderedDictionary<String, PythonArgument>)

  var item: PythonItem<Value> {
    switch self {
    case .value(let value): .value(value)
    case .dictionary(let pairs): .keywords(pairs.mapValues(\.item))
    }
  }
}

extension PythonArgument: Sendable where Value: Sendable {}
