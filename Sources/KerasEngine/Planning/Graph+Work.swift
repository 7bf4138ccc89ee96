import KerasGraph

extension Graph {
  /// Floating-point operations of one run's products and convolutions, for a graph of concrete shapes; the rest is little.
  var work: Double { nodes.indices.reduce(0) { $0 + work(of: $1) } }

  /// Floating-point operations of one node, zero of what is no product.
  func work(of index: Int) -> Double {
    func count(_ value: Value) -> Double { Double(shape(value).elementCount ?? 0) }
    let node = nodes[index]
    let result = Value(node: index)
    switch node.op {
    case .matmul(let transposeA, _):
      let a = shape(node.operands[0])
      let inner = a[a.rank - (transposeA ? 2 : 1)] ?? 0
      return 2 * count(result) * Double(inner)
    case .convolution: return 2 * count(result) * kernelWork(node.operands[1])
    case .convolutionInputGradient: return 2 * count(node.operands[0]) * kernelWork(node.operands[1])
    case .convolutionKernelGradient: return 2 * count(node.operands[1]) * kernelWork(result)
    case .recurrence, .recurrenceGradient:
      let steps = shape(node.operands[0]).dimensions.prefix(2).reduce(1.0) { $0 * Double($1 ?? 0) }
      return 2 * steps * (count(node.operands[1]) + count(node.operands[2]))
    default: return 0
    }
  }

  /// Products per element of a convolution's result: the kernel's elements for one output channel.
  private func kernelWork(_ kernel: Value) -> Double {
    shape(kernel).dimensions.dropLast().reduce(1.0) { $0 * Double($1 ?? 0) }
  }
}
