import KerasCore

/// The table `model.summary()` prints: every layer with its output shape and its number of parameters.
public struct ModelSummary: Sendable {
  public struct Row: Sendable {
    public var name: String
    public var className: String
    /// One shape per output of the layer's first call.
    public var outputShapes: [Shape]
    /// Whether later calls give other shapes; Keras then prints `multiple`.
    public var hasSeveralShapes: Bool
    public var parameterCount: Int
    /// `layer[node][tensor]` of everything the layer is called on; empty in Sequential models.
    public var connections: [String]
    public var trainable: Bool

    /// The shape as Keras prints it.
    public var shapeText: String {
      if hasSeveralShapes { return "multiple" }
      if outputShapes.count == 1 { return outputShapes[0].description }
      return "[" + outputShapes.map(\.description).joined(separator: ", ") + "]"
    }
  }

  public var name: String
  public var isSequential: Bool
  public var rows: [Row]
  public var trainableCount: Int
  public var nonTrainableCount: Int
  public var totalCount: Int { trainableCount + nonTrainableCount }

  /// Throws `ModelError` if the model does not state its input shape or a layer does not fit its input.
  public init(_ network: Network) throws(ModelError) {
    try self.init(network, lowered: try network.lowered())
  }

  /// As `init(_:)`, with the lowering at hand.
  public init(_ network: Network, lowered: LoweredModel) throws(ModelError) {
    name = network.name
    isSequential = network.kind == .sequential
    var shapes: [String: [[Shape]]] = [:]
    var counts: [String: Int] = [:]
    for output in lowered.layerOutputs {
      shapes[output.path, default: []].append(output.outputShapes)
      counts[output.path] = output.parameterCount
    }
    rows = []
    for (index, entry) in network.entries.enumerated() {
      if isSequential, entry.layer is InputLayer { continue }
      let calls = shapes[entry.name] ?? []
      var connections: [String] = []
      if !isSequential {
        for call in network.calls where call.layer == index {
          let keywords = call.keywordInputs.sorted { $0.key < $1.key }.flatMap(\.value)
          for input in call.inputs + keywords where input.layer >= 0 {
            connections.append("\(network.entries[input.layer].name)[\(input.node)][\(input.tensor)]")
          }
        }
      }
      rows.append(
        Row(
          name: entry.name, className: entry.className, outputShapes: calls.first ?? [],
          hasSeveralShapes: Set(calls).count > 1, parameterCount: counts[entry.name] ?? 0, connections: connections,
          trainable: entry.trainable))
    }
    trainableCount = 0
    nonTrainableCount = 0
    for parameter in try network.parameterSpecs() {
      let count = checkedProduct(parameter.spec.shape) ?? 0
      if parameter.trainable { trainableCount += count } else { nonTrainableCount += count }
    }
  }

  /// The table in Keras 2's style; columns grow where a name does not fit.
  public var text: String {
    var titles = ["Layer (type)", "Output Shape", "Param #"]
    var widths = isSequential ? [29, 26, 10] : [32, 22, 12]
    if !isSequential {
      titles.append("Connected to")
      widths.append(32)
    }
    var cells: [[[String]]] = []
    for row in rows {
      var first = ["\(row.name) (\(row.className))", row.shapeText, String(row.parameterCount)]
      if !isSequential { first.append(row.connections.first ?? "") }
      cells.append([first] + row.connections.dropFirst().map { ["", "", "", $0] })
    }
    for line in cells.joined() {
      for column in line.indices { widths[column] = max(widths[column], line[column].count + 1) }
    }
    let width = widths.reduce(0, +)
    func format(_ line: [String]) -> String {
      zip(line, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }.joined()
    }
    let thin = String(repeating: "_", count: width)
    let thick = String(repeating: "=", count: width)
    var lines = ["Model: \"\(name)\"", thin, format(titles), thick]
    lines.append(contentsOf: cells.map { $0.map(format) }.joined(separator: [thin]))
    lines += [
      thick, "Total params: \(Self.grouped(totalCount))", "Trainable params: \(Self.grouped(trainableCount))",
      "Non-trainable params: \(Self.grouped(nonTrainableCount))", thin,
    ]
    return lines.joined(separator: "\n")
  }

  /// With a comma before every third digit, as Python's `{:,}`.
  private static func grouped(_ number: Int) -> String {
    var result = ""
    for (index, digit) in String(number).reversed().enumerated() {
      if index > 0, index % 3 == 0 { result.append(",") }
      result.append(digit)
    }
    return String(result.reversed())
  }
}
