import KerasGraph

/// Nodes that are computed together in one step.
struct Unit {
  enum Work {
    case node(Int)
    /// Elementwise nodes of one element count, in order, and sums of their results' elements or of others of that count
    /// (see `ChannelSum`).
    case elementwise([Int])
    /// A convolution or matrix product and what is done to its result before it is stored.
    case product(FusedProduct)
    /// Recurrences that need nothing of each other, each on a thread of its own.
    case recurrences([Int])
  }
  var work: Work
  /// Ascending.
  var nodes: [Int]
  /// Roots read and written.
  var reads: [Value]
  var writes: [Value]
}

/// A convolution or matrix product with the operations that follow it.
struct FusedProduct {
  enum Operation {
    case activation(Unary)
    /// The sum with another value of the same element count.
    case addition(Value)
  }
  var node: Int
  /// One number per result channel.
  var bias: Value?
  var operations: [Operation] = []
  /// The root that receives the last result.
  var result: Value
}
