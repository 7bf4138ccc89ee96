import HDF5
import KerasCore
import Testing

@Suite struct HDF5ReadingTests {
  let attributes: HDF5File
  let numbers: HDF5File

  init() throws {
    attributes = try HDF5File(path: fixture("attributes.h5"))
    numbers = try HDF5File(path: fixture("numbers.h5"))
  }

  @Test(arguments: [
    ("variable_utf8", "größe"), ("variable_ascii", "bytes"), ("fixed_null", "padded"), ("one_element", "alone"),
    ("space_padded", "pad"),
  ])
  func `text attributes of every kind are read`(name: String, value: String) throws {
    #expect(try attributes.text(name, of: "/") == value)
  }

  @Test func `lists of names are read whether fixed, variable or empty`() throws {
    #expect(try attributes.names("fixed_list", of: "/") == ["a", "bcd", "ef"])
    #expect(try attributes.names("variable_list", of: "/") == ["first", "zweite", "日本"])
    #expect(try attributes.names("empty_list", of: "/") == [])
    #expect(try attributes.names("empty_space", of: "/") == [])
    #expect(try attributes.names("absent", of: "/") == nil)
  }

  @Test func `a list split over several attributes is joined in the order of its parts`() throws {
    let expected = (0..<25).map { "layer_0\($0 < 10 ? "0" : "")\($0)" + String(repeating: "x", count: 20) }
    #expect(try attributes.names("layer_names", of: "/") == expected)
  }

  @Test func `integers are read from scalars and single elements of any width`() throws {
    #expect(try attributes.integer("integer", of: "/") == 7)
    #expect(try attributes.integer("integer_array", of: "/") == 9)
    #expect(throws: HDF5Error.self) { try attributes.integer("text_number", of: "/") }
  }

  @Test func `an attribute of the wrong kind is an error that names it`() throws {
    let error = #expect(throws: HDF5Error.self) { try attributes.text("floats", of: "/") }
    #expect(error?.object == "/ attribute floats")
    #expect(throws: HDF5Error.self) { try attributes.names("floats", of: "/") }
  }

  @Test(arguments: [
    ("little_f2", DType.float16), ("little_f4", .float32), ("big_f4", .float32), ("little_f8", .float64),
    ("big_f8", .float64), ("little_i1", .int8), ("little_i2", .int16), ("big_i2", .int16), ("little_i4", .int32),
    ("little_i8", .int64), ("big_i8", .int64), ("little_u1", .uint8), ("little_u2", .uint16), ("little_u4", .uint32),
    ("little_u8", .uint64),
  ])
  func `numbers keep their type and lose their byte order`(name: String, dtype: DType) throws {
    let tensor = try numbers.read("/\(name)")
    #expect(tensor.dtype == dtype)
    #expect(tensor.shape == [2, 3, 4])
    #expect(try tensor.doubles() == (0..<24).map(Double.init))
    let description = try numbers.describe("/\(name)")
    #expect(description.dtype == dtype)
    #expect(description.shape == [2, 3, 4])
  }

  @Test func `booleans, scalars and empty arrays are read`() throws {
    let bool = try numbers.read("/bool")
    #expect(bool.dtype == .bool)
    #expect(bool.bytes == (0..<24).map { $0 % 3 == 0 ? 1 : 0 })
    let scalar = try numbers.read("/scalar")
    #expect(scalar.shape == [])
    #expect(try scalar.floats() == [1.5])
    #expect(try numbers.read("/empty").shape == [0, 4])
  }

  @Test func `small floats keep their bits`() throws {
    #expect(try numbers.read("/negative_half").floats() == [-0.5, 65504, 0x1p-24, .infinity])
    let bfloat = try numbers.read("/bfloat16")
    #expect(bfloat.dtype == .bfloat16)
    #expect(try bfloat.floats().prefix(3) == [1, -2.5, 3.140625])
  }

  @Test func `compressed, shuffled and checked data is read`() throws {
    #expect(try numbers.read("/gzip").floats() == (0..<4096).map(Float.init))
  }

  @Test func `data packed by h5py's LZF is read`() throws {
    let file = try HDF5File(path: fixture("lzf.h5"))
    #expect(try file.read("/counted").floats() == (0..<5000).map(Float.init))
    #expect(try file.read("/plain").int32s() == (0..<3000).map { Int32($0 / 300) })
    let noise = try file.read("/noise")
    #expect(try file.read("/noise_sum").doubles() == [noise.bytes.reduce(0) { $0 + Double($1) }])
  }

  private static let formats = ["earliest", "v108", "latest"]

  @Test(arguments: formats)
  func `groups and attributes are read as the library of every age writes them`(format: String) throws {
    let file = try HDF5File(path: fixture("format_\(format).h5"))
    for (group, count) in [("/few", 3), ("/many", 20)] {
      #expect(try file.children(of: group) == (0..<count).map { "member_\($0)" }.sorted())
      #expect(try file.attributeNames(of: group) == (0..<count).map { "names_\($0)" }.sorted())
      for index in 0..<count {
        #expect(try file.kind(of: "\(group)/member_\(index)") == .group)
        #expect(try file.names("names_\(index)", of: group) == ["layer_\(index)", "end"])
      }
    }
    #expect(try file.kind(of: "/named_type") == .other)
    if format != "earliest" { #expect(try file.text("long", of: "/") == String(repeating: "x", count: 70000)) }
  }

  @Test(arguments: formats)
  func `chunks are found by every index`(format: String) throws {
    let file = try HDF5File(path: fixture("format_\(format).h5"))
    let names = ["whole", "whole_plain", "pieces", "pieces_plain", "growing", "growing_plain", "along_one_axis"]
    for name in names {
      let array = try file.read("/\(name)")
      #expect(array.shape == [7, 11], "\(name)")
      #expect(try array.floats() == (0..<77).map(Float.init), "\(name)")
    }
    #expect(try file.read("/smaller").floats() == (0..<140).map(Float.init))
    #expect(try file.read("/paged").doubles() == (0..<2100).map(Double.init))
    #expect(try file.read("/filled").doubles() == (0..<3000).map { (2400..<2402).contains($0) ? 1 : 2.5 })
    #expect(try file.read("/never_written").floats() == [Float](repeating: 7, count: 6))
    #expect(try file.read("/of_named_type").doubles() == [0, 1, 2, 3, 4])
    for name in ["early", "compact"] { #expect(try file.read("/\(name)").floats() == (0..<25).map(Float.init)) }
  }

  /// Of what was never written, packed or not, zeros are read.
  @Test(arguments: formats)
  func `packed integers are read`(format: String) throws {
    let file = try HDF5File(path: fixture("format_\(format).h5"))
    #expect(try file.read("/scaleoffset").int32s() == (0..<20).map(Int32.init))
    #expect(try file.read("/nbit").int32s() == [Int32](repeating: 0, count: 20))
  }

  @Test func `strings in data sets are read`() throws {
    #expect(try numbers.read("/strings").strings == ["eins", "zwei"])
    #expect(try numbers.read("/fixed_strings").strings == ["drei", "vier5"])
  }

  /// As Keras 3 writes it into whole models' `.h5`; the script stored the same numbers in both.
  @Test func `two opaque bytes without a mark are bfloat16`() throws {
    #expect(try numbers.read("/opaque") == numbers.read("/bfloat16"))
    #expect(try numbers.read("/opaque").dtype == .bfloat16)
  }

  @Test func `types without a counterpart are refused by name`() {
    for name in ["/complex"] {
      let error = #expect(throws: HDF5Error.self) { try numbers.read(name) }
      guard case .unsupportedType = error?.cause else {
        Issue.record("\(String(describing: error))")
        continue
      }
      #expect(error?.object == name)
    }
  }

  @Test func `a filter that is not there is named`() throws {
    // LZF's data set under the number of another filter: 32001 for 32000, eight bytes before its name.
    var content = try bytes(of: fixture("numbers.h5"))
    let name = Array("lzf\0".utf8)
    let place = try #require(
      content.indices.dropFirst(8).first { content[$0...].starts(with: name) && content[$0 - 7] == 0x7d })
    content[place - 8] = 1
    let file = try HDF5File(FileContents(content), name: "unknown filter")
    let error = #expect(throws: HDF5Error.self) { try file.read("/lzf") }
    #expect("\(try #require(error))".contains("lzf"))
  }

  @Test func `what is missing is told from what is of the wrong kind`() throws {
    #expect(try numbers.kind(of: "/nothing/here") == nil)
    #expect(try numbers.kind(of: "/scalar") == .dataset)
    #expect(try numbers.kind(of: "/") == .group)
    #expect(throws: HDF5Error(file: numbers.name, object: "/nothing", .missing)) { try numbers.read("/nothing") }
    let error = #expect(throws: HDF5Error.self) { try numbers.read("/") }
    guard case .wrongKind = error?.cause else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func `a file in memory reads as the file on disk`() throws {
    // The image stands inside other bytes, as a stored member of an archive does.
    let content = try bytes(of: fixture("numbers.h5"))
    let padded = [UInt8](repeating: 7, count: 13) + content + [UInt8](repeating: 9, count: 5)
    let image = try HDF5File(FileContents(padded), in: 13..<(13 + content.count), name: "image")
    #expect(try image.children(of: "/") == numbers.children(of: "/"))
    #expect(try image.read("/gzip") == numbers.read("/gzip"))
    #expect(try image.read("/bfloat16") == numbers.read("/bfloat16"))
  }

  @Test func `two images of one name are two files`() throws {
    let first = try HDF5File(FileContents(bytes(of: fixture("numbers.h5"))), name: "model.weights.h5")
    let second = try HDF5File(FileContents(bytes(of: fixture("user_block.h5"))), name: "model.weights.h5")
    #expect(try first.kind(of: "/gzip") == .dataset)
    #expect(try second.kind(of: "/gzip") == nil)
  }

  @Test func `a user block before the content is skipped`() throws {
    #expect(try HDF5File(path: fixture("user_block.h5")).read("/x").floats() == [0, 1, 2])
  }

  @Test func `many threads may read one file`() async throws {
    let numbers = numbers
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for _ in 0..<32 {
        group.addTask { try numbers.read("/gzip").floats() == (0..<4096).map(Float.init) }
      }
      for try await isRight in group { #expect(isRight) }
    }
  }
}
