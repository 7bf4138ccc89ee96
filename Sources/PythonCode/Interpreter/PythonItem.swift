import OrderedCollections

/// What stands on the interpreter's stack and in its variables.
enum PythonItem<Value> {
  case value(Value)
  case tuple([PythonItem])
  case list(PythonList<Value>)
  case array(PythonArray<Value>)
  case keywords(OrderedDictionary<String, PythonItem>)
  case function(PythonFunction<Value>)
  /// `base.name`, which a call or a use decides.
  indirect case attribute(of: PythonItem, String)
  case cell(PythonCell<Value>)
  case iterator(PythonIterator<Value>)
  /// An error that the code makes, as it would be written.
  case raised(String)
  /// CPython's mark below a callable that is no method.
  case null
}

/// A list, which functions change where it is.
final class PythonList<Value> {
  var elements: [PythonItem<Value>]

  init(_ elements: [PythonItem<Value>]) { self.elements = elements }
}

/// A variable that inner functions share; empty before it is set.
final class PythonCell<Value> {
  var content: PythonItem<Value>?

  init(_ content: PythonItem<Value>? = nil) { self.content = content }
}

final class PythonIterator<Value> {
  var elements: [PythonItem<Value>]
  private var place = 0

  init(_ elements: [PythonItem<Value>]) { self.elements = elements }

  func next() -> PythonItem<Value>? {
    guard place < elements.count else { return nil }
    place += 1
    return elements[place - 1]
  }

  var rest: [PythonItem<Value>] { Array(elements[place...]) }
}

/// A function of the file: code with what it was made with.
final class PythonFunction<Value> {
  let code: CodeObject
  var defaults: [PythonItem<Value>]
  var keywordDefaults: OrderedDictionary<String, PythonItem<Value>>
  /// One for each free variable of the code.
  var closure: [PythonCell<Value>]

  init(
    _ code: CodeObject, defaults: [PythonItem<Value>] = [],
    keywordDefaults: OrderedDictionary<String, PythonItem<Value>> = [:], closure: [PythonCell<Value>] = []
  ) {
    self.code = code
    self.defaults = defaults
    self.keywordDefaults = keywordDefaults
    self.closure = closure
  }
}

/// A call of one function: its variables and its stack.
struct PythonFrame<Value> {
  let function: PythonFunction<Value>
  let list: InstructionList
  var place = 0
  var stack: [PythonItem<Value>] = []
  var locals: [String: PythonItem<Value>] = [:]
  var cells: [String: PythonCell<Value>] = [:]
  /// Loops of releases before 3.8: where they end, and how high the stack was.
  var blocks: [(end: Int, height: Int)] = []
  /// What a generator has given.
  var yielded: [PythonItem<Value>] = []
  /// The names of the last arguments of the call to come (3.11 and 3.12).
  var keywordNames: [String] = []

  var code: CodeObject { function.code }
}
