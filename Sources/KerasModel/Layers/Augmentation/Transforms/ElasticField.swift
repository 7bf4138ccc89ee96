import KerasCore
import KerasGraph

/// Images whose pixels move along smoothed noise, as Keras' `elastic_transform`.
struct ElasticField: Sendable {
  var fill: CoordinateFill
  var fillValue: Float

  /// `noise` of columns and rows is standard normal, `(batch, rows, columns, 1)`; `alpha` and `sigma` have one element.
  ///
  /// The noise times sigma is blurred by a bell of 6·⌊sigma⌋ + 1 pixels and moves places by alpha times that.
  func moved(
    _ images: Value, noise: (x: Value, y: Value), alpha: Value, sigma: Value, largestSigma: Double,
    _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    guard largestSigma >= 0, largestSigma < 100 else {
      throw ModelError(.unsupported("an elastic transform over \(largestSigma) pixels"))
    }
    let count = 6 * Int(largestSigma.rounded(.down)) + 1
    let reach = try context.scaled(context.f(.floor, sigma), by: 3)
    let bell = try context.bell(count, deviation: sigma, reach: reach)
    func shift(_ noise: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
      let scaled = try context.f(.multiply, noise, sigma)
      let smooth = try context.blurred(scaled, rows: bell, columns: bell, shape: [count, count])
      return try context.f(.multiply, alpha, smooth)
    }
    let grid = try PixelGrid(images, &context)
    let x = try context.f(.add, grid.x, shift(noise.x, &context))
    let y = try context.f(.add, grid.y, shift(noise.y, &context))
    let pixels = try PixelTable(images, &context)
    let rows = try fill.nodes(y, size: context.size(of: images, axis: 1), &context)
    let columns = try fill.nodes(x, size: context.size(of: images, axis: 2), &context)
    return try fill.summed([rows, columns], fillValue: fillValue, &context) { places, context throws(ModelError) in
      try pixels.gathered(rows: places[0], columns: places[1], &context)
    }
  }
}
