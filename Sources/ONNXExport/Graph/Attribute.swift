import Foundation

/// A named attribute of a node.
enum Attribute {
  case int(String, Int)
  case ints(String, [Int])
  case float(String, Float)
  case floats(String, [Float])
  case string(String, String)
  case strings(String, [String])
  case graph(String, ONNXGraphProto)

  var proto: ONNXAttributeProto {
    var proto = ONNXAttributeProto()
    switch self {
    case .float(let name, let value): (proto.name, proto.f, proto.type) = (name, value, 1)
    case .int(let name, let value): (proto.name, proto.i, proto.type) = (name, Int64(value), 2)
    case .string(let name, let value): (proto.name, proto.s, proto.type) = (name, Data(value.utf8), 3)
    case .graph(let name, let value): (proto.name, proto.g, proto.type) = (name, value, 5)
    case .floats(let name, let values): (proto.name, proto.floats, proto.type) = (name, values, 6)
    case .ints(let name, let values): (proto.name, proto.ints, proto.type) = (name, values.map { Int64($0) }, 7)
    case .strings(let name, let values):
      (proto.name, proto.strings, proto.type) = (name, values.map { Data($0.utf8) }, 8)
    }
    return proto
  }
}
