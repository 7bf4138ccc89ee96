import DataFiles
import KerasCore
import Yams

/// A NumPy number as PyYAML writes one: its element type and its bytes.
///
/// Keras 1 put them where a layer's size was computed, as in `input_dim` of the Dense after a Flatten. They are plain data
/// in the shape of a call, which is read and never made.
enum YAMLNumpyScalar {
  static let tags: Set<String> = [
    "python/object/apply:numpy.core.multiarray.scalar", "python/object/apply:numpy._core.multiarray.scalar",
  ]
  private static let typeTag = "tag:yaml.org,2002:python/object/apply:numpy.dtype"

  /// The number, or `nil` if it is not written as NumPy's own.
  static func value(_ sequence: Node.Sequence) -> JSON? {
    guard sequence.count == 2, case .mapping(let type) = sequence[0], type.tag.description == typeTag,
      case .sequence(let arguments)? = type["args"], case .scalar(let kind)? = arguments.first,
      let bytes = bytes(sequence[1])
    else { return nil }
    var isBig = false
    if case .sequence(let state)? = type["state"], state.count > 1, case .scalar(let order) = state[1] {
      isBig = order.string == ">"
    }
    guard let element = NumpyElementType((isBig ? ">" : "<") + kind.string), case .number(let dtype) = element.kind,
      element.size == bytes.count,
      let tensor = try? TensorData(dtype: dtype, shape: [], bytes: isBig ? bytes.reversed() : bytes)
    else { return nil }
    switch dtype {
    case .bool: return .bool(bytes[0] != 0)
    case .float16, .float32, .float64, .bfloat16: return (try? tensor.doubles().first).map { .number($0) }
    default:
      let isSigned = [.int8, .int16, .int32, .int64].contains(dtype)
      let raw = tensor.bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      let shift = UInt64(64 - 8 * bytes.count)
      return isSigned
        ? .integer(Int64(bitPattern: raw << shift) >> Int64(shift)) : Int64(exactly: raw).map { .integer($0) }
    }
  }

  /// Bytes are written as text where they are valid UTF-8, and else in base 64.
  private static func bytes(_ node: Node) -> [UInt8]? {
    guard case .scalar(let scalar) = node, scalar.string.utf8.count <= 64 else { return nil }
    return scalar.tag.description.hasSuffix(":binary") ? base64(scalar.string) : Array(scalar.string.utf8)
  }

  private static func base64(_ text: String) -> [UInt8]? {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var (bits, count): (UInt32, UInt32) = (0, 0)
    var bytes: [UInt8] = []
    for character in text.utf8 where ![0x20, 0x0a, 0x0d, UInt8(ascii: "=")].contains(character) {
      guard let digit = alphabet.firstIndex(of: character) else { return nil }
      bits = bits << 6 | UInt32(digit)
      count += 6
      if count >= 8 {
        count -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> count))
      }
    }
    return bytes
  }
}
