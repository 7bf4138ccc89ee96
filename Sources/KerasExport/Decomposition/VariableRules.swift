import KerasCore
import KerasModel

/// What training asks of a variable beside the loss, to be said of the layer that holds it now.
struct VariableRules {
  private let regularizer: Regularizer?
  private let constraint: Constraint?
  /// The variable's own name, which its fields begin with.
  private let role: String
  private let shape: [Int]

  init(_ spec: WeightSpec) {
    (regularizer, constraint) = (spec.regularizer, spec.constraint)
    (role, shape) = (spec.role, spec.shape)
  }

  /// The fields that say it of the source's layer.
  var names: [String] {
    (regularizer == nil ? [] : ["\(role)_regularizer"]) + (constraint == nil ? [] : ["\(role)_constraint"])
  }

  /// Says it of a variable of the same shape.
  func write(to layer: inout LayerConfig, of variable: String) {
    if regularizer != nil { layer.fields["\(variable)_regularizer"] = regularizer.json }
    if constraint != nil { layer.fields["\(variable)_constraint"] = constraint.json }
  }

  /// Says it of an Embedding that holds all numbers in one row; the fields that do not mean the same there.
  func writeToRow(_ layer: inout LayerConfig) -> [String] {
    var lost: [String] = []
    switch regularizer {
    case nil: break
    case .l1l2: layer.fields["embeddings_regularizer"] = regularizer.json
    // Of the products of rows or columns, which a row alone has not.
    case .orthogonal: lost.append("\(role)_regularizer")
    }
    switch constraint {
    case nil: break
    case .nonNegative: layer.fields["embeddings_constraint"] = constraint.json
    case .maxNorm(let maximum, _) where shape.count == 1:
      layer.fields["embeddings_constraint"] = Constraint?.some(.maxNorm(maximum: maximum, axes: [1])).json
    case .unitNorm where shape.count == 1:
      layer.fields["embeddings_constraint"] = Constraint?.some(.unitNorm(axes: [1])).json
    case .minMaxNorm(let minimum, let maximum, let rate, _) where shape.count == 1:
      let row = Constraint.minMaxNorm(minimum: minimum, maximum: maximum, rate: rate, axes: [1])
      layer.fields["embeddings_constraint"] = Constraint?.some(row).json
    default: lost.append("\(role)_constraint")
    }
    return lost
  }
}
