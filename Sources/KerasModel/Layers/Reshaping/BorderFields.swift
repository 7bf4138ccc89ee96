import KerasCore
import KerasGraph
import OrderedCollections

/// What zero padding and cropping share: a pair of sizes per spatial axis.
struct BorderFields: Sendable {
  let key: String
  let pairs: [[Int]]
  let dataFormat: DataFormat

  init(_ config: inout ConfigReader, key: String, rank: Int) throws(ModelError) {
    self.key = key
    let value = config.json(key)
    let isSingle = rank == 1
    var pairs: [[Int]] = []
    if let size = value.intValue {
      pairs = Array(repeating: [size, size], count: rank)
    } else if isSingle, let list = value.arrayValue, list.count == 2, list[0].intValue != nil {
      pairs = [list.compactMap(\.intValue)]
    } else {
      for entry in value.arrayValue ?? [] {
        if let size = entry.intValue {
          pairs.append([size, size])
        } else {
          pairs.append(entry.arrayValue?.compactMap(\.intValue) ?? [])
        }
      }
    }
    guard pairs.count == rank,
      pairs.allSatisfy({ $0.count == 2 && $0.allSatisfy { $0 >= 0 && $0 <= ConfigReader.largestSize } })
    else { throw config.wrong(key, "\(rank) pairs of sizes", value) }
    self.pairs = pairs
    dataFormat = try config.dataFormat()
  }

  var config: OrderedDictionary<String, JSON> {
    if pairs.count == 1 {
      return dataFormat == .channelsLast && key == "cropping"
        ? [key: JSON(pairs[0])] : [key: JSON(pairs[0]), "data_format": .string(dataFormat.rawValue)]
    }
    return [key: .array(pairs.map { JSON($0) }), "data_format": .string(dataFormat.rawValue)]
  }

  /// The sizes before and after every axis of a value.
  private func borders(_ rank: Int) throws(ModelError) -> (before: [Int], after: [Int]) {
    guard rank == pairs.count + 2 else {
      throw ModelError(
        .inputShape(expected: "\(pairs.count + 2) axes", found: Shape([Int?](repeating: nil, count: rank))))
    }
    let before = pairs.map { $0[0] }
    let after = pairs.map { $0[1] }
    return dataFormat == .channelsLast ? ([0] + before + [0], [0] + after + [0]) : ([0, 0] + before, [0, 0] + after)
  }

  func padded(_ x: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
    let (before, after) = try borders(context.shape(x).rank)
    return try context.op(.pad(before: before, after: after, value: 0), x)
  }

  func cropped(_ x: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
    let (before, after) = try borders(context.shape(x).rank)
    return try context.op(
      .slice(starts: before, limits: after.map { $0 == 0 ? nil : -$0 }, strides: before.map { _ in 1 }), x)
  }
}
