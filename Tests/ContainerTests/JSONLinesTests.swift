import KerasCore
import Testing

@testable import DataFiles

@Suite struct JSONLinesTests {
  private func read(_ text: String) throws -> [String: TensorData] {
    let folder = try TemporaryFolder()
    let path = folder.path + "/data.jsonl"
    try AtomicFile.write(Array(text.utf8), to: path)
    return try JSONLines.read(path)
  }

  private func message(_ text: String) throws -> String {
    let error = #expect(throws: DataFileError.self) { try read(text) }
    return "\(try #require(error))"
  }

  @Test func membersBecomeArrays() throws {
    let arrays = try read(
      """
      {"x": [[1, 2.5], [3, 4]], "ids": [7, 16777217], "y": true, "label": "cat"}

      {"label": "dog", "x": [[5, 6], [7, 8]], "ids": [0, 1], "y": false}
      """)
    #expect(arrays["x"]?.shape == [2, 2, 2])
    #expect(try arrays["x"]?.floats() == [1, 2.5, 3, 4, 5, 6, 7, 8])
    #expect(try arrays["ids"]?.int32s() == [7, 16_777_217, 0, 1])
    #expect(arrays["y"]?.shape == [2])
    #expect(try arrays["y"]?.floats() == [1, 0])
    #expect(arrays["label"]?.strings == ["cat", "dog"])
  }

  @Test func integersBeyond32BitsAreKept() throws {
    let ids = try #require(try read("{\"ids\": [7, 4611686018427387905]}\n{\"ids\": [-2147483649, 0]}\n")["ids"])
    #expect(try ids.int64s() == [7, 4_611_686_018_427_387_905, -2_147_483_649, 0])
  }

  @Test func errorsNameLineAndMember() throws {
    let first = "{\"x\": [1, 2], \"y\": 1}\n"
    #expect(try message(first + "{\"x\": [1, null], \"y\": 1}").contains("row 2, column 'x'"))
    #expect(try message(first + "{\"x\": [1], \"y\": 1}").contains("line 2, 'x'"))
    #expect(try message(first + "{\"x\": [1, 2], \"y\": \"a\"}").contains("row 2, column 'y'"))
    #expect(try message(first + "{\"x\": [1, 2], \"z\": 1}").contains("'z'"))
    #expect(try message(first + "{\"x\": [1, 2]}").contains("row 2"))
    #expect(try message(first + "{\"x\": [1, 2").contains("line 2"))
    #expect(try message("[1]").contains("line 1"))
    #expect(try message("\n").contains("no rows"))
  }
}
