import KerasCore

/// Python's nested values, in which TensorFlow describes what a function takes and gives.
extension SMStructure {
  static var none: SMStructure { SMStructure { $0.noneValue = .init() } }
  static func text(_ value: String) -> SMStructure { SMStructure { $0.stringValue = value } }
  static func list(_ values: [SMStructure]) -> SMStructure {
    SMStructure { structure in
      // Without elements it must still be a list.
      structure.listValue = .init()
      structure.listValue.values = values
    }
  }
  static func tuple(_ values: [SMStructure]) -> SMStructure {
    SMStructure { structure in
      structure.tupleValue = .init()
      structure.tupleValue.values = values
    }
  }
  static func dictionary(_ fields: [String: SMStructure]) -> SMStructure {
    SMStructure { structure in
      structure.dictValue = .init()
      structure.dictValue.fields = fields
    }
  }

  static func spec(_ place: ModelFunctions.Place) -> SMStructure {
    SMStructure { structure in
      structure.tensorSpecValue.name = place.keyword
      structure.tensorSpecValue.shape = SMTensorShape(place.shape)
      structure.tensorSpecValue.dtype = place.type.rawValue
    }
  }

  /// The only value, or the list of all.
  static func oneOrList(_ values: [SMStructure]) -> SMStructure { values.count == 1 ? values[0] : .list(values) }

  private init(_ fill: (inout SMStructure) -> Void) {
    self.init()
    fill(&self)
  }
}

extension SMFunctionSpec {
  /// Of a Python function of these arguments, by position or by keyword only.
  init(arguments: [String] = [], keywords: [String] = [], input: SMStructure = .none) {
    self.init()
    var tuple = SMStructure.NamedTuple()
    tuple.name = "FullArgSpec"
    tuple.values = [
      ("args", .list(arguments.map { .text($0) })), ("varargs", .none), ("varkw", .none), ("defaults", .none),
      ("kwonlyargs", .list(keywords.map { .text($0) })), ("kwonlydefaults", .none), ("annotations", .dictionary([:])),
    ].map { (key: String, value: SMStructure) in
      var pair = SMStructure.NamedTuple.Pair()
      (pair.key, pair.value) = (key, value)
      return pair
    }
    fullargspec.namedTupleValue = tuple
    inputSignature = input
  }
}
