import KerasExport
import KerasModel
import PackedFixtures
import Testing

@testable import ONNXExport

/// When ONNX' own recurrences are taken and when a loop.
@Suite struct ONNXRecurrenceTests {
  private func written(_ name: String, _ options: ExportOptions = ExportOptions()) throws -> ONNXFixture {
    try ONNXFixture(recorded: name, options)
  }

  @Test func aPlainLSTMIsONNXs() throws {
    let model = try written("keras-2.1.3/lstm_hard_sigmoid.h5")
    let lstm = try #require(model.nodes("LSTM").first)
    #expect(model.nodes("Scan").isEmpty)
    let activations = lstm.attribute.first { $0.name == "activations" }?.strings.map {
      String(decoding: $0, as: UTF8.self)
    }
    #expect(activations == ["HardSigmoid", "Tanh", "Tanh"])
    #expect(lstm.attribute.first { $0.name == "activation_alpha" }?.floats == [0.2])
    #expect(lstm.attribute.first { $0.name == "activation_beta" }?.floats == [0.5])
  }

  @Test func aMaskedOneIsALoop() throws {
    let model = try written("keras-2.1.3/embedding_lstm_mask.h5")
    #expect(model.nodes("LSTM").isEmpty)
    let scan = try #require(model.nodes("Scan").first)
    // The states and the output that masked steps repeat, then the steps and the mask.
    #expect(scan.input.count == 5)
    let body = try #require(scan.attribute.first { $0.name == "body" }).g
    #expect(body.input.count == 5)
    #expect(body.output.count == 4)
    #expect(model.looseEnds.isEmpty)
  }
}
