import KerasCore
import KerasKit

extension InputRecipe {
  var json: JSON {
    var json: JSON = [
      "name": .string(name), "shape": .array(shape.map { JSON($0) }), "seed": .string(String(seed)),
    ]
    switch content {
    case .real: json["content"] = "real"
    case .whole(let below):
      json["content"] = "whole"
      json["below"] = JSON(below)
    case .numbers(let numbers):
      json["content"] = "numbers"
      json["numbers"] = .array(numbers.map { JSON($0) })
    case .texts(let texts):
      json["content"] = "texts"
      json["texts"] = .array(texts.map { .string($0) })
    }
    return json
  }

  /// `nil` if the JSON is no recipe, or one for an array that is too large.
  init?(_ json: JSON) {
    guard let name = json["name"]?.stringValue, let sizes = json["shape"]?.arrayValue?.map(\.intValue),
      let seed = json["seed"]?.stringValue.flatMap({ UInt64($0) })
    else { return nil }
    let shape = sizes.compactMap { $0 }
    guard shape.count == sizes.count, !shape.isEmpty, shape.allSatisfy({ $0 >= 0 }),
      let count = checkedProduct(shape), count <= 1 << 26
    else { return nil }
    let content: Content
    switch json["content"]?.stringValue {
    case "real": content = .real
    case "whole":
      guard let below = json["below"]?.intValue else { return nil }
      content = .whole(below: below)
    case "numbers": content = .numbers((json["numbers"]?.arrayValue ?? []).compactMap(\.intValue))
    case "texts": content = .texts((json["texts"]?.arrayValue ?? []).compactMap(\.stringValue))
    default: return nil
    }
    self.init(name: name, shape: shape, content: content, seed: seed)
  }
}
