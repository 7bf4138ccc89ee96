import KerasCore
import KerasGraph
import OrderedCollections

/// The texts of several inputs' categories in a row, for every combination of `depth` inputs.
///
/// tf.keras 2.4 to 2.6, `layers/preprocessing/category_crossing.py`; inputs are `(batch)` or `(batch, width)`, and each
/// combination gives a column for every choice of one column of each of its inputs, the last input's varying fastest.
public struct CategoryCrossing: Layer {
  public static let className = "CategoryCrossing"

  private let depths: [Int]?
  private let depth: JSON
  let separator: String

  public init(_ config: inout ConfigReader) throws(ModelError) {
    depth = config.json("depth")
    if let limit = depth.intValue {
      guard limit >= 0, limit < 1 << 10 else { throw config.wrong("depth", "the number of inputs or less", depth) }
      // As in Keras, 0 is no depth.
      depths = limit == 0 ? nil : Array(1...limit)
    } else if let list = depth.arrayValue {
      depths = list.isEmpty ? nil : list.compactMap(\.intValue)
      guard depths?.count ?? 0 == list.count, depths?.allSatisfy({ $0 > 0 }) ?? true else {
        throw config.wrong("depth", "an integer or a list of them", depth)
      }
    } else {
      guard depth.isNull else { throw config.wrong("depth", "an integer or a list of them", depth) }
      depths = nil
    }
    separator = try config.string("separator", default: "_X_")
  }

  public var config: OrderedDictionary<String, JSON> { ["depth": depth, "separator": .string(separator)] }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    var columns: [[Value]] = []
    for input in try context.crossable(call.inputs.map(\.value)) {
      columns.append(try context.categoryColumns(input))
    }
    var crosses: [Value] = []
    for depth in depths ?? [columns.count] {
      guard depth <= columns.count else {
        throw ModelError(.inputCount(expected: "at least \(depth) inputs", found: columns.count))
      }
      for combination in Self.combinations(columns, depth) {
        for operands in Self.product(combination) {
          guard crosses.count < 1 << 12 else { throw ModelError(.unsupported("more than 4096 crosses")) }
          crosses.append(try context.ops(.cross(.joined(separator: separator)), operands)[0])
        }
      }
    }
    guard !crosses.isEmpty else { throw ModelError(.inputCount(expected: "at least 1 input", found: 0)) }
    return [LayerTensor(try context.ops(.concatenate(axis: 1), crosses)[0])]
  }

  /// Python's `itertools.combinations`.
  private static func combinations<Element>(_ elements: [Element], _ count: Int) -> [[Element]] {
    if count == 0 { return [[]] }
    return elements.indices.flatMap { index in
      combinations(Array(elements[(index + 1)...]), count - 1).map { [elements[index]] + $0 }
    }
  }

  private static func product(_ lists: [[Value]]) -> [[Value]] {
    lists.reduce([[]]) { rows, list in rows.flatMap { row in list.map { row + [$0] } } }
  }
}

extension LoweringContext {
  /// The columns `(batch, 1)` of categories `(batch)` or `(batch, width)`.
  mutating func categoryColumns(_ input: Value) throws(ModelError) -> [Value] {
    let shape = shape(input)
    if shape.rank == 1 { return [try expanded(input, axis: 1)] }
    guard shape.rank == 2, let width = shape[1] else {
      throw ModelError(.inputShape(expected: "(batch) or (batch, width)", found: shape))
    }
    if width == 1 { return [input] }
    var columns: [Value] = []
    for column in 0..<width {
      columns.append(try op(.slice(starts: [0, column], limits: [nil, column + 1], strides: [1, 1]), input))
    }
    return columns
  }
}
