import KerasCore
import KerasGraph

extension BackendFunction {
  /// Values at places of a tensor, which the last axis of `indices` names.
  static let scattering: Table = [
    (
      "scatter",
      BackendFunction("indices values shape") { arguments, context throws(ModelError) in
        let shape = try arguments.ints("shape")
        guard let count = checkedProduct(shape), count < 1 << 27 else {
          throw arguments.unsupported("shape", "sizes")
        }
        let zeros = try LoweringContext.data { () throws(TensorDataError) in try TensorData.filled(0, shape: shape) }
        return .tensor(
          try added(arguments.float("values", &context), to: context.constant(zeros), arguments, &context))
      }
    ),
    (
      "scatter_update",
      BackendFunction("inputs indices updates") { arguments, context throws(ModelError) in
        let x = try arguments.float("inputs", &context)
        let updates = try arguments.float("updates", &context)
        let none = try context.op(.broadcast(context.dimensions(of: x, operand: 1)), context.constant(0), x)
        let sums = try added(updates, to: none, arguments, &context)
        let ones = try context.op(
          .broadcast(context.dimensions(of: updates, operand: 1)), context.constant(1), updates)
        let hits = try added(ones, to: none, arguments, &context)
        // Which of several updates of one place counts is not said; here their mean does.
        let mean = try context.f(.divide, sums, context.f(.maximum, hits, 1))
        return .tensor(try context.op(.select, context.f(.greater, hits, 0), mean, x))
      }
    ),
    (
      "scatter_add",
      BackendFunction("inputs indices updates sign") { arguments, context throws(ModelError) in
        let updates = try arguments.float("updates", &context)
        let signed = try context.scaled(updates, by: Float(arguments.double("sign", default: 1)))
        return .tensor(try added(signed, to: arguments.float("inputs", &context), arguments, &context))
      }
    ),
  ]

  /// `table` with values added at the places that `indices` names; of the axes it names all but the first have known
  /// sizes.
  private static func added(
    _ values: Value, to table: Value, _ arguments: FunctionArguments, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let shape = context.shape(table)
    let indices = try context.cast(arguments.float("indices", &context), to: .int32)
    let depth = try context.shape(indices).known(axis: -1)
    guard depth > 0, depth <= shape.rank else {
      throw arguments.unsupported("indices", "places in a tensor of \(shape)")
    }
    let axis = context.shape(indices).rank - 1
    var place = try context.sliced(indices, axis: axis, from: 0, to: 1)
    for position in 1..<max(depth, 1) {
      let size = Int32(clamping: try shape.known(axis: position))
      let factor = try LoweringContext.data { () throws(TensorDataError) in try TensorData(shape: [], int32s: [size]) }
      let next = try context.sliced(indices, axis: axis, from: position, to: position + 1)
      place = try context.f(.add, context.f(.multiply, place, context.constant(factor)), next)
    }
    let rows = try context.op(.reshape([.inferred]), place)
    var rest: [TargetDimension] = []
    for other in depth..<max(shape.rank, depth) {
      rest.append(shape[other].map { .fixed($0) } ?? .ofOperand(1, axis: other))
    }
    let updates = try context.op(.reshape([.inferred] + rest), values, table)
    let flat = depth == 1 ? table : try context.op(.reshape([.inferred] + rest), table, table)
    let sum = try context.op(.scatterAddRows, updates, rows, flat)
    let whole = depth == 1 ? sum : try context.op(.reshape(context.dimensions(of: table, operand: 1)), sum, table)
    return try context.f(.add, table, whole)
  }
}
