import OrderedCollections

/// What Python's operations mean for values of some kind: tensors of a graph, or texts that show an expression.
///
/// The interpreter follows instructions, calls functions of the code itself and keeps lists; all else is asked here.
/// Errors thrown are reasons in words; the interpreter adds the place.
public protocol PythonSemantics {
  associatedtype Value
  associatedtype Failure: Error

  mutating func constant(_ object: PythonObject) throws(Failure) -> Value
  /// A global name, of a module or of a function.
  mutating func global(_ name: String) throws(Failure) -> Value
  /// `-`, `+`, `~`, `not`.
  mutating func unary(_ symbol: String, _ operand: Value) throws(Failure) -> Value
  /// Arithmetic, comparisons, `is`, `in`.
  mutating func binary(_ symbol: String, _ left: Value, _ right: Value) throws(Failure) -> Value
  mutating func sequence(_ elements: [Value], isTuple: Bool) throws(Failure) -> Value
  mutating func slice(_ start: Value, _ stop: Value, _ step: Value) throws(Failure) -> Value
  mutating func item(_ base: Value, _ key: Value) throws(Failure) -> Value
  /// What an array is after `base[key] = item`.
  mutating func stored(_ item: Value, in base: Value, at key: Value) throws(Failure) -> Value
  mutating func attribute(_ base: Value, _ name: String) throws(Failure) -> Value
  /// Calls a function that is no code of the file.
  mutating func call(
    _ function: Value, _ positional: [Value], _ keywords: OrderedDictionary<String, Value>
  ) throws(Failure) -> Value
  mutating func call(
    method: String, of base: Value, _ positional: [Value], _ keywords: OrderedDictionary<String, Value>
  ) throws(Failure) -> Value
  /// A value as text, as `str` (`s`), `repr` (`r`) or a format's specification writes it.
  mutating func formatted(_ value: Value, conversion: Character, specification: Value?) throws(Failure) -> Value
  /// The parts of a tensor along an axis of known size; `nil` where it is not known.
  mutating func rows(of value: Value, axis: Int) throws(Failure) -> [Value]?
  /// Values of one shape as one with a new axis; `nil` where that has no meaning.
  mutating func stacked(_ values: [Value], axis: Int) throws(Failure) -> Value?
  /// One sample of each of these batches, for a function to be followed on; `nil` where their sizes are known.
  mutating func samples(of wholes: [Value]) throws(Failure) -> [Value]?
  /// What was computed of those samples, for all samples of the batches.
  mutating func spread(_ results: [Value], over wholes: [Value], from samples: [Value]) throws(Failure) -> [Value]
  /// Whether a module, a tensor or another value has an attribute of that name; `nil` where it is not known.
  func has(_ value: Value, attribute: String) -> Bool?
  /// What two ways give of which data decide; throws where no meaning is known.
  mutating func choice(_ condition: Value, _ then: Value, _ otherwise: Value) throws(Failure) -> Value

  /// Whether it is a module or a function of a module, by name.
  func name(of value: Value) -> String?
  /// Python's truth; `nil` if it depends on data.
  func truth(_ value: Value) -> Bool?
  func isNone(_ value: Value) -> Bool
  func int(_ value: Value) -> Int?
  /// A constant text.
  func text(_ value: Value) -> String?
  /// The elements to iterate over, `count` of them where that is known; `nil` if they are not known.
  mutating func elements(_ value: Value, count: Int?) throws(Failure) -> [Value]?
  /// The failure as words.
  func reason(_ failure: Failure) -> String
}
