/// Text broken into lines of limited length at blanks.
enum WrappedText {
  /// The first line begins with `label`, the others are indented as far.
  static func paragraph(label: String, _ text: String, width: Int = Terminal.width) -> String {
    let indent = String(repeating: " ", count: label.count)
    var lines: [String] = []
    var line = ""
    for word in Terminal.printable(text).split(separator: " ") {
      if !line.isEmpty, line.count + 1 + word.count > max(20, width - label.count) {
        lines.append(line)
        line = ""
      }
      line += (line.isEmpty ? "" : " ") + word
    }
    lines.append(line)
    return lines.enumerated().map { ($0 == 0 ? label : indent) + $1 }.joined(separator: "\n")
  }
}
