import OrderedCollections

extension PythonFrame {
  /// The frame with lists, iterators and shared variables of its own; what was one thing stays one thing.
  func copied() -> PythonFrame {
    let copier = PythonCopier<Value>()
    var copy = self
    copy.stack = stack.map { copier.copy($0) }
    copy.locals = locals.mapValues { copier.copy($0) }
    copy.cells = cells.mapValues { copier.copy($0) }
    copy.yielded = yielded.map { copier.copy($0) }
    return copy
  }
}

/// Copies items with all they refer to, each object once.
final class PythonCopier<Value> {
  private var copies: [ObjectIdentifier: AnyObject] = [:]

  func copy(_ item: PythonItem<Value>) -> PythonItem<Value> {
    switch item {
    case .value, .null, .raised: item
    case .tuple(let elements): .tuple(elements.map { copy($0) })
    case .list(let list): .list(copy(list))
    case .array(let array): .array(copy(array))
    case .keywords(let pairs): .keywords(pairs.mapValues { copy($0) })
    case .function(let function): .function(copy(function))
    case .attribute(let base, let name): .attribute(of: copy(base), name)
    case .cell(let cell): .cell(copy(cell))
    case .iterator(let iterator): .iterator(copy(iterator))
    }
  }

  func copy(_ cell: PythonCell<Value>) -> PythonCell<Value> {
    // Known before its content is copied: it may hold itself.
    once(cell, PythonCell()) { $0.content = cell.content.map { self.copy($0) } }
  }

  private func copy(_ list: PythonList<Value>) -> PythonList<Value> {
    once(list, PythonList([])) { $0.elements = list.elements.map { self.copy($0) } }
  }

  private func copy(_ iterator: PythonIterator<Value>) -> PythonIterator<Value> {
    once(iterator, PythonIterator([])) { $0.elements = iterator.rest.map { self.copy($0) } }
  }

  private func copy(_ function: PythonFunction<Value>) -> PythonFunction<Value> {
    once(function, PythonFunction(function.code)) {
      $0.defaults = function.defaults.map { self.copy($0) }
      $0.keywordDefaults = function.keywordDefaults.mapValues { self.copy($0) }
      $0.closure = function.closure.map { self.copy($0) }
    }
  }

  func once<Object: AnyObject>(_ object: Object, _ empty: Object, _ fill: (Object) -> Void) -> Object {
    if let known = copies[ObjectIdentifier(object)] as? Object { return known }
    copies[ObjectIdentifier(object)] = empty
    fill(empty)
    return empty
  }
}
