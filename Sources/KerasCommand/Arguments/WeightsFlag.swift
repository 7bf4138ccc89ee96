/// `inspect MODEL --weights` without a value is the flag that prints the assignment; `--weights FILE` names a file.
///
/// An option with an optional value is nothing swift-argument-parser knows, so the flag is given its own name before
/// the arguments are parsed.
enum WeightsFlag {
  static let name = "--weights-table"
  private static let withValue: Set<String> = ["--config", "--keras-version", "--backend", "--map"]

  /// The arguments of the whole command line, without the program's name, with a bare `--weights` as the flag.
  static func resolved(_ arguments: [String]) -> [String] {
    guard arguments.first == "inspect", let end = arguments.firstIndex(of: "--") ?? Optional(arguments.count)
    else { return arguments }
    var arguments = arguments
    // Nothing but the model stands without an option's name: a further word belongs to `--weights`.
    var words = arguments[..<end].contains { $0 == "--config" || $0.hasPrefix("--config=") } ? 1 : 0
    var candidates: [Int] = []
    var index = 1
    while index < end {
      let argument = arguments[index]
      if argument == "--weights" {
        candidates.append(index)
      } else if withValue.contains(argument) {
        index += 1
      } else if !argument.hasPrefix("-") || argument == "-" {
        words += 1
      }
      index += 1
    }
    for candidate in candidates {
      let isFollowedByWord = candidate + 1 < end && !arguments[candidate + 1].hasPrefix("-")
      if isFollowedByWord, words > 1 {
        words -= 1
      } else {
        arguments[candidate] = name
      }
    }
    return arguments
  }
}
