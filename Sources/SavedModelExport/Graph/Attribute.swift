import Foundation
import KerasCore

/// Values of nodes' attributes.
extension SMAttribute {
  static func int(_ value: Int) -> SMAttribute { SMAttribute { $0.i = Int64(value) } }
  static func float(_ value: Float) -> SMAttribute { SMAttribute { $0.f = value } }
  static func bool(_ value: Bool) -> SMAttribute { SMAttribute { $0.b = value } }
  static func string(_ value: String) -> SMAttribute { SMAttribute { $0.s = Data(value.utf8) } }
  static func type(_ value: ElementType) -> SMAttribute { SMAttribute { $0.type = value.rawValue } }
  static func shape(_ value: SMTensorShape) -> SMAttribute { SMAttribute { $0.shape = value } }
  static func tensor(_ value: SMTensor) -> SMAttribute { SMAttribute { $0.tensor = value } }
  static func ints(_ values: [Int]) -> SMAttribute { SMAttribute { $0.list.i = values.map { Int64($0) } } }
  static func types(_ values: [ElementType]) -> SMAttribute {
    SMAttribute { attribute in
      // Without elements it must still be a list.
      attribute.list = .init()
      attribute.list.type = values.map(\.rawValue)
    }
  }
  static func texts(_ values: [String]) -> SMAttribute {
    SMAttribute { $0.list.s = values.map { Data($0.utf8) } }
  }
  static func shapes(_ values: [SMTensorShape]) -> SMAttribute { SMAttribute { $0.list.shape = values } }
  static func function(_ name: String) -> SMAttribute { SMAttribute { $0.func.name = name } }

  private init(_ fill: (inout SMAttribute) -> Void) {
    self.init()
    fill(&self)
  }
}

extension SMTensorShape {
  /// Axes of unknown size are -1.
  init(_ shape: Shape) {
    self.init()
    dim = shape.dimensions.map { size in
      var dimension = Dim()
      dimension.size = size.map { Int64($0) } ?? -1
      return dimension
    }
  }

  static var unknownRank: SMTensorShape {
    var shape = SMTensorShape()
    shape.unknownRank = true
    return shape
  }
}

extension SMTensor {
  init(int32s values: [Int32], shape: [Int]) { self.init(.int32, values, shape) }
  init(int64s values: [Int64], shape: [Int]) { self.init(.int64, values, shape) }

  private init<Number: FixedWidthInteger>(_ type: ElementType, _ values: [Number], _ shape: [Int]) {
    self.init()
    (dtype, tensorShape) = (type.rawValue, SMTensorShape(Shape(shape)))
    tensorContent = values.reduce(into: Data()) { bytes, value in
      withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
  }

  /// A single number of a type that values have: float, int32, int64 or bool.
  init(_ value: Double, _ type: ElementType) {
    self.init()
    dtype = type.rawValue
    tensorShape = SMTensorShape(Shape([]))
    func content<Number: FixedWidthInteger>(_ number: Number) {
      tensorContent = withUnsafeBytes(of: number) { Data($0) }
    }
    switch type {
    case .int32: content(Int32(clamping: Int(exactly: value) ?? 0).littleEndian)
    case .int64: content(Int64(exactly: value) ?? 0)
    case .bool: content(UInt8(value == 0 ? 0 : 1))
    default: content(Float(value).bitPattern.littleEndian)
    }
  }

  init(texts: [String], shape: [Int]) {
    self.init()
    (dtype, tensorShape) = (ElementType.string.rawValue, SMTensorShape(Shape(shape)))
    stringVal = texts.map { Data($0.utf8) }
  }

  init(_ data: TensorData) {
    self.init()
    dtype = ElementType(stored: data.dtype).rawValue
    tensorShape = SMTensorShape(Shape(data.shape))
    if data.dtype == .string {
      stringVal = data.strings.map { Data($0.utf8) }
    } else {
      tensorContent = Data(data.bytes)
    }
  }
}
