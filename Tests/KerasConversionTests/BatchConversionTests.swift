import Foundation
import KerasConversion
import KerasKit
import PackedFixtures
import Testing

@Suite struct BatchConversionTests {
  private func batch(force: Bool = false, options: String = "") -> BatchConversion {
    let options = (options, ConversionOptions(format: "keras", export: ExportOptions(batchSize: 4)))
    return BatchConversion(Conversion(options.1), loading: LoadOptions(), force: force, optionsText: options.0)
  }

  @Test func aTreeIsConvertedPastWhatFails() throws {
    let folder = try ConversionFolder()
    try folder.copy("models/keras-1.2.2/mlp_decay.h5", as: "old/a.h5")
    try folder.copy("models/keras-2.1.3/nested_activity.h5", as: "old/deep/er/b.hdf5")
    try folder.copy("legacy_layers/keras-1.2.2/hard_sigmoid.h5", as: "old/refused.h5")
    try Data("\u{89}HDF\r\n\u{1a}\n and nothing more".utf8).write(to: URL(fileURLWithPath: "\(folder.path)/old/c.h5"))
    var hdf5 = Data([0x89])
    hdf5.append(Data("HDF\r\n\u{1a}\n and nothing more".utf8))
    try hdf5.write(to: URL(fileURLWithPath: "\(folder.path)/old/broken.h5"))
    try Data("{\"a\": 1}".utf8).write(to: URL(fileURLWithPath: "\(folder.path)/old/other.json"))
    try Data("words".utf8).write(to: URL(fileURLWithPath: "\(folder.path)/old/README.txt"))

    let items = try batch().run("\(folder.path)/old", to: "\(folder.path)/new")
    let byName = Dictionary(uniqueKeysWithValues: items.map { ($0.source, $0) })
    #expect(byName["a.h5"]?.status == .converted && byName["a.h5"]?.difference ?? 1 < 1e-6)
    #expect(byName["deep/er/b.hdf5"]?.status == .converted)
    #expect(byName["deep/er/b.hdf5"]?.target == "deep/er/b.keras")
    #expect(byName["broken.h5"]?.status == .failed && byName["broken.h5"]?.message.isEmpty == false)
    #expect(byName["refused.h5"]?.status == .failed && byName["refused.h5"]?.message.contains("hard_sigmoid") == true)
    #expect(byName["c.h5"]?.status == .failed && byName["c.h5"]?.message.isEmpty == false)
    #expect(byName["deep/er/b.hdf5"]?.notes.contains { $0.kind == .rewritten } == true)
    #expect(byName["other.json"]?.status == .skipped)
    #expect(byName["README.txt"] == nil)
    #expect(try Model.load("\(folder.path)/new/deep/er/b.keras").inputs.count == 1)
    #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/new/refused.keras"))
  }

  @Test func anotherRunGoesOn() throws {
    let folder = try ConversionFolder()
    try folder.copy("models/keras-1.2.2/mlp_decay.h5", as: "old/a.h5")
    try folder.copy("models/keras-1.2.2/conv1d.h5", as: "old/b.h5")
    _ = try batch().run("\(folder.path)/old", to: "\(folder.path)/new")
    let before = try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/new/a.keras"))
    // As if the first run had ended before b, and a file of someone else's lay there.
    try FileManager.default.removeItem(atPath: "\(folder.path)/new/b.keras")
    try folder.copy("models/keras-1.2.2/mlp_regularizers.h5", as: "old/c.h5")
    try Data("mine".utf8).write(to: URL(fileURLWithPath: "\(folder.path)/new/c.keras"))
    func statuses(_ batch: BatchConversion) throws -> [BatchConversion.Status] {
      try batch.run("\(folder.path)/old", to: "\(folder.path)/new").map(\.status)
    }
    #expect(try statuses(batch()) == [.unchanged, .converted, .failed])
    #expect(try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/new/a.keras")) == before)
    #expect(try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/new/c.keras")) == Data("mine".utf8))
    #expect(try statuses(batch(force: true)) == [.unchanged, .unchanged, .converted])
    // A source that changed, and other options.
    try FileManager.default.removeItem(atPath: "\(folder.path)/old/a.h5")
    try folder.copy("models/keras-1.2.2/mlp_regularizers.h5", as: "old/a.h5")
    #expect(try statuses(batch()) == [.converted, .unchanged, .unchanged])
    #expect(try statuses(batch(options: "other")) == [.converted, .converted, .converted])
  }

  @Test func aTextAndItsWeightsAreOneModel() throws {
    let folder = try ConversionFolder()
    let source = try Model.load(PackedFixtures.path("models/keras-2.1.3/nested_activity.h5"))
    let config = try #require(source.loaded.source.config)
    try FileManager.default.createDirectory(atPath: "\(folder.path)/old", withIntermediateDirectories: true)
    try Data(config.text().utf8).write(to: URL(fileURLWithPath: "\(folder.path)/old/m.json"))
    try folder.copy("models/keras-2.1.3/nested_activity.h5", as: "old/m.h5")
    let items = try batch().run("\(folder.path)/old", to: "\(folder.path)/new")
    #expect(items.map(\.status) == [.converted, .skipped])
    #expect(items[1].message.contains("m.h5"))
  }
}
