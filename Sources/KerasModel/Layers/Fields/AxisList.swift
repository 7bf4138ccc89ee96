import KerasCore

/// An `axis` field: one axis or a list of axes, written back as it was.
struct AxisList: Sendable {
  let axes: [Int]
  let json: JSON

  /// Reads `axis`; `null` gives no axes.
  init(_ config: inout ConfigReader, default standard: Int = -1) throws(ModelError) {
    json = config.has("axis") ? config.json("axis") : JSON(standard)
    if let one = json.intValue {
      axes = [one]
    } else if json.isNull {
      axes = []
    } else if let list = json.arrayValue, case let numbers = list.compactMap(\.intValue), numbers.count == list.count {
      axes = numbers
    } else {
      throw config.wrong("axis", "an axis or a list of axes", json)
    }
  }

  /// The axes counted from the front, ascending.
  func resolved(_ shape: Shape) throws(ModelError) -> [Int] {
    var result: Set<Int> = []
    for axis in axes { result.insert(try shape.axis(axis)) }
    return result.sorted()
  }

  func sizes(_ shape: Shape) throws(ModelError) -> [Int] {
    var sizes: [Int] = []
    for axis in try resolved(shape) { sizes.append(try shape.known(axis: axis)) }
    return sizes
  }
}
