import KerasCore

/// The fields of a serialized optimizer.
struct OptimizerConfig: Sendable {
  var className: String
  var fields: JSON

  /// Reads Keras' `{"class_name", "config"}` (also `Custom>Adam`), or a bare name.
  ///
  /// A class of another package keeps its full name: `Addons>AdamW` decays otherwise than Keras' of that name.
  ///
  /// Throws `TrainingError.unsupported` for anything else.
  init(_ json: JSON) throws(TrainingError) {
    if let name = json.stringValue {
      self.init(className: name, fields: .object([:]))
    } else if let name = json["class_name"]?.stringValue {
      self.init(className: name, fields: json["config"] ?? .object([:]))
    } else {
      throw .unsupported(field: "optimizer", reason: "expected a name or an object, received \(json.text())")
    }
  }

  init(className: String, fields: JSON) {
    let own = "Custom>"
    self.className = className.hasPrefix(own) ? String(className.dropFirst(own.count)) : className
    self.fields = fields
  }

  func double(_ key: String, default standard: Double) -> Double { fields[key]?.doubleValue ?? standard }
  func optionalDouble(_ key: String) -> Double? { fields[key]?.doubleValue }
  func bool(_ key: String) -> Bool { fields[key]?.boolValue ?? false }
}

/// Every optimizer this library knows, by class name in any case.
enum OptimizerRegistry {
  static let all: [any UpdateRule.Type] = [
    SGD.self, RMSprop.self, Adam.self, AdamW.self, Adagrad.self, Adadelta.self, Adamax.self, Nadam.self, Ftrl.self,
    Lion.self, Lamb.self, Adafactor.self, Muon.self, ScheduleFreeAdamW.self,
  ]

  static func type(named name: String) throws(TrainingError) -> any UpdateRule.Type {
    let wanted = name.lowercased()
    guard let type = all.first(where: { $0.className.lowercased() == wanted }) else {
      throw .unknownOptimizer(name, known: all.map { $0.className })
    }
    return type
  }
}
