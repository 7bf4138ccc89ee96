import DataFiles
import KerasCore
import Testing

@Suite struct NumpyTests {
  @Test(arguments: [
    ("float32.npy", DType.float32), ("big_endian.npy", .float64), ("half.npy", .float16), ("version2.npy", .int32),
    ("version3.npy", .int32),
  ])
  func `arrays of every version and byte order are read`(name: String, dtype: DType) throws {
    let tensor = try NumpyFile.read(fixture(name))
    #expect(tensor.dtype == dtype)
    #expect(tensor.shape == [2, 3])
    #expect(try tensor.doubles() == [0, 1, 2, 3, 4, 5])
  }

  @Test func `Fortran order becomes C order`() throws {
    let tensor = try NumpyFile.read(fixture("fortran.npy"))
    #expect(tensor.shape == [2, 3, 4])
    #expect(try tensor.doubles() == (0..<24).map(Double.init))
  }

  @Test func `booleans, scalars, large integers and bfloat16 are read`() throws {
    #expect(try NumpyFile.read(fixture("bool.npy")).bytes == [1, 0, 1, 0, 1, 0])
    #expect(try NumpyFile.read(fixture("scalar.npy")) == TensorData(2.5))
    let large = try NumpyFile.read(fixture("uint64.npy"))
    #expect(large.bytes == [UInt8](repeating: 0, count: 8) + [UInt8](repeating: 255, count: 8))
    #expect(try NumpyFile.read(fixture("bfloat16.npy")).floats() == [1, -2.5])
  }

  @Test func `strings of both kinds are read`() throws {
    #expect(try NumpyFile.read(fixture("unicode.npy")).strings == ["a", "größe", "日本"])
    #expect(try NumpyFile.read(fixture("unicode_big.npy")).strings == ["ab", "c"])
    #expect(try NumpyFile.read(fixture("bytes.npy")).strings == ["ab", "c"])
  }

  @Test(arguments: ["object.npy", "record.npy", "complex.npy"])
  func `types without a counterpart are refused, pickles above all`(name: String) {
    let error = #expect(throws: DataFileError.self) { try NumpyFile.read(fixture(name)) }
    guard case .unsupportedType = error?.cause else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func `archives keep their order and names`() throws {
    let archive = try NumpyArchive(path: fixture("ordered.npz"))
    #expect(archive.names == ["x1", "x0", "label"])
    #expect(try archive["x0"]?.doubles() == [1, 2])
    #expect(archive["label"]?.strings == ["cat", "dog"])
    #expect(archive["absent"] == nil)
    #expect(try NumpyArchive(path: fixture("compressed.npz"))["x"]?.shape == [100, 100])
  }

  @Test(arguments: DType.allCases)
  func `what is written is read`(dtype: DType) throws {
    let folder = try TemporaryFolder()
    let counted = try TensorData(shape: [2, 2], floats: [0, 1, 1, 0])
    let tensor =
      dtype == .string
      ? try TensorData(shape: [2, 2], strings: ["", "ä", "日本", "x"]) : try counted.converted(to: dtype)
    try NumpyFile.write(tensor, to: folder.file("a.npy"))
    // NumPy has no bfloat16: it is widened.
    let expected = dtype == .bfloat16 ? counted : tensor
    #expect(try NumpyFile.read(folder.file("a.npy")) == expected)
    try NumpyArchive(members: [.init(name: "y1", tensor: tensor), .init(name: "y0", tensor: tensor)])
      .write(to: folder.file("a.npz"))
    let archive = try NumpyArchive(path: folder.file("a.npz"))
    #expect(archive.names == ["y1", "y0"])
    #expect(archive["y0"] == expected)
  }

  @Test func `an array is written as numpy writes it, byte for byte`() throws {
    let tensor = try TensorData(shape: [2, 3], floats: [0, 1, 2, 3, 4, 5])
    #expect(try NumpyFile.bytes(tensor) == bytes(of: fixture("float32.npy")))
    #expect(try NumpyFile.bytes(TensorData(2.5)) == bytes(of: fixture("scalar.npy")))
    let strings = try TensorData(shape: [3], strings: ["a", "größe", "日本"])
    #expect(try NumpyFile.bytes(strings) == bytes(of: fixture("unicode.npy")))
  }

  @Test func `a file cut off anywhere is an error`() throws {
    let content = try bytes(of: fixture("unicode.npy"))
    for length in 0..<content.count {
      #expect(throws: DataFileError.self) { try NumpyFile.read(Array(content[..<length]), file: "cut") }
    }
  }

  @Test func `wrong bytes in a header never crash`() throws {
    let content = try bytes(of: fixture("fortran.npy"))
    for position in 0..<128 {
      for value: UInt8 in [0, 0x20, 0x39, 0x7b, 0xff] {
        var damaged = content
        damaged[position] = value
        _ = try? NumpyFile.read(damaged, file: "damaged")
      }
    }
  }

  @Test func `half and bfloat16 round as numpy and ml_dtypes do`() throws {
    let archive = try NumpyArchive(path: fixture("conversions.npz"))
    let x = try #require(archive["x"])
    #expect(try x.converted(to: .float16).bytes == #require(archive["half"]).bytes)
    #expect(try x.converted(to: .bfloat16).bytes == #require(archive["bfloat16"]).bytes)
  }
}
