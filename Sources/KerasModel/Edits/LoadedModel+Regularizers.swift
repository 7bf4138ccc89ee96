import KerasCore
import OrderedCollections

/// One regularizer of a layer, before and after an edit.
public struct RegularizerChange: Sendable, Hashable {
  /// The layer's path, `encoder/dense_1`.
  public var layer: String
  /// What is regularized: `kernel`, `bias`, `activity` or another of the layer's.
  public var field: String
  public var old: Regularizer?
  public var new: Regularizer?
}

extension LoadedModel {
  /// Changes the layers' regularizers, in the order of the edits, and says what was changed.
  ///
  /// The model means by them what its release meant. Where the release's own format can say the change too, the model can
  /// still be written back in it (`SourceLayoutExporter`); else `sourceLacks` tells why not. Throws `EditError` for a
  /// pattern that matches nothing, and for a field that the layer has not; of several layers that a pattern with
  /// wildcards matches, one with the field is enough. The model is unchanged then.
  public mutating func edit(_ edits: [RegularizerEdit]) throws(EditError) -> [RegularizerChange] {
    guard !edits.isEmpty else { return [] }
    var config = canonical.config
    var changes: [RegularizerChange] = []
    var sourceChanges: [SourceRegularizers.Change] = []
    for edit in edits {
      var pass = RegularizerPass(edit, on: config)
      try pass.run()
      config = pass.config
      changes += pass.changes
      sourceChanges += pass.sourceChanges
    }
    do throws(ModelError) { network = try Network(canonical: config) } catch { throw .model(error) }
    canonical.config = config
    if let problem = SourceRegularizers.apply(sourceChanges, to: &self) { sourceLacks.append(problem) }
    return changes
  }
}

/// One edit followed through a canonical config.
private struct RegularizerPass {
  private(set) var config: JSON
  private(set) var changes: [RegularizerChange] = []
  private(set) var sourceChanges: [SourceRegularizers.Change] = []
  private let edit: RegularizerEdit
  private let glob: GlobPattern
  private var matched: [(layer: String, fields: [String])] = []
  private var known: [String] = []
  private var used: Set<String> = []

  init(_ edit: RegularizerEdit, on config: JSON) {
    self.edit = edit
    self.config = config
    glob = GlobPattern(edit.pattern)
  }

  mutating func run() throws(EditError) {
    var pass = self
    pass.config = LayerTree.mapped(config) { place, layer in pass.edited(layer, at: place) }
    self = pass
    guard !matched.isEmpty else { throw .noSuchLayer(pattern: edit.pattern, available: known) }
    let asked: [String] =
      switch edit.change {
      case .set(let fields): Array(fields.keys)
      case .remove(let fields): fields
      }
    for field in asked where !used.contains(field) {
      throw .noSuchRegularizer(pattern: edit.pattern, field: field, available: matched)
    }
    if case .remove([]) = edit.change, changes.isEmpty {
      throw .syntax(edit.pattern, reason: "none of the layers that match has a regularizer")
    }
  }

  private mutating func edited(_ layer: JSON, at place: LayerTree.Place) -> JSON {
    let fields = Self.fields(of: layer)
    if !fields.isEmpty { known.append(place.path) }
    guard place.names.contains(where: { glob.matches($0) }) else { return layer }
    // A model or wrapper has no variables of its own: those of what it holds are named by it too.
    let isHolder = ["layers", "layer", "cell", "cells"].contains { layer["config"]?[$0] != nil }
    if !isHolder || !fields.isEmpty { matched.append((place.path, fields)) }
    var result = layer
    for field in fields {
      let old = Self.regularizer(layer, field)
      let new: Regularizer?
      switch edit.change {
      case .set(let regularizers):
        guard let given = regularizers[field] else { continue }
        new = given
      case .remove(let names):
        guard names.isEmpty ? old != nil : names.contains(field) else { continue }
        new = nil
      }
      used.insert(field)
      Self.set(&result, field, new)
      changes.append(RegularizerChange(layer: place.path, field: field, old: old, new: new))
      sourceChanges.append(
        SourceRegularizers.Change(
          pointer: layer["source_pointer"]?.stringValue, className: layer["class_name"]?.stringValue ?? "",
          layer: place.path, field: field, regularizer: new))
    }
    return result
  }

  /// `l1` and `l2` of an ActivityRegularization are its activity regularizer.
  private static func isActivityLayer(_ layer: JSON) -> Bool { layer["class_name"] == "ActivityRegularization" }

  /// The regularizers that a layer can have, by the name before `_regularizer`.
  private static func fields(of layer: JSON) -> [String] {
    if isActivityLayer(layer) { return ["activity"] }
    var fields = (layer["config"]?.objectValue?.keys ?? []).filter { $0.hasSuffix("_regularizer") }
      .map { String($0.dropLast("_regularizer".count)) }
    if !fields.contains("activity") {
      // Not every class that takes one saves it where it is none: whether it does is asked of the class itself.
      var trial = layer
      set(&trial, "activity", .l1l2(l1: 1, l2: 0))
      if let read = try? LayerRegistry.layer(trial).layer, read.activityRegularizer != nil { fields.append("activity") }
    }
    return fields
  }

  private static func regularizer(_ layer: JSON, _ field: String) -> Regularizer? {
    if isActivityLayer(layer) {
      let (l1, l2) = (layer["config"]?["l1"]?.doubleValue ?? 0, layer["config"]?["l2"]?.doubleValue ?? 0)
      return l1 == 0 && l2 == 0 ? nil : .l1l2(l1: l1, l2: l2)
    }
    var reader = ConfigReader(className: "", name: "", fields: layer["config"]?.objectValue ?? [:])
    return (try? reader.regularizer(field + "_regularizer")) ?? nil
  }

  private static func set(_ layer: inout JSON, _ field: String, _ regularizer: Regularizer?) {
    guard var config = layer["config"] else { return }
    if isActivityLayer(layer) {
      guard case .l1l2(let l1, let l2) = regularizer ?? .l1l2(l1: 0, l2: 0) else { return }
      config["l1"] = .number(l1)
      config["l2"] = .number(l2)
    } else {
      config[field + "_regularizer"] = regularizer.json
    }
    layer["config"] = config
  }
}
