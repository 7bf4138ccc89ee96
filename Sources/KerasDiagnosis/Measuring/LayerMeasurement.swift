import KerasCore
import KerasGraph
import KerasTraining

/// Collects the numbers of one layer batch by batch.
struct LayerMeasurement {
  let layer: TracedLayer
  private var preActivation = ValueSummary()
  private var output = ValueSummary()
  private var saturation: SaturationCount?
  private var units = UnitRanges()
  private var drivers: DriverCount?
  private var gates: [(preActivation: ValueSummary, saturation: SaturationCount?)]
  private var gradientSquares = 0.0
  private var gradientSamples = 0

  init(_ layer: TracedLayer, drivers: DriverCount?) {
    self.layer = layer
    saturation = layer.activation.map { SaturationCount($0) }
    self.drivers = drivers
    gates = layer.gates.map { (ValueSummary(), $0.activation.map { SaturationCount($0) }) }
  }

  /// The values it looks at.
  var observed: [Value] {
    let own = layer.applications.flatMap { application -> [Value] in
      let input = drivers == nil ? nil : application.product?.input
      return [application.output, application.preActivation, input].compactMap(\.self)
    }
    return own + layer.gates.flatMap { $0.calls.flatMap { [$0.preActivation, $0.output] } }
  }

  /// Adds what a probe's last batch gave; `places` are the numbers of its observed values.
  mutating func add(_ probe: ModelProbe, _ places: [Value: Int], samples: Int) throws(TrainingError) {
    for application in layer.applications {
      guard let place = places[application.output] else { continue }
      try probe.withObserved(place) { values, shape in
        output.add(values)
        if let axis = application.outputAxis { units.add(values, shape, axis: axis) }
        saturation?.add(values, shape)
      }
      let squares = try probe.withGradient(ofObserved: place) { values, _ in
        values.reduce(0.0) { $0 + Double($1) * Double($1) }
      }
      if let squares {
        // A batch's loss is a mean: its gradient in a sample's row is that of the sample's own loss over the batch's size.
        gradientSquares += squares * Double(samples * samples)
        gradientSamples += samples
      }
      if let place = application.preActivation.flatMap({ places[$0] }) {
        try probe.withObserved(place) { values, _ in preActivation.add(values) }
      }
      try addDrivers(application, probe, places)
    }
    for (index, gate) in layer.gates.enumerated() {
      for call in gate.calls {
        guard let before = places[call.preActivation], let after = places[call.output] else { continue }
        try probe.withObserved(before) { values, _ in gates[index].preActivation.add(values) }
        try probe.withObserved(after) { values, shape in gates[index].saturation?.add(values, shape) }
      }
    }
  }

  private mutating func addDrivers(
    _ application: TracedLayer.Application, _ probe: ModelProbe, _ places: [Value: Int]
  ) throws(TrainingError) {
    guard var counted = drivers, let product = application.product, let input = places[product.input],
      let place = places[application.preActivation ?? application.output],
      let axis = application.preActivation == nil ? application.outputAxis : application.preActivationAxis
    else { return }
    let numbers = try probe.withObserved(input) { values, _ in Array(values) }
    try probe.withObserved(place) { values, shape in
      numbers.withUnsafeBufferPointer { counted.add(input: $0, preActivation: values, shape, axis: axis) }
    }
    drivers = counted
  }

  /// What was found, without weights.
  var result: LayerDiagnosis {
    var result = LayerDiagnosis(path: layer.path, className: layer.className)
    result.output = output
    result.preActivation = preActivation.count + preActivation.notFinite > 0 ? preActivation : nil
    result.saturation = saturation?.result
    result.gates = zip(layer.gates, gates).map {
      GateDiagnosis(name: $0.name, preActivation: $1.preActivation, saturation: $1.saturation?.result)
    }
    result.units = units.count > 0 ? units.count : nil
    result.deadUnits = layer.variables.isEmpty && layer.activation == nil ? nil : units.constant
    result.drivers = drivers?.result
    result.outputGradient =
      gradientSamples > 0 ? (gradientSquares / Double(gradientSamples)).squareRoot() : nil
    result.isOutput = layer.isOutput
    result.producers = layer.producers
    result.modelInputs = layer.inputs
    result.activates = layer.activates
    return result
  }
}
