import Foundation
import KerasCore
import KerasFile
import PackedFixtures
import Testing

@testable import KerasModel

/// What weights look like, against the architecture that real Keras saved beside them.
@Suite struct LikelyLayerTests {
  private static let root = PackedFixtures.folder("weights_only")

  /// Keras' class names by what the guess calls them.
  private static let classes: [String: String] = [
    "Convolution2D": "Conv2D", "Convolution1D": "Conv1D", "TimeDistributedDense": "Dense",
  ]
  private static let guessed: Set<String> = [
    "Dense", "Conv1D", "Conv2D", "LSTM", "GRU", "SimpleRNN", "BatchNormalization", "Embedding", "SeparableConv2D",
  ]

  static var files: [String] {
    let all = FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String } ?? []
    return all.filter { $0.hasSuffix(".h5") }.sorted()
  }

  @Test func namesTheClassesThatWereSaved() throws {
    var count = 0
    for file in Self.files {
      let path = "\(Self.root)/\(file)"
      guard case .groups(let groups) = try ModelFile.open(path).weights else { continue }
      let config = try ModelFile.open("\(path.dropLast(3)).json").config
      for layer in config?["config"]?["layers"]?.arrayValue ?? config?["config"]?.arrayValue ?? [] {
        let name = layer["config"]?["name"]?.stringValue ?? ""
        let saved = layer["class_name"]?.stringValue ?? ""
        let className = Self.classes[saved] ?? saved
        guard Self.guessed.contains(className), let group = groups.first(where: { $0.name == name }) else { continue }
        let text = try #require(LikelyLayer(group)?.text, "\(file): \(name)")
        #expect(text.contains(className), "\(file): \(name), a \(saved), looks like \(text)")
        if let units = layer["config"]?["units"]?.intValue ?? layer["config"]?["output_dim"]?.intValue,
          className != "Embedding"
        {
          #expect(text.contains("=\(units)"), "\(file): \(name) has \(units) units, looks like \(text)")
        }
        count += 1
      }
    }
    #expect(count >= 40)
  }

  @Test func unknownArraysLookLikeNothing() {
    let array = StoredArray(name: "strange", path: "/", dtype: .float32, shape: [2, 3]) { () throws(KerasFileError) in
      TensorData(0)
    }
    #expect(LikelyLayer(WeightGroup(name: "a", arrays: [array])) == nil)
    #expect(LikelyLayer(WeightGroup(name: "a", arrays: [])) == nil)
  }
}
