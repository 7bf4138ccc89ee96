import KerasCore
import KerasFile
import OrderedCollections

/// A custom class whose public source is a formula: its result, its variables and its fields' defaults.
struct KnownFormula: Sendable {
  typealias Variables = [(name: String, shape: String)]

  /// The class name; several authors' spellings of one class have a row's formula in common.
  var names: [String]
  /// A field the config must have, to tell the class from others of its name.
  var field: String?
  /// Fields that others' classes of the name have and this one does not.
  var lacks: [String] = []
  /// Whether the arrays the file holds for the layer, by their shapes, can be this class's.
  var fits: (@Sendable ([[Int]]) -> Bool)?
  /// The last release without a class of Keras of this name.
  var before: KerasVersion?
  /// In the notation of `ExpressionLayer`.
  var expression: String
  /// Variables in the file's order with their shapes, as expressions.
  ///
  /// A name may begin with the object that owns the variable (`att/query_dense/Wq`). The shape `stored` is that of the file's array at the same place.
  var weights: Variables = []
  /// The expression and the variables for a config, where their number depends on it.
  var generate: (@Sendable (OrderedDictionary<String, JSON>) throws(ModelError) -> (String, Variables))?
  /// The constructor's defaults of fields that configs may lack.
  var defaults: OrderedDictionary<String, JSON> = [:]
  var passesMask = false
  /// The outputs' masks, as an expression.
  var masks: String?
  /// What a user should know, as a sentence.
  var caution: String?

  /// Whether the row can be told from Keras' own class of its name.
  var isDistinct: Bool { field != nil || !lacks.isEmpty || before != nil }

  /// Whether the row's conditions hold; `arrays` are the shapes of those the file holds for the layer.
  func matches(
    _ fields: OrderedDictionary<String, JSON>, _ arrays: [[Int]], _ version: KerasVersion
  ) -> Bool {
    field.map { fields[$0] != nil } ?? true && !lacks.contains { fields[$0] != nil }
      && fits.map { $0(arrays) } ?? true && before.map { version < $0 } ?? true
  }

  /// The saved layer of the class as a layer of this program.
  ///
  /// Throws `missingField` for a field without a default that the config lacks.
  ///
  /// `arrays` are the shapes of those the file holds for the layer, `objects` all that a `.keras` file holds.
  func applied(
    to saved: SavedLayer, arrays: [[Int]] = [], objects: [WeightGroup] = []
  ) throws(ModelError) -> SavedLayer {
    var given = defaults
    for (key, value) in saved.fields { given[key] = value }
    let (expression, weights) = try generate?(given) ?? (self.expression, self.weights)
    var result = saved
    result.className = ExpressionLayer.className
    result.fields = saved.fields.filter { ObjectMapping.common.contains($0.key) }
    result.fields["expression"] = .string(expression)
    var names = ExpressionProgram.placeholders(in: expression + " " + (masks ?? ""))
    for weight in weights { names.formUnion(ExpressionProgram.placeholders(in: weight.shape)) }
    var fields: OrderedDictionary<String, JSON> = [:]
    for name in names.sorted() {
      guard let value = given[name] else { throw ModelError(.missingField(name)) }
      fields[name] = value
    }
    if !fields.isEmpty { result.fields["fields"] = .object(fields) }
    var variables: [JSON] = []
    for (index, weight) in weights.enumerated() {
      let parts = weight.name.split(separator: "/").map(String.init)
      var shape = weight.shape
      if shape == "stored" {
        guard let sizes = stored(index, arrays, objects) else { throw ModelError(.missingWeight(weight.name)) }
        shape = "[" + sizes.map(String.init).joined(separator: ", ") + "]"
      }
      var variable: OrderedDictionary<String, JSON> = ["name": .string(parts.last ?? ""), "shape": .string(shape)]
      if parts.count > 1 { variable["holder"] = .string(parts.dropLast().joined(separator: "/")) }
      variables.append(.object(variable))
    }
    if !variables.isEmpty { result.fields["variables"] = .array(variables) }
    if passesMask { result.fields["passes_mask"] = true }
    if let masks { result.fields["masks"] = .string(masks) }
    return result
  }

  /// The shape of the file's array for a variable; in `.keras` files by the object that owns it, if all such agree.
  private func stored(_ index: Int, _ arrays: [[Int]], _ objects: [WeightGroup]) -> [Int]? {
    if index < arrays.count { return arrays[index] }
    let parts = weights[index].name.split(separator: "/")
    guard parts.count > 1 else { return nil }
    let holder = parts.dropLast().joined(separator: "/") + "/"
    let place = weights[..<index].count { $0.name.hasPrefix(holder) }
    var shapes: Set<[Int]> = []
    for object in objects where (object.name + "/").hasSuffix("/" + holder) && place < object.arrays.count {
      shapes.insert(object.arrays[place].shape)
    }
    return shapes.count == 1 ? shapes.first : nil
  }
}
