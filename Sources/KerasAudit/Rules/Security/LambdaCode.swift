import KerasCore
import KerasModel
import OrderedCollections

/// Python code in a config: not portable, and run by whoever loads the file in Python.
struct LambdaCode: SavedTextRule {
  let id = "sec-lambda"
  let title = "Python code inside the model"
  let severity = Severity.error
  let family = RuleFamily.security
  let consequence = Consequence.security
  let affected = "all releases; refused by Keras 2.13 and later for .keras files and by 3.12 and later for HDF5"
  let explanation = """
    A Lambda layer (and Keras 1's Merge with a function as mode) stores a Python function: by name, or as marshalled byte
    code that the loading program executes. The code is bound to the Python version that saved it, and a file from a stranger
    can do anything with it. Keras 1 and 2 always executed it, the HDF5 path of Keras 3 up to 3.11 too. KerasKit never
    executes anything from a file.
    """
  let fix = """
    Load it in Python only if you trust its origin; KerasKit reads the code as data, and `convert` writes layers in its place.
    """

  func check(_ subject: AuditSubject) -> [Finding] {
    var findings: [Finding] = []
    subject.visitSaved { members, pointer, layer in
      let className =
        members["class_name"]?.stringValue ?? (members["class_name"] == nil ? members["name"]?.stringValue : nil)
      let isLambda = className == "Lambda" && (members["config"] != nil || members["function"] != nil)
      let isMerge = ["lambda", "raw"].contains(members["mode_type"]?.stringValue)
      guard isLambda || isMerge || className == "__lambda__" else { return }
      findings.append(
        Finding(
          rule: id, severity: .error, layer: layer, location: subject.location(pointer),
          summary: isMerge ? "A Merge whose mode is a Python function." : "A Lambda layer: \(Self.describe(members)).",
          meantWhenSaved: Self.meaning(members),
          meansNow: "Current Keras refuses to load it unless safe_mode is turned off, and then runs it.",
          advice: "Load it only if you trust its origin; replace the layer by built-in ones to carry the model on."))
    }
    return findings
  }

  /// What the code says, read as data.
  private static func meaning(_ members: OrderedDictionary<String, JSON>) -> String {
    let listing = LambdaListing.all(in: .object(members)).first
    if let expression = listing?.expression { return "Its byte code says: \(expression)." }
    guard let listing, !listing.functions.isEmpty else {
      return "Whatever the Python function did; the file cannot say."
    }
    return "What its byte code says, which is no single expression; inspect --lambda shows it."
  }

  /// The function's name, or how much byte code there is.
  private static func describe(_ members: OrderedDictionary<String, JSON>) -> String {
    let config = members["config"] ?? .object(members)
    if let name = config["function"]?.stringValue { return "the function '\(name)', by name" }
    let code = config["function"]?[0]?.stringValue ?? config["function"]?["config"]?["code"]?.stringValue
    return code.map { "marshalled byte code, \($0.utf8.count) characters" } ?? "no code visible"
  }
}
