import KerasCore
import OrderedCollections

/// What stands for a custom class or function, or for one layer by its name: `--map NAME=TARGET`.
///
/// The target is a known layer class (`Dense(units=$output_dim)`), an activation (`relu6`), a loss, metric or optimizer
/// (`mse`), or an expression over the layer's inputs (`x / 127.5 - 1`), for a loss over `y_true` and `y_pred`. A layer class takes the fields of the custom config that it has itself; those given
/// override them, and `$field` stands for a field of the custom config.
public struct ObjectMapping: Sendable, Hashable {
  public enum Target: Sendable, Hashable {
    case layer(className: String, fields: [Expression.Keyword])
    case activation(String)
    /// A loss, metric or optimizer of Keras.
    case training(String)
    case expression(String)
  }

  /// The class, function or layer that it stands for.
  public var name: String
  public var target: Target

  /// Reads `NAME=TARGET`; throws what is wrong with it, with the column.
  public init(parsing text: String) throws(ExpressionError) {
    guard let sign = text.firstIndex(of: "="), sign > text.startIndex else {
      throw ExpressionError(column: 1, reason: "a mapping is NAME=TARGET, received '\(text)'")
    }
    let offset = text.distance(from: text.startIndex, to: sign) + 1
    do throws(ExpressionError) {
      try self.init(name: String(text[..<sign]), target: String(text[text.index(after: sign)...]))
    } catch {
      throw ExpressionError(column: error.column + offset, reason: error.reason)
    }
  }

  /// Binds `name` to a target in the notation above.
  public init(name: String, target text: String) throws(ExpressionError) {
    self.name = name.trimmed
    let text = text.trimmed
    let program = try ExpressionProgram(parsing: text)
    guard program.assignments.isEmpty else {
      target = .expression(text)
      return
    }
    switch program.result {
    case .name(let known) where Self.isLayer(known): target = .layer(className: known, fields: [])
    case .name(let known) where ActivationFunction.knows(known): target = .activation(known)
    case .name(let known) where TrainingNames.knows(known): target = .training(known)
    case .name(let known) where !ExpressionLayer.inputNames.contains(known):
      throw ExpressionError(
        column: 1,
        reason: "'\(known)' is neither a layer class nor an activation, loss, metric or optimizer that KerasKit knows")
    case .call(.name(let known), let arguments, let fields) where Self.isLayer(known):
      guard arguments.isEmpty else {
        throw ExpressionError(column: 1, reason: "the fields of \(known) are given by name: \(known)(field=value)")
      }
      for field in fields { _ = try Self.constant(field.value, [:]) }
      target = .layer(className: known, fields: fields)
    default: target = .expression(text)
    }
  }

  /// Binds a class to one of this program's own.
  init(name: String, className: String) {
    self.name = name
    target = .layer(className: className, fields: [])
  }

  private static func isLayer(_ name: String) -> Bool {
    name != "Lambda"
      && (LayerRegistry.type(named: name) != nil || ClassRenames.row(for: name, dialect: .keras0) != nil)
  }

  /// The saved layer that stands for `saved`: another class, its fields taken over, renamed and overridden.
  ///
  /// Throws `missingField` for a placeholder that the custom config lacks.
  func applied(to saved: SavedLayer) throws(ModelError) -> SavedLayer {
    var result = saved
    switch target {
    case .expression(let text):
      result.className = ExpressionLayer.className
      result.fields = saved.fields.filter { Self.common.contains($0.key) }
      result.fields["expression"] = .string(text)
      let placeholders = ExpressionProgram.placeholders(in: text).sorted()
      if !placeholders.isEmpty {
        var values: OrderedDictionary<String, JSON> = [:]
        for name in placeholders {
          guard let value = saved.fields[name] else { throw ModelError(.missingField(name)) }
          values[name] = value
        }
        result.fields["fields"] = .object(values)
      }
    case .training(let name):
      throw ModelError(.unsupported("the mapping of the layer class \(self.name) to '\(name)', which is no layer"))
    case .activation(let name):
      result.className = "Activation"
      result.fields = saved.fields.filter { Self.common.contains($0.key) }
      result.fields["activation"] = .string(name)
    case .layer(let className, let fields):
      result.className = className
      let canonical = ClassRenames.row(for: className, dialect: .keras0)?.new ?? className
      let known = CanonicalFields.of(canonical)
      result.fields = saved.fields.filter { key, _ in
        Self.common.contains(key) || known?.keys.contains(key) ?? true
          || FieldRenames.row(for: key, className: canonical, dialect: .keras1) != nil
      }
      for field in fields {
        do {
          result.fields[field.name] = try Self.constant(field.value, saved.fields)
        } catch {
          throw ModelError(.missingField(error.reason))
        }
      }
    }
    return result
  }

  /// The activation that stands for a function, as a config writes it.
  func activation(named name: String) -> JSON {
    switch target {
    case .activation(let known), .training(let known): return .string(known)
    case .expression(let text):
      return [
        "class_name": .string(ExpressionLayer.className),
        "config": [
          "name": .string(name), "expression": .string(text),
        ],
      ]
    case .layer(let className, let fields):
      var config: OrderedDictionary<String, JSON> = ["name": .string(name)]
      for field in fields { config[field.name] = (try? Self.constant(field.value, [:])) ?? .null }
      return ["class_name": .string(className), "config": .object(config)]
    }
  }

  static let common: Set<String> = ["name", "trainable", "dtype", "batch_input_shape", "input_dtype"]

  /// A constant of a mapping as JSON; with `fields`, placeholders are looked up, and a missing one's name is thrown.
  static func constant(
    _ value: Expression, _ fields: OrderedDictionary<String, JSON>
  ) throws(ExpressionError) -> JSON {
    switch value {
    case .number(let number, let isInteger):
      return isInteger && abs(number) < 9e15 ? JSON(Int(number)) : .number(number)
    case .string(let text), .name(let text): return .string(text)
    case .bool(let flag): return .bool(flag)
    case .none: return .null
    case .placeholder(let name):
      if fields.isEmpty { return .null }
      guard let value = fields[name] else { throw ExpressionError(column: 1, reason: name) }
      return value
    case .prefix("-", .number(let number, let isInteger)):
      return isInteger && abs(number) < 9e15 ? JSON(-Int(number)) : .number(-number)
    case .sequence(let elements):
      var values: [JSON] = []
      for element in elements { values.append(try constant(element, fields)) }
      return .array(values)
    default: throw ExpressionError(column: 1, reason: "a field's value is a number, a string, a list or $field")
    }
  }
}

extension ObjectMapping {
  /// The mapping as it is written.
  public var text: String {
    switch target {
    case .activation(let known), .training(let known): "\(name)=\(known)"
    case .expression(let text): "\(name)=\(text)"
    case .layer(let className, let fields):
      "\(name)=\(className)" + (fields.isEmpty ? "" : "(\(fields.map(\.name).joined(separator: ", ")))")
    }
  }

  /// All mappings of a JSON object `{"NAME": "TARGET", …}`; throws what is wrong, with the name.
  public static func all(in json: JSON) throws(ExpressionError) -> [ObjectMapping] {
    guard let members = json.objectValue else {
      throw ExpressionError(column: 1, reason: "a file of mappings holds one object {\"NAME\": \"TARGET\"}")
    }
    var mappings: [ObjectMapping] = []
    for (name, value) in members {
      guard let target = value.stringValue else {
        throw ExpressionError(column: 1, reason: "the target of '\(name)' should be a string, received \(value.text())")
      }
      do throws(ExpressionError) {
        mappings.append(try ObjectMapping(name: name, target: target))
      } catch {
        throw ExpressionError(column: error.column, reason: "the target of '\(name)': \(error.reason)")
      }
    }
    return mappings
  }
}
