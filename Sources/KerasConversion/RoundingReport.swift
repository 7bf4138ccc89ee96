import KerasCore
import KerasExport
import KerasKit

/// What storing weights in fewer bits does to a model.
public struct RoundingReport: Sendable {
  public struct Array: Sendable, Hashable {
    public var name: String
    /// The largest change of a number, relative to the array's largest.
    public var difference: Double
  }

  public var format: ExportOptions.WeightFormat
  /// Of all arrays that are rounded, the most changed first.
  public var arrays: [Array]
  /// The largest change of an output, relative to that output's largest, on `samples` samples.
  public var outputDifference: Double
  public var samples: Int
  /// Arrays of two or more axes that stay what they are.
  public var untouched: Int
  /// Whether the format holds such weights in layers of its own, in which the model is already.
  var isOwnForm = false

  /// The model as a reader of the rounded weights has it, and what that changes.
  static func rounding(
    _ model: Model, _ options: ExportOptions, by exporter: any Exporter.Type, seed: UInt64, samples: Int
  ) throws(KerasKitError) -> (model: Model, report: RoundingReport) {
    let format = options.weightFormat
    var loaded = model.loaded
    var arrays: [Array] = []
    var ownForm: (model: LoadedModel, values: [String: TensorData])?
    do {
      ownForm = try exporter.rounded(loaded, options: options)
    } catch {
      throw .export(error)
    }
    var untouched = 0
    do {
      for (name, array) in model.loaded.weights where format.applies(to: array) {
        if let ownForm, ownForm.values[name] == nil {
          untouched += 1
          continue
        }
        var rounded = array
        if let own = ownForm?.values[name] { rounded = own } else { rounded = try exporter.rounded(array, in: format) }
        let (before, after) = (try array.doubles(), try rounded.doubles())
        var (largest, scale) = (0.0, 1e-30)
        for (a, b) in zip(before, after) {
          let distance = (a - b).magnitude
          if distance > 0 || distance.isNaN { largest = max(largest, distance.isNaN ? .infinity : distance) }
          if a.isFinite { scale = max(scale, a.magnitude) }
        }
        arrays.append(Array(name: name, difference: largest / scale))
        if ownForm == nil { loaded.weights[name] = rounded }
      }
    } catch {
      throw .data(error)
    }
    arrays.sort { ($1.difference, $0.name) < ($0.difference, $1.name) }
    let rounded = try Model(ownForm?.model ?? loaded)
    let inputs = model.inputRecipes(samples: samples, seed: seed)
    let before = try VerificationCase(of: model, inputs: inputs, withLayers: false)
    let after = try VerificationCase(of: rounded, inputs: inputs, withLayers: false)
    let change = Verification.compare(before, after, tolerance: 0)
    return (
      rounded,
      RoundingReport(
        format: format, arrays: arrays, outputDifference: change.difference, samples: samples,
        untouched: untouched, isOwnForm: ownForm != nil)
    )
  }
}
