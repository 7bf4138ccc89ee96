import Foundation

/// The case that `keraskit convert` stored in keraskit.json: how to make inputs, and what the source computed for them.
struct RecordedCase: Decodable {
  struct Record: Decodable { var verification: RecordedCase }

  struct Input: Decodable {
    var name: String
    var shape: [Int]
    /// `real`, `whole` or `numbers`.
    var content: String
    var seed: String
    var below: Int?
    var numbers: [Int]?
  }

  struct Output: Decodable {
    struct Digest: Decodable {
      var shape: [Int]
      var mean: Number
      var rms: Number
      var values: [Number]
    }
    var name: String
    var digest: Digest
  }

  /// A number, or one that is not finite as a word.
  struct Number: Decodable {
    var value: Double

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let text = try? container.decode(String.self) {
        value = Double(text) ?? .nan
      } else {
        value = try container.decode(Double.self)
      }
    }
  }

  var inputs: [Input]
  var outputs: [Output]

  static func read() throws -> RecordedCase {
    // This file lies in Tests/NAMETests.
    let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let data = try Data(contentsOf: package.appendingPathComponent("keraskit.json"))
    return try JSONDecoder().decode(Record.self, from: data).verification
  }

  // MARK: Inputs

  func floats(_ index: Int) -> (shape: [Int], values: [Float]) {
    let numbers = numbers(index)
    return (inputs[index].shape, numbers.map { Float($0) })
  }

  func int32s(_ index: Int) -> (shape: [Int], values: [Int32]) {
    (inputs[index].shape, numbers(index).map { Int32($0) })
  }

  func bools(_ index: Int) -> (shape: [Int], values: [Bool]) {
    (inputs[index].shape, numbers(index).map { $0 != 0 })
  }

  private func numbers(_ index: Int) -> [Double] {
    let (input, shape) = (inputs[index], inputs[index].shape)
    var generator = SplitMix64(state: UInt64(input.seed) ?? 0)
    return (0..<shape.reduce(1, *)).map { place in
      let uniform = generator.uniform()
      switch input.content {
      case "whole":
        let value = (uniform * Double(max(input.below ?? 1, 1))).rounded(.down)
        return shape.count == 2 && isPadding(place, shape, perStep: 1) ? 0 : value
      case "numbers":
        let numbers = input.numbers ?? []
        return numbers.isEmpty ? 0 : Double(numbers[Int(uniform * Double(numbers.count))])
      default:
        let value = Double(Float(2 * uniform - 1))
        return shape.count == 3 && isPadding(place, shape, perStep: shape[2]) ? 0 : value
      }
    }
  }

  /// The last quarter of an odd sample's sequence.
  private func isPadding(_ place: Int, _ shape: [Int], perStep: Int) -> Bool {
    let steps = shape[1]
    guard steps > 3, perStep > 0 else { return false }
    return place / (steps * perStep) % 2 == 1 && place / perStep % steps >= steps - steps / 4
  }

  // MARK: Outputs

  /// How far an output lies from the stored one, relative to the largest stored number.
  func difference(_ index: Int, _ shape: [Int], _ values: [Double]) -> Double {
    let digest = outputs[index].digest
    guard shape == digest.shape else { return .infinity }
    let (count, limit) = (values.count, digest.values.count)
    var found = count <= limit ? values : (0..<limit).map { values[$0 * (count - 1) / max(limit - 1, 1)] }
    found.append(count == 0 ? 0 : values.reduce(0, +) / Double(count))
    found.append(count == 0 ? 0 : (values.reduce(0) { $0 + $1 * $1 } / Double(count)).squareRoot())
    let stored = digest.values.map(\.value) + [digest.mean.value, digest.rms.value]
    let scale = ([digest.rms.value, 1e-6] + digest.values.map(\.value)).map(\.magnitude).filter(\.isFinite).max() ?? 1
    var largest = 0.0
    for (a, b) in zip(stored, found) where !(a == b || a.isNaN && b.isNaN) {
      largest = max(largest, (a - b).isNaN ? .infinity : (a - b).magnitude)
    }
    return largest / scale
  }
}

/// The generator that the inputs were made with.
private struct SplitMix64 {
  var state: UInt64

  /// In [0, 1).
  mutating func uniform() -> Double {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return Double((z ^ (z >> 31)) >> 11) * 0x1p-53
  }
}
