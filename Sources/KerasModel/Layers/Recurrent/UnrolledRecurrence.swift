import KerasCore
import KerasGraph

/// A recurrence spelled out step by step with ordinary ops, for cells that are no `Recurrence` of the graph.
///
/// The number of steps must be known. A masked step keeps the states and repeats the output before it, or puts out zero;
/// the output before any unmasked step is 0.
struct UnrolledRecurrence {
  var goBackwards: Bool
  var zeroOutputForMask: Bool
  /// Keras 0.1 and 0.2: all steps are computed and put out, but a masked one's states are zero for the next.
  var maskResetsState = false

  /// The states after one step, the output first; a state of `nil` is zero.
  typealias Step = (Value, [Value?], inout LoweringContext) throws(ModelError) -> [Value]

  /// Runs over axis 1 of `inputs`.
  ///
  /// Gives the outputs in the order computed, along axis 1, and the final states. Throws `.inputShape` if the number of
  /// steps is not known.
  func run(
    _ inputs: Value, states initial: [Value?], mask: Value?, _ context: inout LoweringContext, step: Step
  ) throws(ModelError) -> (sequence: Value, states: [Value]) {
    let count = try Self.stepCount(of: context.shape(inputs))
    var states = initial
    var previous: Int?
    var output: Value?
    var outputs: [Value] = []
    for position in goBackwards ? Array((0..<count).reversed()) : Array(0..<count) {
      let x = try context.step(inputs, position)
      if maskResetsState, let mask, let previous {
        for (index, state) in states.enumerated() {
          guard let state else { continue }
          let isKept = try context.stepMask(mask, previous, rank: context.shape(state).rank)
          states[index] = try context.op(.select, isKept, state, context.constant(0))
        }
      }
      previous = position
      var next = try step(x, states, &context)
      guard var result = next.first else { throw ModelError(.unsupported("a cell without output")) }
      if let mask, !maskResetsState {
        let zero = context.constant(0)
        let isKept = try context.stepMask(mask, position, rank: context.shape(result).rank)
        result = try context.op(.select, isKept, result, zeroOutputForMask ? zero : output ?? zero)
        for index in next.indices {
          let rank = context.shape(next[index]).rank
          let isKept = try context.stepMask(mask, position, rank: rank)
          next[index] = try context.op(.select, isKept, next[index], states[index] ?? zero)
        }
      }
      output = result
      states = next
      outputs.append(try context.expanded(result, axis: 1))
    }
    let sequence = outputs.count == 1 ? outputs[0] : try context.ops(.concatenate(axis: 1), outputs)[0]
    return (sequence, states.compactMap { $0 })
  }

  private static let maximumSteps = 4096

  /// The length of axis 1; throws `.inputShape` if it is not known.
  static func stepCount(of shape: Shape) throws(ModelError) -> Int {
    guard shape.rank > 1, let count = shape[1], count > 0 else {
      throw ModelError(.inputShape(expected: "a known number of time steps", found: shape))
    }
    guard count <= maximumSteps else {
      throw ModelError(.unsupported("more than \(maximumSteps) time steps of a cell that is unrolled"))
    }
    return count
  }
}

extension LoweringContext {
  /// One position of axis 1, without that axis.
  mutating func step(_ x: Value, _ position: Int) throws(ModelError) -> Value {
    let slice = try sliced(x, axis: 1, from: position, to: position + 1)
    var target = dimensions(of: slice)
    target.remove(at: 1)
    return try op(.reshape(target), slice)
  }

  /// One step of a `(batch, time)` mask, `(batch, 1, …)`.
  mutating func stepMask(_ mask: Value, _ position: Int, rank: Int) throws(ModelError) -> Value {
    let slice = try sliced(mask, axis: 1, from: position, to: position + 1)
    guard rank > 2, let batch = dimensions(of: slice).first else { return slice }
    return try op(.reshape([batch] + Array(repeating: .fixed(1), count: rank - 1)), slice)
  }
}
