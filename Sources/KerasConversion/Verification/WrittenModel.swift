import KerasCore
import KerasExport
import KerasKit

/// A model in a format that this program writes and does not read: what it computes is another program's to say.
public struct WrittenModel: Sendable {
  public let path: String
  /// The format's word: `onnx`.
  public let format: String
  public let formatName: String
  /// `nil` if the file carries none.
  public let record: ConversionRecord?
  private let exporter: any Exporter.Type

  /// `nil` if the file is of no such format.
  ///
  /// Throws `ConversionError` if it is one and is damaged.
  public static func open(_ path: String) throws(ConversionError) -> WrittenModel? {
    guard let exporter = Formats.all.first(where: { $0.recognizes(path) }) else { return nil }
    do {
      return WrittenModel(
        path: path, format: exporter.format, formatName: exporter.name,
        record: try exporter.record(in: path).flatMap { ConversionRecord($0) }, exporter: exporter)
    } catch {
      throw .kit(.export(error))
    }
  }

  private init(
    path: String, format: String, formatName: String, record: ConversionRecord?, exporter: any Exporter.Type
  ) {
    (self.path, self.format, self.formatName) = (path, format, formatName)
    (self.record, self.exporter) = (record, exporter)
  }

  /// The program that runs such files; throws `ConversionError.consumer` if none is known.
  public func consumer() throws(ConversionError) -> Consumer {
    guard let consumer = Consumer.all.first(where: { $0.formats.contains(format) }) else {
      throw .consumer(name: formatName, reason: "no program is known that runs it here")
    }
    return consumer
  }

  /// Compares what a program computes of the file with a case; where outputs differ, layers too if the program shows
  /// results inside the model.
  ///
  /// Throws `ConversionError` if the program is not there or cannot run the file.
  public func verify(
    _ expected: VerificationCase, in consumer: Consumer, python: String, tolerance: Double
  ) throws(ConversionError) -> Verification {
    do {
      let arrays = try expected.inputs.map { try $0.array() }
      func run(_ graph: WrittenGraph?) throws(ConversionError) -> Consumer.Results {
        try consumer.predict(
          path, inputs: expected.inputs.map(\.name), arrays: arrays, outputs: expected.outputs.map(\.name),
          python: python, graph: graph)
      }
      let results = try run(nil)
      if let reason = results.onlyRead {
        throw ConversionError.consumer(name: consumer.name, reason: "it reads the file without complaint; \(reason)")
      }
      var largest = 0.0
      for (output, array) in zip(expected.outputs, results.outputs) {
        let digest = try ArrayDigest(array, limit: VerificationCase.outputLimit)
        largest = max(largest, output.digest.difference(from: digest))
      }
      var verification = Verification(difference: largest, tolerance: tolerance, firstDivergence: nil, layerCount: 0)
      guard !verification.isEqual, consumer.showsResults, let graph = try exporter.graph(in: path) else {
        return verification
      }
      let search = LayerSearch(graph, results: try run(graph).inside, tolerance: tolerance)
      (verification.firstDivergence, verification.layerCount) = search.firstDivergence(from: expected.layers)
      return verification
    } catch let error as ConversionError {
      throw error
    } catch let error as ExportError {
      throw .kit(.export(error))
    } catch let error as TensorDataError {
      throw .kit(.data(error))
    } catch {
      throw .kit(.badRequest("\(error)"))
    }
  }
}
