/// The contents of a SavedModel's fixed lookup tables: constants of its graph that fill them when it is loaded.
///
/// A table object has a function `_initialize`; a concrete form of that captures the table, its keys and its values.
public struct SavedTables: Sendable {
  /// Keys or values: integers or strings.
  public enum Column: Sendable, Hashable {
    case integers([Int64])
    case strings([String])
  }

  private var objects: [ProtocolFields] = []
  /// What each concrete function captures, as numbers of objects.
  private var captures: [String: [Int64]] = [:]
  /// The value of each constant of the graph that may be a column.
  private var constants: [String: Column] = [:]

  // The numbers of `DataType`.
  private static let int64: Int64 = 9
  private static let string: Int64 = 7

  public init(savedModel: [UInt8]) {
    guard let graph = ProtocolFields(savedModel[...]).messages(2).first, let saved = graph.message(7) else { return }
    objects = saved.messages(1)
    for pair in saved.messages(2) {
      guard let name = pair.text(1), let function = pair.message(2) else { continue }
      captures[name] = function.numbers(2)
    }
    for node in graph.message(2)?.messages(1) ?? [] where node.text(2) == "Const" {
      guard let name = node.text(1) else { continue }
      for pair in node.messages(5) where pair.text(1) == "value" {
        if let tensor = pair.message(2)?.message(8), let column = Self.column(tensor) { constants[name] = column }
      }
    }
  }

  /// The keys and values that fill the table `node` of `graph`; `nil` if it is filled otherwise.
  public func columns(of node: Int, in graph: ObjectGraph) -> (keys: Column, values: Column)? {
    guard let initialize = graph.nodes[node]["_initialize"], objects.indices.contains(initialize),
      let name = objects[initialize].message(6)?.text(1)
    else { return nil }
    let captured = (captures[name] ?? []).compactMap { number -> Column? in
      guard let index = Int(exactly: number), objects.indices.contains(index),
        let constant = objects[index].message(9)?.text(1)
      else { return nil }
      return constants[constant]
    }
    return captured.count == 2 ? (captured[0], captured[1]) : nil
  }

  /// A list of `TensorProto`: elements one by one, as bytes, or once for all that are equal.
  private static func column(_ tensor: ProtocolFields) -> Column? {
    let type = tensor.numbers(1).first
    let axes = tensor.message(2)?.messages(2).map { $0.numbers(1).first ?? 0 } ?? []
    guard axes.count == 1, let count = axes.first.flatMap({ Int(exactly: $0) }), (0...1 << 24).contains(count) else {
      return nil
    }
    switch type {
    case int64:
      if let content = tensor.contents(4).last, !content.isEmpty {
        var cursor = ByteCursor(content)
        var numbers: [Int64] = []
        while let number = cursor.fixed(8) { numbers.append(Int64(bitPattern: number)) }
        return numbers.count == count ? .integers(numbers) : nil
      }
      return repeated(tensor.numbers(10), count).map { .integers($0) }
    case string:
      return repeated(tensor.contents(8).map { String(decoding: $0, as: UTF8.self) }, count).map { .strings($0) }
    default: return nil
    }
  }

  /// The last element stands for all that follow.
  private static func repeated<Element>(_ elements: [Element], _ count: Int) -> [Element]? {
    guard elements.count < count else { return elements.count == count ? elements : nil }
    guard let last = elements.last else { return nil }
    return elements + Array(repeating: last, count: count - elements.count)
  }
}
