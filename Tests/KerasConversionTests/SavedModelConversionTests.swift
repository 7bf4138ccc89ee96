import Foundation
import KerasConversion
import KerasKit
import PackedFixtures
import Testing

@Suite struct SavedModelConversionTests {
  private let options = ConversionOptions(format: "savedmodel")

  @Test func theRecordLiesInTheFolder() throws {
    let folder = try ConversionFolder()
    let fixture = PackedFixtures.path("models/keras-2.1.3/conv1d.h5")
    let path = "\(folder.path)/served"
    _ = try Conversion(options).convert(Model.load(fixture), to: path, sourceFile: fixture)
    #expect(folder.names == ["served"], "no draft is left")
    let text = try String(contentsOfFile: "\(path)/assets.extra/keraskit.json", encoding: .utf8)
    let record = try #require(ConversionRecord(try JSON(parsing: text)))
    #expect(record.source == "conv1d.h5" && record.kerasVersion == "2.1.3" && record.sha256?.count == 64)
    #expect(record.verification?.outputs.count == 1)
    #expect(record.notes.contains { $0.hasPrefix("lost: the training config") })
    // A second one takes its place, among the files that TensorFlow itself writes too.
    try Data().write(to: URL(fileURLWithPath: "\(path)/fingerprint.pb"))
    _ = try Conversion(options).convert(Model.load(fixture), to: path, sourceFile: fixture)
    #expect(try !FileManager.default.contentsOfDirectory(atPath: path).contains("fingerprint.pb"))
  }

  @Test func aFolderOfOtherThingsIsNotReplaced() throws {
    let folder = try ConversionFolder()
    let path = "\(folder.path)/home"
    try FileManager.default.createDirectory(atPath: "\(path)/papers", withIntermediateDirectories: true)
    let model = try Model.load(PackedFixtures.path("models/keras-2.1.3/mlp_adam.h5"))
    #expect {
      try Conversion(options).convert(model, to: path)
    } throws: { error in
      "\(error)".contains("papers")
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: path) == ["papers"])
  }
}
