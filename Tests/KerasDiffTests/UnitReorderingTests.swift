import KerasKit
import Testing

/// Units in another order, by hand on a model of real Keras: `eye` (3×3×2×4), `memory` (LSTM of 5), `answer` (3).
@Suite struct UnitReorderingTests {
  private let path = ModelPairTests.folder + "/keras-2.1.3.h5"
  private let order = [2, 0, 4, 1, 3]

  /// The array with the entries of an axis in that order, in each of `blocks` parts of the axis.
  private func moved(_ data: TensorData, axis: Int, _ order: [Int], blocks: Int = 1) throws -> TensorData {
    let values = try data.floats()
    let stride = data.shape[(axis + 1)...].reduce(1, *)
    let (count, size) = (data.shape[axis], order.count)
    #expect(count == size * blocks)
    return try TensorData(
      shape: data.shape,
      floats: values.indices.map { index in
        let place = index / stride % count
        let source = place / size * size + order[place % size]
        return values[index + (source - place) * stride]
      })
  }

  private func change(
    _ model: inout LoadedModel, _ name: String, axis: Int, _ order: [Int], blocks: Int = 1
  ) throws {
    let parameter = try #require(model.weights.keys.first { $0.hasSuffix(name) })
    model.weights[parameter] = try moved(try #require(model.weights[parameter]), axis: axis, order, blocks: blocks)
  }

  @Test func unitsOfAnLSTMThatAllFollowComputeTheSame() throws {
    let original = try LoadedModel.load(path)
    var other = original
    try change(&other, "memory/cell/kernel", axis: 1, order, blocks: 4)
    try change(&other, "memory/cell/recurrent_kernel", axis: 1, order, blocks: 4)
    try change(&other, "memory/cell/recurrent_kernel", axis: 0, order)
    try change(&other, "memory/cell/bias", axis: 0, order, blocks: 4)
    try change(&other, "answer/kernel", axis: 0, order)
    let diff = try ModelDiff.compare(original, other)
    let found = try #require(diff.reorderings.first)
    #expect(diff.reorderings.count == 1)
    #expect(found.layer == "memory" && found.moved == 5 && found.units == 5)
    #expect(found.isConsistent && found.followers == ["answer"], "\(found)")
    #expect(diff.layers.allSatisfy { $0.effect != .inference })
    // And they do compute the same.
    let models = (try Model(original), try Model(other))
    let inputs = try models.0.inputRecipes(samples: 4, seed: 1).map { try $0.array() }
    let outputs = try OutputDifference.between(models.0, models.1, on: inputs)
    #expect(outputs.allSatisfy { $0.relative < 1e-5 })
    let layers = try LayerDifference.between(models.0, models.1, on: inputs, matchedBy: diff)
    #expect(layers.filter(\.isReordered).map(\.pathA) == ["memory"])
  }

  @Test func aLayerThatDoesNotFollowIsNamed() throws {
    let original = try LoadedModel.load(path)
    var other = original
    try change(&other, "memory/cell/kernel", axis: 1, order, blocks: 4)
    try change(&other, "memory/cell/recurrent_kernel", axis: 1, order, blocks: 4)
    try change(&other, "memory/cell/recurrent_kernel", axis: 0, order)
    try change(&other, "memory/cell/bias", axis: 0, order, blocks: 4)
    let diff = try ModelDiff.compare(original, other)
    #expect(diff.reorderings.map(\.layer) == ["memory"])
    #expect(diff.reorderings.first?.problem?.contains("'answer'") == true, "\(diff.reorderings)")
    #expect(diff.effect == .inference)
  }

  @Test func outputsInAnotherOrderAreNoSuchThing() throws {
    let original = try LoadedModel.load(path)
    var other = original
    try change(&other, "answer/kernel", axis: 1, [2, 0, 1])
    try change(&other, "answer/bias", axis: 0, [2, 0, 1])
    let diff = try ModelDiff.compare(original, other)
    #expect(diff.reorderings.first?.problem?.contains("outputs") == true, "\(diff.reorderings)")
    #expect(diff.effect == .inference)
  }

  @Test func reshapesThatAreNotFollowedAreSaid() throws {
    let original = try LoadedModel.load(path)
    var other = original
    try change(&other, "eye/kernel", axis: 3, [1, 0, 3, 2])
    try change(&other, "eye/bias", axis: 0, [1, 0, 3, 2])
    let diff = try ModelDiff.compare(original, other)
    #expect(diff.reorderings.first?.layer == "eye")
    #expect(diff.reorderings.first?.problem?.contains("not followed") == true, "\(diff.reorderings)")
    #expect(diff.effect == .inference)
  }
}
