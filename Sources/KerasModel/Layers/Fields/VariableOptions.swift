import KerasCore
import OrderedCollections

/// The initializer, regularizer and constraint that a layer's config states for one variable.
public struct VariableOptions: Sendable {
  let prefix: String
  var initializer: JSON
  var regularizer: Regularizer?
  var constraint: Constraint?

  /// Reads `<prefix>_initializer`, `<prefix>_regularizer` and `<prefix>_constraint`.
  init(_ prefix: String, _ config: inout ConfigReader) throws(ModelError) {
    self.prefix = prefix
    initializer = config.json(prefix + "_initializer")
    regularizer = try config.regularizer(prefix + "_regularizer")
    constraint = try config.constraint(prefix + "_constraint")
  }

  func spec(_ role: String, _ shape: [Int], holder: String = "") -> WeightSpec {
    WeightSpec(
      role, shape, holder: holder, regularizer: regularizer, constraint: constraint, initializer: initializer)
  }

  func write(to fields: inout OrderedDictionary<String, JSON>) {
    fields[prefix + "_initializer"] = initializer
    fields[prefix + "_regularizer"] = regularizer.json
    fields[prefix + "_constraint"] = constraint.json
  }
}
