import KerasCore
import KerasFile
import Testing

@Suite struct YAMLReaderTests {
  private func config(_ text: String) throws -> JSON {
    let folder = try TemporaryFolder()
    try AtomicFile.write(Array(("class_name: M\n" + text).utf8), to: folder.file("m.yaml"))
    let config = try ModelFile.open(folder.file("m.yaml")).config
    return try #require(config)
  }

  /// Expected values are those of PyYAML 5.4's `yaml.load(text, Loader=yaml.UnsafeLoader)`.
  private static let scalars: [(String, JSON)] = [
    ("1", JSON.integer(1)), ("-12", .integer(-12)), ("+3", .integer(3)), ("1_000", .integer(1000)),
    ("0x1f", .integer(31)), ("017", .integer(15)), ("0b11", .integer(3)), ("1:30", .integer(90)), ("08", .string("08")),
    ("9007199254740993", .integer(9_007_199_254_740_993)), ("1.0", .number(1)), ("1.", .number(1)),
    (".5", .number(0.5)),
    ("1.0e-05", .number(1e-5)), ("1e-05", .string("1e-05")), ("1.0e5", .string("1.0e5")),
    ("-.inf", .number(-.infinity)),
    ("true", .bool(true)), ("False", .bool(false)), ("yes", .bool(true)), ("OFF", .bool(false)),
    ("yEs", .string("yEs")),
    ("y", .string("y")), ("null", .null), ("~", .null), ("", .null), ("'null'", .string("null")),
    ("\"1\"", .string("1")), ("relu", .string("relu")), ("!!python/unicode 'x'", .string("x")),
    ("!!python/str \"12\"", .string("12")), ("!!python/long '12'", .integer(12)), ("!!float '2'", .number(2)),
    ("!!python/tuple [3, 4]", [3, 4]), ("!!python/tuple\n- 3\n- null", [3, nil]),
    ("{a: 1, b: [x]}", ["a": 1, "b": ["x"]]),
  ]

  @Test(arguments: scalars)
  func `scalars are resolved as PyYAML does`(text: String, value: JSON) throws {
    #expect(try config("x: " + text)["x"] == value)
  }

  @Test func `an alias is what it stands for`() throws {
    #expect(try config("a: &id001 !!python/tuple [1, 2]\nb: *id001\nc: [*id001, 3]")["c"] == [[1, 2], 3])
  }

  @Test(arguments: [
    "python/object/apply:os.system ['true']", "python/name:os.system", "python/object:numpy.ndarray {}",
    "binary aGk=", "set {a}",
  ])
  func `an object that only Python could make is refused by its tag`(tag: String) throws {
    let error = try #require(throws: KerasFileError.self) { try config("x: !!\(tag)") }
    #expect(error.description.contains(tag.prefix { $0 != " " }), "\(error)")
    guard case .unsupported = error.cause else {
      Issue.record("\(error)")
      return
    }
  }

  @Test func `texts that would fill memory or the stack are refused`() throws {
    var bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1...9 {
      bomb +=
        "a\(level): &a\(level) [" + [String](repeating: "*a\(level - 1)", count: 10).joined(separator: ", ") + "]\n"
    }
    let hostile = [
      bomb, bomb + "b: {*a9 : 1}", bomb + "b: {x: 1, *a9, y: 2}", bomb + "b:\n  ? *a9\n  : 1", bomb + "? [*a9]\n: 1",
      bomb + "[*a9]: 1", "x: " + String(repeating: "[", count: 100_000),
      "x: " + String(repeating: "{a: ", count: 100_000),
      "x:\n" + String(repeating: "- ", count: 100_000) + "y",
    ]
    for text in hostile {
      let error = try #require(throws: KerasFileError.self) { try config(text) }
      guard case .tooLarge = error.cause else {
        Issue.record("\(error)")
        continue
      }
    }
  }

  @Test(arguments: ["x: [1, 2", "x: 'y", "class_name: N", "x: *nothing", "\tx: 1", "x: 1\n---\ny: 2", "a: b: c"])
  func `malformed text is a typed error`(text: String) {
    #expect(throws: KerasFileError.self) { try config(text) }
  }
}
