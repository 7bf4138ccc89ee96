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
  let affected = "all releases; refused by Keras 2.13 and later for .keras files, by 3.11.3 and later for HDF5 too"
  let explanation = """
    A Lambda layer (and Keras 1's Merge with a function as mode, output_shape or output_mask) stores a Python function: by
    name, or as marshalled byte code that the loading program executes. The code is bound to the Python version that saved it,
    and a file from a stranger can do anything with it. Keras 1 and 2 always executed it (CVE-2024-3660); Keras 2.13 and later
    refuse it in .keras files and in model_from_json unless safe_mode is turned off, but in HDF5 files Keras 2.15 and Keras 3
    up to 3.11.2 still ran it whatever safe_mode said (CVE-2025-9905). Measured: 1.2.2, 2.1.3 and 2.3.1 run it from JSON and
    HDF5, 2.15 from HDF5 only. A __lambda__ may stand wherever a
    config has a function: as an activation, an initializer, a loss. KerasKit never executes anything from a file.
    """
  let fix = """
    Load it in Python only if you trust its origin; KerasKit reads the code as data, and `convert` writes layers in its place.
    """

  func check(_ subject: AuditSubject) -> [Finding] {
    var findings: [Finding] = []
    // The function object inside of a Lambda of Keras 3 is the same code.
    var last: JSONPointer?
    subject.visitTexts { object in
      let members = object.members
      let isLambda = object.className == "Lambda" && (members["config"] != nil || members["function"] != nil)
      let isFunction = object.className == "__lambda__"
      let marked = members.filter { $0.key.hasSuffix("_type") && $0.value == "lambda" }.map(\.key)
      let isMerge = members["mode_type"] != nil && Self.mergeKeys.contains { Self.functions.contains(members[$0]) }
      guard isLambda || isFunction || isMerge || !marked.isEmpty else { return }
      if let pointer = object.pointer {
        if !isLambda, let last, pointer.components.starts(with: last.components) { return }
        last = pointer
      }
      let what =
        isMerge
        ? "A Merge whose mode, output_shape or output_mask is a Python function."
        : isLambda
          ? "A Lambda layer: \(Self.describe(members))."
          : isFunction
            ? "A Python function in the place of a value: \(Self.describe(members))."
            : "Python code (\(marked.joined(separator: ", ")))."
      findings.append(
        Finding(
          rule: id, severity: .error, layer: subject.layer(of: object), location: object.location, summary: what,
          meantWhenSaved: Self.meaning(members),
          meansNow: "Current Keras refuses to load it unless safe_mode is turned off, and then runs it.",
          advice: "Load it only if you trust its origin; replace the layer by built-in ones to carry the model on."))
    }
    return findings
  }

  private static let mergeKeys = ["mode_type", "output_shape_type", "output_mask_type"]
  private static let functions: [JSON?] = ["lambda", "function"]

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
    if let name = config["function"]?.stringValue ?? config["function"]?["config"]?.stringValue {
      return "the function '\(name)', by name"
    }
    let code =
      config["function"]?[0]?.stringValue ?? config["function"]?["config"]?["code"]?.stringValue
      ?? config["code"]?.stringValue
    return code.map { "marshalled byte code, \($0.utf8.count) characters" } ?? "no code visible"
  }
}
