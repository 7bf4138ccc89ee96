import Foundation

/// A written file as the schema reads it: just enough of FlatBuffers to look at tables and vectors by slot.
struct WrittenModel {
  let bytes: [UInt8]

  struct Table {
    let bytes: [UInt8]
    let start: Int

    private func place(_ slot: Int) -> Int? {
      let vtable = start - Int(Int32(bitPattern: number(start)))
      guard 4 + 2 * slot < short(vtable) else { return nil }
      let offset = short(vtable + 4 + 2 * slot)
      return offset == 0 ? nil : start + offset
    }

    private func short(_ place: Int) -> Int { Int(bytes[place]) | Int(bytes[place + 1]) << 8 }
    private func number(_ place: Int) -> UInt32 {
      (0..<4).reduce(0) { $0 | UInt32(bytes[place + $1]) << UInt32(8 * $1) }
    }
    private func referred(_ slot: Int) -> Int? { place(slot).map { $0 + Int(number($0)) } }

    func int(_ slot: Int) -> Int { place(slot).map { Int(Int32(bitPattern: number($0))) } ?? 0 }
    func byte(_ slot: Int) -> Int { place(slot).map { Int(Int8(bitPattern: bytes[$0])) } ?? 0 }

    func content(_ slot: Int) -> [UInt8] {
      guard let vector = referred(slot) else { return [] }
      return Array(bytes[vector + 4..<vector + 4 + Int(number(vector))])
    }

    func string(_ slot: Int) -> String { String(decoding: content(slot), as: UTF8.self) }

    func ints(_ slot: Int) -> [Int] {
      guard let vector = referred(slot) else { return [] }
      return (0..<Int(number(vector))).map { Int(Int32(bitPattern: number(vector + 4 + 4 * $0))) }
    }

    func tables(_ slot: Int) -> [Table] {
      guard let vector = referred(slot) else { return [] }
      return (0..<Int(number(vector))).map { index in
        let place = vector + 4 + 4 * index
        return Table(bytes: bytes, start: place + Int(number(place)))
      }
    }

    func table(_ slot: Int) -> Table? { referred(slot).map { Table(bytes: bytes, start: $0) } }

    /// Where a vector's first element lies.
    func position(_ slot: Int) -> Int? { referred(slot).map { $0 + 4 } }
  }

  init(path: String) throws { bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path))) }

  var identifier: String { String(decoding: bytes[4..<8], as: UTF8.self) }
  var root: Table { Table(bytes: bytes, start: Int(bytes[0]) | Int(bytes[1]) << 8) }
  var main: Table { root.tables(2)[0] }
  var tensors: [Table] { main.tables(0) }
  var tensorNames: [String] { tensors.map { $0.string(3) } }

  /// The numbers of the operators of one subgraph, in order.
  func operators(_ subgraph: Int = 0) -> [Int] {
    let codes = root.tables(1).map { $0.int(3) }
    return root.tables(2)[subgraph].tables(3).map { codes[$0.int(0)] }
  }

  func metadata(_ name: String) -> String? {
    root.tables(6).first { $0.string(0) == name }.map { root.tables(4)[$0.int(1)].string(0) }
  }
}
