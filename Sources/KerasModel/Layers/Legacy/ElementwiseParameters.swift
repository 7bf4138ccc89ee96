import KerasCore

/// The shape of parameters that each element of an input has for itself, axes of `shared_axes` (1-based) excepted.
struct ElementwiseParameters: Sendable {
  let sharedAxes: JSON
  private let axes: [Int]

  init(_ config: inout ConfigReader) throws(ModelError) {
    sharedAxes = config.json("shared_axes")
    axes = sharedAxes.intValue.map { [$0] } ?? sharedAxes.arrayValue?.compactMap(\.intValue) ?? []
    guard axes.count == sharedAxes.arrayValue?.count ?? (sharedAxes.isNull ? 0 : 1) else {
      throw config.wrong("shared_axes", "null or a list of axes", sharedAxes)
    }
  }

  func shape(_ input: Shape) throws(ModelError) -> [Int] {
    guard input.rank >= 2 else { throw ModelError(.inputShape(expected: "at least 2 axes", found: input)) }
    var shape: [Int] = []
    for axis in 1..<input.rank { shape.append(axes.contains(axis) ? 1 : try input.known(axis: axis)) }
    return shape
  }
}
