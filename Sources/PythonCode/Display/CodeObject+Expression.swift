import OrderedCollections

extension CodeObject {
  /// The function as one expression of Python, such as `lambda x: x / 127.5 - 1.0`; its named inner functions are put in
  /// place.
  ///
  /// Throws `PythonCodeError.refused` where it is no single expression.
  public func expression(
    as release: PythonRelease, closure: [PythonObject] = []
  ) throws(PythonCodeError) -> String {
    var interpreter = PythonInterpreter(TextSemantics(), release: release)
    let values = argumentNames.map { ExpressionText($0) }
    let positional = Array(values.prefix(argumentCount))
    var keywords: OrderedDictionary<String, ExpressionText> = [:]
    for value in values.dropFirst(argumentCount).prefix(keywordOnlyCount) { keywords[value.text] = value }
    var contents: [ExpressionText] = []
    for (index, name) in freeVariables.enumerated() {
      // What the file holds of an outer function's variables; else their names.
      let content = closure.indices.contains(index) ? try? TextSemantics().constant(closure[index]) : nil
      contents.append(content ?? ExpressionText(name))
    }
    let result = try interpreter.call(
      self, positional, keywords: keywords.mapValues { .value($0) }, closure: contents.map { .value($0) })
    return "lambda \(argumentNames.joined(separator: ", ")): \(result.text)"
  }
}
