import DataFiles
import KerasCore

/// Reads the pickles in which Keras 3 keeps the arrays of one object in `model.weights.npz`.
///
/// A pickle is a program. This reader knows only the instructions that build plain data, and of the functions a pickle may
/// name only NumPy's own constructors, which it imitates; any other is refused by name. Nothing is ever called.
struct PickledArrays {
  enum Failure: Error {
    case damaged(String)
    case refused(String)
  }

  /// A value that others may refer to while it is still being built.
  private final class Object {
    var value: Value
    init(_ value: Value) { self.value = value }
  }

  private enum Value {
    case none, mark
    case bool(Bool)
    case integer(Int)
    case text(String)
    case bytes(ArraySlice<UInt8>)
    case list([Object])
    case members([(Object, Object)])
    /// `module.name`.
    case function(String)
    case elementType(NumpyElementType?)
    /// An array before its state is known, and after.
    case emptyArray
    case array(TensorData)
    case objects([Object])
  }

  private let bytes: [UInt8]
  private var position: Int
  private var stack: [Object] = []
  private var memo: [Int: Object] = [:]

  /// The dictionary in a `.npy` file of one Python object: variable number → array.
  static func read(_ npy: [UInt8]) throws(Failure) -> [(name: String, tensor: TensorData)] {
    guard npy.count > 12, npy.starts(with: [0x93] + Array("NUMPY".utf8)) else { throw .damaged("it is no .npy file") }
    let start = npy[6] == 1 ? 10 : 12
    let length = npy[8..<start].reversed().reduce(0) { $0 << 8 | Int($1) }
    guard length <= npy.count - start else { throw .damaged("its header ends early") }
    guard String(decoding: npy[start..<start + length], as: UTF8.self).contains("|O") else {
      throw .damaged("it is no dictionary of arrays")
    }
    var reader = PickledArrays(bytes: npy, position: start + length)
    var root = try reader.run()
    if case .objects(let elements) = root.value, elements.count == 1 { root = elements[0] }
    guard case .members(let members) = root.value else { throw .damaged("it is no dictionary of arrays") }
    var arrays: [(String, TensorData)] = []
    for (key, value) in members {
      guard case .text(let name) = key.value, case .array(let tensor) = value.value else {
        throw .damaged("it is no dictionary of arrays")
      }
      arrays.append((name, tensor))
    }
    return arrays
  }

  private init(bytes: [UInt8], position: Int) {
    self.bytes = bytes
    self.position = position
  }

  private mutating func run() throws(Failure) -> Object {
    while true {
      let code = Unicode.Scalar(try byte())
      switch code {
      case "\u{80}": _ = try byte()
      case "\u{95}": _ = try take(8)
      case ".": return try pop()
      case "(": push(.mark)
      case "N": push(.none)
      case "\u{88}": push(.bool(true))
      case "\u{89}": push(.bool(false))
      case "K": push(.integer(try number(1)))
      case "M": push(.integer(try number(2)))
      case "J": push(.integer(Int(Int32(truncatingIfNeeded: try number(4)))))
      case "\u{8a}": push(.integer(try long()))
      case "\u{8c}": push(.text(try text(1)))
      case "X": push(.text(try text(4)))
      case "C": push(.bytes(try take(number(1))))
      case "B": push(.bytes(try take(number(4))))
      case "\u{8e}": push(.bytes(try take(number(8))))
      case "]": push(.list([]))
      case ")": push(.list([]))
      case "}": push(.members([]))
      case "\u{85}", "\u{86}", "\u{87}":
        let count = Int(code.value) - 0x84
        guard stack.count >= count else { throw .damaged("its stack is empty") }
        let elements = Array(stack.suffix(count))
        stack.removeLast(count)
        push(.list(elements))
      case "t": push(.list(try untilMark()))
      // The elements leave the stack before the object below them is looked at.
      case "a":
        let element = try pop()
        try append([element])
      case "e":
        let elements = try untilMark()
        try append(elements)
      case "s":
        let value = try pop()
        let key = try pop()
        try setItems([key, value])
      case "u":
        let members = try untilMark()
        try setItems(members)
      case "\u{94}": memo[memo.count] = try top()
      case "q": memo[try number(1)] = try top()
      case "r": memo[try number(4)] = try top()
      case "h": try get(number(1))
      case "j": try get(number(4))
      case "c": push(.function(try line() + "." + (try line())))
      case "\u{93}":
        guard case .text(let name) = try pop().value, case .text(let module) = try pop().value else {
          throw .damaged("it names no function")
        }
        push(.function("\(module).\(name)"))
      case "R": try reduce()
      case "b": try build()
      default: throw .refused("the instruction 0x\(String(code.value, radix: 16))")
      }
      guard stack.count < 1_000_000 else { throw .damaged("its stack overflows") }
    }
  }

  // MARK: NumPy's constructors

  private mutating func reduce() throws(Failure) {
    guard case .list(let arguments) = try pop().value, case .function(let name) = try pop().value else {
      throw .damaged("it calls what is no function")
    }
    switch name {
    case "numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct": push(.emptyArray)
    case "numpy.dtype":
      switch arguments.first?.value {
      case .text(let descriptor): push(.elementType(NumpyElementType("<" + descriptor)))
      case .function("ml_dtypes.bfloat16"): push(.elementType(NumpyElementType("V2")))
      default: throw .refused("an element type of another package")
      }
    default: throw .refused("a call of \(name)")
    }
  }

  private mutating func build() throws(Failure) {
    guard case .list(let state) = try pop().value else { throw .refused("a state that is no tuple") }
    let object = try top()
    switch object.value {
    case .elementType(var type):
      if state.count > 1, case .text(let order) = state[1].value { type?.isBigEndian = order == ">" }
      object.value = .elementType(type)
    case .emptyArray: object.value = try array(state)
    default: throw .refused("a state for what has none")
    }
  }

  /// From version, shape, element type, memory order and elements.
  private func array(_ state: [Object]) throws(Failure) -> Value {
    guard state.count == 5, case .list(let dimensions) = state[1].value, case .elementType(let type) = state[2].value,
      case .bool(let isFortran) = state[3].value
    else { throw .damaged("an array's state") }
    var shape: [Int] = []
    for dimension in dimensions {
      guard case .integer(let size) = dimension.value, size >= 0 else { throw .damaged("an array's shape") }
      shape.append(size)
    }
    if case .list(let elements) = state[4].value { return .objects(elements) }
    guard case .bytes(let content) = state[4].value, let type, case .number(let dtype) = type.kind else {
      throw .refused("an array of what is no number")
    }
    // As a `.npy` file, whose reader knows about orders.
    let order = type.isBigEndian ? ">" : "<"
    guard shape.count <= 32, let descriptor = Self.descriptor(dtype),
      checkedProduct(shape + [type.size]) == content.count
    else { throw .damaged("an array's size") }
    do {
      return .array(
        try NumpyFile.read(
          elements: Array(content), descriptor: order + descriptor, shape: shape, isFortranOrder: isFortran))
    } catch {
      throw .damaged("an array: \(error)")
    }
  }

  private static func descriptor(_ dtype: DType) -> String? {
    dtype == .bfloat16 ? "V2" : NumpyElementType.descriptor(dtype).map { String($0.dropFirst()) }
  }

  // MARK: Stack

  private mutating func push(_ value: Value) { stack.append(Object(value)) }

  private mutating func pop() throws(Failure) -> Object {
    guard let object = stack.popLast() else { throw .damaged("its stack is empty") }
    return object
  }

  private func top() throws(Failure) -> Object {
    guard let object = stack.last else { throw .damaged("its stack is empty") }
    return object
  }

  private mutating func get(_ index: Int) throws(Failure) {
    guard let object = memo[index] else { throw .damaged("it refers to nothing") }
    stack.append(object)
  }

  private mutating func untilMark() throws(Failure) -> [Object] {
    guard let mark = stack.lastIndex(where: { if case .mark = $0.value { true } else { false } }) else {
      throw .damaged("a mark is missing")
    }
    let elements = Array(stack[(mark + 1)...])
    stack.removeLast(stack.count - mark)
    return elements
  }

  private func append(_ elements: [Object]) throws(Failure) {
    let object = try top()
    guard case .list(let list) = object.value else { throw .damaged("it appends to what is no list") }
    // A list that held itself would never be freed.
    guard !elements.contains(where: { $0 === object }) else { throw .damaged("a list in itself") }
    object.value = .list(list + elements)
  }

  private func setItems(_ elements: [Object]) throws(Failure) {
    let object = try top()
    guard case .members(let members) = object.value, elements.count % 2 == 0,
      !elements.contains(where: { $0 === object })
    else { throw .damaged("it sets members of what is no dictionary") }
    object.value = .members(
      members + stride(from: 0, to: elements.count, by: 2).map { (elements[$0], elements[$0 + 1]) })
  }

  // MARK: Bytes

  private mutating func byte() throws(Failure) -> UInt8 {
    guard position < bytes.count else { throw .damaged("it ends early") }
    defer { position += 1 }
    return bytes[position]
  }

  private mutating func take(_ count: Int) throws(Failure) -> ArraySlice<UInt8> {
    guard count >= 0, count <= bytes.count - position else { throw .damaged("it ends early") }
    defer { position += count }
    return bytes[position..<position + count]
  }

  private mutating func number(_ count: Int) throws(Failure) -> Int {
    let value = try take(count).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard let number = Int(exactly: value) else { throw .damaged("a length of \(value)") }
    return number
  }

  private mutating func long() throws(Failure) -> Int {
    let content = try take(number(1))
    guard content.count <= 8, let last = content.last else { throw .damaged("a long integer") }
    let value = content.reversed().reduce(last >= 0x80 ? -1 : 0) { $0 << 8 | Int($1) }
    return value
  }

  private mutating func text(_ width: Int) throws(Failure) -> String {
    String(decoding: try take(number(width)), as: UTF8.self)
  }

  private mutating func line() throws(Failure) -> String {
    guard let end = bytes[position...].firstIndex(of: 0x0a) else { throw .damaged("it ends early") }
    defer { position = end + 1 }
    return String(decoding: bytes[position..<end], as: UTF8.self)
  }
}
