import KerasCore
import SwiftProtobuf

/// Objects and what they call each other: a checkpoint's, or a SavedModel's.
public struct ObjectGraph: Sendable {
  public struct Slot: Sendable {
    /// The variable that the optimizer keeps a value for, the value's name (`m`, `rms`), and its own object.
    public var original: Int
    public var name: String
    public var variable: Int
  }

  public struct Node: Sendable {
    /// In stored order.
    public var children: [(name: String, node: Int)] = []
    /// The checkpoint key of a variable's value.
    public var key: String?
    /// The checkpoint key of a table that can grow, without the endings of its keys and values.
    public var tableKey: String?
    /// The variable's name: `dense/kernel`.
    public var fullName: String?
    public var slots: [Slot] = []
    /// A Keras object's kind (`_tf_keras_layer`) and description.
    public var identifier: String?
    public var metadata: String?
    public var isVariable = false

    public subscript(name: String) -> Int? { children.first { $0.name == name }?.node }
  }

  /// The root first.
  public private(set) var nodes: [Node]

  init(_ graph: TFTrackableObjectGraph) throws(TensorBundleError) {
    nodes = graph.nodes.map { object in
      var node = Node()
      node.children = object.children.map { ($0.localName, Int($0.nodeID)) }
      node.slots = object.slotVariables.map {
        Slot(original: Int($0.originalVariableNodeID), name: $0.slotName, variable: Int($0.slotVariableNodeID))
      }
      if let value = object.attributes.first(where: { $0.name == "VARIABLE_VALUE" }) {
        node.key = value.checkpointKey
        node.fullName = value.fullName
        node.isVariable = true
      }
      node.tableKey = object.attributes.first { $0.name == "table" }?.checkpointKey
      return node
    }
    try check("the checkpoint's objects")
  }

  /// A root alone.
  public static func empty() throws(TensorBundleError) -> ObjectGraph {
    var graph = TFTrackableObjectGraph()
    graph.nodes = [.init()]
    return try ObjectGraph(graph)
  }

  /// Reads `saved_model.pb` and, of TensorFlow 2.5 and later, `keras_metadata.pb`.
  public init(savedModel: [UInt8], kerasMetadata: [UInt8]?) throws(TensorBundleError) {
    // The function graphs are most of the file, and are not needed.
    var options = BinaryDecodingOptions()
    options.discardUnknownFields = true
    guard let model = try? TFSavedModel(serializedBytes: savedModel, options: options) else {
      throw TensorBundleError("saved_model.pb", .damaged("it cannot be decoded"))
    }
    nodes = (model.metaGraphs.first?.objectGraphDef.nodes ?? []).map { object in
      var node = Node()
      node.children = object.children.map { ($0.localName, Int($0.nodeID)) }
      if object.hasUserObject {
        node.identifier = object.userObject.identifier
        node.metadata = object.userObject.metadata.isEmpty ? nil : object.userObject.metadata
      }
      if object.hasVariable {
        node.isVariable = true
        node.fullName = object.variable.name.isEmpty ? nil : object.variable.name
      }
      return node
    }
    if let kerasMetadata {
      guard let metadata = try? TFKerasMetadata(serializedBytes: kerasMetadata) else {
        throw TensorBundleError("keras_metadata.pb", .damaged("it cannot be decoded"))
      }
      for entry in metadata.nodes {
        guard nodes.indices.contains(Int(entry.nodeID)) else {
          throw TensorBundleError("keras_metadata.pb", .damaged("it describes an object \(entry.nodeID) that is none"))
        }
        nodes[Int(entry.nodeID)].identifier = entry.identifier
        nodes[Int(entry.nodeID)].metadata = entry.metadata
      }
    }
    try check("saved_model.pb")
  }

  private func check(_ part: String) throws(TensorBundleError) {
    guard !nodes.isEmpty else { throw TensorBundleError(part, .missing("every object (a model of TensorFlow 1?)")) }
    for node in nodes {
      guard node.children.allSatisfy({ nodes.indices.contains($0.node) }),
        node.slots.allSatisfy({ nodes.indices.contains($0.original) && nodes.indices.contains($0.variable) })
      else { throw TensorBundleError(part, .damaged("it refers to objects that are none")) }
    }
  }

  /// Which node of `other` each node is, found by the names on the way from both roots.
  public func correspondence(to other: ObjectGraph) -> [Int: Int] {
    var found = [0: 0]
    var queue = [0]
    var next = 0
    while next < queue.count {
      let here = queue[next]
      next += 1
      guard let there = found[here] else { continue }
      let named = Dictionary(
        other.nodes[there].children.map { ($0.name, $0.node) }, uniquingKeysWith: { first, _ in first })
      for (name, child) in nodes[here].children where found[child] == nil {
        guard let match = named[name] else { continue }
        found[child] = match
        queue.append(child)
      }
    }
    return found
  }

  /// The variables below a node in order of first meeting, each once; objects in `excluding` are not entered.
  public func variables(below root: Int, excluding: Set<Int> = []) -> [Int] {
    var seen: Set<Int> = excluding
    var result: [Int] = []
    var stack = [root]
    while let index = stack.popLast() {
      guard seen.insert(index).inserted else { continue }
      if nodes[index].isVariable { result.append(index) }
      // In stored order: the first child is to be popped first.
      for child in nodes[index].children.reversed() { stack.append(child.node) }
    }
    return result
  }

  /// The nodes of a list object, `0`, `1` …, in order.
  public func elements(of list: Int) -> [Int] {
    let numbered = nodes[list].children.compactMap { child in Int(child.name).map { ($0, child.node) } }
    return numbered.sorted { $0.0 < $1.0 }.map(\.1)
  }
}
