import KerasCore
import OrderedCollections

extension ConfigUpgrade {
  /// The layer with what the user's mappings and the table of known custom classes put in its place.
  mutating func mapped(_ saved: SavedLayer, name: String, path: [String]) throws(ModelError) -> SavedLayer {
    var result = saved
    for key in ["activation", "inner_activation", "recurrent_activation"] {
      guard let value = saved.fields[key], let function = Self.functionName(value),
        let replaced = mappings.last(where: { $0.name == function })?.activation(named: function)
          ?? KnownActivations.replacement(for: function)
      else { continue }
      let isGiven = mappings.contains { $0.name == function }
      result.fields[key] = replaced
      record(
        .translated, isGiven ? "mapped-object" : "custom-function", path, saved.fieldsPointer.appending(key),
        old: (key, value),
        new: (key, result.fields[key] ?? .null))
    }
    let bare = saved.className.components(after: ">")
    let given =
      mappings.last { $0.name == name || $0.name == path.joined(separator: "/") }
      ?? mappings.last { $0.name == saved.className || $0.name == bare }
    if let given {
      result = try given.applied(to: result)
    } else if saved.operationModule == nil,
      let known = try KnownCustomClasses.replacement(
        for: result, arrays: source.arrays(ofLayerAt: path).map(\.shape), objects: source.objects,
        version: era.version)
    {
      result = known.layer
      if result.className.hasPrefix(KnownCustomClasses.strangerPrefix) { return result }
      note(
        "custom-class", .note, path, saved.pointer,
        "The custom class \(saved.className) is taken for the public one of that name; --map gives it another meaning."
          + (known.caution.map { " " + $0 } ?? ""))
    } else {
      return result
    }
    record(
      .translated, given == nil ? "custom-class" : "mapped-object", path, saved.pointer,
      old: ("class_name", .string(saved.className)), new: ("class_name", .string(result.className)))
    return result
  }

  /// The name of a function as any era's config gives it; `nil` for a layer object.
  static func functionName(_ value: JSON) -> String? {
    if let text = value.stringValue { return text }
    guard value["class_name"] == "function" || value["module"] == "builtins" else { return nil }
    return value["config"]?.stringValue
  }
}

extension ConfigUpgrade {
  private static let penalties: Set<String> = [
    "L1L2", "L1", "L2", "OrthogonalRegularizer", "MaxNorm", "NonNeg", "UnitNorm", "MinMaxNorm",
  ]

  /// Takes out custom regularizers and constraints, which predictions do not depend on, and says what training lacks.
  mutating func dropCustomPenalties(
    in fields: inout OrderedDictionary<String, JSON>, className: String, saved: SavedLayer, path: [String]
  ) {
    for (key, value) in fields where key.hasSuffix("_regularizer") || key.hasSuffix("_constraint") {
      guard let name = value["class_name"]?.stringValue, !Self.penalties.contains(name) else { continue }
      fields[key] = JSON.null
      let shown = name == "function" ? value["config"]?.stringValue ?? name : name
      record(.dropped, "custom-penalty", path, saved.fieldsPointer.appending(key), old: (key, value))
      note(
        "custom-penalty", .warning, path, saved.fieldsPointer.appending(key),
        "The field '\(key)' of \(className) names '\(shown)', which Keras does not have: predictions do not depend on "
          + "it, training goes without it.")
    }
  }
}
