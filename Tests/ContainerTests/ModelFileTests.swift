import KerasCore
import KerasFile
import Testing

@Suite struct ModelFileTests {
  private func groups(_ source: ModelSource) -> [WeightGroup] {
    switch source.weights {
    case .none: []
    case .groups(let groups), .paths(let groups): groups
    }
  }

  @Test func `a whole HDF5 model is read in the order of its lists, not of its links`() throws {
    let source = try ModelFile.open(fixture("legacy.h5"))
    #expect(source.format == .hdf5Model)
    #expect(source.version == KerasVersion(2, 1, 3))
    #expect(source.backend == "theano")
    #expect(source.config?["class_name"] == "Sequential")
    #expect(source.trainingConfig?["loss"] == "mse")
    #expect(groups(source).map(\.name) == ["zz", "relu", "aa"])
    #expect(
      groups(source).map { $0.arrays.map(\.name) } == [
        ["zz/kernel:0", "zz/bias:0"], [], ["aa/kernel:0", "aa/bias:0"],
      ])
    let kernel = try #require(groups(source).first?.arrays.first)
    #expect(kernel.path == "/model_weights/zz/zz/kernel:0")
    #expect(kernel.shape == [3, 2])
    #expect(try kernel.read().floats() == [0, 1, 2, 3, 4, 5])
    #expect(source.optimizerWeights.map(\.name) == ["Variable_2:0", "Variable_10:0"])
    #expect(try source.optimizerWeights.map { try $0.read().floats() } == [[0], [1]])
  }

  @Test func `weights of Keras 0 are read by position`() throws {
    let source = try ModelFile.open(fixture("keras0.weights.h5"))
    #expect(source.format == .hdf5Weights)
    #expect(source.config == nil)
    #expect(source.version == nil)
    #expect(groups(source).map(\.name) == ["layer_0", "layer_1"])
    #expect(groups(source)[0].arrays.map(\.dtype) == [.float64, .float64])
    #expect(try groups(source)[0].arrays[0].read().doubles() == [0, 1, 2, 3, 4, 5])
    let graph = try ModelFile.open(fixture("keras0_graph.weights.h5"))
    #expect(groups(graph).map(\.name) == ["graph"])
    #expect(groups(graph)[0].arrays.map(\.name) == ["param_0"])
  }

  @Test(arguments: ["stored.keras", "deflated.keras"])
  func `an archive's weights are keyed by path and ordered by number`(name: String) throws {
    let source = try ModelFile.open(fixture(name))
    #expect(source.format == .kerasArchive)
    #expect(source.version == KerasVersion(3, 6, 0))
    #expect(source.trainingConfig?["loss"] == "mse")
    // Metrics are left out, optimizer variables apart, groups without arrays not listed.
    #expect(groups(source).map(\.name) == ["layers/dense"])
    #expect(groups(source)[0].layerName == "encoder")
    #expect(groups(source)[0].arrays.map(\.name) == (0..<11).map(String.init))
    #expect(try groups(source)[0].arrays.map { try $0.read().floats() } == (0..<11).map { [Float($0)] })
    #expect(try source.optimizerWeights.map { try $0.read().doubles() } == [[5]])
  }

  @Test func `a weights file by path is told from one by layer`() throws {
    let source = try ModelFile.open(fixture("path.weights.h5"))
    #expect(source.format == .hdf5PathWeights)
    #expect(groups(source).map(\.name) == ["layers/dense"])
  }

  @Test func `arrays are read after the source is gone`() throws {
    let array = try #require(groups(ModelFile.open(fixture("stored.keras"))).first?.arrays[3])
    #expect(try array.read().floats() == [3])
  }

  @Test func `a JSON architecture is read, also when it was encoded twice`() throws {
    let folder = try TemporaryFolder()
    let json = #"{"class_name": "Sequential", "config": [], "keras_version": "1.0.5", "backend": "theano"}"#
    try AtomicFile.write(Array(json.utf8), to: folder.file("model.json"))
    let source = try ModelFile.open(folder.file("model.json"))
    #expect(source.format == .json)
    #expect(source.versionStamp == "1.0.5")
    #expect(source.backend == "theano")
    try AtomicFile.write(Array(JSON.string(json).text().utf8), to: folder.file("twice.json"))
    let twice = try ModelFile.open(folder.file("twice.json"))
    #expect(twice.config == source.config)
    #expect(twice.diagnostics.map(\.rule) == ["json-in-string"])
  }

  @Test func `architecture and weights from two files make one model`() throws {
    let folder = try TemporaryFolder()
    let json = #"{"name": "Sequential", "layers": [], "optimizer": {"name": "SGD"}, "loss": "mse"}"#
    try AtomicFile.write(Array(json.utf8), to: folder.file("model.json"))
    let source = try ModelFile.open(config: folder.file("model.json"), weights: fixture("keras0.weights.h5"))
    #expect(source.config?["optimizer"]?["name"] == "SGD")
    #expect(groups(source).count == 2)
    let error = #expect(throws: KerasFileError.self) {
      try ModelFile.open(config: fixture("keras0.weights.h5"), weights: fixture("keras0.weights.h5"))
    }
    #expect(error?.cause == .missing("the architecture"))
  }

  @Test func `a folder that was an archive is read`() throws {
    let folder = try TemporaryFolder()
    let config = #"{"class_name": "Sequential", "config": {"layers": []}}"#
    try AtomicFile.write(Array(config.utf8), to: folder.file("config.json"))
    try AtomicFile.write(Array(#"{"keras_version": "3.9.0"}"#.utf8), to: folder.file("metadata.json"))
    try AtomicFile.write(bytes(of: fixture("path.weights.h5")), to: folder.file("model.weights.h5"))
    let source = try ModelFile.open(folder.path)
    #expect(source.format == .kerasFolder)
    #expect(source.versionStamp == "3.9.0")
    #expect(groups(source).map(\.name) == ["layers/dense"])
  }

  @Test func `what is missing or malformed is said`() throws {
    #expect(throws: KerasFileError(file: "/nonexistent.h5", .notFound)) { try ModelFile.open("/nonexistent.h5") }
    #expect(throws: KerasFileError(file: fixture("no_weights.keras"), .missing("model.weights.h5"))) {
      try ModelFile.open(fixture("no_weights.keras"))
    }
    let error = #expect(throws: KerasFileError.self) { try ModelFile.open(fixture("bad_config.keras")) }
    #expect(
      error?.cause
        == .malformedJSON(container: "config.json", JSONError(cause: .unexpectedEnd, offset: 39)))
    for name in ["numbers.h5", "float32.npy", "plain.zip"] {
      #expect(throws: KerasFileError.self) { try ModelFile.open(fixture(name)) }
    }
  }

  @Test func `texts that are no model are described`() throws {
    let folder = try TemporaryFolder()
    for (text, words) in [
      ("", "empty"), ("version https://git-lfs.github.com/spec/v1\n", "Git LFS"), ("a: Sequential\n", "YAML"),
      ("hello", "'hello'"), ("[1, 2]", "a list"), (#"{"a": 1}"#, "no Keras architecture"),
    ] {
      try AtomicFile.write(Array(text.utf8), to: folder.file("x"))
      let error = try #require(throws: KerasFileError.self) { try ModelFile.open(folder.file("x")) }
      #expect(error.description.contains(words), "\(error)")
    }
  }

  @Test(arguments: ["legacy.h5", "stored.keras", "deflated.keras"])
  func `a model cut off anywhere is a typed error`(name: String) throws {
    let folder = try TemporaryFolder()
    let content = try bytes(of: fixture(name))
    for length in stride(from: 1, to: content.count, by: 499) {
      try AtomicFile.write(Array(content[..<length]), to: folder.file("cut"))
      #expect(throws: KerasFileError.self) {
        let source = try ModelFile.open(folder.file("cut"))
        for array in groups(source).flatMap(\.arrays) { _ = try array.read() }
      }
    }
  }
}
