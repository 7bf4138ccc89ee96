import KerasCore
import KerasFile
import OrderedCollections

/// Regularizers in the words of the release that saved the model, so that its own format can carry them.
///
/// Keras 1 says `W_regularizer`, Keras 0 gives the class under `name`. A layer's class took what its saved config has a
/// field for: every release writes `null` where there is none, so a field that is not there was not known.
enum SourceRegularizers {
  struct Change {
    /// Where the layer stands in the config as saved.
    var pointer: String?
    var className: String
    var layer: String
    var field: String
    var regularizer: Regularizer?
  }

  /// Makes the changes in the source's config; gives the reason if the release cannot say one of them.
  static func apply(_ changes: [Change], to model: inout LoadedModel) -> String? {
    guard var config = model.source.config else { return "the source has no config" }
    let era = Era(of: model.source, config: config)
    for change in changes {
      if let problem = apply(change, to: &config, era) {
        return "the \(change.field) regularizer of '\(change.layer)' (\(problem))"
      }
    }
    var source = model.source
    source.config = config
    // The release's own reading of it is the proof.
    guard let back = try? LoadedModel.load(source: source, options: model.options).canonical.config,
      back == model.canonical.config
    else { return "the regularizers (the format of \(model.semantics.name) reads them in another way)" }
    model.source = source
    return nil
  }

  private static func apply(_ change: Change, to config: inout JSON, _ era: Era) -> String? {
    guard let text = change.pointer else { return "it has no place of its own in the saved config" }
    let pointer = JSONPointer(parsing: text)
    guard let saved = config[pointer] else { return "it has no place of its own in the saved config" }
    // Keras 0's layers are flat.
    let isFlat = saved["class_name"] == nil
    guard var fields = (isFlat ? saved : saved["config"])?.objectValue else { return "its config is not saved" }
    if change.className == "ActivityRegularization" {
      guard case .l1l2(let l1, let l2) = change.regularizer ?? .l1l2(l1: 0, l2: 0), fields["l1"] != nil,
        fields["l2"] != nil
      else { return "it takes l1 and l2 only" }
      fields["l1"] = .number(l1)
      fields["l2"] = .number(l2)
    } else {
      let canonical = change.field + "_regularizer"
      let names = FieldRenames.oldNames(of: canonical, className: change.className, dialect: era.dialect) + [canonical]
      guard let name = names.first(where: { fields[$0] != nil }) ?? (era.dialect == .keras3 ? canonical : nil) else {
        return "the layer knows none there"
      }
      guard let value = value(change.regularizer, isActivity: change.field == "activity", era) else {
        return "the release has no such regularizer"
      }
      fields[name] = value
    }
    let edited: JSON
    if isFlat {
      edited = .object(fields)
    } else {
      var object = saved
      object["config"] = .object(fields)
      edited = object
    }
    config = config.replacing(pointer.components[...], with: edited)
    return nil
  }

  /// The release's serialization; `nil` where it has no such class.
  private static func value(_ regularizer: Regularizer?, isActivity: Bool, _ era: Era) -> JSON? {
    switch regularizer {
    case nil: return JSON.null
    case .l1l2(let l1, let l2):
      switch era.dialect {
      case .keras0, .keras1:
        let name =
          era.version >= KerasVersion(1, 2, 0)
          ? "L1L2Regularizer" : isActivity ? "ActivityRegularizer" : "WeightRegularizer"
        return ["name": .string(name), "l1": .number(l1), "l2": .number(l2)]
      case .keras2: return ["class_name": "L1L2", "config": ["l1": .number(l1), "l2": .number(l2)]]
      case .keras3: return regularizer.json
      }
    case .orthogonal(let factor, let mode):
      switch era.dialect {
      case .keras3: return regularizer.json
      case .keras2 where era.version >= KerasVersion(2, 8, 0):
        return ["class_name": "OrthogonalRegularizer", "config": ["factor": .number(factor), "mode": .string(mode)]]
      default: return nil
      }
    }
  }
}

extension FieldRenames {
  /// The names that a release used for a field of Keras 3, those of the class first.
  static func oldNames(of field: String, className: String, dialect: Era.Dialect) -> [String] {
    allRows.filter { row in
      row.old.count == 1 && row.new == [field] && dialect <= row.through
        && (row.classes.isEmpty || row.classes.contains(className))
    }.map { $0.old[0] }
  }
}

extension JSON {
  /// The document with another value where a path leads; unchanged if it leads nowhere.
  func replacing(_ path: ArraySlice<String>, with value: JSON) -> JSON {
    guard let key = path.first else { return value }
    switch self {
    case .object(var members):
      guard let old = members[key] else { return self }
      members[key] = old.replacing(path.dropFirst(), with: value)
      return .object(members)
    case .array(var elements):
      guard let index = Int(key), elements.indices.contains(index) else { return self }
      elements[index] = elements[index].replacing(path.dropFirst(), with: value)
      return .array(elements)
    default: return self
    }
  }
}
