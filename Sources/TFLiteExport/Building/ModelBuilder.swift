import KerasCore
import KerasExport

/// A model being put together: the buffers, operator codes and subgraphs of one file.
final class ModelBuilder {
  let weightFormat: ExportOptions.WeightFormat
  private(set) var subgraphs: [SubgraphBuilder] = []
  /// The first stands for no data, as the schema asks for.
  private var buffers: [[UInt8]] = [[]]
  private var knownBuffers: [[UInt8]: Int] = [:]
  private var codes: [Code] = []
  private var codeIndices: [Code: Int] = [:]

  /// Constants up to this size are looked up, so that equal ones are stored once.
  private static let sharedBytes = 4096

  private struct Code: Hashable {
    let code: BuiltinOperator
    let version: Int32
  }

  init(weightFormat: ExportOptions.WeightFormat) { self.weightFormat = weightFormat }

  func addSubgraph(named name: String) -> SubgraphBuilder {
    let subgraph = SubgraphBuilder(name: name, index: subgraphs.count, model: self)
    subgraphs.append(subgraph)
    return subgraph
  }

  func buffer(_ bytes: [UInt8]) -> Int {
    let isShared = bytes.count <= Self.sharedBytes
    if isShared, let known = knownBuffers[bytes] { return known }
    buffers.append(bytes)
    if isShared { knownBuffers[bytes] = buffers.count - 1 }
    return buffers.count - 1
  }

  func operatorCode(_ code: BuiltinOperator, version: Int32) -> Int {
    let key = Code(code: code, version: version)
    if let known = codeIndices[key] { return known }
    codes.append(key)
    codeIndices[key] = codes.count - 1
    return codes.count - 1
  }

  /// The file's bytes; `signature` names the main subgraph's inputs and outputs.
  ///
  /// Throws `ExportError` for more than the 2 GiB that the format's offsets reach.
  func file(signature: Signature, record: JSON?) throws(ExportError) -> [UInt8] {
    var metadata: [FlatTable] = []
    func addMetadata(_ name: String, _ text: String) {
      let place = FlatValue.uint32(UInt32(clamping: buffer(Array(text.utf8))))
      metadata.append(FlatTable((0, .string(name)), (1, place)))
    }
    addMetadata("min_runtime_version", "2.16.0")
    if let record { addMetadata(ExportOptions.recordKey, record.text()) }

    guard buffers.reduce(0, { $0 + $1.count }) < FlatBufferWriter.sizeLimit - (64 << 20) else {
      throw ExportError(
        .notExpressible(what: "a model of this size", reason: "a TFLite file holds less than 2 GiB of weights"))
    }
    let operatorCodes = codes.map { code in
      FlatTable(
        (0, .int8(code.code.deprecatedCode)), (2, .int32(code.version)), (3, .int32(code.code.rawValue)))
    }
    let root = FlatTable(
      (0, .uint32(3)), (1, .tables(operatorCodes)), (2, .tables(subgraphs.map { $0.table() })),
      (3, .string("Written by KerasKit")),
      (4, .tables(buffers.map { $0.isEmpty ? FlatTable() : FlatTable((0, .bytes($0))) })), (6, .tables(metadata)),
      (7, .tables([signature.table])))
    let bytes = FlatBufferWriter.buffer(root: root, identifier: "TFL3")
    guard bytes.count <= FlatBufferWriter.sizeLimit else {
      throw ExportError(
        .notExpressible(what: "a model of this size", reason: "a TFLite file has at most 2 GiB"))
    }
    return bytes
  }

  /// What callers ask for by name.
  struct Signature {
    var inputs: [(name: String, tensor: Tensor)]
    var outputs: [(name: String, tensor: Tensor)]

    fileprivate var table: FlatTable {
      func maps(_ entries: [(name: String, tensor: Tensor)]) -> FlatValue {
        .tables(
          entries.map { FlatTable((0, .string($0.name)), (1, .uint32(UInt32(clamping: $0.tensor.index)))) })
      }
      return FlatTable((0, maps(inputs)), (1, maps(outputs)), (2, .string("serving_default")), (4, .uint32(0)))
    }
  }
}
