import KerasCore
import OrderedCollections

/// A custom class whose public source is a formula: its result, its variables and its fields' defaults.
struct KnownFormula: Sendable {
  /// The class name; several authors' spellings of one class have a row's formula in common.
  var names: [String]
  /// A field the config must have, to tell the class from others of its name.
  var field: String?
  /// In the notation of `ExpressionLayer`.
  var expression: String
  /// Variables in the file's order with their shapes, as expressions.
  var weights: [(name: String, shape: String)] = []
  /// The constructor's defaults of fields that configs may lack.
  var defaults: OrderedDictionary<String, JSON> = [:]
  var passesMask = false

  /// The saved layer of the class as a layer of this program.
  ///
  /// Throws `missingField` for a field without a default that the config lacks.
  func applied(to saved: SavedLayer) throws(ModelError) -> SavedLayer {
    var result = saved
    result.className = ExpressionLayer.className
    result.fields = saved.fields.filter { ObjectMapping.common.contains($0.key) }
    result.fields["expression"] = .string(expression)
    var names = ExpressionProgram.placeholders(in: expression)
    for weight in weights { names.formUnion(ExpressionProgram.placeholders(in: weight.shape)) }
    var fields: OrderedDictionary<String, JSON> = [:]
    for name in names.sorted() {
      guard let value = saved.fields[name] ?? defaults[name] else { throw ModelError(.missingField(name)) }
      fields[name] = value
    }
    if !fields.isEmpty { result.fields["fields"] = .object(fields) }
    if !weights.isEmpty {
      result.fields["variables"] = .array(
        weights.map { weight in ["name": .string(weight.name), "shape": .string(weight.shape)] })
    }
    if passesMask { result.fields["passes_mask"] = true }
    return result
  }
}
