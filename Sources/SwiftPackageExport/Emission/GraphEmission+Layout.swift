import KerasCore
import KerasExport
import KerasGraph

extension GraphEmission {
  /// Operations that move elements about.
  mutating func emitLayout(_ node: Node, _ index: Int) throws(ExportError) {
    let x = try expression(node.operands[0])
    switch node.op {
    case .reshape(let target): define(index, "\(x).reshaped(\(try shape(target, node)))", throws: true)
    case .broadcast(let target): define(index, "\(x).broadcast(to: \(try shape(target, node)))", throws: true)
    case .transpose(let permutation): define(index, "\(x).transposed(\(permutation))")
    case .concatenate(let axis):
      var parts: [String] = []
      for operand in node.operands { parts.append(try expression(operand)) }
      define(index, "Tensor.concatenated([\(parts.joined(separator: ", "))], axis: \(axis))", throws: true)
    case .slice(let starts, let limits, let strides):
      define(index, "\(x).sliced(\(starts), \(Self.text(limits)), \(strides))", throws: true)
    case .sliceGradient(let starts, let limits, let strides):
      guard type(node.operands[0]).dtype != .bool else { throw refused("\(node.op.name) of truth values") }
      let whole = try expression(node.operands[1])
      define(
        index, "\(x).filling(\(starts), \(Self.text(limits)), \(strides), of: \(whole).shape, with: 0)", throws: true)
    case .pad(let before, let after, let value):
      let dtype = type(node.operands[0]).dtype
      let literal =
        dtype == .bool
        ? "\(value != 0)"
        : dtype.isInteger ? String(Int32(clamping: Int(exactly: value) ?? 0)) : SwiftNames.literal(value)
      define(index, "\(x).padded(\(before), \(after), with: \(literal))")
    case .reverse(let axes): define(index, "\(x).reversed(axes: \(axes))")
    case .gatherRows: define(index, "\(x).rows(\(try expression(node.operands[1])))", throws: true)
    case .scatterAddRows:
      guard type(node.operands[0]).dtype.isFloatingPoint else { throw refused("sums of rows of whole numbers") }
      let (indices, table) = (try expression(node.operands[1]), try expression(node.operands[2]))
      define(index, "\(x).summedRows(\(indices), in: \(table).shape)", throws: true)
    case .iota(let axis): define(index, "\(x).indices(along: \(axis))")
    case .dimension(let axis, let dtype):
      define(index, "\(x).size(of: \(axis))" + (dtype.isFloatingPoint ? ".floats()" : ""))
    default: throw refused(node.op.name)
    }
  }

  /// A shape whose open sizes are those of operands.
  private mutating func shape(_ target: [TargetDimension], _ node: Node) throws(ExportError) -> String {
    var sizes: [String] = []
    for (axis, dimension) in target.enumerated() {
      if let size = node.types[0].shape[axis] {
        sizes.append("\(size)")
        continue
      }
      switch dimension {
      case .fixed(let size): sizes.append("\(size)")
      case .inferred: sizes.append("-1")
      case .ofOperand(let operand, let axis):
        sizes.append("\(try expression(node.operands[operand])).shape[\(axis)]")
      }
    }
    return "[\(sizes.joined(separator: ", "))]"
  }

  private static func text(_ limits: [Int?]) -> String {
    "[\(limits.map { $0.map { "\($0)" } ?? "nil" }.joined(separator: ", "))]"
  }

  // MARK: Windows

  mutating func emitWindows(_ node: Node, _ index: Int) throws(ExportError) {
    let x = try expression(node.operands[0])
    switch node.op {
    case .convolution(let convolution):
      let kernel = try expression(node.operands[1])
      define(
        index, "\(x).convolved(\(kernel), \(try windows(convolution, node)), groups: \(convolution.groups))",
        throws: true)
    case .convolutionInputGradient(let convolution, let outputSpatial):
      let kernel = try expression(node.operands[1])
      let rank = convolution.spatialRank
      let spatial =
        if node.operands.count > 2 {
          "Array(\(try expression(node.operands[2])).shape[1...\(rank)])"
        } else {
          "\(outputSpatial ?? [])"
        }
      define(
        index,
        "\(x).convolvedBack(\(kernel), \(try windows(convolution, node)), groups: \(convolution.groups), to: \(spatial))",
        throws: true)
    case .pool(let pooling):
      let kind =
        switch pooling.kind {
        case .maximum: ".maximum"
        case .average(let countsPadding): ".average(countsPadding: \(countsPadding))"
        }
      let ones = [Int](repeating: 1, count: pooling.window.count)
      define(
        index, "\(x).pooled(\(kind), \(Self.windows(pooling.window, pooling.strides, ones, pooling.padding)))",
        throws: true)
    default: throw refused(node.op.name)
    }
  }

  private func windows(_ convolution: Convolution, _ node: Node) throws(ExportError) -> String {
    let kernel = graph.shape(node.operands[1]).dimensions
    let size = kernel.prefix(convolution.spatialRank).compactMap { $0 }
    guard size.count == convolution.spatialRank else { throw refused("a kernel whose size is not known") }
    return Self.windows(size, convolution.strides, convolution.dilations, convolution.padding)
  }

  private static func windows(
    _ size: [Int], _ strides: [Int], _ dilations: [Int], _ padding: KerasGraph.Padding
  ) -> String {
    let text =
      switch padding {
      case .explicit(let before, let after): ".explicit(before: \(before), after: \(after))"
      case .same: ".same"
      case .sameTheano: ".sameTheano"
      case .samePoolTheano: ".samePoolTheano"
      }
    return "Windows(size: \(size), strides: \(strides), dilations: \(dilations), padding: \(text))"
  }
}
