import KerasCore
import KerasFile
import Testing

@testable import KerasModel

private func ramp(_ shape: [Int]) throws -> TensorData {
  try TensorData(shape: shape, floats: (0..<shape.reduce(1, *)).map(Float.init))
}

private func stored(_ name: String, _ data: TensorData) -> StoredArray {
  StoredArray(name: name, path: "/\(name)", dtype: data.dtype, shape: data.shape) { () throws(KerasFileError) in data }
}

private func era(_ version: String, _ backend: String) throws -> Era {
  let source = ModelSource(file: "f", format: .hdf5Model, versionStamp: version, backend: backend)
  return Era(of: source, config: ["class_name": "Sequential"])
}

private func target(_ role: String, _ shape: [Int]) -> WeightTarget {
  WeightTarget(parameter: "layer/\(role)", holder: "", role: role, shape: shape, isTrainable: true)
}

/// Expected values are numpy's for the formulas of Keras' own loaders.
@Suite("Stored weights in the canonical layout")
struct WeightLayoutTests {
  @Test func `Theano's kernel is transposed to rows, columns, in, out and flipped`() throws {
    let layout = KernelLayout(era: try era("1.2.2", "theano"), className: "Conv2D", isChannelsFirst: true)
    let (kernel, conversion) = try #require(
      try layout.convert(try ramp([2, 3, 2, 2]), role: "kernel", to: [2, 2, 3, 2]))
    #expect(
      try kernel.floats() == [3, 15, 7, 19, 11, 23, 2, 14, 6, 18, 10, 22, 1, 13, 5, 17, 9, 21, 0, 12, 4, 16, 8, 20])
    #expect(conversion?.contains("flipped") == true)
  }

  @Test func `Keras 1's one-dimensional kernels lose their axis of one`() throws {
    let layout = KernelLayout(era: try era("1.2.2", "tensorflow"), className: "Conv1D", isChannelsFirst: false)
    let (kernel, _) = try #require(try layout.convert(try ramp([3, 1, 2, 2]), role: "kernel", to: [3, 2, 2]))
    #expect(try kernel.floats() == (0..<12).map(Float.init))
    let flipped = KernelLayout(era: try era("1.2.2", "theano"), className: "Conv1D", isChannelsFirst: false)
    let (theano, _) = try #require(try flipped.convert(try ramp([3, 1, 2, 2]), role: "kernel", to: [3, 2, 2]))
    #expect(try theano.floats() == [8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3])
  }

  @Test func `Depthwise kernels of Theano are not flipped`() throws {
    let layout = KernelLayout(era: try era("2.2.4", "theano"), className: "DepthwiseConv2D", isChannelsFirst: false)
    let (kernel, conversion) = try #require(
      try layout.convert(try ramp([2, 2, 1, 1]), role: "depthwise_kernel", to: [2, 2, 1, 1]))
    #expect(try kernel.floats() == [0, 1, 2, 3])
    #expect(conversion == nil)
  }

  @Test func `CuDNN's kernels go back to plain ones gate by gate`() throws {
    #expect(
      try RecurrentLayout.kernelFromCuDNN(try ramp([2, 8]), gates: 4).floats()
        == [0, 8, 2, 10, 4, 12, 6, 14, 1, 9, 3, 11, 5, 13, 7, 15])
    #expect(
      try RecurrentLayout.recurrentFromCuDNN(try ramp([2, 6]), gates: 3).floats() == [
        0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11,
      ])
    #expect(try RecurrentLayout.lstmBiasFromCuDNN(try ramp([8])).floats() == [4, 6, 8, 10])
  }

  @Test func `Keras 1's twelve LSTM arrays become three in the order i, f, c, o`() throws {
    let weights = LayerWeights(
      era: try era("1.2.2", "tensorflow"), className: "LSTM", config: [:],
      targets: [target("kernel", [1, 4]), target("recurrent_kernel", [1, 4]), target("bias", [4])], consumeLess: "cpu")
    #expect(weights.storedSlots.count == 12)
    // Stored gate order: i, c, f, o; W, U, b of each.
    let arrays = try ["i", "c", "f", "o"].enumerated().flatMap { gate, name in
      try [("W", [1, 1]), ("U", [1, 1]), ("b", [1])].enumerated().map { index, part in
        stored("lstm_\(part.0)_\(name)", try TensorData(shape: part.1, floats: [Float(10 * gate + index)]))
      }
    }
    let converted = try weights.convert(arrays)
    #expect(try converted[0].data.floats() == [0, 20, 10, 30])
    #expect(try converted[1].data.floats() == [1, 21, 11, 31])
    #expect(try converted[2].data.floats() == [2, 22, 12, 32])
  }

  @Test func `A standard deviation becomes the variance that gives the same output`() throws {
    let epsilon = 0.5
    let weights = LayerWeights(
      era: try era("1.0.5", "theano"), className: "BatchNormalization", config: ["epsilon": 0.5],
      targets: ["gamma", "beta", "moving_mean", "moving_variance"].map { target($0, [1]) })
    let arrays = try [("gamma", 1), ("beta", 0), ("running_mean", 0), ("running_std", 4)].map {
      stored("bn_\($0.0)", try TensorData(shape: [1], floats: [Float($0.1)]))
    }
    let variance = try Double(weights.convert(arrays)[3].data.floats()[0])
    #expect(abs((variance + epsilon).squareRoot() - (4 + epsilon)) < 1e-6)
    let later = LayerWeights(
      era: try era("1.0.8", "theano"), className: "BatchNormalization", config: ["epsilon": 0.5],
      targets: weights.targets)
    #expect(try later.convert(arrays)[3].data.floats() == [4])
  }

  @Test func `Too few arrays and wrong shapes are typed errors`() throws {
    let weights = LayerWeights(
      era: try era("2.2.4", "tensorflow"), className: "Dense", config: [:],
      targets: [target("kernel", [2, 3]), target("bias", [3])])
    let kernel = stored("dense/kernel:0", try ramp([2, 3]))
    let count = #expect(throws: ModelError.self) { try weights.convert([kernel]) }
    guard case .weightCount? = count?.cause else {
      Issue.record("\(String(describing: count))")
      return
    }
    let shape = #expect(throws: ModelError.self) {
      try weights.convert([kernel, stored("dense/bias:0", try ramp([2]))])
    }
    guard case .weightShape("bias", [3], [2])? = shape?.cause else {
      Issue.record("\(String(describing: shape))")
      return
    }
  }

  @Test func `Arrays are taken by their variables' names before their order`() throws {
    let weights = LayerWeights(
      era: try era("2.2.4", "tensorflow"), className: "LayerNormalization", config: [:],
      targets: [target("gamma", [2]), target("beta", [2])])
    let arrays = [
      stored("ln/beta:0", try TensorData(shape: [2], floats: [5, 6])),
      stored("ln/gamma:0", try TensorData(shape: [2], floats: [1, 2])),
    ]
    #expect(try weights.convert(arrays)[0].data.floats() == [1, 2])
  }
}
