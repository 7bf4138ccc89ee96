import DataFiles
import KerasCore

/// Reads the pickles in which Keras 3 keeps the variables of one object in `model.weights.npz`.
///
/// A pickle is a program. This reader runs it on inert data: what it calls or constructs becomes a value that only holds
/// the arguments, and nothing is ever imported or executed. Of the functions NumPy's array and element type are understood;
/// a variable's array is the one that its state holds under `_value` (a Keras Variable around the backend's own).
struct PickledArrays {
  enum Failure: Error {
    case damaged(String)
    case refused(String)
  }

  /// The deepest values that are looked through.
  private static let maximumDepth = 64

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
    /// What a call or a construction would have made: its arguments and state.
    case inert([Object])
  }

  private let bytes: [UInt8]
  private var position: Int
  private var stack: [Object] = []
  private var memo: [Int: Object] = [:]
  /// All that was made, to be taken apart in the end: a pickle can hold itself, and would never be freed.
  private var made: [Object] = []

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
    defer { for object in reader.made { object.value = .none } }
    var root = try reader.run()
    if case .objects(let elements) = root.value, elements.count == 1 { root = elements[0] }
    guard case .members(let members) = root.value else { throw .damaged("it is no dictionary of arrays") }
    var arrays: [(String, TensorData)] = []
    for (key, value) in members {
      guard case .text(let name) = key.value else { throw .damaged("it is no dictionary of arrays") }
      guard let tensor = array(in: value) else { throw .refused("no array of numbers for '\(name)'") }
      arrays.append((name, tensor))
    }
    return arrays
  }

  /// The array that a member is, or that the variable it stands for holds as its value.
  private static func array(in member: Object) -> TensorData? {
    if case .array(let tensor) = member.value { return tensor }
    var seen: Set<ObjectIdentifier> = []
    func find(_ object: Object, _ depth: Int, isInside: Bool) -> TensorData? {
      guard depth < maximumDepth, seen.insert(ObjectIdentifier(object)).inserted else { return nil }
      switch object.value {
      case .array(let tensor): return isInside ? tensor : nil
      case .list(let parts), .inert(let parts), .objects(let parts):
        for part in parts {
          if let found = find(part, depth + 1, isInside: isInside) { return found }
        }
      case .members(let members):
        for (key, value) in members {
          let isValue = if case .text("_value") = key.value { true } else { false }
          if let found = find(value, depth + 1, isInside: isInside || isValue) { return found }
        }
      default: break
      }
      return nil
    }
    return find(member, 0, isInside: false)
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
      case "\u{81}":
        let arguments = try pop()
        push(.inert([try pop(), arguments]))
      case "\u{8f}": push(.inert([]))
      case "\u{90}": _ = try untilMark()
      case "b": try build()
      default: throw .refused("the instruction 0x\(String(code.value, radix: 16))")
      }
      guard stack.count < 1_000_000 else { throw .damaged("its stack overflows") }
    }
  }

  // MARK: NumPy's constructors

  private mutating func reduce() throws(Failure) {
    let given = try pop()
    let callee = try pop()
    guard case .list(let arguments) = given.value else { throw .damaged("it calls without arguments") }
    switch callee.value {
    case .function("numpy.core.multiarray._reconstruct"), .function("numpy._core.multiarray._reconstruct"):
      push(.emptyArray)
    case .function("numpy.dtype"):
      switch arguments.first?.value {
      case .text(let descriptor): push(.elementType(NumpyElementType("<" + descriptor)))
      case .function("ml_dtypes.bfloat16"): push(.elementType(NumpyElementType("V2")))
      default: push(.elementType(nil))
      }
    default: push(.inert([callee, given]))
    }
  }

  private mutating func build() throws(Failure) {
    let state = try pop()
    let object = try top()
    switch (object.value, state.value) {
    case (.elementType(var type), .list(let parts)):
      if parts.count > 1, case .text(let order) = parts[1].value { type?.isBigEndian = order == ">" }
      object.value = .elementType(type)
    case (.emptyArray, .list(let parts)): object.value = try array(parts)
    case (.inert(let parts), _): object.value = .inert(parts + [state])
    default: throw .damaged("it gives a state to what has none")
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

  private mutating func push(_ value: Value) {
    let object = Object(value)
    made.append(object)
    stack.append(object)
  }

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
    object.value = .list(list + elements)
  }

  private func setItems(_ elements: [Object]) throws(Failure) {
    let object = try top()
    guard case .members(let members) = object.value, elements.count % 2 == 0 else {
      throw .damaged("it sets members of what is no dictionary")
    }
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
