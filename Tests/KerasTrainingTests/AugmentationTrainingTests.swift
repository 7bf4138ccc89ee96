import KerasCore
import KerasEngine
import KerasModel
import Testing

@testable import KerasTraining

/// Random layers that are put before a model in training.
@Suite struct AugmentationTrainingTests {
  private static func model(_ shape: JSON) -> JSON {
    [
      "class_name": "Sequential",
      "config": [
        "name": "images",
        "layers": [
          ["class_name": "InputLayer", "config": ["batch_shape": shape, "dtype": "float32", "name": "x"]],
          ["class_name": "Activation", "config": ["name": "a", "activation": "linear"]],
        ],
      ],
    ]
  }

  private func outputs(_ shape: JSON, _ x: TensorData, _ augmentation: Augmentation?, training: Bool) throws -> [Float]
  {
    let network = try Network(canonical: Self.model(shape))
    let lowered = try network.lowered(training: training, augmentation: augmentation)
    let executor = Executor(lowered.graph, parameters: ParameterStore(), options: EngineOptions(threads: 1))
    return try executor.run([lowered.inputNames[0]: x])[0].floats()
  }

  /// Each image is itself or its mirror image, and both occur.
  @Test(arguments: [("channels last", false), ("channels first", true)])
  func flipsImagesInTrainingOnly(_ name: String, _ isFirst: Bool) throws {
    let (count, side) = (64, 5)
    let shape = isFirst ? [count, 1, side, side] : [count, side, side, 1]
    let image = (0..<side * side).map { Float($0) }
    let x = try TensorData(shape: shape, floats: Array(repeating: image, count: count).flatMap { $0 })
    let mirrored = (0..<side * side).map { image[$0 / side * side + side - 1 - $0 % side] }
    let stated: JSON = .array([.null] + shape.dropFirst().map { JSON($0) })
    let flip = try Augmentation("flip")
    let y = try outputs(stated, x, flip, training: true)
    let kinds = (0..<count).map { Array(y[$0 * side * side..<($0 + 1) * side * side]) }
    #expect(kinds.allSatisfy { $0 == image || $0 == mirrored })
    #expect(kinds.contains(image) && kinds.contains(mirrored))
    #expect(try outputs(stated, x, flip, training: false) == outputs(stated, x, nil, training: false))
  }

  @Test func whatIsNoImageIsRefused() throws {
    let network = try Network(canonical: Self.model([nil, 7]))
    #expect(throws: ModelError.self) { try network.lowered(training: true, augmentation: Augmentation("flip")) }
  }

  @Test(arguments: ["", "spin", "flip=up", "rotate=much", "zoom=-1", "flip,,zoom"])
  func unknownWordsAreNamed(_ text: String) {
    #expect(throws: EditError.self) { try Augmentation(text, valueRange: 0...1) }
  }

  @Test func coloursNeedTheRange() throws {
    #expect(throws: EditError.self) { try Augmentation("contrast=0.1") }
    _ = try Augmentation(
      "flip=both,rotate,zoom=0.2,translate=0.1,shear,contrast,brightness,hue,saturation", valueRange: 0...255)
  }
}
