/// What becomes of a stock layer class in this program.
public enum LayerSupport: Sendable, Hashable {
  /// Read, computed and written as itself.
  case computed
  /// Read as a class of Keras 3 that computes the same.
  case readAs(String)
  /// Not read without the user's help, for a reason.
  case refused(String)
  case missing

  /// Of a class by its name in any release.
  public static func of(_ className: String) -> LayerSupport {
    if let reason = refusals[className] { return .refused(reason) }
    if let program = LayerRegistry.programs[className] { return .refused("runs \(program)") }
    if LayerRegistry.type(named: className) != nil { return .computed }
    if let special = readings[className] { return .readAs(special) }
    let row = ClassRenames.row(for: className, dialect: .keras1) ?? ClassRenames.row(for: className, dialect: .keras3)
    guard let row, LayerRegistry.type(named: row.new) != nil else { return .missing }
    return .readAs(row.new)
  }

  private static let refusals = ["LambdaMerge": "Python code that no file holds"]

  /// Classes that a rule of their own translates.
  private static let readings = [
    "Merge": "Add, Multiply, Concatenate, Dot …", "ConvRNN2D": "ConvLSTM2D",
    "ConvLSTM2DCell": "ConvLSTM2D, inside ConvRNN2D", "Siamese": "the layer it shares, inside a Graph",
    "SiameseHead": "a call of the shared layer, inside a Graph",
  ]

  /// In words.
  public var text: String {
    switch self {
    case .computed: "yes"
    case .readAs(let name): "as \(name)"
    case .refused(let reason): "refused: \(reason)"
    case .missing: "no"
    }
  }
}
