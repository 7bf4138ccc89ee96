import Foundation
import KerasConversion
import KerasKit
import PackedFixtures
import Testing

@Suite struct ConversionTests {
  private func model(_ name: String) throws -> Model { try Model.load(PackedFixtures.path("models/\(name)")) }

  @Test(arguments: ["model.keras", "model.h5"])
  func whatIsWrittenIsReadBackAndCarriesItsOrigin(_ name: String) throws {
    let folder = try ConversionFolder()
    let path = "\(folder.path)/\(name)"
    let fixture = PackedFixtures.path("models/keras-2.1.3/embedding_lstm_mask.h5")
    let report = try Conversion(ConversionOptions(export: ExportOptions(batchSize: 4))).convert(
      Model.load(fixture), to: path, sourceFile: fixture)
    guard case .verified(let verification) = report.proof else {
      Issue.record("not verified: \(report.proof)")
      return
    }
    #expect(verification.difference < 1e-6 && verification.layerCount > 1)
    #expect(folder.names == [name], "no draft is left")

    let written = try Model.load(path)
    let record = try #require(ConversionRecord(in: written.loaded.source))
    #expect(record.source == "embedding_lstm_mask.h5" && record.kerasVersion == "2.1.3")
    #expect(record.tool == "keraskit \(KerasKitVersion.current)" && !record.rules.isEmpty)
    #expect(record.notes.contains { $0.contains("1.2") }, "the rewritten gates are noted in the file")
    #expect(record.sha256 == (try sha256(fixture)))
    // The case names no layer of a faithful file, whatever was rewritten in it.
    let stored = try #require(record.verification)
    let found = try VerificationCase(of: written, inputs: stored.inputs)
    let again = Verification.compare(stored, found, tolerance: 1e-6)
    #expect(again.isEqual && again.firstDivergence == nil && again.layerCount == stored.layers.count)
  }

  @Test(arguments: [
    ("model.keras", nil), ("model.h5", nil), ("model.h5", KerasVersion(2, 15)), ("model.safetensors", nil),
  ])
  func theRecordIsOfTheModelInTheFile(_ name: String, _ release: KerasVersion?) throws {
    let folder = try ConversionFolder()
    let path = "\(folder.path)/\(name)"
    // Poolings, gates and penalties that are said in several layers.
    for fixture in ["keras-1.2.2/gru_bidirectional.h5", "keras-2.1.3/nested_activity.h5"] {
      let export = ExportOptions(batchSize: 4, release: release)
      let report = try Conversion(ConversionOptions(export: export)).convert(model(fixture), to: path)
      let written = try Model.load(path)
      let record = try #require(ConversionRecord(in: written.loaded.source))
      #expect(record == report.record && record.notes == report.notes.map(\.description))
      let stored = try #require(record.verification)
      let found = try VerificationCase(of: written, inputs: stored.inputs)
      #expect(stored.layers.map(\.path) == found.layers.map(\.path))
      for (a, b) in zip(stored.layers, found.layers) {
        for (a, b) in zip(a.digests, b.digests) { #expect(a.difference(from: b) < 1e-6, "\(name)") }
      }
      try FileManager.default.removeItem(atPath: path)
    }
  }

  /// By the system's own tool.
  private func sha256(_ path: String) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["sha256sum", path]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return String(text.prefix(64))
  }

  @Test func aChangedWeightIsFoundInItsLayer() throws {
    let folder = try ConversionFolder()
    let path = "\(folder.path)/model.keras"
    let source = try model("keras-2.1.3/nested_activity.h5")
    let report = try Conversion(ConversionOptions(export: ExportOptions(batchSize: 4))).convert(source, to: path)
    let stored = try #require(report.record.verification)
    var changed = try Model.load(path).loaded
    let layers = stored.layers.map(\.path)
    // The last layer with a kernel.
    let name = try #require(
      layers.reversed().lazy.compactMap { layer in
        changed.weights.keys.first { $0 == "\(layer)/kernel" }
      }.first)
    let kernel = try #require(changed.weights[name])
    changed.weights[name] = try TensorData(shape: kernel.shape, floats: kernel.floats().map { $0 + 0.01 })
    let found = try VerificationCase(of: Model(changed), inputs: stored.inputs)
    let verification = Verification.compare(stored, found, tolerance: 1e-5)
    #expect(!verification.isEqual)
    #expect(verification.firstDivergence?.layer == String(name.dropLast("/kernel".count)))
  }

  @Test func strictRefusesWhatMustBeRewritten() throws {
    let folder = try ConversionFolder()
    let path = "\(folder.path)/model.keras"
    let strict = Conversion(ConversionOptions(export: ExportOptions(batchSize: 4), isStrict: true))
    #expect {
      try strict.convert(try model("keras-2.1.3/embedding_lstm_mask.h5"), to: path)
    } throws: { error in
      guard case .rewritten(_, let notes)? = error as? ConversionError else { return false }
      return notes.contains { $0.message.contains("hard_sigmoid") } && "\(error)".contains("--strict")
    }
    #expect(folder.names.isEmpty)
    _ = try strict.convert(try model("keras-3/conv1d.keras"), to: path)
    #expect(folder.names == ["model.keras"])
  }

  @Test(arguments: [ExportOptions.WeightFormat.float16, .bfloat16])
  func roundedWeightsAreMeasuredAndStored(_ format: ExportOptions.WeightFormat) throws {
    let folder = try ConversionFolder()
    let path = "\(folder.path)/model.keras"
    let source = try model("keras-1.2.2/conv_channels_last.h5")
    let options = ConversionOptions(export: ExportOptions(batchSize: 4, weightFormat: format), maximumError: 0.1)
    let report = try Conversion(options).convert(source, to: path)
    let rounding = try #require(report.rounding)
    // Half a unit in the last of 11 or 8 bits, at most, of each number.
    let unit = format == .float16 ? 0x1p-11 : 0x1p-8
    for array in rounding.arrays { #expect(array.difference <= unit && array.difference >= 0) }
    #expect(rounding.outputDifference > 0 && rounding.outputDifference < 0.1)
    for (name, array) in try Model.load(path).loaded.weights {
      #expect(array.dtype == (format == .float16 ? .float16 : .bfloat16))
      let before = try #require(source.loaded.weights[name]).floats()
      for (a, b) in zip(before, try array.floats()) { #expect(abs(a - b) <= abs(a) * Float(unit) + 1e-7) }
    }
  }

  @Test func lossyWeightsAreRefused() throws {
    let folder = try ConversionFolder()
    let options = ConversionOptions(export: ExportOptions(batchSize: 4, weightFormat: .bfloat16), maximumError: 1e-6)
    #expect {
      try Conversion(options).convert(try model("keras-1.2.2/conv_channels_last.h5"), to: "\(folder.path)/model.keras")
    } throws: { error in
      guard case .tooLossy(_, let report, let allowed)? = error as? ConversionError else { return false }
      return report.outputDifference > allowed && "\(error)".contains("--max-error")
    }
    #expect(folder.names.isEmpty)
  }

  @Test func aSwiftPackageThatWasBuiltIsReplaced() throws {
    let folder = try ConversionFolder()
    let path = "\(folder.path)/digits.swiftpackage"
    let source = try model("keras-2.1.3/mlp_adam.h5")
    _ = try Conversion().convert(source, to: path)
    try FileManager.default.createDirectory(atPath: "\(path)/.build", withIntermediateDirectories: true)
    _ = try Conversion().convert(source, to: path)
    #expect(!FileManager.default.fileExists(atPath: "\(path)/.build"))
    // What somebody else put there is not removed.
    try Data("mine".utf8).write(to: URL(fileURLWithPath: "\(path)/notes.txt"))
    #expect(throws: ConversionError.self) { try Conversion().convert(source, to: path) }
    #expect(FileManager.default.fileExists(atPath: "\(path)/notes.txt"))
  }

  @Test func aFolderInTheWayIsLeftAlone() throws {
    let folder = try ConversionFolder()
    try FileManager.default.createDirectory(atPath: "\(folder.path)/model.keras", withIntermediateDirectories: true)
    #expect(throws: ConversionError.self) {
      try Conversion().convert(try model("keras-1.2.2/mlp_decay.h5"), to: "\(folder.path)/model.keras")
    }
    #expect(folder.names == ["model.keras"])
    #expect(throws: ConversionError.self) {
      try Conversion().convert(try model("keras-1.2.2/mlp_decay.h5"), to: "\(folder.path)/nowhere/model.keras")
    }
  }

  @Test func digestsTellArraysApart() throws {
    let array = try TensorData(shape: [2, 3], floats: [1, 2, 3, 4, 5, 6])
    let digest = try ArrayDigest(array, limit: 3)
    #expect(digest.samples == [1, 3, 6] && abs(digest.mean - 3.5) < 1e-12)
    #expect(abs(digest.magnitude - (91.0 / 6).squareRoot()) < 1e-12)
    #expect(ArrayDigest(digest.json)?.difference(from: digest) ?? 1 < 1e-7)
    let other = try ArrayDigest(TensorData(shape: [2, 3], floats: [1, 2.6, 3, 4, 5, 6]), limit: 3)
    // None of the samples, but the mean is 0.1 larger, of a largest value of 6.
    #expect(abs(digest.difference(from: other) - 0.1 / 6) < 1e-6)
    #expect(
      try digest.difference(from: ArrayDigest(TensorData(shape: [6], floats: [1, 2, 3, 4, 5, 6]), limit: 3)).isInfinite)
    let broken = try ArrayDigest(TensorData(shape: [2, 3], floats: [1, 2, .nan, 4, 5, 6]), limit: 3)
    #expect(digest.difference(from: broken).isInfinite)
    #expect(try #require(ArrayDigest(broken.json)).difference(from: broken) < 1e-7)
  }
}
