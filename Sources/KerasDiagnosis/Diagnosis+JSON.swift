import KerasCore
import OrderedCollections

/// One object that holds everything, in snake_case as Keras names things; numbers that are not finite are null.
extension Diagnosis {
  public var json: JSON {
    .object([
      "file": .string(file), "semantics": .string(semantics), "samples": JSON(samples),
      "available_samples": JSON(available), "batch_size": JSON(batchSize), "data_loss": Self.number(dataLoss),
      "inputs": .array(inputs.map { .object(["name": .string($0.name), "values": $0.values.json]) }),
      "layers": .array(layers.map(\.json)), "regularization": .array(penalties.map(\.json)),
      "verdicts": .array(verdicts.map(\.json)), "recommendation": recommendation?.json ?? .null,
      "notes": .array(notes.map { .string($0) }),
    ])
  }

  static func number(_ value: Double?) -> JSON { value.flatMap { $0.isFinite ? .number($0) : nil } ?? .null }
  static func number(_ value: Int?) -> JSON { value.map { JSON($0) } ?? .null }
}

extension ValueSummary {
  public var json: JSON {
    let isEmpty = count == 0
    return .object([
      "count": JSON(count), "not_finite": JSON(notFinite), "min": isEmpty ? .null : .number(minimum),
      "max": isEmpty ? .null : .number(maximum), "mean": isEmpty ? .null : Diagnosis.number(mean),
      "std": isEmpty ? .null : Diagnosis.number(deviation), "norm": Diagnosis.number(norm),
      "zero_share": .number(zeroShare),
      "histogram": .object([
        "from": .number(histogram.lowerBound), "bin_width": .number(histogram.binWidth),
        "counts": .array(histogram.counts.map { JSON($0) }),
      ]),
    ])
  }
}

extension LayerDiagnosis {
  public var json: JSON {
    .object([
      "layer": .string(path), "class_name": .string(className), "is_output": .bool(isOutput),
      "inputs_from": .array((producers + modelInputs).map { .string($0) }),
      "weights": .array(
        weights.map {
          .object([
            "name": .string($0.name), "shape": .array($0.shape.map { JSON($0) }), "values": $0.values.json,
            "gradient_norm": Diagnosis.number($0.gradientNorm),
          ])
        }),
      "pre_activation": preActivation?.json ?? .null, "output": output.json, "saturation": saturation?.json ?? .null,
      "gates": .array(
        gates.map {
          .object([
            "gate": .string($0.name), "pre_activation": $0.preActivation.json,
            "saturation": $0.saturation?.json ?? .null,
          ])
        }),
      "units": Diagnosis.number(units), "dead_units": Diagnosis.number(deadUnits),
      "drivers": drivers?.json ?? .null, "output_gradient": Diagnosis.number(outputGradient),
      "weight_gradient_norm": Diagnosis.number(weightGradient),
      "regularization": .array(penalties.map(\.json)),
    ])
  }
}

extension Saturation {
  public var json: JSON {
    .object([
      "activation": .string(activation), "low": .number(low), "high": .number(high),
      "relative_entropy": Diagnosis.number(entropy),
    ])
  }
}

extension Drivers {
  public var json: JSON {
    .object([
      "measure": measure == .rms ? "rms" : "saturated_share", "observed": Diagnosis.number(observed),
      "without_bias": Diagnosis.number(withoutBias), "with_unit_kernel": Diagnosis.number(withUnitKernel),
      "with_unit_input": Diagnosis.number(withUnitInput), "kernel_norm_per_unit": Diagnosis.number(kernelNorm),
      "largest_weight": Diagnosis.number(largestWeight), "largest_bias": Diagnosis.number(largestBias),
      "input_rms": Diagnosis.number(inputRMS),
    ])
  }
}

extension PenaltyShare {
  public var json: JSON {
    .object(["name": .string(name), "value": Diagnosis.number(value), "share": Diagnosis.number(share)])
  }
}

extension Verdict {
  public var json: JSON {
    .object([
      "rule": .string(rule), "severity": .string(severity.rawValue), "layer": layer.map { .string($0) } ?? .null,
      "text": .string(text),
      "remedies": .array(remedies.map { .object(["layer": .string($0.layer), "regularizer": .string($0.field)]) }),
    ])
  }
}

extension Recommendation {
  public var json: JSON {
    .object([
      "add_regularizer": .array(terms.map { .string($0.text) }),
      "penalties": .array(terms.map { Diagnosis.number($0.penalty) }),
      "needs_intended_semantics": .bool(needsIntendedSemantics), "basis": Diagnosis.number(basis),
      "is_basis_measured": .bool(isBasisMeasured),
    ])
  }
}
