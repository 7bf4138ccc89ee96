import DataFiles
import KerasCore
import KerasTraining

/// Which of a stream's arrays are which of a model's inputs, targets and weights, and how texts become numbers.
struct SampleBinding: Sendable {
  private struct Target: Sendable {
    var names: [String]
    var encoding: ClassEncoding?
  }

  private let file: String
  private let ports: [Model.Port]
  private let inputs: [[String]]
  private var targets: [Target]
  private let weights: [String]
  let weightRanks: [Int]
  /// The classes of the targets that have some.
  private(set) var labels: LabelMap?

  init(_ stream: any ArrayStream, _ model: Model, _ options: SampleOptions) throws {
    file = stream.file
    ports = model.inputs
    let shapes = Dictionary(stream.columns.map { ($0.name, $0.shape) }, uniquingKeysWith: { first, _ in first })
    let table = stream as? DelimitedStream
    let names = SampleNames(stream)

    let outputNames = model.outputs.map(\.name)
    let isArrayFile = ArrayFile.ending(of: stream.file) == "npy"
    var chosen: [[String]]
    if !options.needsTargets, options.targets.isEmpty {
      chosen = table == nil ? (try? names.standard("y", outputNames)) ?? [] : []
    } else if options.targets.isEmpty || isArrayFile {
      guard table == nil else {
        throw KerasKitError.badRequest("the target columns of a table have to be named (--target)")
      }
      chosen = try names.standard("y", outputNames)
    } else {
      chosen = try names.chosen(options.targets, for: outputNames, option: "--target")
    }
    if let weight = isArrayFile ? nil : options.sampleWeight {
      weights = [try names.name(weight)]
    } else if shapes["sample_weight"] != nil {
      weights = ["sample_weight"]
    } else {
      let numbered = outputNames.indices.map { "sample_weight\($0)" }
      weights = numbered.allSatisfy { shapes[$0] != nil } ? numbered : []
    }
    weightRanks = weights.map { (shapes[$0]?.count ?? 0) + 1 }
    if !options.inputs.isEmpty {
      inputs = try names.chosen(options.inputs, for: ports.map(\.name), option: "--inputs")
    } else if let table {
      let taken = Set(chosen.joined() + weights)
      let rest = table.names.filter { !taken.contains($0) }
      guard ports.count == 1 else {
        throw KerasKitError.badRequest(
          "\(file): the columns of each of the model's inputs have to be named, --inputs INPUT=COLUMN,COLUMN …; the "
            + "inputs are \(ports.map(\.name).joined(separator: ", "))")
      }
      inputs = [rest]
    } else {
      inputs = try names.standard("x", ports.map(\.name))
    }
    if let table { try Self.checkNumbers(table, inputs.joined() + weights) }

    targets = []
    var maps: [LabelMap.Target] = []
    for (index, list) in chosen.enumerated() {
      guard let classes = try Self.classes(of: list, in: stream, options.labels) else {
        targets.append(Target(names: list))
        continue
      }
      let encoding = try ClassEncoding(
        classes, for: model.outputs[index], isSparse: model.usesSparseLabels(loss: options.loss),
        named: "\(file): \(classes.count) classes (\(classes.prefix(10).joined(separator: ", ")))")
      targets.append(Target(names: list, encoding: encoding))
      maps.append(LabelMap.Target(name: list[0], classes: classes))
    }
    labels = maps.isEmpty ? nil : LabelMap(targets: maps)
  }

  /// All arrays that are read.
  var names: Set<String> { Set(inputs.joined()).union(targets.flatMap(\.names)).union(weights) }

  /// The model's samples in some of the stream's.
  func samples(_ arrays: [String: TensorData]) throws -> DataSet {
    var x: [TensorData] = []
    for (names, port) in zip(inputs, ports) {
      x.append(try Model.fitted(try sideBySide(names, arrays), to: port))
    }
    let y = try targets.map { target in
      guard let encoding = target.encoding else { return try sideBySide(target.names, arrays) }
      return try encoding.encoded(try array(target.names[0], arrays), file: file, name: target.names[0])
    }
    return try DataSet(inputs: x, targets: y, sampleWeights: weights.map { try array($0, arrays) })
  }

  private func array(_ name: String, _ arrays: [String: TensorData]) throws -> TensorData {
    guard let array = arrays[name] else {
      throw TrainingError.missingData(name, available: arrays.keys.sorted())
    }
    return array
  }

  /// One array as it is, several as columns of one.
  private func sideBySide(_ names: [String], _ arrays: [String: TensorData]) throws -> TensorData {
    if names.count == 1, let only = arrays[names[0]] { return only.shape.count == 1 ? try column(only) : only }
    let parts = try names.map { try array($0, arrays) }
    let rows = parts.first?.shape.first ?? 0
    // Ids beyond what float32 tells apart stay what they are.
    if parts.contains(where: { [.float64, .int64, .uint64].contains($0.dtype) }) {
      let (values, width) = Self.interleaved(try parts.map { try $0.doubles() }, rows)
      return try TensorData(shape: [rows, width], doubles: values)
    }
    let (values, width) = Self.interleaved(try parts.map { try $0.floats() }, rows)
    return try TensorData(shape: [rows, width], floats: values)
  }

  private static func interleaved<Number>(_ parts: [[Number]], _ rows: Int) -> (values: [Number], width: Int) {
    let widths = parts.map { rows > 0 ? $0.count / rows : 0 }
    let width = widths.reduce(0, +)
    var values: [Number] = []
    values.reserveCapacity(rows * width)
    for row in 0..<rows {
      for (part, width) in zip(parts, widths) { values += part[row * width..<(row + 1) * width] }
    }
    return (values, width)
  }

  private func column(_ array: TensorData) throws -> TensorData { try array.reshaped(array.shape + [1]) }

  private static func checkNumbers(_ table: DelimitedStream, _ names: [String]) throws {
    for name in names {
      let index = try table.index(of: name)
      guard case .texts(let classes, let row) = table.contents[index] else { continue }
      let text = classes?.first { Double($0) == nil } ?? ""
      throw DataFileError(file: table.file, .notANumber(row: row, column: name, found: text))
    }
  }

  /// The different texts of a target, sorted; `nil` for numbers.
  private static func classes(
    of names: [String], in stream: any ArrayStream, _ known: LabelMap?
  ) throws -> [String]? {
    var found: [String]?
    if let table = stream as? DelimitedStream {
      for name in names {
        guard case .texts(let classes, let row) = table.contents[try table.index(of: name)] else { continue }
        guard names.count == 1 else {
          throw DataFileError(
            file: table.file, .notANumber(row: row, column: name, found: classes?.first { Double($0) == nil } ?? ""))
        }
        guard let classes else {
          throw KerasKitError.badRequest(
            "\(table.file): the target '\(name)' has too many different texts to be classes")
        }
        found = classes
      }
    } else if let images = stream as? ImageStream {
      found = images.folder.classNames
    } else if names.count == 1, let first = try stream.reader(from: 0).next(1)?[names[0]], first.dtype == .string {
      var texts: Set<String> = []
      let reader = try stream.reader(from: 0)
      while let part = try reader.next(4096) { texts.formUnion(part[names[0]]?.strings ?? []) }
      found = FolderListing.inOrder(Array(texts))
    }
    guard let found else { return nil }
    return known?.classes(of: names[0]) ?? found
  }
}

/// Finds arrays by the names that a user or Keras' custom gives them.
struct SampleNames {
  private let available: [String]
  private let table: DelimitedStream?

  init(_ stream: any ArrayStream) {
    available = stream.columns.map(\.name)
    table = stream as? DelimitedStream
  }

  func name(_ text: String) throws -> String {
    if available.contains(text) { return text }
    if let table { return table.names[try table.index(of: text)] }
    throw TrainingError.missingData(text, available: available.sorted())
  }

  /// `letter`, `letter0` … or all by the ports' own names: a mixture would be a guess.
  func standard(_ letter: String, _ ports: [String]) throws -> [[String]] {
    if ports.allSatisfy({ available.contains($0) }) { return ports.map { [$0] } }
    if ports.count == 1, available.contains(letter) { return [[letter]] }
    return try ports.indices.map { index in
      let name = "\(letter)\(index)"
      guard available.contains(name) else {
        throw TrainingError.missingData(ports.count == 1 ? letter : name, available: available.sorted())
      }
      return [name]
    }
  }

  /// What `NAME`, `NAME,NAME` and `PORT=NAME,NAME` mean for the ports.
  func chosen(_ texts: [String], for ports: [String], option: String) throws -> [[String]] {
    var byPort: [String: [String]] = [:]
    var unnamed: [[String]] = []
    for text in texts {
      if let list = try? [name(text)] {
        unnamed.append(list)
        continue
      }
      if let equals = text.firstIndex(of: "="), ports.contains(String(text[..<equals])) {
        byPort[String(text[..<equals])] = try list(String(text[text.index(after: equals)...]))
      } else {
        unnamed.append(try list(text))
      }
    }
    if byPort.isEmpty, ports.count == 1 { return [unnamed.flatMap { $0 }] }
    // For several ports a list without a port's name is one name for each.
    if byPort.isEmpty, unnamed.count == 1, unnamed[0].count == ports.count { return unnamed[0].map { [$0] } }
    if byPort.isEmpty, unnamed.count == ports.count { return unnamed }
    guard unnamed.isEmpty, byPort.count == ports.count else {
      throw KerasKitError.badRequest(
        "\(option) needs one of each of \(ports.joined(separator: ", ")), such as \(option) '\(ports[0])=NAME'")
    }
    return ports.map { byPort[$0] ?? [] }
  }

  private func list(_ text: String) throws -> [String] {
    if let whole = try? name(text) { return [whole] }
    return try text.split(separator: ",").map { try name(String($0)) }
  }
}
