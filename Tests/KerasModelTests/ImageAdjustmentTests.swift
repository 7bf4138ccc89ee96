import KerasCore
import ReferenceInterpreter
import Testing

@testable import KerasModel

/// Image layers that do something at inference, and layers that run programs.
@Suite struct ImageAdjustmentTests {
  private static func images(_ shape: [Int], scale: Double) -> Tensor {
    Tensor(shape, (0..<shape.reduce(1, *)).map { Double($0 * 37 % 91) * scale })
  }

  /// Recorded with Keras 3.15.1.
  @Test func autoContrastStretchesEachChannel() throws {
    let bench = try LayerBench(input: [4, 3, 2], [("AutoContrast", ["value_range": [0, 1]])])
    let y = try bench.run(Self.images([2, 4, 3, 2], scale: 2.5))
    let expected = [
      0, 0.425, 0.8604651, 0.2125, 0.6627907, 0, 0.4651163, 0.925, 0.2674419, 0.7125, 0.06976744, 0.5, 0.9302326,
      0.2875, 0.7325581, 0.075, 0.5348837, 1, 0.3372093, 0.7875, 0.1395349, 0.575, 1, 0.3625, 0.85, 0.1294118, 0.6375,
      1, 0.425, 0.8, 0.2125, 0.6, 0, 0.4, 0.925, 0.2, 0.7125, 0, 0.5, 0.8705882, 0.2875, 0.6705883, 0.075, 0.4705882, 1,
      0.2705882, 0.7875, 0.07058824,
    ]
    #expect(agree(y, [2, 4, 3, 2], expected))
  }

  @Test func autoContrastKeepsAChannelOfOneValue() throws {
    let bench = try LayerBench(input: [1, 2, 1], [("AutoContrast", ["value_range": [0, 255]])])
    #expect(try bench.run(Tensor([1, 1, 2, 1], [7, 7])).values == [7, 7])
  }

  /// Recorded with tf.keras 2.15, which resizes at inference.
  @Test func randomCropOfKeras2Resizes() throws {
    let bench = try LayerBench(
      input: [4, 6, 1], [("RandomCrop", ["height": 2, "width": 2, "keraskit>resizes": true])])
    #expect(agree(try bench.run(Self.images([1, 4, 6, 1], scale: 1)), [1, 2, 2, 1], [52.75, 35.75, 41.75, 47.5]))
  }

  /// Recorded with Keras 3.7.0, whose inference takes what it trains on where images are small; 3.6.0 gives the same.
  @Test(arguments: [
    ([2, 2], [37, 74, 77, 23]), ([3, 4], [0, 37, 74, 20, 40, 77, 23, 60, 80, 26, 63, 9]),
    ([5, 2], [74, 20, 38.3, 48, 43, 34.5, 47.7, 21, 12, 49]), ([2, 5], [40, 77, 23, 60, 6, 80, 26, 63, 9, 46]),
  ])
  func randomCropOfKeras36Centres(_ size: [Int], _ expected: [Double]) throws {
    let bench = try LayerBench(
      input: [4, 6, 1],
      [("RandomCrop", ["height": JSON(size[0]), "width": JSON(size[1]), "keraskit>centres": true])])
    #expect(agree(try bench.run(Self.images([1, 4, 6, 1], scale: 1)), [1] + size + [1], expected))
  }

  @Test(arguments: ["TFSMLayer", "JaxLayer", "FlaxLayer", "TorchModuleWrapper"])
  func layersThatRunProgramsAreRefusedByName(_ className: String) throws {
    let model: JSON = [
      "class_name": "Sequential",
      "config": ["name": "m", "layers": [["class_name": .string(className), "config": ["name": "program"]]]],
    ]
    let error = #expect(throws: ModelError.self) { try UnknownObjects.check(model) }
    #expect(error?.description.contains(className) == true)
    #expect(error?.description.contains("executed") == true)
  }
}
