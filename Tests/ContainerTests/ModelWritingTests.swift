import HDF5
import KerasCore
import KerasFile
import Testing
import ZipArchive

@Suite struct ModelWritingTests {
  private let config: JSON = ["class_name": "Sequential", "config": ["name": "s", "layers": []]]

  private func kernel() throws -> TensorData { try TensorData(shape: [2, 2], floats: [1, 2, 3, 4]) }

  @Test func `an archive has Keras 3's layout and comes back whole`() throws {
    let folder = try TemporaryFolder()
    let writer = try KerasArchiveWriter(
      config: config,
      objects: [
        .init(path: "", name: "s"), .init(path: "layers/dense", name: "first", arrays: [kernel()]),
        .init(path: "layers/flatten", name: "flat"),
      ],
      optimizer: .init(path: "", name: "sgd", arrays: [TensorData(shape: [], int64s: [7])]), kerasVersion: "3.15.1",
      dateSaved: "2024-05-06@07:08:09")
    try writer.write(to: folder.file("m.keras"))
    // Nothing else stays behind: neither the weights' own file nor the archive's temporary one.
    #expect(folder.files == ["m.keras"])

    let zip = try ZipReader(path: folder.file("m.keras"))
    #expect(zip.members.map(\.name) == ["metadata.json", "config.json", "model.weights.h5"])
    #expect(zip.members.allSatisfy { !$0.isCompressed })
    #expect(
      try JSON(parsing: zip.read("metadata.json"))
        == ["keras_version": "3.15.1", "date_saved": "2024-05-06@07:08:09"])
    let hdf5 = try HDF5File(FileContents(zip.read("model.weights.h5")), name: "weights")
    #expect(try hdf5.children(of: "/") == ["layers", "optimizer", "vars"])
    #expect(try hdf5.text("name", of: "/vars") == "s")
    #expect(try hdf5.text("name", of: "/layers/flatten/vars") == "flat")
    #expect(try hdf5.text("name", of: "/optimizer/vars") == "sgd")

    let source = try ModelFile.open(folder.file("m.keras"))
    #expect(source.config == config)
    #expect(source.versionStamp == "3.15.1")
    guard case .paths(let groups) = source.weights else {
      Issue.record("no weights by path")
      return
    }
    #expect(groups.map(\.name) == ["layers/dense"])
    #expect(groups[0].layerName == "first")
    #expect(try groups[0].arrays[0].read() == kernel())
    #expect(try source.optimizerWeights[0].read().doubles() == [7])
  }

  @Test func `an HDF5 model comes back whole and in order`() throws {
    let folder = try TemporaryFolder()
    let writer = try LegacyHDF5Writer(
      modelConfig: config, trainingConfig: ["loss": "mse"], kerasVersion: "3.15.1",
      layers: [
        .init(name: "z", arrays: [.init(name: "z/kernel", tensor: kernel())]), .init(name: "a/b", arrays: []),
      ],
      optimizerArrays: [.init(name: "sgd/iteration", tensor: TensorData(shape: [], int64s: [3]))])
    try writer.write(to: folder.file("m.h5"))
    #expect(folder.files == ["m.h5"])
    let source = try ModelFile.open(folder.file("m.h5"))
    #expect(source.format == .hdf5Model)
    #expect(source.config == config)
    #expect(source.trainingConfig == ["loss": "mse"])
    #expect(source.backend == "tensorflow")
    guard case .groups(let groups) = source.weights else {
      Issue.record("no weights by layer")
      return
    }
    #expect(groups.map(\.name) == ["z", "a/b"])
    #expect(try groups[0].arrays[0].read() == kernel())
    #expect(try source.optimizerWeights.map { try $0.read().doubles() } == [[3]])
  }

  @Test func `without an architecture the layers stand at the root`() throws {
    let folder = try TemporaryFolder()
    let writer = try LegacyHDF5Writer(
      modelConfig: nil, kerasVersion: "3.15.1",
      layers: [.init(name: "d", arrays: [.init(name: "d/kernel", tensor: kernel())])])
    try writer.write(to: folder.file("m.weights.h5"))
    let source = try ModelFile.open(folder.file("m.weights.h5"))
    #expect(source.format == .hdf5Weights)
    let hdf5 = try HDF5File(path: folder.file("m.weights.h5"))
    #expect(try hdf5.names("layer_names", of: "/") == ["d"])
  }

  @Test func `places that cannot be written are typed errors, and leave nothing`() throws {
    let folder = try TemporaryFolder()
    for path in ["/nonexistent/folder/m", folder.path] {
      let archive = KerasArchiveWriter(config: config, objects: [], kerasVersion: "3.15.1")
      let hdf5 = LegacyHDF5Writer(modelConfig: config, kerasVersion: "3.15.1", layers: [])
      for write in [archive.write, hdf5.write] {
        let error = #expect(throws: KerasFileError.self) { try write(path) }
        guard case .unwritable = error?.cause else {
          Issue.record("\(String(describing: error))")
          continue
        }
      }
    }
    #expect(folder.files.isEmpty)
  }

  @Test func `a model that cannot be written whole leaves the old file alone`() throws {
    let folder = try TemporaryFolder()
    try AtomicFile.write(Array("old".utf8), to: folder.file("m.keras"))
    let strings = try TensorData(shape: [1], strings: ["no weight"])
    let writer = KerasArchiveWriter(
      config: config, objects: [.init(path: "layers/x", arrays: [strings])], kerasVersion: "3.15.1")
    #expect(throws: KerasFileError.self) { try writer.write(to: folder.file("m.keras")) }
    #expect(folder.files == ["m.keras"])
    #expect(try bytes(of: folder.file("m.keras")) == Array("old".utf8))
  }
}
