import KerasCore
import KerasExport
import KerasModel
import PackedFixtures
import Testing

@testable import ONNXExport

/// In which order of axes operations are written.
@Suite struct ONNXLayoutTests {
  @Test func axesArePlacedAsTheLayoutSays() {
    let images = Layout.channelsFirst(4)
    #expect(images.axes == [0, 3, 1, 2])
    #expect(images.position(of: 3) == 1)
    #expect(images.permutation(from: .asIs(4)) == [0, 3, 1, 2])
    #expect(Layout.asIs(4).permutation(from: images) == [0, 2, 3, 1])
    // Transposed to channels first, the tensor that already is holds the value as it is.
    #expect(images.transposed(by: [0, 3, 1, 2]).isAsIs)
    #expect(images.dropping([1, 2]).isAsIs)
    #expect(images.dropping([0]).axes == [2, 0, 1])
  }

  @Test func aChannelsFirstModelNeedsNoTransposeAtAll() throws {
    let written = try ONNXFixture(recorded: "keras-2.1.3/conv_channels_first.h5")
    #expect(!written.nodes("Conv").isEmpty)
    let first = try #require(written.nodes.first { $0.opType == "Conv" })
    #expect(first.input.first == written.proto.graph.input.first?.name)
  }

  @Test func repeatedElementsAreOneResize() throws {
    let model = try LoadedModel.load(PackedFixtures.member("layers/keras-3.zip!image.keras"))
    let written = try ONNXFixture(model)
    let resize = try #require(written.nodes("Resize").first { $0.name.hasPrefix("up_sampling2d/") })
    let scales = try #require(written.initializer(resize.input[2]))
    let factors = scales.rawData.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
    #expect(factors.count == 4 && factors.contains { $0 > 1 })
    #expect(!written.nodes("Expand").contains { $0.name.hasPrefix("up_sampling2d/") })
    #expect(written.looseEnds.isEmpty)
  }
}
