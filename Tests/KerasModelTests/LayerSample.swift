import KerasCore
import KerasGraph
import OrderedCollections
import Testing

@testable import KerasModel

/// A layer's canonical config and shapes it accepts: what the tests of every registered layer run on.
struct LayerSample: Sendable, CustomTestStringConvertible {
  let className: String
  let inputs: [Shape]
  let config: String
  let dtype: DType

  init(_ className: String, inputs: [[Int?]], dtype: DType = .float32, config: String) {
    self.dtype = dtype
    self.className = className
    self.inputs = inputs.map { Shape($0) }
    self.config = config
  }

  static let all =
    first + second + third + attentionAndLegacy + recurrent + augmentation + adaptivePooling
    + preprocessing + functions + removed + custom

  var testDescription: String { className }

  func fields() throws -> OrderedDictionary<String, JSON> { try JSON(parsing: config).objectValue ?? [:] }

  func layer() throws -> any Layer {
    try LayerRegistry.layer(["class_name": .string(className), "config": .object(try fields())]).layer
  }
}
