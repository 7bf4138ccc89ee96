import KerasCore

extension LearningRate {
  /// Reads a schedule as a user writes it: `0.001`, `cosine(1e-3, steps=1000)`, `piecewise([100, 200], [0.1, 0.01, 0.001])`.
  ///
  /// Names are those of Keras' classes with or without `Decay`, in any case, underscores or not: `exponential`,
  /// `inverse_time`, `polynomial`, `cosine`, `cosine_restarts`, `linear_cosine`, `piecewise`, `constant`. Arguments stand in
  /// Keras' order or are named as Keras names them, or shorter: `rate`, `steps`, `decay`, `end`, `target`, `warmup`,
  /// `boundaries`, `values`; `staircase` and `cycle` may stand alone. Steps count the optimizer's updates, from 0.
  /// Throws `TrainingError.unsupported` saying what was expected.
  public init(text: String) throws(TrainingError) {
    var scanner = ScheduleScanner(text)
    self = try scanner.schedule()
  }
}

/// The schedules a user can name, with their parameters in Keras' order.
private enum ScheduleForm {
  struct Parameter: Sendable {
    let field: String
    var names: [String] = []
    var isRequired = false
  }

  private static let rate = Parameter(
    field: "initial_learning_rate", names: ["rate", "learning_rate"], isRequired: true)
  private static let steps = Parameter(field: "decay_steps", names: ["steps"], isRequired: true)
  private static let decay = Parameter(field: "decay_rate", names: ["decay"], isRequired: true)
  private static let staircase = Parameter(field: "staircase")
  private static let alpha = Parameter(field: "alpha")

  static let all: [(names: Set<String>, className: String, parameters: [Parameter])] = [
    (["exponential"], "ExponentialDecay", [rate, steps, decay, staircase]),
    (["inversetime"], "InverseTimeDecay", [rate, steps, decay, staircase]),
    (
      ["polynomial", "linear"], "PolynomialDecay",
      [
        rate, steps, Parameter(field: "end_learning_rate", names: ["end"]), Parameter(field: "power"),
        Parameter(field: "cycle"),
      ]
    ),
    (
      ["cosine"], "CosineDecay",
      [
        rate, steps, alpha, Parameter(field: "warmup_target", names: ["target"]),
        Parameter(field: "warmup_steps", names: ["warmup"]),
      ]
    ),
    (
      ["cosinerestarts", "restarts"], "CosineDecayRestarts",
      [
        rate, Parameter(field: "first_decay_steps", names: ["steps", "decay_steps"], isRequired: true),
        Parameter(field: "t_mul"), Parameter(field: "m_mul"), alpha,
      ]
    ),
    (
      ["linearcosine"], "LinearCosineDecay",
      [rate, steps, Parameter(field: "num_periods"), alpha, Parameter(field: "beta")]
    ),
    (
      ["piecewise", "piecewiseconstant"], "PiecewiseConstantDecay",
      [Parameter(field: "boundaries", isRequired: true), Parameter(field: "values", isRequired: true)]
    ),
  ]

  static func named(_ name: String) -> (className: String, parameters: [Parameter])? {
    var plain = name.lowercased().filter { $0 != "_" && $0 != "-" }
    plain = plain.replacing("decay", with: "")
    return all.first { $0.names.contains(plain) }.map { ($0.className, $0.parameters) }
  }
}

/// Reads `name(argument, key=value, …)`.
private struct ScheduleScanner {
  private let text: String
  private var rest: Substring

  init(_ text: String) {
    self.text = text
    rest = text[...]
    skipSpace()
  }

  mutating func schedule() throws(TrainingError) -> LearningRate {
    let name = word()
    if name.isEmpty || name.first?.isLetter != true {
      guard let rate = Double(name), rest.isEmpty else { throw problem("expected a rate or a schedule") }
      return try checked(.constant(rate))
    }
    guard name.lowercased() == "constant" || ScheduleForm.named(name) != nil else {
      throw problem("unknown schedule '\(name)'; known: constant, \(Self.known)")
    }
    guard take("(") else { throw problem("expected ( after '\(name)'") }
    var arguments: [(key: String?, value: JSON)] = []
    while !take(")") {
      if !arguments.isEmpty, !take(",") { throw problem("expected , or ) before '\(rest)'") }
      arguments.append(try argument())
    }
    guard rest.isEmpty else { throw problem("unexpected '\(rest)' after )") }
    guard let form = ScheduleForm.named(name) else {
      guard arguments.count == 1, let rate = arguments[0].value.doubleValue else {
        throw problem("constant takes one rate")
      }
      return try checked(.constant(rate))
    }
    var config = JSON.object([:])
    for (position, argument) in arguments.enumerated() {
      let parameter: ScheduleForm.Parameter?
      if let key = argument.key {
        parameter = form.parameters.first { $0.field == key || $0.names.contains(key) }
      } else {
        parameter = form.parameters.indices.contains(position) ? form.parameters[position] : nil
      }
      guard let parameter else {
        let names = form.parameters.map { $0.names.first ?? $0.field }.joined(separator: ", ")
        throw problem("\(name) takes \(names); received \(argument.key ?? argument.value.text())")
      }
      config[parameter.field] = argument.value
    }
    if let missing = form.parameters.first(where: { $0.isRequired && config[$0.field] == nil }) {
      throw problem("\(name) needs \(missing.names.first ?? missing.field)")
    }
    return try checked(
      LearningRate(["class_name": .string(form.className), "config": config], default: 0.001))
  }

  private static var known: String {
    ScheduleForm.all.compactMap { $0.className.replacing("Decay", with: "").lowercased() }.joined(separator: ", ")
  }

  private func checked(_ rate: LearningRate) throws(TrainingError) -> LearningRate {
    guard rate.value(at: 0).isFinite, rate.value(at: 1).isFinite else { throw problem("its rate is no finite number") }
    return rate
  }

  private mutating func argument() throws(TrainingError) -> (key: String?, value: JSON) {
    if rest.first == "[" { return (nil, try list()) }
    let first = word()
    guard !first.isEmpty else { throw problem("expected an argument before '\(rest)'") }
    if take("=") {
      if rest.first == "[" { return (first, try list()) }
      return (first, try value(word()))
    }
    // A flag by itself.
    if ["staircase", "cycle"].contains(first) { return (first, true) }
    return (nil, try value(first))
  }

  private func value(_ word: String) throws(TrainingError) -> JSON {
    switch word.lowercased() {
    case "true": return true
    case "false": return false
    default:
      guard let number = Double(word), number.isFinite else { throw problem("expected a number, received '\(word)'") }
      return .number(number)
    }
  }

  private mutating func list() throws(TrainingError) -> JSON {
    guard take("[") else { throw problem("expected [") }
    var values: [JSON] = []
    while !take("]") {
      if !values.isEmpty, !take(",") { throw problem("expected , or ] before '\(rest)'") }
      values.append(try value(word()))
    }
    return .array(values)
  }

  private mutating func word() -> String {
    let end = rest.firstIndex { !($0.isLetter || $0.isNumber || "_-+.".contains($0)) } ?? rest.endIndex
    let word = String(rest[..<end])
    rest = rest[end...]
    skipSpace()
    return word
  }

  private mutating func take(_ character: Character) -> Bool {
    guard rest.first == character else { return false }
    rest.removeFirst()
    skipSpace()
    return true
  }

  private mutating func skipSpace() { while rest.first?.isWhitespace == true { rest.removeFirst() } }

  private func problem(_ reason: String) -> TrainingError {
    .unsupported(field: "schedule", reason: "\(reason), in '\(text)'")
  }
}
