import Foundation
import KerasKit
import Testing

@testable import KerasModel

/// Marshalled code of every Python with bytes changed, through the reader, the interpreter and the ops: whatever it says, it
/// is computed or refused with a typed error, soon.
///
/// `Tools/fuzz` runs it for longer: KERASKIT_FUZZ_SECONDS. A code that ends the process is then in `lambda.txt` of
/// KERASKIT_FUZZ_FOLDER, in base64.
@Suite(.serialized) struct LambdaMutationTests {
  /// More than this for a function of a few hundred bytes is a hang.
  private static let patience: TimeInterval = 20

  private static func recorded() throws -> [[UInt8]] {
    var all: [[UInt8]] = []
    for python in LambdaRefusalTests.pythons {
      let path = "\(Fixture.root)/fixtures/lambdas/code/python-\(python).json"
      let groups = try JSON(parsing: String(contentsOfFile: path, encoding: .utf8))
      for kind in ["plain", "hostile", "extreme", "choices"] {
        for entry in groups[kind]?.arrayValue ?? [] {
          all.append(LambdaDescription.bytes(of: try #require(entry["code"]?.stringValue)))
        }
      }
    }
    return all
  }

  private static func damaged(_ code: [UInt8], _ others: [[UInt8]], _ random: inout SeededNumbers) -> [UInt8] {
    var bytes = code
    for _ in 0..<Int.random(in: 1...6, using: &random) where !bytes.isEmpty {
      let place = Int.random(in: bytes.indices, using: &random)
      switch Int.random(in: 0..<6, using: &random) {
      case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
      case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      case 2: bytes[place] = bytes[place] &+ (Bool.random(using: &random) ? 1 : 255)
      case 3: bytes.insert(contentsOf: bytes[place..<min(place + 8, bytes.count)], at: place)
      case 4:
        // An instruction of another function.
        let other = others[Int.random(in: others.indices, using: &random)]
        let from = Int.random(in: 0..<max(other.count - 2, 1), using: &random)
        for offset in 0..<2 where place + offset < bytes.count && from + offset < other.count {
          bytes[place + offset] = other[from + offset]
        }
      default: bytes.removeSubrange(place..<min(place + Int.random(in: 1...4, using: &random), bytes.count))
      }
    }
    return bytes
  }

  /// Whether a model of one such Lambda can be lowered; its text of an expression is made too.
  private static func isFollowed(_ code: [UInt8]) throws -> Bool {
    let base64 = Data(code).base64EncodedString()
    let model: JSON = [
      "class_name": "Sequential",
      "config": [
        "name": "m",
        "layers": [
          ["class_name": "InputLayer", "config": ["name": "x", "batch_shape": [nil, 6, 4], "dtype": "float32"]],
          [
            "class_name": "Lambda",
            "config": ["name": "f", "function": [.string(base64), nil, nil], "function_type": "lambda"],
          ],
        ],
      ],
    ]
    do throws(ModelError) {
      let function = try LambdaFunction([.string(base64), nil, nil])
      _ = function?.expression
      _ = try Network(canonical: model).lowered()
      return true
    } catch {
      return false
    }
  }

  private static func run(rounds: Int?, seconds: TimeInterval, seed: UInt64) throws -> (rounds: Int, followed: Int) {
    let codes = try recorded()
    var random = SeededNumbers(seed: seed)
    let folder =
      rounds == nil ? MutationBench.environment["KERASKIT_FUZZ_FOLDER"].map { URL(fileURLWithPath: $0) } : nil
    if let folder { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }
    let start = Date()
    var (round, followed) = (0, 0)
    while round < rounds ?? .max, rounds != nil || Date().timeIntervalSince(start) < seconds {
      let code = damaged(codes[Int.random(in: codes.indices, using: &random)], codes, &random)
      if let folder { try Data(code).base64EncodedData().write(to: folder.appendingPathComponent("lambda.txt")) }
      let begin = Date()
      if try isFollowed(code) { followed += 1 }
      let time = Date().timeIntervalSince(begin)
      #expect(time < patience, "\(Data(code).base64EncodedString())")
      round += 1
    }
    return (round, followed)
  }

  @Test func `damaged code is followed or refused`() throws {
    let (rounds, followed) = try Self.run(rounds: 600, seconds: 0, seed: 5)
    #expect(rounds == 600)
    #expect(followed > 0 && followed < 600)
  }

  @Test(.enabled(if: MutationBench.seconds > 0, "set KERASKIT_FUZZ_SECONDS, as Tools/fuzz does"))
  func `damaged code for as long as asked`() throws {
    let seed = MutationBench.environment["KERASKIT_FUZZ_SEED"].flatMap { UInt64($0) } ?? 1
    let (rounds, followed) = try Self.run(rounds: nil, seconds: MutationBench.seconds, seed: seed)
    print("\(rounds) damaged functions, \(followed) of them followed")
  }
}
