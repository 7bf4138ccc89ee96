import AllocationCounter
import Foundation
import KerasEngine
import PackedFixtures
import Testing

@testable import KerasKit

/// What a prediction costs, counted instead of timed: numbers that no busy machine changes.
///
/// A change that makes a plan longer, brings more memory from one place to another or allocates more fails here. Where it
/// is worth it the bound is raised, in the same commit and with the reason.
@Suite struct PlanBoundsTests {
  struct Bounds: Sendable, CustomTestStringConvertible {
    var model: String
    var batch: Int
    /// Steps, and those of them that oneDNN does.
    var steps: Int
    var primitives: Int
    /// Bytes that steps only bring elsewhere.
    var movedBytes: Int
    /// Bytes of intermediate results, and all that the plan reserves.
    var arena: Int
    var reserved: Int
    /// Bytes of weights in the orders in which steps read them: nothing is held in the file's order beside its own.
    var weights: Int
    var testDescription: String { "\(model), batch \(batch)" }
  }

  static let bounds: [Bounds] = [
    Bounds(
      model: "demo/digits-2017.h5", batch: 1, steps: 5, primitives: 1, movedBytes: 0, arena: 1472, reserved: 26884,
      weights: 25324),
    Bounds(
      model: "models/keras-3/mlp_adam.keras", batch: 1, steps: 4, primitives: 0, movedBytes: 0, arena: 128,
      reserved: 2452, weights: 2332),
    Bounds(
      model: "models/keras-3/conv_channels_last.keras", batch: 8, steps: 8, primitives: 2, movedBytes: 0, arena: 3072,
      reserved: 13472, weights: 7736),
    Bounds(
      model: "models/keras-2.3.1/lstm_hard_sigmoid.h5", batch: 4, steps: 7, primitives: 0, movedBytes: 240, arena: 2048,
      reserved: 5888, weights: 4472),
    Bounds(
      model: "models/keras-3/gru_bidirectional.keras", batch: 4, steps: 11, primitives: 0, movedBytes: 720, arena: 2240,
      reserved: 7364, weights: 5676),
    Bounds(
      model: "models/keras-3/nested_functional.keras", batch: 4, steps: 6, primitives: 2, movedBytes: 96, arena: 896,
      reserved: 4548, weights: 2072),
    Bounds(
      model: "models/keras-3/separable.keras", batch: 4, steps: 5, primitives: 3, movedBytes: 0, arena: 4800,
      reserved: 52716, weights: 46532),
  ]

  @Test(arguments: bounds) func aCallCostsNoMore(than bounds: Bounds) throws {
    let model = try Model.load(PackedFixtures.path(bounds.model))
    model.threads = 1
    let call = try model.repeatedCall(batchSize: bounds.batch)
    try call.run()
    allocation_counter_start()
    try call.run()
    let allocations = allocation_counter_stop()

    let steps = call.plan.stepDescriptions
    #expect(steps.count <= bounds.steps, "\(steps.map(\.name))")
    #expect(steps.count { !$0.implementation.hasPrefix("own") && $0.implementation != "copy" } <= bounds.primitives)
    #expect(!steps.contains { $0.implementation.hasPrefix("ref") })
    #expect(steps.reduce(0) { $0 + $1.movedBytes } <= bounds.movedBytes)
    #expect(call.plan.arenaByteCount <= bounds.arena)
    // What oneDNN wants of weights depends on the processor.
    #expect(call.plan.reservedByteCount <= bounds.reserved * 5 / 4)
    #expect(call.plan.weightByteCount <= bounds.weights * 5 / 4)
    // Running allocates nothing, in oneDNN neither. Where it cannot be counted there are -1.
    #expect(allocations <= 0)
  }

  @Test func allocationsAreCounted() {
    allocation_counter_start()
    let memory = malloc(10)
    let more = realloc(memory, 100_000)
    let count = allocation_counter_stop()
    free(more)
    #expect(count == 2 || count == -1)
  }
}
