import KerasCore
import Testing

@testable import KerasExport

/// Products and sums with constants as layers; `Tools/interop/tfjs.py` runs them.
@Suite struct FixedScalingTests {
  private func classes(_ scaling: FixedScaling?) -> [String] { scaling?.layers.map(\.className) ?? [] }

  @Test func imagesOfOpenSizeAreADepthwiseConvolution() throws {
    let made = try #require(
      FixedScaling(name: "scaled", shape: [nil, nil, nil, 3], array: [], scale: [1 / 127.5], offset: [-1]))
    #expect(classes(made) == ["DepthwiseConv2D"])
    #expect(try made.weights["kernel"]?.floats() == [Float](repeating: 1 / 127.5, count: 3))
    #expect(made.weights["kernel"]?.shape == [1, 1, 3, 1])
    #expect(try made.weights["bias"]?.floats() == [-1, -1, -1])
    #expect(made.layers.allSatisfy { $0.fields["trainable"] != true || $0.className == "Reshape" })
  }

  @Test func manyNumbersAreOneColumn() throws {
    let made = try #require(FixedScaling(name: "scaled", shape: [nil, 784], array: [], scale: [2], offset: []))
    #expect(classes(made) == ["Reshape", "Dense", "Reshape"])
    #expect(try made.weights["kernel"]?.floats() == [2])
    #expect(made.weights["bias"] == nil)
  }

  @Test func constantsSpreadAlongTheirAxes() throws {
    let made = try #require(
      FixedScaling(name: "scaled", shape: [nil, 2, 3], array: [1, 2, 1], scale: [5, 7], offset: [1]))
    #expect(classes(made) == ["Reshape", "DepthwiseConv2D", "Reshape"])
    #expect(try made.weights["kernel"]?.floats() == [5, 5, 5, 7, 7, 7])
    #expect(try made.weights["bias"]?.floats() == [Float](repeating: 1, count: 6))
  }

  @Test func whatCannotBeSaidIsNot() {
    #expect(FixedScaling(name: "s", shape: [nil, nil, nil], array: [], scale: [2], offset: []) == nil)
    // The constants would make more of the tensor.
    #expect(
      FixedScaling(name: "s", shape: [nil, 1, 3], array: [4, 3], scale: [Double](repeating: 2, count: 12), offset: [])
        == nil)
  }
}
