/// The TensorFlow operations that a SavedModel's graphs and functions consist of, by name.
public struct SavedOperations: Sendable {
  /// Each operation's name, with the function it stands in (empty for the graph itself) the first time.
  public private(set) var places: [String: String] = [:]
  /// The file is not what a SavedModel is.
  public private(set) var isDamaged = false

  private static let maximumNodes = 2_000_000

  /// Reads `saved_model.pb`: graphs (`graph_def`), their nodes and the functions of their libraries.
  public init(savedModel: [UInt8]) {
    var count = 0
    let graphs = ProtocolFields(savedModel[...]).messages(2)
    isDamaged = graphs.isEmpty
    for graph in graphs.compactMap({ $0.message(2) }) {
      note(graph.messages(1), in: "", &count)
      for function in graph.message(2)?.messages(1) ?? [] {
        note(function.messages(3), in: function.message(1)?.text(1) ?? "?", &count)
      }
    }
    if count > Self.maximumNodes { isDamaged = true }
  }

  private mutating func note(_ nodes: [ProtocolFields], in place: String, _ count: inout Int) {
    for node in nodes {
      count += 1
      guard count <= Self.maximumNodes else { return }
      guard let name = node.text(2), places[name] == nil else { continue }
      places[name] = place
    }
  }
}
