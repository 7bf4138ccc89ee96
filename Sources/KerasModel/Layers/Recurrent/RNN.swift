import KerasCore
import KerasGraph
import OrderedCollections

/// A cell run over all time steps; stacked cells become one recurrence after another.
///
/// A masked step keeps every cell's states and repeats the output before it. Initial and returned states are those of the
/// first cell, then of the next (Keras 3).
public struct RNN: RecurrentLayer {
  public static let className = "RNN"

  /// The cells in order, each with its place below this layer.
  private let cells: [Sublayer]
  private let cell: Sublayer
  private let cellJSON: JSON
  let returnsSequences: Bool
  let returnsState: Bool
  var goBackwards: Bool
  let isStateful: Bool
  let unroll: Bool
  var zeroOutputForMask: Bool?
  let isTimeMajor: Bool
  public let activityRegularizer: Regularizer?

  public init(_ config: inout ConfigReader) throws(ModelError) {
    cellJSON = config.json("cell")
    let (layer, name, trainable) = try LayerRegistry.layer(cellJSON)
    cell = Sublayer(holder: "cell", name: name, layer: layer, trainable: trainable)
    if layer is any RecurrentCell {
      cells = [cell]
    } else if let stack = layer as? StackedRNNCells {
      cells = stack.cells.map { inner in
        var cell = inner
        cell.holder = "cell/" + inner.holder
        cell.trainable = inner.trainable && trainable
        return cell
      }
    } else {
      throw ModelError(.unsupported("an RNN around \(layer.className)"))
    }
    returnsSequences = try config.bool("return_sequences", default: false)
    returnsState = try config.bool("return_state", default: false)
    goBackwards = try config.bool("go_backwards", default: false)
    isStateful = try config.bool("stateful", default: false)
    unroll = try config.bool("unroll", default: false)
    zeroOutputForMask = config.json("zero_output_for_mask").boolValue
    activityRegularizer = try config.regularizer("activity_regularizer")
    isTimeMajor = try config.bool("keraskit>time_major", default: false)
  }

  public var config: OrderedDictionary<String, JSON> {
    var fields: OrderedDictionary<String, JSON> = [
      "return_sequences": .bool(returnsSequences), "return_state": .bool(returnsState),
      "go_backwards": .bool(goBackwards), "stateful": .bool(isStateful), "unroll": .bool(unroll),
      "zero_output_for_mask": zeroOutputForMask.map { .bool($0) } ?? .null, "cell": cellJSON,
      "activity_regularizer": activityRegularizer.json,
    ]
    if isTimeMajor { fields["keraskit>time_major"] = true }
    return fields
  }

  private var reversesStates: Bool { (cell.layer as? StackedRNNCells)?.reversesStates ?? false }

  /// States of all cells, from the first cell's to the last's or the reverse: the other order.
  private func reordered(_ states: [Value], fromReversed: Bool) -> [Value] {
    guard reversesStates, !states.isEmpty else { return states }
    var rest = states[...]
    var groups: [[Value]] = []
    for cell in fromReversed ? cells.reversed() : cells {
      let count = stateCount(of: cell)
      groups.append(Array(rest.prefix(count)))
      rest = rest.dropFirst(count)
    }
    return groups.reversed().flatMap { $0 }
  }

  public var sublayers: [Sublayer] { [cell] }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] {
    guard let input = inputs.first else { throw ModelError(.inputCount(expected: "a sequence", found: 0)) }
    try input.expectRank(3)
    return try cell.layer.weights([Shape([input[0], input[2]])]).map { spec in
      var held = spec.held(by: cell.holder)
      held.ownersTrainable = spec.ownersTrainable && cell.trainable
      return held
    }
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    guard let input = call.inputs.first else { throw ModelError(.inputCount(expected: "a sequence", found: 0)) }
    try context.shape(input.value).expectRank(3)
    var states = (call.inputs.dropFirst() + (call.keywordTensors["initial_state"] ?? [])).map(\.value)
    let count = cells.reduce(0) { $0 + stateCount(of: $1) }
    guard states.isEmpty || states.count == count else {
      throw ModelError(.inputCount(expected: "\(count) initial states", found: states.count))
    }
    states = reordered(states, fromReversed: true)
    var x = try context.cast(input.value, to: .float32)
    var mask = input.mask
    if isTimeMajor {
      x = try context.op(.transpose([1, 0, 2]), x)
      if let given = mask { mask = try context.op(.transpose([1, 0]), given) }
    }
    let isMirrored = goBackwards && unroll && zeroOutputForMask == true
    let ownMask = mask
    if states.isEmpty, isStateful { states = try storedStates(x, &context) }
    if goBackwards {
      x = try context.op(.reverse(axes: [1]), x)
      if let given = mask { mask = try context.op(.reverse(axes: [1]), given) }
    }
    var final: [Value] = []
    for (index, cell) in cells.enumerated() {
      guard var fields = (cell.layer as? any RecurrentCell)?.fields else { continue }
      fields.zeroOutputForMask = index == cells.count - 1 && (zeroOutputForMask ?? false) && !isMirrored
      let own = Array(states.prefix(states.isEmpty ? 0 : fields.stateCount))
      states.removeFirst(own.count)
      let results = try context.inSublayer(cell) { context throws(ModelError) in
        try fields.results(x, states: own, mask: mask, &context)
      }
      x = results[0]
      final += results.dropFirst()
    }
    if isStateful {
      for (index, state) in final.enumerated() {
        context.stateUpdates.append(
          VariableUpdate(parameter: context.parameterName("state_\(index)"), value: state))
      }
    }
    let last = cells.last.map { final.count - stateCount(of: $0) } ?? 0
    let lastOutput = final[last]
    if isMirrored, let ownMask {
      // See RecurrentFields: the mask stands in its own order.
      x = try context.op(.select, context.expanded(ownMask, axis: 2), x, context.constant(0))
    }
    if returnsSequences, isTimeMajor { x = try context.op(.transpose([1, 0, 2]), x) }
    let output = returnsSequences ? LayerTensor(x, mask: input.mask) : LayerTensor(lastOutput)
    return [output] + (returnsState ? reordered(final, fromReversed: false).map { LayerTensor($0) } : [])
  }

  private func stateCount(of cell: Sublayer) -> Int { (cell.layer as? any RecurrentCell)?.fields.stateCount ?? 0 }

  private func storedStates(_ x: Value, _ context: inout LoweringContext) throws(ModelError) -> [Value] {
    guard let batch = context.shape(x)[0] else {
      throw ModelError(.inputShape(expected: "a fixed batch size for a stateful layer", found: context.shape(x)))
    }
    var states: [Value] = []
    for cell in cells {
      guard let fields = (cell.layer as? any RecurrentCell)?.fields else { continue }
      for _ in 0..<fields.stateCount {
        states.append(context.stateParameter("state_\(states.count)", shape: [batch, fields.units]))
      }
    }
    return states
  }
}
