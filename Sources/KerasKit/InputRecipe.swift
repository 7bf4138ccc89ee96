import KerasCore
import KerasGraph

/// How to make an array that a model's input accepts: the same numbers on every machine, from a few words.
public struct InputRecipe: Sendable, Hashable {
  public enum Content: Sendable, Hashable {
    /// Evenly spread in [-1, 1); sequences `(batch, time, features)` of every second sample end in zeros, as padding does.
    case real
    /// 0 ..< `below`; sequences `(batch, time)` of every second sample end in zeros.
    case whole(below: Int)
    /// Some of these.
    case numbers([Int])
    case texts([String])
  }

  public var name: String
  /// The batch first.
  public var shape: [Int]
  public var content: Content
  public var seed: UInt64

  public init(name: String, shape: [Int], content: Content, seed: UInt64) {
    self.name = name
    self.shape = shape
    self.content = content
    self.seed = seed
  }

  /// The array: float32, int32 or string.
  public func array() throws(TensorDataError) -> TensorData {
    guard let count = checkedProduct(shape), shape.allSatisfy({ $0 >= 0 }), count <= 1 << 28 else {
      throw .sizeMismatch(dtype: .float32, shape: shape, found: 0)
    }
    var generator = SplitMix64(state: seed)
    switch content {
    case .real:
      return try TensorData(
        shape: shape,
        floats: (0..<count).map { index in
          let value = Float(2 * generator.uniform() - 1)
          return shape.count == 3 && isPadding(index, perStep: shape[2]) ? 0 : value
        })
    case .whole(let below):
      return try TensorData(
        shape: shape,
        int32s: (0..<count).map { index in
          let value = Int32(clamping: Int(generator.uniform() * Double(max(below, 1))))
          return shape.count == 2 && isPadding(index, perStep: 1) ? 0 : value
        })
    case .numbers(let numbers):
      return try TensorData(
        shape: shape,
        int32s: (0..<count).map { _ in
          let place = Int(generator.uniform() * Double(numbers.count))
          return numbers.indices.contains(place) ? Int32(clamping: numbers[place]) : 0
        })
    case .texts(let texts):
      guard !texts.isEmpty else { return try TensorData(shape: shape, strings: Array(repeating: "", count: count)) }
      return try TensorData(
        shape: shape, strings: (0..<count).map { _ in texts[Int(generator.uniform() * Double(texts.count))] })
    }
  }

  /// Whether an element lies in the last quarter of an odd sample's sequence.
  private func isPadding(_ index: Int, perStep: Int) -> Bool {
    let steps = shape[1]
    guard steps > 3, perStep > 0 else { return false }
    let (sample, step) = (index / (steps * perStep), index / perStep % steps)
    return sample % 2 == 1 && step >= steps - steps / 4
  }
}

extension Model {
  /// How to make samples for each input, fit for what the model does with it: an index stays within its table.
  ///
  /// Sizes that the model leaves open are `freeSize`, its batch is fixed where the model fixes it.
  public func inputRecipes(samples: Int, seed: UInt64, freeSize: Int = 32) -> [InputRecipe] {
    let contents = InputContents(lowered.graph)
    return inputs.enumerated().map { index, input in
      let shape = [input.shape.dimensions.first.flatMap { $0 } ?? samples]
      return InputRecipe(
        name: input.name, shape: shape + input.shape.dimensions.dropFirst().map { $0 ?? freeSize },
        content: contents.content(of: input.name, input.dtype), seed: seed &+ UInt64(index))
    }
  }
}

/// What a graph does with its inputs, as far as that limits their values.
private struct InputContents {
  /// Smallest tables that an input's values are indices of.
  private var bounds: [String: Int] = [:]
  private var numbers: [String: [Int]] = [:]
  private var texts: [String: [String]] = [:]

  init(_ graph: Graph) {
    // The inputs whose values, moved about but not changed, are a node's.
    var origins: [[String]] = []
    for node in graph.nodes {
      let first = node.operands.first.map { origins[$0.node] } ?? []
      switch node.op {
      case .input(let name): origins.append([name])
      case .cast, .reshape, .transpose, .slice, .broadcast, .reverse, .pad, .stopGradient: origins.append(first)
      case .concatenate: origins.append(node.operands.flatMap { origins[$0.node] })
      case .gatherRows:
        if node.operands.count > 1, let rows = graph.shape(node.operands[0])[0] {
          for name in origins[node.operands[1].node] { bounds[name] = min(bounds[name] ?? rows, rows) }
        }
        origins.append([])
      case .lookup(let lookup):
        for name in first { note(lookup.vocabulary, of: name) }
        origins.append([])
      case .encodeText(let encoding):
        let words = encoding.lookup.vocabulary.prefix(64).map(\.text)
        for name in first {
          texts[name, default: []] += words.indices.map { "\(words[$0]) \(words[$0 * 7 % words.count])" }
        }
        origins.append([])
      default: origins.append([])
      }
    }
  }

  private mutating func note(_ vocabulary: [CategoryKey], of name: String) {
    for key in vocabulary.prefix(64) {
      switch key {
      case .text(let text): texts[name, default: []].append(text)
      case .integer(let number): numbers[name, default: []].append(Int(clamping: number))
      }
    }
  }

  func content(of name: String, _ dtype: DType) -> InputRecipe.Content {
    if dtype == .string { return .texts(texts[name] ?? ["a", "b", "the", "of"]) }
    if let known = numbers[name] { return .numbers(known) }
    if let bound = bounds[name] { return .whole(below: bound) }
    return dtype.isInteger || dtype == .bool ? .whole(below: 2) : .real
  }
}
