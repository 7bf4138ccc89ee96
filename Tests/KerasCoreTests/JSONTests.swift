import KerasCore
import Testing

@Suite struct JSONTests {
  @Test func `integers, floats and booleans are kept apart, as in Python`() throws {
    let json = try JSON(parsing: #"[1, 1.0, true, -0, 1e3, -7]"#)
    #expect(json == [.integer(1), .number(1), .bool(true), .integer(0), .number(1000), .integer(-7)])
    #expect(json.text() == "[1, 1.0, true, 0, 1000.0, -7]")
  }

  @Test func `NaN and the infinities are read and written as Python does`() throws {
    let json = try JSON(parsing: "[NaN, Infinity, -Infinity]")
    #expect(json[0]?.doubleValue?.isNaN == true)
    #expect(json[1] == .number(.infinity))
    #expect(json[2] == .number(-.infinity))
    #expect(json.text() == "[NaN, Infinity, -Infinity]")
  }

  @Test func `keys keep their order and the last of equal keys wins`() throws {
    let json = try JSON(parsing: #"{"b": 1, "a": {"z": 1, "y": 2}, "b": 3}"#)
    #expect(json.objectValue?.keys.elements == ["b", "a"])
    #expect(json["b"] == 3)
    #expect(json.text() == #"{"b": 3, "a": {"z": 1, "y": 2}}"#)
  }

  @Test func `escapes and surrogate pairs are decoded, control characters escaped`() throws {
    let json = try JSON(parsing: #""\u00e4\ud83d\ude00\n\"\\\/\u0001""#)
    #expect(json == .string("ä😀\n\"\\/\u{1}"))
    #expect(json.text() == #""ä😀\n\"\\/\u0001""#)
    #expect(try JSON(parsing: json.text()) == json)
    // Python keeps a lone surrogate, which has no UTF-8 form.
    #expect(try JSON(parsing: #""a\ud800b""#) == .string("a\u{fffd}b"))
  }

  @Test func `an integer beyond 64 bits becomes a number`() throws {
    #expect(try JSON(parsing: "140234567890123456789") == .number(140_234_567_890_123_456_512))
    #expect(try JSON(parsing: "9223372036854775807") == .integer(.max))
  }

  @Test func `floats survive a round trip to the last bit`() throws {
    for value in [0.1, 1e-7, 1.7976931348623157e308, 2.2250738585072014e-308, -2.5, 1e22, 0.30000000000000004] {
      #expect(try JSON(parsing: JSON.number(value).text()) == .number(value))
    }
  }

  @Test(arguments: [
    ("", JSONError.Cause.unexpectedEnd, 0), ("{", .unexpectedEnd, 1), (#"{"a": "#, .unexpectedEnd, 6),
    (#"{"a" 1}"#, .unexpectedCharacter, 5), ("[1 2]", .unexpectedCharacter, 3), ("[1,]", .unexpectedCharacter, 3),
    ("{'a': 1}", .unexpectedCharacter, 1), ("tru", .unexpectedEnd, 0), ("1 2", .trailingText, 2),
    (#""abc"#, .unexpectedEnd, 4), (#""\x""#, .invalidString, 3), ("[1e]", .invalidNumber, 1),
    ("nothing", .unexpectedCharacter, 0),
  ])
  func `malformed text is refused with its place`(text: String, cause: JSONError.Cause, offset: Int) {
    let error = #expect(throws: JSONError.self) { try JSON(parsing: text) }
    #expect(error?.cause == cause)
    #expect(error?.offset == offset)
  }

  @Test func `bytes that are no UTF-8 are refused`() {
    let error = #expect(throws: JSONError.self) { try JSON(parsing: [0x22, 0xff, 0x22]) }
    #expect(error?.cause == .invalidUTF8)
  }

  @Test func `nesting has a limit`() throws {
    let deep = { (depth: Int) in String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
    _ = try JSON(parsing: deep(500))
    let error = #expect(throws: JSONError.self) { try JSON(parsing: deep(100_000)) }
    #expect(error?.cause == .tooDeep)
  }

  @Test func `a byte order mark and padding zeros are skipped`() throws {
    #expect(try JSON(parsing: [0xef, 0xbb, 0xbf] + Array("[1]".utf8) + [0, 0]) == [1])
  }

  @Test func `a text cut off anywhere is an error`() {
    let text = #"{"class_name": "Dense", "config": {"units": 12, "x": [1.5, null, true, "\u00e4"]}}"#
    for length in 0..<text.utf8.count {
      #expect(throws: JSONError.self) { try JSON(parsing: Array(text.utf8.prefix(length))) }
    }
  }

  @Test func `pointers lead to values and are escaped as RFC 6901 says`() throws {
    let json = try JSON(parsing: #"{"a/b": [{"m~n": 5}]}"#)
    let pointer = JSONPointer(["a/b"]).appending(0).appending("m~n")
    #expect(json[pointer] == 5)
    #expect(pointer.description == "/a~1b/0/m~0n")
    #expect(json[JSONPointer(["a/b", "1"])] == nil)
  }

  @Test func `values are found by kind, never by force`() throws {
    let json = try JSON(parsing: #"{"i": 3, "f": 3.0, "h": 3.5, "b": true, "s": "3"}"#)
    #expect(json["i"]?.intValue == 3)
    #expect(json["f"]?.intValue == 3)
    #expect(json["h"]?.intValue == nil)
    #expect(json["b"]?.intValue == nil)
    #expect(json["b"]?.doubleValue == nil)
    #expect(json["s"]?.intValue == nil)
    #expect(json["absent"] == nil)
    #expect(json[0] == nil)
  }
}
