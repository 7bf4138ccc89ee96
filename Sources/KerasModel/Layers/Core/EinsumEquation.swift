import KerasCore
import KerasGraph

/// An equation of two operands as EinsumDense takes it: `ab,bc->ac`, `...x,xy->...y` or `ab...,bc->ac...`.
struct EinsumEquation: Sendable {
  enum Ellipsis: Sendable { case none, left, right }

  let text: String
  let input: [Character]
  let kernel: [Character]
  let output: [Character]
  let ellipsis: Ellipsis

  init(_ text: String) throws(ModelError) {
    self.text = text
    let plain = text.replacing("...", with: "0").filter { $0 != " " }
    let sides = plain.split(separator: "->", omittingEmptySubsequences: false)
    let operands = sides[0].split(separator: ",", omittingEmptySubsequences: false)
    guard sides.count == 2, operands.count == 2 else { throw Self.invalid(text) }
    let (input, kernel, output) = (Array(operands[0]), Array(operands[1]), Array(sides[1]))
    if input.first == "0", output.first == "0" {
      (ellipsis, self.input, self.output) = (.left, Array(input.dropFirst()), Array(output.dropFirst()))
    } else if input.last == "0", output.last == "0" {
      (ellipsis, self.input, self.output) = (.right, Array(input.dropLast()), Array(output.dropLast()))
    } else {
      (ellipsis, self.input, self.output) = (.none, input, output)
    }
    self.kernel = kernel
    for letters in [self.input, self.kernel, self.output] {
      guard !letters.isEmpty, letters.allSatisfy({ $0.isLetter && $0.isASCII }), Set(letters).count == letters.count
      else { throw Self.invalid(text) }
    }
    guard self.output.allSatisfy({ self.input.contains($0) || self.kernel.contains($0) }) else {
      throw Self.invalid(text)
    }
  }

  private static func invalid(_ text: String) -> ModelError {
    ModelError(
      .invalidField(
        "equation", expected: "[X],[Y]->[Z], ...[X],[Y]->...[Z] or [X]...,[Y]->[Z]...", found: .string(text)))
  }

  /// How many axes of an input of `rank` the ellipsis stands for.
  func elidedCount(rank: Int) throws(ModelError) -> Int {
    let count = rank - input.count
    guard ellipsis == .none ? count == 0 : count >= 0 else {
      throw ModelError(
        .inputShape(expected: "\(input.count) axes for '\(text)'", found: Shape(Array(repeating: nil, count: rank))))
    }
    return count
  }

  func inputAxis(_ letter: Character, rank: Int) throws(ModelError) -> Int? {
    let elided = try elidedCount(rank: rank)
    return input.firstIndex(of: letter).map { ellipsis == .left ? $0 + elided : $0 }
  }

  private enum Label: Hashable {
    case letter(Character)
    /// An axis the ellipsis stands for.
    case elided(Int)
  }

  /// The letters of one side with those the ellipsis stands for.
  private func labels(_ letters: [Character], rank: Int) throws(ModelError) -> [Label] {
    let own = letters.map { Label.letter($0) }
    let elided = (0..<(try elidedCount(rank: rank))).map { Label.elided($0) }
    return switch ellipsis {
    case .none: own
    case .left: elided + own
    case .right: own + elided
    }
  }

  /// The axes of an input of `rank` that the result does not have.
  func summedAxes(rank: Int) throws(ModelError) -> [Int] {
    let result = try labels(output, rank: rank)
    return try labels(input, rank: rank).enumerated().filter { !result.contains($0.element) }.map(\.offset)
  }

  /// A value in the shape of an input, of size 1 along `summedAxes`, arranged to broadcast against the result.
  func aligned(_ value: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
    let rank = context.shape(value).rank
    let (result, all) = (try labels(output, rank: rank), try labels(input, rank: rank))
    let summed = try summedAxes(rank: rank)
    var aligned = value
    if !summed.isEmpty {
      aligned = try context.op(.reduce(.maximum, axes: summed, keepDimensions: false), aligned)
    }
    aligned = try arranged(aligned, all.filter { result.contains($0) }, result.filter { all.contains($0) }, &context)
    for (axis, label) in result.enumerated() where !all.contains(label) {
      aligned = try context.expanded(aligned, axis: axis)
    }
    return aligned
  }

  /// The sum of products, as one matrix product between transpositions.
  func product(_ x: Value, _ kernel: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
    let rank = context.shape(x).rank
    var (left, leftLabels) = (x, try labels(input, rank: rank))
    var (right, rightLabels) = (kernel, self.kernel.map { Label.letter($0) })
    let result = try labels(output, rank: rank)
    try sumAlone(&left, &leftLabels, kept: Set(result + rightLabels), &context)
    try sumAlone(&right, &rightLabels, kept: Set(result + leftLabels), &context)

    let shared = leftLabels.filter { rightLabels.contains($0) && result.contains($0) }
    let summed = leftLabels.filter { rightLabels.contains($0) && !result.contains($0) }
    let rows = leftLabels.filter { !rightLabels.contains($0) }
    let columns = rightLabels.filter { !leftLabels.contains($0) }
    left = try arranged(left, leftLabels, shared + rows + summed, &context)
    right = try arranged(right, rightLabels, shared + summed + columns, &context)
    let sharedSizes = Array(context.dimensions(of: right)[..<shared.count])
    let rowRange = shared.count..<shared.count + rows.count
    let rowSizes = rows.isEmpty ? [.fixed(1)] : Array(context.dimensions(of: left)[rowRange])
    let columnSizes = Array(context.dimensions(of: right).suffix(columns.count))
    let depth = try size(context.dimensions(of: right)[shared.count..<shared.count + summed.count])
    // Rows stay apart: their sizes may be unknown.
    left = try context.op(.reshape(sharedSizes + rowSizes + [depth]), left)
    let ones = shared.isEmpty ? [] : [TargetDimension](repeating: .fixed(1), count: max(rows.count - 1, 0))
    right = try context.op(.reshape(sharedSizes + ones + [depth, size(columnSizes[...])]), right)
    let product = try context.op(.matmul(transposeA: false, transposeB: false), left, right)
    let kept = rows.isEmpty ? [] : Array(context.dimensions(of: product)[rowRange])
    let y = try context.op(.reshape(sharedSizes + kept + columnSizes), product)
    return try arranged(y, shared + rows + columns, result, &context)
  }

  /// Sums the axes that neither the other operand nor the result has.
  private func sumAlone(
    _ value: inout Value, _ labels: inout [Label], kept: Set<Label>, _ context: inout LoweringContext
  ) throws(ModelError) {
    let alone = labels.indices.filter { !kept.contains(labels[$0]) }
    guard !alone.isEmpty else { return }
    value = try context.op(.reduce(.sum, axes: alone, keepDimensions: false), value)
    labels = labels.filter { kept.contains($0) }
  }

  private func arranged(
    _ value: Value, _ labels: [Label], _ order: [Label], _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let permutation = order.compactMap { labels.firstIndex(of: $0) }
    return permutation == Array(labels.indices) ? value : try context.op(.transpose(permutation), value)
  }

  private func size(_ dimensions: ArraySlice<TargetDimension>) throws(ModelError) -> TargetDimension {
    var product = 1
    for dimension in dimensions {
      guard case .fixed(let size) = dimension, let next = checkedProduct([product, size]) else {
        throw ModelError(.unsupported("an einsum over axes of unknown size"))
      }
      product = next
    }
    return .fixed(product)
  }
}
