import HDF5
import KerasCore
import Testing

@Suite struct HDF5WritingTests {
  @Test(arguments: DType.allCases.filter { $0 != .string })
  func `arrays of every type come back with their bytes`(dtype: DType) throws {
    let values: [UInt8] = dtype == .bool ? [0, 1, 1, 0, 1, 0] : (0..<(6 * dtype.byteCount)).map { UInt8($0) }
    let tensor = try TensorData(dtype: dtype, shape: [3, 2], bytes: values)
    let writer = try HDF5Writer(inMemory: "test")
    try writer.write(tensor, at: "/a/b/c")
    let file = try HDF5File(FileContents(writer.image()), name: "test")
    #expect(try file.read("/a/b/c") == tensor)
  }

  @Test func `scalars and empty arrays are written`() throws {
    let writer = try HDF5Writer(inMemory: "test")
    try writer.write(TensorData(2.5), at: "/scalar")
    try writer.write(TensorData(shape: [0, 3], floats: []), at: "/empty")
    let file = try HDF5File(FileContents(writer.image()), name: "test")
    #expect(try file.read("/scalar") == TensorData(2.5))
    #expect(try file.read("/empty").shape == [0, 3])
  }

  @Test func `a long list of names is split as Keras splits it`() throws {
    // Keras 2.13 stores 501 names of 140 bytes as 251 and 250 (70140 bytes are over the limit of 64512).
    let names = (0..<501).map { index in
      let digits = String(index)
      return digits + String(repeating: "n", count: 140 - digits.count)
    }
    let writer = try HDF5Writer(inMemory: "test")
    try writer.setNames(names, attribute: "layer_names", of: "/")
    let file = try HDF5File(FileContents(writer.image()), name: "test")
    #expect(try file.attributeNames(of: "/") == ["layer_names0", "layer_names1"])
    #expect(try file.attribute("layer_names0", of: "/")?.shape == [251])
    #expect(try file.attribute("layer_names1", of: "/")?.shape == [250])
    #expect(try file.names("layer_names", of: "/") == names)
  }

  @Test func `texts longer than an object header are written`() throws {
    let text = String(repeating: "ä{}", count: 100_000)
    let writer = try HDF5Writer(inMemory: "test")
    try writer.setText(text, attribute: "model_config", of: "/group")
    let file = try HDF5File(FileContents(writer.image()), name: "test")
    #expect(try file.text("model_config", of: "/group") == text)
  }

  @Test func `an empty list becomes an empty array of float64`() throws {
    let writer = try HDF5Writer(inMemory: "test")
    try writer.setNames([], attribute: "weight_names", of: "/relu")
    let file = try HDF5File(FileContents(writer.image()), name: "test")
    let value = try #require(try file.attribute("weight_names", of: "/relu"))
    #expect(value.dtype == .float64)
    #expect(value.shape == [0])
  }

  @Test func `a folder that is not there is an error`() {
    let error = #expect(throws: HDF5Error.self) { try HDF5Writer(path: "/nonexistent/folder/x.h5") }
    guard case .unwritable = error?.cause else {
      Issue.record("\(String(describing: error))")
      return
    }
  }
}
