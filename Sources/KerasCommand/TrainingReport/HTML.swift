import KerasKit

/// Text and elements of a page.
enum HTML {
  /// Text between tags and in quoted attributes.
  static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      // Names from files must not steer the page: control characters have no meaning in it.
      case let other where other.value < 0x20 && other != "\n" && other != "\t" || other.value == 0x7f:
        result += "\u{fffd}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// A coordinate with at most two decimals.
  static func number(_ value: Double) -> String {
    var text = NumberText.fixed(value, decimals: 2)
    while text.contains("."), text.hasSuffix("0") || text.hasSuffix(".") { text.removeLast() }
    return text == "-0" ? "0" : text
  }

  /// A whole page without script or network, light or dark as the reader's system is.
  static func page(title: String, subtitle: String, style: String, body: String) -> String {
    let title = escaped(title)
    return """
      <!DOCTYPE html>
      <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
      <title>\(title)</title><style>\(style)</style></head><body><main>
      <header><h1>\(title)</h1><p>\(escaped(subtitle))</p></header>
      \(body)</main></body></html>

      """
  }

  static func lastComponent(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }

  /// Numbers large, each with its name above and a remark below.
  static func tiles(_ items: [(String, String, String)]) -> String {
    let cells = items.map { name, value, note in
      "<div class=\"tile\"><span>\(escaped(name))</span><b>\(escaped(value))</b><small>\(escaped(note))</small></div>"
    }
    return "<section class=\"tiles\">\(cells.joined())</section>\n"
  }

  /// What makes the same page again.
  static func conditions(
    command: String, _ conditions: [(name: String, value: String)], changes: [String] = []
  ) -> String {
    var rows = ""
    for (name, value) in conditions { rows += "<tr><td>\(escaped(name))</td><td>\(escaped(value))</td></tr>" }
    let list =
      changes.isEmpty
      ? "" : "<h3>Changes to the model</h3><ul>\(changes.map { "<li>\(escaped($0))</li>" }.joined())</ul>"
    return """
      <section><h2>To repeat this</h2>\(list)<pre>\(escaped(command))</pre>
      <div class="wide"><table class="conditions"><tbody>\(rows)</tbody></table></div></section>

      """
  }
}
