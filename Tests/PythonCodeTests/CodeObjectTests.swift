import Foundation
import KerasCore
import Testing

@testable import PythonCode

/// Code that real Pythons marshalled (Tools/fixtures/lambda_code.py): what is shown of it is what the author wrote.
@Suite struct CodeObjectTests {
  static let releases = ["2.7", "3.5", "3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13"]

  private static var folder: String {
    let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
    return parts.joined(separator: "/") + "/fixtures/lambdas/code"
  }

  /// The source and the bytes of each function of a kind.
  static func recorded(_ python: String, _ kind: String) throws -> [(source: String, bytes: [UInt8])] {
    let text = try String(contentsOfFile: "\(folder)/python-\(python).json", encoding: .utf8)
    let entries = try #require(try JSON(parsing: text)[kind]?.arrayValue)
    return try entries.map { entry in
      #expect(entry["python"]?.stringValue == python)
      let data = try #require(Data(base64Encoded: entry["code"]?.stringValue ?? ""))
      return (try #require(entry["source"]?.stringValue), Array(data))
    }
  }

  @Test(arguments: releases) func theExpressionIsTheSource(_ python: String) throws {
    let functions = try Self.recorded(python, "plain")
    #expect(functions.count >= 10)
    for (source, bytes) in functions {
      let code = try CodeObject(marshalled: bytes)
      let releases = code.possibleReleases()
      #expect(releases.contains { $0.rawValue == python }, "\(source): \(releases)")
      for release in releases { #expect(try code.expression(as: release) == source, "Python \(python)") }
    }
  }

  /// What one way of a condition changes the other does not see.
  @Test(arguments: releases) func bothWaysOfAConditionAreFollowed(_ python: String) throws {
    let text = try String(contentsOfFile: "\(Self.folder)/python-\(python).json", encoding: .utf8)
    let entries = try #require(try JSON(parsing: text)["choices"]?.arrayValue)
    #expect(entries.count == 2)
    for entry in entries {
      let data = try #require(Data(base64Encoded: entry["code"]?.stringValue ?? ""))
      let code = try CodeObject(marshalled: Array(data))
      let release = try #require(code.possibleReleases().first)
      #expect(try code.expression(as: release) == entry["expression"]?.stringValue)
    }
  }

  @Test(arguments: releases) func theDisassemblyNamesWhatTheCodeUses(_ python: String) throws {
    let (_, bytes) = try #require(try Self.recorded(python, "hostile").first { $0.source.contains("os.system") })
    let code = try CodeObject(marshalled: bytes)
    let release = try #require(code.possibleReleases().first)
    let text = try code.disassembly(as: release).joined(separator: "\n")
    #expect(text.contains("system"))
    #expect(text.contains("RETURN_VALUE"))
  }

  /// Every byte changed or the end cut off: read, refused or followed, but never a crash or an endless loop.
  @Test(arguments: releases) func damagedCodeIsRefusedOrRead(_ python: String) throws {
    var state: UInt64 = 0x9e37_79b9_7f4a_7c15
    func random(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    var refused = 0
    for (_, bytes) in try Self.recorded(python, "plain") + Self.recorded(python, "hostile") {
      for _ in 0..<120 {
        var damaged = bytes
        for _ in 0...random(4) { damaged[random(damaged.count)] = UInt8(random(256)) }
        if random(5) == 0 { damaged.removeLast(random(damaged.count)) }
        do {
          let code = try CodeObject(marshalled: damaged)
          if let release = code.possibleReleases().first {
            _ = try code.expression(as: release)
          } else {
            refused += 1
          }
        } catch {
          refused += 1
        }
      }
    }
    #expect(refused > 100)
  }

  @Test func giantSizesAreRefusedBeforeTheyAreUsed() {
    for head: [UInt8] in [[0x28], [0x5b], [0x73], [0x75], [0x6c]] {
      #expect(throws: PythonCodeError.self) { try CodeObject(marshalled: head + [0xff, 0xff, 0xff, 0x7f]) }
    }
    // Tuples in tuples without an end.
    let nested = [UInt8](repeating: 0x29, count: 200_000).enumerated().map { $0.offset % 2 == 0 ? $0.element : 1 }
    #expect(throws: PythonCodeError.self) { try CodeObject(marshalled: nested) }
  }
}
