import KerasCore
import KerasGraph

extension BackendFunction {
  /// Einstein's sum over any number of operands, with ellipses and letters that stand twice in one operand.
  static func einsum(
    _ equation: String, _ operands: [Value], _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let plain = equation.filter { $0 != " " }.replacing("...", with: "0").replacing("->", with: ">")
    let sides = plain.split(separator: ">", omittingEmptySubsequences: false)
    var inputs = sides[0].split(separator: ",", omittingEmptySubsequences: false).map { Array($0) }
    guard sides.count <= 2, inputs.count == operands.count, !operands.isEmpty, operands.count <= 16 else {
      throw ModelError(.unsupported("einsum '\(equation)' of \(operands.count) tensors"))
    }
    // Letters that no equation has stand for the axes of an ellipsis, the last ones first.
    let free = "ABCDEFGHIJKLMNOPQRSTUVWXYZ".filter { !plain.contains($0) }
    var elided = 0
    for (index, operand) in operands.enumerated() {
      let count = context.shape(operand).rank - inputs[index].count { $0 != "0" }
      guard inputs[index].contains("0") ? (0...8).contains(count) : count == 0, count <= free.count else {
        throw ModelError(.inputShape(expected: "the axes of '\(equation)'", found: context.shape(operand)))
      }
      inputs[index] = inputs[index].flatMap { $0 == "0" ? Array(free.prefix(count).reversed()) : [$0] }
      elided = max(elided, count)
    }
    var output: [Character]
    if sides.count == 2 {
      output = sides[1].flatMap { $0 == "0" ? Array(free.prefix(elided).reversed()) : [$0] }
    } else {
      // Without a right side it has the letters that stand once, in the order of the alphabet.
      let all = inputs.flatMap { $0 }
      let own = all.filter { letter in all.count { $0 == letter } == 1 && !free.prefix(elided).contains(letter) }
      output = Array(free.prefix(elided).reversed()) + own.sorted()
    }
    guard Set(output).count == output.count, output.allSatisfy({ letter in inputs.contains { $0.contains(letter) } })
    else { throw ModelError(.unsupported("einsum '\(equation)'")) }
    var values: [Value] = []
    for (index, operand) in operands.enumerated() {
      var value = try context.cast(operand, to: .float32)
      while let second = inputs[index].indices.first(where: { inputs[index][..<$0].contains(inputs[index][$0]) }),
        let first = inputs[index].firstIndex(of: inputs[index][second])
      {
        value = try diagonal(value, offset: 0, first, second, &context)
        let letter = inputs[index].remove(at: second)
        inputs[index].remove(at: first)
        inputs[index].append(letter)
      }
      values.append(value)
    }
    while values.count > 2 {
      let later = Set(inputs[2...].flatMap { $0 } + output)
      var seen: Set<Character> = []
      let kept = (inputs[0] + inputs[1]).filter { later.contains($0) && seen.insert($0).inserted }
      let (a, b) = (values.removeFirst(), values.removeFirst())
      let (left, right) = (inputs.removeFirst(), inputs.removeFirst())
      values.insert(
        try EinsumEquation("\(String(left)),\(String(right))->\(String(kept))").product(a, b, &context), at: 0)
      inputs.insert(kept, at: 0)
    }
    guard values.count == 2 else { return try rearranged(values[0], inputs[0], output, &context) }
    return try EinsumEquation("\(String(inputs[0])),\(String(inputs[1]))->\(String(output))")
      .product(values[0], values[1], &context)
  }

  /// The axes of one operand in another order, some of them summed.
  private static func rearranged(
    _ x: Value, _ letters: [Character], _ output: [Character], _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let summed = letters.indices.filter { !output.contains(letters[$0]) }
    let kept = letters.filter { output.contains($0) }
    let sum = summed.isEmpty ? x : try context.total(x, summed)
    let order = output.compactMap { kept.firstIndex(of: $0) }
    return order == Array(kept.indices) ? sum : try context.op(.transpose(order), sum)
  }
}
