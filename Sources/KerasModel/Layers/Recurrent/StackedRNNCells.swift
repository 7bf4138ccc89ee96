import KerasCore
import OrderedCollections

/// Several cells of which each takes the output of the one before; by itself one step of all of them.
///
/// States are those of the first cell, then of the next.
public struct StackedRNNCells: Layer {
  public static let className = "StackedRNNCells"

  let cells: [Sublayer]
  /// Whether states are listed from the last cell to the first (Keras before 2.2.3).
  let reversesStates: Bool
  private let cellsJSON: JSON

  public init(_ config: inout ConfigReader) throws(ModelError) {
    cellsJSON = config.json("cells")
    var cells: [Sublayer] = []
    var counts: [String: Int] = [:]
    for object in cellsJSON.arrayValue ?? [] {
      let (layer, name, trainable) = try LayerRegistry.layer(object)
      guard layer is any RecurrentCell else {
        throw ModelError(.unsupported("\(layer.className) among stacked cells"))
      }
      let base = NetworkReading.snakeCase(layer.className)
      let number = counts[base, default: 0]
      counts[base] = number + 1
      cells.append(
        Sublayer(
          holder: "cells/" + (number == 0 ? base : "\(base)_\(number)"), name: name, layer: layer,
          trainable: trainable))
    }
    guard !cells.isEmpty else { throw config.wrong("cells", "a list of cells", cellsJSON) }
    self.cells = cells
    reversesStates = try config.bool("reverse_state_order", default: false)
  }

  public var config: OrderedDictionary<String, JSON> {
    var fields: OrderedDictionary<String, JSON> = ["cells": cellsJSON]
    if reversesStates { fields["reverse_state_order"] = true }
    return fields
  }

  public var sublayers: [Sublayer] { cells }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] {
    guard var input = inputs.first else { throw ModelError(.inputCount(expected: "an input", found: 0)) }
    var specs: [WeightSpec] = []
    for cell in cells {
      for spec in try cell.layer.weights([input]) {
        var held = spec.held(by: cell.holder)
        held.ownersTrainable = spec.ownersTrainable && cell.trainable
        specs.append(held)
      }
      if let inner = cell.layer as? any RecurrentCell { input = Shape([input[0], inner.fields.units]) }
    }
    return specs
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    guard var x = call.inputs.first else { throw ModelError(.inputCount(expected: "an input", found: 0)) }
    var given = Array(call.inputs.dropFirst()) + (call.keywordTensors["states"] ?? [])
    let count = cells.reduce(0) { $0 + (($1.layer as? any RecurrentCell)?.fields.stateCount ?? 0) }
    guard given.isEmpty || given.count == count else {
      throw ModelError(.inputCount(expected: "\(count) states", found: given.count))
    }
    var states: [LayerTensor] = []
    for cell in cells {
      let own = given.isEmpty ? 0 : (cell.layer as? any RecurrentCell)?.fields.stateCount ?? 0
      let inner = LayerCall(inputs: [x] + given.prefix(own))
      given.removeFirst(own)
      let results = try context.inSublayer(cell) { context throws(ModelError) in
        try cell.layer.lower(inner, &context)
      }
      x = results[0]
      states += results.dropFirst()
    }
    return [x] + states
  }
}
