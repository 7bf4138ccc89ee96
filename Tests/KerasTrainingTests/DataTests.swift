import KerasCore
import Testing

@testable import KerasTraining

@Suite struct DataTests {
  private func range(_ count: Int, width: Int = 1) throws -> TensorData {
    try TensorData(shape: [count, width], floats: (0..<count * width).map { Float($0) })
  }

  @Test func validationTakesTheLastSamples() throws {
    let data = try DataSet(inputs: [try range(10, width: 2)], targets: [try range(10)])
    let (training, validation) = try data.split(validationFraction: 0.25)
    #expect(training.count == 7)
    #expect(try validation.targets[0].floats() == [7, 8, 9])
    #expect(try validation.inputs[0].floats() == [14, 15, 16, 17, 18, 19])
    #expect(throws: TrainingError.self) { try data.split(validationFraction: 1) }
  }

  @Test func arraysAreFoundByNameOrNumber() throws {
    let arrays = ["a": try range(2), "b": try range(2, width: 2), "y": try range(2, width: 3)]
    let named = try DataSet(arrays: arrays, inputNames: ["b", "a"], outputNames: ["out"])
    #expect(named.inputs.map(\.shape) == [[2, 2], [2, 1]])
    let numbered = try DataSet(
      arrays: ["x0": try range(2), "x1": try range(2, width: 2), "y": try range(2)], inputNames: ["b", "a"],
      outputNames: ["out"])
    #expect(numbered.inputs.map(\.shape) == [[2, 1], [2, 2]])
  }

  @Test func shufflingIsAPermutationThatTheSeedDecides() {
    var (first, second, other) = (
      SampleOrder(count: 50, shuffleSeed: 1), SampleOrder(count: 50, shuffleSeed: 1),
      SampleOrder(count: 50, shuffleSeed: 2)
    )
    first.beginEpoch()
    second.beginEpoch()
    other.beginEpoch()
    #expect(first.indices == second.indices)
    #expect(first.indices != other.indices)
    #expect(first.indices.sorted() == Array(0..<50))
    let epoch = first.indices
    first.beginEpoch()
    #expect(first.indices != epoch)
    var unshuffled = SampleOrder(count: 3, shuffleSeed: nil)
    unshuffled.beginEpoch()
    #expect(unshuffled.indices == [0, 1, 2])
  }

  @Test func patternsMatchWholePaths() {
    #expect(GlobPattern("conv*").matches("conv2d_1"))
    #expect(GlobPattern("*/dense_?").matches("encoder/dense_1"))
    #expect(!GlobPattern("dense_?").matches("encoder/dense_1"))
    #expect(!GlobPattern("dense").matches("dense_1"))
    #expect(GlobPattern("*").matches(""))
  }

  @Test func freezingSetsTrainableDownToNestedModels() throws {
    func layer(_ name: String, _ layers: [JSON]? = nil) -> JSON {
      var config: JSON = ["name": .string(name), "trainable": true]
      if let layers { config["layers"] = .array(layers) }
      return ["name": .string(name), "config": config]
    }
    let model = layer("model", [layer("encoder", [layer("dense_1"), layer("dense_2")]), layer("dense_1")])
    let frozen = try LayerFreezing(freeze: ["encoder/*"], unfreeze: ["*/dense_2"]).applied(to: model)
    let encoder = frozen["config"]?["layers"]?[0]?["config"]
    #expect(encoder?["trainable"] == true)
    #expect(encoder?["layers"]?[0]?["config"]?["trainable"] == false)
    #expect(encoder?["layers"]?[1]?["config"]?["trainable"] == true)
    #expect(frozen["config"]?["layers"]?[1]?["config"]?["trainable"] == true)
    // A layer unfrozen inside a frozen model is trained, its neighbours are not.
    let opened = try LayerFreezing(freeze: ["*"], unfreeze: ["encoder/dense_2"]).applied(to: model)
    let inside = opened["config"]?["layers"]?[0]?["config"]
    #expect(inside?["trainable"] == true)
    #expect(inside?["layers"]?[0]?["config"]?["trainable"] == false)
    #expect(inside?["layers"]?[1]?["config"]?["trainable"] == true)
    #expect(opened["config"]?["layers"]?[1]?["config"]?["trainable"] == false)
    #expect(throws: TrainingError.self) { try LayerFreezing(freeze: [], unfreeze: ["decoder"]).applied(to: model) }
  }
}
