import KerasCore
import KerasGraph
import OrderedCollections

/// Softmax over one or several axes; masked elements get no share.
public struct Softmax: Layer {
  public static let className = "Softmax"

  let axes: [Int]
  let isList: Bool

  public init(_ config: inout ConfigReader) throws(ModelError) {
    let axis = config.json("axis")
    isList = axis.arrayValue != nil
    if axis.isNull {
      axes = [-1]
    } else if let one = axis.intValue {
      axes = [one]
    } else if let list = axis.arrayValue, case let numbers = list.compactMap(\.intValue), !list.isEmpty,
      numbers.count == list.count
    {
      axes = numbers
    } else {
      throw config.wrong("axis", "an axis or a list of axes", axis)
    }
  }

  public var config: OrderedDictionary<String, JSON> { ["axis": isList ? JSON(axes) : JSON(axes[0])] }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    let input = try call.single()
    var x = input.value
    let shape = context.shape(x)
    if let given = call.keywordTensors["mask"]?.first?.value ?? input.mask {
      guard context.shape(given).rank == shape.rank else {
        throw ModelError(.inputShape(expected: "a mask of \(shape.rank) axes", found: context.shape(given)))
      }
      let penalty = try context.scaled(
        context.shifted(context.op(.cast(.float32), given), by: -1), by: Float.greatestFiniteMagnitude / 2)
      x = try context.op(.binary(.add), x, penalty)
    }
    var resolved: [Int] = []
    for axis in axes { resolved.append(try shape.axis(axis)) }
    if resolved.count == 1 { return [LayerTensor(try context.op(.softmax(axis: resolved[0]), x), mask: input.mask)] }
    let sorted = Array(Set(resolved)).sorted()
    let top = try context.op(.reduce(.maximum, axes: sorted, keepDimensions: true), x)
    let powers = try context.op(.unary(.exponential), context.op(.binary(.subtract), x, top))
    let sum = try context.op(.reduce(.sum, axes: sorted, keepDimensions: true), powers)
    return [LayerTensor(try context.op(.binary(.divide), powers, sum), mask: input.mask)]
  }
}
