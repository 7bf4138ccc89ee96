import KerasCore
import Testing

@testable import KerasModel

/// Resized and cropped images against Keras 3.15.1, locally connected layers against Keras 2.15.
@Suite struct LayerImageTests {
  typealias Case = RecordedLayerCase

  private static let cases: [Case] = [
    Case(
      "Resizing", ["height": 3, "width": 5, "interpolation": "nearest"], input: [1, 4, 3, 1], masked: false,
      [1, 3, 5, 1], [0.15, 0.15, 0.5, 0.2, 0.2, 0.3, 0.3, 0.65, 0.35, 0.35, 0.7, 0.7, 0.4, 0.75, 0.75]),
    Case(
      "Resizing", ["height": 3, "width": 5], input: [1, 4, 3, 1], masked: false, [1, 3, 5, 1],
      [
        0.2166667, 0.3133334, 0.4583333, 0.3433333, 0.2666667, 0.425, 0.435, 0.45, 0.465, 0.475, 0.6333334, 0.5566667,
        0.4416666, 0.5866668, 0.6833334,
      ]),
    Case(
      "Resizing", ["height": 3, "width": 5, "interpolation": "bicubic"], input: [1, 4, 3, 1], masked: false,
      [1, 3, 5, 1],
      [
        0.1780733, 0.3025511, 0.4670934, 0.3372329, 0.2318495, 0.4231119, 0.4326591, 0.45, 0.4673409, 0.4768881,
        0.6681504, 0.562767, 0.4329066, 0.5974488, 0.7219266,
      ]),
    Case(
      "Resizing", ["height": 2, "width": 4, "crop_to_aspect_ratio": true], input: [1, 4, 3, 1], masked: false,
      [1, 2, 4, 1], [0.55, 0.3625, 0.38125, 0.6, 0.55, 0.3625, 0.38125, 0.6]),
    Case(
      "Resizing", ["height": 2, "width": 4, "pad_to_aspect_ratio": true, "fill_value": 2.0], input: [1, 4, 3, 1],
      masked: false, [1, 2, 4, 1], [2.0, 0.353125, 0.396875, 2.0, 2.0, 0.503125, 0.546875, 2.0]),
    Case(
      "CenterCrop", ["height": 2, "width": 2], input: [1, 5, 3, 1], masked: false, [1, 2, 2, 1],
      [0.55, 0.25, 0.3, 0.65]),
    Case(
      "CenterCrop", ["height": 6, "width": 2], input: [1, 5, 3, 1], masked: false, [1, 6, 2, 1],
      [0.5, 0.5, 0.3125, 0.3125, 0.4833333, 0.4833333, 0.5458333, 0.5458333, 0.3375, 0.3375, 0.15, 0.15]),
    Case(
      "LocallyConnected1D", ["filters": 2, "kernel_size": 2, "strides": 2, "implementation": 1], input: [1, 5, 2],
      masked: false, [1, 2, 2], [0.08, -0.0075, 0.4125, 0.09499998]),
    Case(
      "LocallyConnected2D", ["filters": 2, "kernel_size": [2, 1], "implementation": 1], input: [1, 3, 2, 2],
      masked: false, [1, 2, 2, 2], [0.1025, -0.015, 0.4, 0.1125, -0.01499999, 0.16, 0.645, -0.285]),
    Case(
      "LocallyConnected2D",
      ["filters": 2, "kernel_size": [2, 1], "implementation": 1, "data_format": "channels_first"], input: [1, 2, 3, 2],
      masked: false, [1, 2, 2, 2], [-0.02500001, 0.2125, 0.1325, 0.5675, 0.2075, 0.135, 0.3325, -0.3125]),
    Case(
      "LocallyConnected1D", ["filters": 2, "kernel_size": 2, "strides": 2, "implementation": 2], input: [1, 5, 2],
      masked: false, [1, 2, 2], [-0.0475, 0.1675, 0.3275, -0.045]),
    Case(
      "LocallyConnected2D", ["filters": 2, "kernel_size": [2, 1], "implementation": 2], input: [1, 3, 2, 2],
      masked: false, [1, 2, 2, 2], [-0.19, 0.0225, 0.4775, 0.135, 0.305, -0.0975, 0.255, -0.0975]),
    Case(
      "LocallyConnected2D",
      ["filters": 2, "kernel_size": [2, 1], "implementation": 2, "data_format": "channels_first"], input: [1, 2, 3, 2],
      masked: false, [1, 2, 2, 2], [-0.2175, 0.1, 0.2025, -0.07250001, 0.4075, 0.03499999, 0.175, -0.04750001]),
    Case(
      "LocallyConnected2D",
      ["filters": 1, "kernel_size": [2, 3], "strides": [1, 2], "padding": "same", "implementation": 2],
      input: [1, 2, 3, 1], masked: false, [1, 2, 2, 1], [-0.105, -0.004999999, 0.42, -0.0225]),
    Case(
      "LocallyConnected1D", ["filters": 2, "kernel_size": 2, "strides": 2, "implementation": 3], input: [1, 5, 2],
      masked: false, [1, 2, 2], [-0.145, 0.04749999, 0.1475, 0.355]),
    Case(
      "LocallyConnected2D", ["filters": 2, "kernel_size": [2, 1], "implementation": 3], input: [1, 3, 2, 2],
      masked: false, [1, 2, 2, 2], [-0.13, 0.0525, 0.1475, 0.3375, 0.4275, -0.0625, 0.3525, -0.1575]),
    Case(
      "LocallyConnected2D",
      ["filters": 2, "kernel_size": [2, 1], "implementation": 3, "data_format": "channels_first"], input: [1, 2, 3, 2],
      masked: false, [1, 2, 2, 2], [-0.13, 0.2075, 0.2475, 0.395, 0.305, -0.165, 0.3275, -0.0575]),
    Case(
      "LocallyConnected2D",
      ["filters": 1, "kernel_size": [2, 3], "strides": [1, 2], "padding": "same", "implementation": 3],
      input: [1, 2, 3, 1], masked: false, [1, 2, 2, 1], [-0.205, 0.2, 0.3975, -0.05]),
  ]

  @Test(arguments: cases) func imageLayersComputeWhatKerasDid(_ recorded: Case) throws {
    #expect(try recorded.agrees())
  }
}
