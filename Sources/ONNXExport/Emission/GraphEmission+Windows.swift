import KerasCore
import KerasExport
import KerasGraph

extension WindowPadding {
  var attributes: [Attribute] {
    switch self {
    case .explicit(let before, let after):
      (before + after).allSatisfy { $0 == 0 } ? [] : [.ints("pads", before + after)]
    case .same: [.string("auto_pad", "SAME_UPPER")]
    }
  }
}

extension GraphEmission {
  func emitConvolution(_ convolution: Convolution, _ operands: [Value], _ result: Value) throws {
    let rank = convolution.spatialRank + 2
    let layout = Layout.channelsFirst(rank)
    let window = try kernelSpatial(operands[1], convolution.spatialRank)
    let padding = try WindowPadding(
      convolution.padding, input: spatial(operands[0]), kernel: window, strides: convolution.strides,
      dilations: convolution.dilations)
    let attributes = self.attributes(convolution, window) + padding.attributes
    var inputs = [try tensor(operands[0], layout), try tensor(operands[1], .kernel(rank))]
    let bias = followingBias(result, width: rank)
    if let bias { inputs.append(bias.vector) }
    define(bias?.sum ?? result, node("Conv", inputs, attributes), layout)
  }

  func emitTransposedConvolution(_ convolution: Convolution, _ operands: [Value], _ result: Value) throws {
    let rank = convolution.spatialRank + 2
    let layout = Layout.channelsFirst(rank)
    let window = try kernelSpatial(operands[1], convolution.spatialRank)
    var inputs = [try tensor(operands[0], layout), try tensor(operands[1], .kernel(rank))]
    var attributes = self.attributes(convolution, window)
    let input = spatial(operands[0])
    let output = spatial(result)
    guard let from = Shape(input).concrete, let to = Shape(output).concrete else {
      let whole = node("ConvTranspose", inputs, attributes + Self.outputPadding(convolution.strides.map { $0 - 1 }))
      let pattern = operands.count == 3 ? operands[2] : result
      guard operands.count == 3 else {
        throw refused(
          "a transposed convolution", "its result's size depends on the input's in a way ONNX has no word for")
      }
      define(result, try cut(whole, convolution, window, gradient: operands[0], pattern), layout)
      return
    }
    let (before, after, _) = try convolution.padding.resolved(
      inputSpatial: to, kernel: window, strides: convolution.strides, dilations: convolution.dilations)
    // Where the stride left elements over, no window read them: they are zero.
    let left = to.indices.map { axis in
      let reach = (window[axis] - 1) * convolution.dilations[axis] + 1
      return to[axis] + before[axis] + after[axis] - (convolution.strides[axis] * (from[axis] - 1) + reach)
    }
    attributes += WindowPadding.explicit(before: before, after: after).attributes + Self.outputPadding(left)
    let bias = followingBias(result, width: rank)
    if let bias { inputs.append(bias.vector) }
    define(bias?.sum ?? result, node("ConvTranspose", inputs, attributes), layout)
  }

  private static func outputPadding(_ sizes: [Int]) -> [Attribute] {
    sizes.allSatisfy { $0 == 0 } ? [] : [.ints("output_padding", sizes)]
  }

  /// Of an unpadded transposed convolution what `pattern`'s spatial shape leaves, behind the zeros that a convolution
  /// of that shape would have had before.
  private func cut(
    _ whole: String, _ convolution: Convolution, _ window: [Int], gradient: Value, _ pattern: Value
  ) throws -> String {
    var starts: [String] = []
    var ends: [String] = []
    for axis in 0..<convolution.spatialRank {
      let target = try size(pattern, axis: axis + 1)
      let reach = (window[axis] - 1) * convolution.dilations[axis] + 1
      let start: String
      switch convolution.padding {
      case .explicit(let before, _): start = ints([before[axis]])
      case .sameTheano: start = ints([reach / 2])
      case .samePoolTheano: throw refused("a transposed convolution", "it is padded as Theano's pooling is")
      case .same:
        // max((positions − 1)·stride + reach − size, 0) / 2
        let positions = try size(gradient, axis: axis + 1)
        let span = node("Mul", [node("Sub", [positions, ints([1])]), ints([convolution.strides[axis]])])
        let missing = node("Sub", [node("Add", [span, ints([reach])]), target])
        start = node("Div", [node("Max", [missing, ints([0])]), ints([2])])
      }
      starts.append(start)
      ends.append(node("Add", [start, target]))
    }
    func joined(_ pieces: [String]) -> String {
      pieces.count == 1 ? pieces[0] : node("Concat", pieces, [.int("axis", 0)])
    }
    let axes = ints((0..<convolution.spatialRank).map { $0 + 2 })
    return node("Slice", [whole, joined(starts), joined(ends), axes])
  }

  func emitPool(_ pooling: Pooling, _ operand: Value, _ result: Value) throws {
    let rank = pooling.window.count
    let layout = Layout.channelsFirst(rank + 2)
    let padding = try WindowPadding(
      pooling.padding, input: spatial(operand), kernel: pooling.window, strides: pooling.strides,
      dilations: [Int](repeating: 1, count: rank))
    var attributes: [Attribute] = [.ints("kernel_shape", pooling.window), .ints("strides", pooling.strides)]
    attributes += padding.attributes
    let x = try tensor(operand, layout)
    switch pooling.kind {
    case .maximum: define(result, node("MaxPool", [x], attributes), layout)
    case .average(let countsPadding):
      if countsPadding { attributes.append(.int("count_include_pad", 1)) }
      define(result, node("AveragePool", [x], attributes), layout)
    }
  }

  // MARK: Attributes

  private func attributes(_ convolution: Convolution, _ window: [Int]) -> [Attribute] {
    var attributes: [Attribute] = [.ints("kernel_shape", window), .ints("strides", convolution.strides)]
    if convolution.dilations.contains(where: { $0 != 1 }) {
      attributes.append(.ints("dilations", convolution.dilations))
    }
    if convolution.groups != 1 { attributes.append(.int("group", convolution.groups)) }
    return attributes
  }

  private func spatial(_ value: Value) -> [Int?] { Array(graph.shape(value).dimensions.dropFirst().dropLast()) }

  private func kernelSpatial(_ kernel: Value, _ rank: Int) throws -> [Int] {
    guard let known = Shape(Array(graph.shape(kernel).dimensions.prefix(rank))).concrete else {
      throw refused("a convolution", "its kernel's size is not known")
    }
    return known
  }
}
