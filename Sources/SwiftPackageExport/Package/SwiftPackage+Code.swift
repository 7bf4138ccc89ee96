import KerasExport
import KerasGraph

extension SwiftPackage {
  /// The model's type: its weights, its inputs and outputs, and the statements that compute it.
  var modelCode: String {
    let (weights, type) = (emission.weights, typeName)
    let parameters = emission.inputs.map { "\($0.identifier): Tensor<\($0.element)>" }.joined(separator: ", ")
    let inputs = emission.inputs.map { port in
      "/// - Parameter \(port.identifier): `\(port.shapeText)`\(Self.purpose(port))"
    }
    let fields = emission.outputs.flatMap { port in
      ["/// `\(port.shapeText)`", "public let \(port.identifier): Tensor<\(port.element)>"]
    }
    let results = zip(emission.outputs, emission.results).map { "\($0.identifier): \($1)" }.joined(separator: ", ")
    let source =
      isEmbedded
      ? "try WeightFile(base64: Self.embeddedWeights, byteCount: Self.byteCount, checksum: Self.checksum)"
      : "try WeightFile(path: Self.bundledWeights(), byteCount: Self.byteCount, checksum: Self.checksum)"
    return """
      // Written by keraskit from \(origin). What is computed is written out below, layer by layer.
      import Foundation

      /// The model '\(SwiftNames.comment(modelName))', of \(origin).
      public struct \(type): Sendable {
        /// What the model puts out.
        public struct Outputs: Sendable {
      \(Self.indented(fields, 4))
        }

        private let weights: Weights
        private static let byteCount = \(weights.bytes.count)
        private static let checksum: UInt64 = \(weights.checksum)

        /// Loads the weights that belong to the package; throws `PredictionError.weights` if they are damaged.
        public init() throws(PredictionError) {
          weights = Weights(\(source))
        }

      \(isEmbedded ? "" : bundledInit)\
        /// Predicts a batch of samples: the first axis of all inputs.
        ///
        /// Throws `PredictionError` if an input has another shape than stated, or an index lies outside its table.
        ///
      \(Self.indented(inputs, 2))
        public func predict(\(parameters)) throws(PredictionError) -> Outputs {
      \(Self.indented(checks + emission.lines, 4))
          return Outputs(\(results))
        }

        private struct Weights: Sendable {
      \(Self.indented(weights.declarations, 4))

          init(_ file: WeightFile) {
      \(Self.indented(weights.statements, 6))
          }
        }
      }

      """
  }

  private var bundledInit: String {
    """
      /// Loads the weights of a file, a copy of the package's `\(module).weights`.
      public init(weightsAt path: String) throws(PredictionError) {
        weights = Weights(try WeightFile(path: path, byteCount: Self.byteCount, checksum: Self.checksum))
      }

      private static func bundledWeights() throws(PredictionError) -> String {
        guard let path = Bundle.module.path(forResource: "\(module)", ofType: "weights") else {
          throw .weights("\(module).weights is not in the package's bundle")
        }
        return path
      }


    """
  }

  /// Shapes are compared before anything is computed.
  private var checks: [String] {
    var lines = emission.inputs.map { port in
      let sizes = port.shape.dimensions.map { $0.map { "\($0)" } ?? "nil" }.joined(separator: ", ")
      return "try check(\(SwiftNames.literal(port.name)), \(port.identifier).shape, [\(sizes)])"
    }
    let batches = emission.inputs.filter { $0.shape.rank > 0 && $0.shape[0] == nil }
    if batches.count > 1 {
      lines.append("try checkBatches([\(batches.map { "\($0.identifier).shape[0]" }.joined(separator: ", "))])")
    }
    return lines
  }

  private static func purpose(_ port: GraphEmission.Port) -> String {
    port.element == "Int32" ? ", whole numbers such as token ids" : ""
  }

  private static func indented(_ lines: [String], _ spaces: Int) -> String {
    let margin = String(repeating: " ", count: spaces)
    return lines.flatMap { $0.split(separator: "\n") }.map { margin + $0 }.joined(separator: "\n")
  }

  /// The command: arrays from a folder, predictions into it.
  var commandCode: String {
    let readings = emission.inputs.enumerated().map { index, port in
      "let x\(index) = try folder.\(Self.reader(port))(\"x\(index)\")"
    }
    let arguments = emission.inputs.enumerated().map { index, port in
      "\(port.identifier): Tensor(shape: x\(index).shape, values: x\(index).values)"
    }
    let writings = emission.outputs.enumerated().map { index, port in
      "try folder.write(\"y\(index)\", outputs.\(port.identifier).shape, outputs.\(port.identifier).values)"
    }
    return """
      import Foundation
      import \(module)

      /// Reads the inputs `x0.npy`, `x1.npy` … of a folder and writes the outputs `y0.npy` … into it.
      @main struct \(commandName) {
        static func main() {
          guard CommandLine.arguments.count == 2 else {
            FileHandle.standardError.write(Data("usage: \(commandName) FOLDER\\n".utf8))
            exit(2)
          }
          do {
            try predict(NumpyFolder(path: CommandLine.arguments[1]))
          } catch {
            FileHandle.standardError.write(Data("\\(error)\\n".utf8))
            exit(1)
          }
        }

        static func predict(_ folder: NumpyFolder) throws {
      \(Self.indented(readings, 4))
          let outputs = try \(typeName)().predict(
            \(arguments.joined(separator: ",\n      ")))
      \(Self.indented(writings, 4))
        }
      }

      """
  }

  private static func reader(_ port: GraphEmission.Port) -> String {
    switch port.element {
    case "Int32": "int32s"
    case "Bool": "bools"
    default: "floats"
    }
  }

  /// The test that replays the stored case.
  var testCode: String {
    let readings = emission.inputs.enumerated().map { index, port in
      "let x\(index) = record.\(Self.reader(port))(\(index))"
    }
    let arguments = emission.inputs.enumerated().map { index, port in
      "\(port.identifier): Tensor(shape: x\(index).shape, values: x\(index).values)"
    }
    let checks = emission.outputs.enumerated().flatMap { index, port in
      let number = port.element == "Bool" ? "$0 ? 1 : 0" : "Double($0)"
      return [
        "let y\(index) = outputs.\(port.identifier)",
        "#expect(record.difference(\(index), y\(index).shape, y\(index).values.map { \(number) }) <= tolerance)",
      ]
    }
    // Two ways of one sum, rounded to a narrower format on the way, may differ in its last digit.
    let tolerance = emission.roundsNumbers ? "0.02" : "1e-5"
    return """
      import \(module)
      import Testing

      /// The outputs are those that the source of the model computed.
      @Test func predictsAsRecorded() throws {
        let tolerance = \(tolerance)
        let record = try RecordedCase.read()
      \(Self.indented(readings, 2))
        let outputs = try \(typeName)().predict(
          \(arguments.joined(separator: ",\n    ")))
      \(Self.indented(checks, 2))
      }

      """
  }

  var readme: String {
    func row(_ port: GraphEmission.Port, _ kind: String) -> String {
      "| `\(port.identifier)` | \(kind) | `\(port.shapeText)` | `\(port.element)` |"
    }
    let ports = emission.inputs.map { row($0, "input") } + emission.outputs.map { row($0, "output") }
    let arguments = emission.inputs.map { port in
      let sizes = port.shape.dimensions.enumerated().map { axis, size in "\(size ?? (axis == 0 ? 1 : 32))" }
      let values = port.element == "Bool" ? "flags" : port.element == "Int32" ? "ids" : "numbers"
      return "\(port.identifier): Tensor(shape: [\(sizes.joined(separator: ", "))], values: \(values))"
    }
    let fields = emission.outputs.map { "print(outputs.\($0.identifier).values)" }
    let test = hasTests ? "`swift test` replays the case that was stored at the conversion (keraskit.json).\n" : ""
    return """
      # \(module)

      The model '\(SwiftNames.comment(modelName))' of \(origin), as a Swift package that needs nothing but Foundation.

      ```swift
      import \(module)

      let model = try \(typeName)()
      let outputs = try model.predict(
        \(arguments.joined(separator: ",\n  ")))
      \(fields.joined(separator: "\n"))
      ```

      | | | shape | elements |
      |---|---|---|---|
      \(ports.joined(separator: "\n"))

      Arrays are in C order, the last axis changes fastest; the first is the batch. What does not fit is a
      `PredictionError`. Build with `-c release`: without optimisation the loops are slow.

      `swift run -c release \(commandName) FOLDER` predicts from numpy's files: `x0.npy` … are the inputs in this order,
      `y0.npy` … the outputs. \(test)
      """
  }
}
