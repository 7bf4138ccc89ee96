import DataFiles
import KerasCore
import Testing

@Suite struct DelimitedTableTests {
  private func table(_ text: String, header: DelimitedTable.Header = .detected) throws -> DelimitedTable {
    try DelimitedTable(text: text, file: "t.csv", header: header)
  }

  @Test func `a first row without numbers is a header`() throws {
    let named = try table("a,b,y\n1,2,3\n4,5,6\n")
    #expect(named.columnNames == ["a", "b", "y"])
    #expect(named.rowCount == 2)
    let bare = try table("1,2,3\n4,5,6")
    #expect(bare.columnNames == ["0", "1", "2"])
    #expect(bare.rowCount == 2)
    #expect(try table("5.1,setosa\n4.9,setosa\n").hasHeader == false)
    #expect(try table("1,2\n3,4\n", header: .present).columnNames == ["1", "2"])
  }

  @Test(arguments: ["a,b\r\n1,2\r\n", "a\tb\n1\t2", "a;b\n1;2\n\n", "\u{feff}a, b \n 1, 2 \n"])
  func `delimiters, line ends, blanks and byte order marks are understood`(text: String) throws {
    let table = try table(text)
    #expect(table.columnNames == ["a", "b"])
    #expect(try table.matrix([0, 1]).floats() == [1, 2])
  }

  @Test func `whole numbers that a float does not hold are kept`() throws {
    let table = try table("a,b\n16777217,0.1\n4294967303,2\n")
    #expect(try table.matrix([0]).int64s() == [16_777_217, 4_294_967_303])
    #expect(try table.matrix([1]).dtype == .float32)
  }

  @Test func `quoted fields hold delimiters, quotes and line ends`() throws {
    let table = try table("name,\"the \"\"size\"\"\"\n\"a, b\",1\n\"c\nd\",2\n")
    #expect(table.columnNames == ["name", "the \"size\""])
    guard case .texts(let names) = table.columns[0].values else {
      Issue.record("not a column of texts")
      return
    }
    #expect(names == ["a, b", "c\nd"])
  }

  @Test func `inputs and targets are split by name or index`() throws {
    let table = try table("a,b,y\n1,2,3\n4,5,6\n")
    let (inputs, targets) = try table.split(targets: ["y"])
    #expect(inputs.shape == [2, 2])
    #expect(try inputs.floats() == [1, 2, 4, 5])
    #expect(try targets.floats() == [3, 6])
    #expect(try table.split(targets: ["-1"]).targets == targets)
    #expect(try table.split(targets: ["2"]).targets == targets)
    #expect(throws: DataFileError(file: "t.csv", .noSuchColumn("z", available: ["a", "b", "y"]))) {
      try table.split(targets: ["z"])
    }
  }

  @Test(arguments: ["", "NA", "nan", "NULL", "None", "?"])
  func `a missing value is an error with its row and column`(mark: String) {
    #expect(throws: DataFileError(file: "t.csv", .missingValue(row: 3, column: "b"))) {
      try table("a,b\n1,2\n3,\(mark)\n")
    }
  }

  @Test func `rows are numbered as in the file, blank lines counted`() {
    #expect(throws: DataFileError(file: "t.csv", .missingValue(row: 4, column: "a"))) { try table("a,b\n1,2\n\n,3\n") }
  }

  @Test func `a text among numbers is an error only where numbers are needed`() throws {
    let table = try table("a,b\n1,2\n3,x\n")
    #expect(try table.matrix([0]).floats() == [1, 3])
    #expect(throws: DataFileError(file: "t.csv", .notANumber(row: 3, column: "b", found: "x"))) {
      try table.matrix([1])
    }
  }

  @Test func `malformed tables are refused`() {
    #expect(throws: DataFileError(file: "t.csv", .empty)) { try table("") }
    #expect(throws: DataFileError(file: "t.csv", .empty)) { try table("a,b\n") }
    #expect(throws: DataFileError(file: "t.csv", .raggedRow(row: 2, expected: 2, found: 3))) {
      try table("1,2\n1,2,3\n")
    }
    #expect(throws: DataFileError(file: "t.csv", .unclosedQuote(row: 2))) { try table("a\n\"x\n") }
  }

  @Test func `an array is written with digits enough to come back unchanged`() throws {
    let folder = try TemporaryFolder()
    let values: [Float] = [0.1, 1e-30, -3, 16_777_216, 0.333333343, 6]
    let tensor = try TensorData(shape: [2, 3], floats: values)
    try DelimitedTable.write(tensor, header: ["a", "b,c", "d"], to: folder.file("y.csv"))
    let table = try DelimitedTable(path: folder.file("y.csv"))
    #expect(table.columnNames == ["a", "b,c", "d"])
    #expect(try table.matrix([0, 1, 2]) == tensor)
    try DelimitedTable.write(TensorData(shape: [2], int64s: [.max, .min]), to: folder.file("y.tsv"))
    #expect(String(decoding: try bytes(of: folder.file("y.tsv")), as: UTF8.self) == "\(Int64.max)\n\(Int64.min)\n")
    #expect(throws: DataFileError.self) { try DelimitedTable.write(tensor, header: ["a"], to: folder.file("y.csv")) }
  }
}
