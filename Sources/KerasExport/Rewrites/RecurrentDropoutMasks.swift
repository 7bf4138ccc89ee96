import KerasCore
import OrderedCollections

/// Keras 3 does not save how a recurrent layer draws its dropout masks; it concerns training only.
enum RecurrentDropoutMasks: LayerRewrite {
  static func apply(to chain: inout LayerChain, _ context: inout RewriteContext) throws(ExportError) {
    guard strip(&chain.layer.fields) else { return }
    context.note(
      .lost,
      "dropout inside the recurrence draws its masks as Keras 3 does: its own release had another number of masks per gate"
    )
  }

  /// Removes the fields from a layer and the cells inside it; whether there were any.
  static func strip(_ fields: inout OrderedDictionary<String, JSON>) -> Bool {
    var found = false
    for key in ["keraskit>input_dropout_masks", "keraskit>state_dropout_masks"] {
      found = fields.removeValue(forKey: key) != nil || found
    }
    for key in ["cell", "cells"] {
      guard let value = fields[key] else { continue }
      var cells = value.arrayValue ?? [value]
      for index in cells.indices {
        guard var config = cells[index]["config"]?.objectValue else { continue }
        found = strip(&config) || found
        cells[index]["config"] = .object(config)
      }
      fields[key] = value.arrayValue == nil ? cells.first : .array(cells)
    }
    return found
  }
}
