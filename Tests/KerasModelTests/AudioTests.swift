import Foundation
import KerasCore
import KerasGraph
import ReferenceInterpreter
import Testing

@testable import KerasModel

/// Spectrograms against numbers recorded with Keras 3.15.1 on TensorFlow.
@Suite struct AudioTests {
  @Test(arguments: recorded) func spectrogramsAreKeras(_ layer: RecordedLayerCase) throws {
    #expect(try layer.agrees())
  }

  /// Numbers of TensorFlow, whose kernels are single precision.
  private static let recorded: [RecordedLayerCase] = [
    RecordedLayerCase(
      "STFTSpectrogram", ["mode": "log", "frame_length": 4, "frame_step": 3, "fft_length": 4],
      input: [1, 9, 2], masked: false, [1, 2, 6],
      [
        -3.342306, -2.426015, -4.035453, -2.210904, -1.440198, -2.148383, -2.700452, -1.883691, -2.811677,
        -5.644893, -1.567353, -1.07018,
      ]),
    RecordedLayerCase(
      "STFTSpectrogram", ["mode": "magnitude", "frame_length": 4, "frame_step": 3, "fft_length": 4],
      input: [1, 7, 1], masked: false, [1, 2, 3],
      [
        0.1025305, 0.2368808, 0.08485281, 0.04949748, 0.08485281, 0.258094,
      ]),
    RecordedLayerCase(
      "STFTSpectrogram", ["mode": "psd", "frame_length": 4, "frame_step": 3, "fft_length": 4],
      input: [1, 7, 1], masked: false, [1, 2, 3],
      [
        0.0105125, 0.112225, 0.0072, 0.00245, 0.0144, 0.0666125,
      ]),
    RecordedLayerCase(
      "STFTSpectrogram", ["mode": "real", "frame_length": 4, "frame_step": 3, "fft_length": 4],
      input: [1, 7, 1], masked: false, [1, 2, 3],
      [
        -0.07250001, 0.1675, -0.06, -0.035, 0.06, 0.1825,
      ]),
    RecordedLayerCase(
      "STFTSpectrogram", ["mode": "imag", "frame_length": 4, "frame_step": 3, "fft_length": 4],
      input: [1, 7, 1], masked: false, [1, 2, 3],
      [
        -0.07250001, 0.1675, -0.06, -0.035, 0.06, 0.1825,
      ]),
    RecordedLayerCase(
      "STFTSpectrogram", ["mode": "angle", "frame_length": 4, "frame_step": 3, "fft_length": 4],
      input: [1, 7, 1], masked: false, [1, 2, 3],
      [
        -2.356194, 0.7853982, -2.356194, -2.356194, 0.7853982, 0.7853982,
      ]),
    RecordedLayerCase(
      "STFTSpectrogram", ["mode": "stft", "frame_length": 4, "frame_step": 3, "fft_length": 4],
      input: [1, 7, 1], masked: false, [1, 2, 6],
      [
        -0.07250001, 0.1675, -0.06, -0.07250001, 0.1675, -0.06, -0.035, 0.06, 0.1825, -0.035, 0.06, 0.1825,
      ]),
    RecordedLayerCase(
      "STFTSpectrogram", ["mode": "log", "frame_length": 3, "padding": "same"],
      input: [1, 4, 2], masked: false, [1, 4, 6],
      [
        -2.872302, -3.698981, -3.447666, -1.860701, -2.312686, -2.509397, -3.565449, -3.079942, -2.277595,
        -3.565449, -1.931319, -1.20224, -3.565449, -2.811678, -2.033973, -3.56545, -1.838228, -1.112292, -2.649159,
        -2.089543, -2.466837, -1.77369, -1.301086, -1.567353,
      ]),
    RecordedLayerCase(
      "STFTSpectrogram", ["mode": "psd", "frame_length": 4, "frame_step": 4, "padding": "same", "expand_dims": true],
      input: [1, 7, 2], masked: false, [1, 2, 3, 2],
      [
        0.00125, 0.0120125, 0.015625, 0.112225, 0.0003125001, 0.0136125, 0.0008, 0.0242, 0.021025, 0.172225,
        0.0465125, 0.07605002,
      ]),
    RecordedLayerCase(
      "MelSpectrogram", ["fft_length": 8, "sequence_stride": 4, "num_mel_bins": 3, "sampling_rate": 8000],
      input: [2, 12], masked: false, [2, 3, 4],
      [
        -11.62228, -9.353912, -7.488873, -6.626162, -4.675376, -2.412218, -0.5473851, 0.3163189, -12.15483,
        -12.65711, -12.65711, -12.29498, -12.32925, -9.889282, -7.919312, -7.016207, -5.38132, -2.94751,
        -0.9777827, -0.07359599, -12.9094, -12.65711, -12.65712, -12.83279,
      ]),
    RecordedLayerCase(
      "MelSpectrogram",
      [
        "fft_length": 8, "sequence_stride": 5, "sequence_length": 5, "window": "hamming", "num_mel_bins": 2,
        "sampling_rate": 8000, "mag_exp": 1.0, "power_to_db": false, "min_freq": 200.0, "max_freq": 3000,
      ],
      input: [1, 12], masked: false, [1, 2, 3],
      [
        0.4123745, 0.4485232, 0.6417503, 0.5004261, 0.3826914, 0.7385708,
      ]),
    RecordedLayerCase(
      "MelSpectrogram",
      [
        "fft_length": 8, "sequence_stride": 6, "sequence_length": 6, "window": .null, "num_mel_bins": 2,
        "sampling_rate": 8000, "mag_exp": 1.5, "top_db": 5.0, "ref_power": 0.5,
      ],
      input: [1, 2, 12], masked: false, [1, 2, 2, 3],
      [
        -10.53887, -7.765375, -10.53887, -11.54823, -6.548229, -11.54823, -10.53887, -7.765373, -10.53887,
        -11.54823, -6.548227, -11.54823,
      ]),
  ]

  @Test func anglesAreThoseOfAllDirections() throws {
    let degrees = Array(stride(from: -179.0, through: 180, by: 1))
    var context = LoweringContext(isTraining: false)
    let type = TensorType(.float32, Shape([degrees.count]))
    let (y, x) = (context.graph.addInput("y", type), context.graph.addInput("x", type))
    context.graph.outputs = [try context.arctangent(y, x)]
    let radians = degrees.map { $0 * .pi / 180 }
    let angles = try Interpreter.run(
      context.graph,
      inputs: [
        "y": Tensor([radians.count], radians.map { 3 * sin($0) }),
        "x": Tensor([radians.count], radians.map { 3 * cos($0) }),
      ])
    #expect(agree(angles[0], [radians.count], radians, tolerance: 3e-7))
  }

  @Test func aSignalTooShortToReflectIsRefused() throws {
    #expect(throws: ModelError.self) {
      try LayerBench(input: [4], [("MelSpectrogram", ["fft_length": 8])]).run(Tensor([1, 4], [1, 2, 3, 4]))
    }
  }
}
