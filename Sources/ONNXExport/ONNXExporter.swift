import Foundation
import KerasCore
import KerasExport
import KerasFile
import KerasModel

/// Writes ONNX models, which ONNX Runtime and others run: the inference graph, with inputs and outputs named and typed
/// as the model's and an open batch.
///
/// Beyond `externalDataThreshold` bytes of weights they go into a second file beside the first, `NAME.data`: protobuf
/// ends at 2 GiB. Throws `ExportError.notExpressible` for hashes of categories and for texts split into tokens.
public struct ONNXExporter: Exporter {
  public static let format = "onnx"
  public static let name = "ONNX"
  public static let suffixes = [".onnx"]

  /// Bytes of weights beyond which they are written into a file of their own.
  public var externalDataThreshold = 1_500_000_000
  /// Smaller arrays stay in the model, where readers of shapes look for them.
  var smallestExternalArray = 1024

  public init() {}

  public func check(_ model: LoadedModel, options: ExportOptions) throws(ExportError) {
    _ = try ONNXModel(model, options: options)
  }

  public func export(
    _ model: LoadedModel, to path: String, options: ExportOptions
  ) throws(ExportError) -> [ExportNote] {
    var converted = try ONNXModel(model, options: options)
    do {
      var weights: AtomicFile?
      if converted.weightBytes > externalDataThreshold {
        let name = path.split(separator: "/").last.map { String($0) } ?? path
        weights = try AtomicFile(replacing: "\(path).data")
        if let weights {
          try converted.moveWeights(to: weights, location: "\(name).data", atLeast: smallestExternalArray)
        }
        converted.notes.append(ExportNote(.rewritten, "the weights are in the file \(name).data beside it"))
      }
      if let record = try options.record(converted.notes) {
        converted.add(record.text(), as: ExportOptions.recordKey)
      }
      let bytes: [UInt8] = try converted.proto.serializedBytes()
      let file = try AtomicFile(replacing: path)
      try file.write(bytes)
      try weights?.commit()
      try file.commit()
    } catch let error as ExportError {
      throw error
    } catch let error as FileError {
      throw ExportError(.file(KerasFileError(file: path, .unreadable(error.description))))
    } catch {
      throw ExportError(.malformed("the ONNX model cannot be serialised: \(error)"))
    }
    return converted.notes
  }
}
