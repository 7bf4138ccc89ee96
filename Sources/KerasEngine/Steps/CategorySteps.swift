import KerasCore
import KerasGraph

extension PlanCompiler {
  func lookupStep(_ index: Int, _ lookup: CategoryLookup) throws(EngineError) -> Step {
    let category = try categories(concrete.graph.nodes[index].operands[0])
    let count = concrete.count(Value(node: index))
    let numbers = asInt(try pointer(Value(node: index)))
    let numbering = lookup.numbering()
    let scope = concrete.graph.nodes[index].scope
    return step(index) { () throws(EngineError) in
      for element in 0..<count {
        let key = try category(element)
        guard let number = numbering(key) else {
          throw EngineError(.notInVocabulary(key.text), scope: scope)
        }
        numbers[element] = number
      }
    }
  }

  func hashStep(_ index: Int, _ hash: CategoryHash) throws(EngineError) -> Step {
    let category = try categories(concrete.graph.nodes[index].operands[0])
    let count = concrete.count(Value(node: index))
    let bins = asInt(try pointer(Value(node: index)))
    return step(index) { () throws(EngineError) in
      for element in 0..<count { bins[element] = hash.bin(of: try category(element)) }
    }
  }

  func crossStep(_ index: Int, _ cross: CategoryCross) throws(EngineError) -> Step {
    var readers: [(Int) throws(EngineError) -> CategoryKey] = []
    for operand in concrete.graph.nodes[index].operands { readers.append(try categories(operand)) }
    let count = concrete.count(Value(node: index))
    let numbers = asInt(try pointer(Value(node: index)))
    let state = state
    return step(index) { () throws(EngineError) in
      for element in 0..<count {
        var keys: [CategoryKey] = []
        for reader in readers { keys.append(try reader(element)) }
        if case .hashed = cross {
          numbers[element] = cross.bin(keys)
        } else {
          numbers[element] = state.strings.number(cross.text(keys))
        }
      }
    }
  }

  func textStep(_ index: Int, _ encoding: TextEncoding) throws(EngineError) -> Step {
    let operand = concrete.graph.nodes[index].operands[0]
    let texts = asInt(try pointer(operand))
    let numbers = asInt(try pointer(Value(node: index)))
    let width = concrete.shape(operand).last ?? 1
    let size = concrete.shape(Value(node: index)).last ?? 0
    let samples = concrete.count(Value(node: index)) / max(size, 1)
    let numbering = encoding.lookup.numbering()
    let state = state
    return step(index) {
      for sample in 0..<samples {
        let own = (0..<width).map { state.strings.text(texts[sample * width + $0]) }
        for (place, number) in encoding.encoded(own, numbering).enumerated() {
          numbers[sample * size + place] = number
        }
      }
    }
  }

  /// The elements of a value as categories.
  private func categories(_ operand: Value) throws(EngineError) -> (Int) throws(EngineError) -> CategoryKey {
    let elements = try pointer(operand)
    let numbers = asInt(elements)
    let state = state
    let dtype = concrete.graph.type(operand).dtype
    if dtype == .string { return { .text(state.strings.text(numbers[$0])) } }
    if !dtype.isHeldAsInt {
      let scope = concrete.graph.nodes[operand.node].scope
      return { (element: Int) throws(EngineError) in
        guard let number = Int64(exactly: elements[element].rounded(.towardZero)) else {
          throw EngineError(.integerOutOfRange("\(elements[element])"), scope: scope)
        }
        return .integer(number)
      }
    }
    guard let name = concrete.wideInput(operand) else { return { .integer(Int64(numbers[$0])) } }
    return { .integer(state.wideIntegers[name]?[$0] ?? Int64(numbers[$0])) }
  }
}

/// The different strings of one run; tensors of strings hold their numbers.
struct StringList {
  private var texts: [String] = []
  private var numbers: [String: Int32] = [:]

  /// The string's number; equal strings have the same.
  mutating func number(_ text: String) -> Int32 {
    if let number = numbers[text] { return number }
    let number = Int32(clamping: texts.count)
    texts.append(text)
    numbers[text] = number
    return number
  }

  func text(_ number: Int32) -> String { texts.indices.contains(Int(number)) ? texts[Int(number)] : "" }
}
