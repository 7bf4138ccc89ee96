/// Names as MIL has them: letters, digits and underscores, each once in the whole program.
struct ProgramNames {
  private var taken: Set<String> = []
  private var counts: [String: Int] = [:]

  /// Words of the language, from coremltools' `NameSanitizer`.
  private static let reserved: Set<String> = [
    "any", "bool", "program", "func", "tensor", "list", "dict", "tuple", "true", "false", "string", "bf16", "fp16",
    "fp32", "fp64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "state",
  ]

  /// A name like the one wished for that nothing else has.
  mutating func name(_ wish: String) -> String {
    var base = String(
      wish.unicodeScalars.map { scalar in
        scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)) ? Character(scalar) : "_"
      })
    if base.first?.isLetter != true { base = "var_\(base)" }
    if Self.reserved.contains(base) { base += "_" }
    var name = base
    while !taken.insert(name).inserted {
      counts[base, default: 0] += 1
      name = "\(base)_\(counts[base, default: 0])"
    }
    return name
  }
}
