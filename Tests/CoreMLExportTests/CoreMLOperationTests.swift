import KerasCore
import KerasExport
import Testing

@testable import CoreMLExport

/// How single layers are said in MIL.
@Suite struct CoreMLOperationTests {
  @Test func aDenseLayerIsOneLinear() throws {
    let layer: JSON = ["class_name": "Dense", "config": ["name": "d", "units": 2]]
    let written = try PackageFixture(layers: [layer], input: [nil, 3])
    #expect(written.block.operations.filter { $0.type != "const" }.map(\.type) == ["linear"])
    let linear = try #require(written.operations("linear").first)
    let kernel = try #require(written.constant(linear, "weight"))
    #expect(kernel.type.tensorType.dimensions.map(\.constant.size) == [2, 3])
  }

  /// TensorFlow's `same` on 5 pixels with windows of 2 and stride 1: the zero is behind.
  @Test func knownSizesHaveTheirPaddingInNumbers() throws {
    let layer: JSON = [
      "class_name": "Conv2D",
      "config": ["name": "c", "filters": 2, "kernel_size": [2, 3], "padding": "same", "activation": "relu"],
    ]
    let written = try PackageFixture(layers: [layer], input: [nil, 5, 5, 1])
    let convolution = try #require(written.operations("conv").first)
    #expect(written.text(convolution, "pad_type") == "custom")
    #expect(written.ints(convolution, "pad") == [0, 1, 1, 1])
    #expect(written.operations("relu").count == 1)
  }

  @Test func unknownSizesWithStridesArePaddedByCoreML() throws {
    let layer: JSON = [
      "class_name": "MaxPooling2D", "config": ["name": "p", "pool_size": [2, 2], "padding": "same"],
    ]
    let written = try PackageFixture(layers: [layer], input: [nil, nil, nil, 1])
    let pool = try #require(written.operations("max_pool").first)
    #expect(written.text(pool, "pad_type") == "same")
    #expect(written.proto.description_p.input[0].type.multiArrayType.shapeRange.sizeRanges[1].upperBound == 4096)
  }

  @Test func upsamplingOfFiveAxesStaysWithinThem() throws {
    let layer: JSON = ["class_name": "UpSampling3D", "config": ["name": "u", "size": [2, 3, 2]]]
    let written = try PackageFixture(layers: [layer], input: [nil, 2, 2, 2, 1])
    #expect(!written.operations("upsample_nearest_neighbor").isEmpty)
    #expect(
      written.block.outputs.count == 1
        && written.proto.description_p.output[0].type.multiArrayType.shape.isEmpty)
  }

  @Test func logarithmsAddNothing() throws {
    let layer: JSON = ["class_name": "Activation", "config": ["name": "a", "activation": "log_softmax"]]
    let written = try PackageFixture(layers: [layer], input: [nil, 3])
    let logarithm = try #require(written.operations("log").first)
    #expect(written.constant(logarithm, "epsilon")?.immediateValue.tensor.floats.values == [0])
  }

  @Test func boolsGoInAndOutAsNumbers() throws {
    let layer: JSON = ["class_name": "Flatten", "config": ["name": "f", "dtype": "bool"]]
    let written = try PackageFixture(layers: [layer], input: [nil, 2, 2], dtype: "bool")
    #expect(written.proto.description_p.input[0].type.multiArrayType.dataType == .int32)
    #expect(written.proto.description_p.output[0].type.multiArrayType.dataType == .int32)
  }

  // MARK: Recurrences

  private func recurrence(_ name: String, _ fields: [String: JSON] = [:]) throws -> PackageFixture {
    var config: JSON = ["name": "r", "units": 3]
    for (key, value) in fields { config[key] = value }
    return try PackageFixture(layers: [["class_name": .string(name), "config": config]], input: [nil, 7, 2])
  }

  @Test func anLSTMIsMILs() throws {
    let written = try recurrence("LSTM")
    let lstm = try #require(written.operations("lstm").first)
    #expect(written.text(lstm, "recurrent_activation") == "sigmoid")
    #expect(written.text(lstm, "cell_activation") == "tanh")
    #expect(written.constant(lstm, "weight_ih")?.type.tensorType.dimensions.map(\.constant.size) == [12, 2])
    #expect(written.constant(lstm, "output_sequence")?.immediateValue.tensor.bools.values == [false])
    #expect(written.operations("while_loop").isEmpty)
    #expect(written.operations("reverse").isEmpty)
    #expect(try recurrence("LSTM", ["go_backwards": true]).operations("reverse").count == 1)
  }

  /// MIL's gru has one bias where Keras' has two, and resets what comes of the state.
  @Test(arguments: [(true, true), (true, false), (false, true)])
  func aGRUOfAnotherFormulaIsALoop(_ hasBias: Bool, _ resetsAfter: Bool) throws {
    let written = try recurrence("GRU", ["use_bias": .bool(hasBias), "reset_after": .bool(resetsAfter)])
    let isOwn = !hasBias && resetsAfter
    #expect(written.operations("gru").count == (isOwn ? 1 : 0))
    #expect(written.operations("while_loop").count == (isOwn ? 0 : 1))
    if let loop = written.operations("while_loop").first {
      #expect(loop.blocks.count == 2)
      #expect(loop.blocks[1].inputs.count == loop.outputs.count)
      #expect(loop.blocks[1].outputs.count == loop.outputs.count)
      // Nothing reads the sequence: the step's number and the state are all that is carried.
      #expect(loop.outputs.count == 2)
    }
    #expect(written.looseEnds.isEmpty)
  }

  @Test func activationsThatMILsHaveNotAreLoops() throws {
    #expect(try recurrence("LSTM", ["recurrent_activation": "hard_sigmoid"]).operations("while_loop").count == 1)
    #expect(try recurrence("SimpleRNN", ["activation": "relu"]).operations("rnn").count == 1)
    #expect(try recurrence("SimpleRNN", ["activation": "elu"]).operations("while_loop").count == 1)
  }
}
