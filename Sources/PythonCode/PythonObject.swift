/// A value that CPython's `marshal` can write, as data.
public indirect enum PythonObject: Sendable, Hashable {
  case none
  case bool(Bool)
  case int(Int)
  /// A whole number beyond 64 bits, by its number of bits.
  case largeInt(bits: Int)
  case float(Double)
  case complex(Double, Double)
  case string(String)
  /// Python 3's `bytes`, and every `str` of Python 2.
  case bytes([UInt8])
  case tuple([PythonObject])
  case list([PythonObject])
  case set([PythonObject])
  case dictionary([Pair])
  case ellipsis
  case stopIteration
  case code(CodeObject)

  public struct Pair: Sendable, Hashable {
    public var key: PythonObject
    public var value: PythonObject
  }

  /// A text; Python 2's strings are read as Latin-1, as its identifiers are.
  public var text: String? {
    switch self {
    case .string(let text): text
    case .bytes(let bytes): String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
    default: nil
    }
  }

  /// As Python's `repr` writes it, shortened where it is long or deep (references let a short file hold endless tuples).
  public var description: String { description(depth: 0) }

  private func description(depth: Int) -> String {
    switch self {
    case .none: return "None"
    case .bool(let flag): return flag ? "True" : "False"
    case .int(let value): return "\(value)"
    case .largeInt(let bits): return "<an integer of \(bits) bits>"
    case .float(let value): return Self.text(value)
    case .complex(let real, let imaginary): return "(\(Self.text(real))+\(Self.text(imaginary))j)"
    case .string(let text): return "'\(text.count > 80 ? text.prefix(80) + "…" : text[...])'"
    case .bytes(let bytes): return bytes.count > 80 ? "<\(bytes.count) bytes>" : "'\(text ?? "")'"
    case .ellipsis: return "..."
    case .stopIteration: return "StopIteration"
    case .code(let code): return "<code \(code.name)>"
    case .tuple(let elements):
      return "(" + Self.joined(elements, depth) + (elements.count == 1 ? ",)" : ")")
    case .list(let elements): return "[" + Self.joined(elements, depth) + "]"
    case .set(let elements): return "{" + Self.joined(elements, depth) + "}"
    case .dictionary(let pairs):
      guard depth < 3 else { return "{…}" }
      let texts = pairs.prefix(20).map {
        $0.key.description(depth: depth + 1) + ": " + $0.value.description(depth: depth + 1)
      }
      return "{" + texts.joined(separator: ", ") + (pairs.count > 20 ? ", …}" : "}")
    }
  }

  private static func joined(_ elements: [PythonObject], _ depth: Int) -> String {
    guard depth < 3 else { return "…" }
    return elements.prefix(20).map { $0.description(depth: depth + 1) }.joined(separator: ", ")
      + (elements.count > 20 ? ", …" : "")
  }

  /// A float as Python's `repr` writes it.
  static func text(_ value: Double) -> String {
    if value.isNaN { return "nan" }
    if value.isInfinite { return value < 0 ? "-inf" : "inf" }
    return "\(value)"
  }
}
