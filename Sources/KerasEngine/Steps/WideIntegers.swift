import KerasCore
import KerasGraph

extension ConcreteGraph {
  /// Inputs of integers that nothing but lookups, hashes and crosses read, which then see all 64 bits.
  ///
  /// Keras feeds ids as int64; the engine holds integers in 32 bits.
  var wideInputs: Set<String> {
    Set(graph.inputNames.filter { name in graph.input(named: name).map { wideInput($0) == name } ?? false })
  }

  /// The name of the input, if it is one of those, whose elements in their order a value has.
  func wideInput(_ value: Value) -> String? {
    let root = root(value)
    guard case .input(let name) = graph.nodes[root.node].op, graph.type(root).dtype.isInteger,
      !outputs.contains(root)
    else { return nil }
    let isCategory = (readers[root] ?? []).allSatisfy { reader in
      switch graph.nodes[reader].op {
      case .lookup, .hash, .cross: true
      default: false
      }
    }
    return isCategory ? name : nil
  }
}

extension TensorData {
  /// The numbers for an integer input that 32 bits do not hold; `nil` if they hold all.
  ///
  /// Throws `EngineError.integerOutOfRange` naming the input's layer if there are some and it is not `wide`.
  public func wideIntegers(forInput name: String, wide: Bool = false) throws(EngineError) -> [Int64]? {
    do throws(TensorDataError) {
      guard let numbers = try int64sBeyondInt32() else { return nil }
      if wide { return numbers }
      throw .integerOutOfRange(numbers.first { Int32(exactly: $0) == nil }.map { "\($0)" } ?? "")
    } catch .integerOutOfRange(let number) {
      throw EngineError(.integerOutOfRange(number), scope: name)
    } catch {
      throw EngineError(.data(error))
    }
  }
}
