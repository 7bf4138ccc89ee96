import KerasCore
import KerasGraph

/// What stands between the brackets of `x[…]`, as Keras 3 saves it: slices, integers and an ellipsis.
struct ItemSelection {
  private let items: [JSON]

  init(_ argument: JSON) {
    items = argument["items"]?.arrayValue ?? argument.arrayValue ?? [argument]
  }

  /// The selected part; an integer drops its axis.
  ///
  /// Throws `.unsupported` for other items and negative steps.
  func apply(_ x: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
    let shape = context.shape(x)
    let named = items.count { $0["class_name"] != "__ellipsis__" }
    guard named <= shape.rank else {
      throw ModelError(.inputShape(expected: "at least \(named) axes", found: shape))
    }
    var starts = Array(repeating: 0, count: shape.rank)
    var limits = [Int?](repeating: nil, count: shape.rank)
    var strides = Array(repeating: 1, count: shape.rank)
    var dropped: [Int] = []
    var axis = 0
    for item in items {
      if item["class_name"] == "__ellipsis__" {
        axis += shape.rank - named
        continue
      }
      if let index = item.intValue {
        starts[axis] = index
        limits[axis] = index == -1 ? nil : index + 1
        dropped.append(axis)
      } else if item["class_name"] == "__slice__", let slice = item["config"] {
        strides[axis] = slice["step"]?.intValue ?? 1
        guard strides[axis] > 0 else { throw ModelError(.unsupported("a slice with a negative step")) }
        starts[axis] = slice["start"]?.intValue ?? 0
        limits[axis] = slice["stop"]?.intValue
        if let size = shape[axis] {
          starts[axis] = min(starts[axis], size)
          limits[axis] = limits[axis].map { min($0, size) }
        }
      } else {
        throw ModelError(.unsupported("the selection of \(item.text())"))
      }
      axis += 1
    }
    let part = try context.op(.slice(starts: starts, limits: limits, strides: strides), x)
    guard !dropped.isEmpty else { return part }
    var target = context.dimensions(of: part)
    for axis in dropped.reversed() { target.remove(at: axis) }
    return try context.op(.reshape(target), part)
  }
}
