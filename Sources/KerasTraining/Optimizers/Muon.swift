import Foundation
import KerasModel

/// Momentum orthogonalised by Newton–Schulz iterations for matrices, Adam for every other variable (Keras 3.10 and later).
struct Muon: UpdateRule {
  static let className = "Muon"
  static let defaultLearningRate = 0.001
  static let defaultWeightDecay: Double? = 0.004
  private let velocity: OptimizerSlot
  private let momentum: Float
  private let nesterov: Bool
  private let iterations: Int
  private let coefficients: (a: Float, b: Float, c: Float)
  private let rmsRate: Float?
  private let adamDecay: Double?
  private let adamRatio: Double
  private var adam: Adam
  private var rate: Float = 0

  init(_ config: OptimizerConfig, _ semantics: TrainingSemantics) throws(TrainingError) {
    var names: [NamePattern] = []
    do {
      for text in config.fields["exclude_layers"]?.arrayValue ?? [] {
        if let text = text.stringValue { names.append(try NamePattern(text)) }
      }
    } catch {
      throw .unsupported(field: "optimizer", reason: error.description)
    }
    let excludesEmbeddings = config.fields["exclude_embeddings"]?.boolValue ?? true
    velocity = OptimizerSlot(
      name: "velocity", owners: .adamOfMuon(excludesEmbeddings: excludesEmbeddings, names: names))
    momentum = Float(config.double("momentum", default: 0.95))
    nesterov = config.fields["nesterov"]?.boolValue ?? true
    let steps = config.double("ns_steps", default: 5)
    guard steps >= 0, steps <= 100 else {
      throw .unsupported(field: "optimizer", reason: "Muon with ns_steps \(steps)")
    }
    iterations = Int(steps)
    coefficients = (
      Float(config.double("muon_a", default: 3.4445)), Float(config.double("muon_b", default: -4.775)),
      Float(config.double("muon_c", default: 2.0315))
    )
    rmsRate = config.fields["rms_rate"] == nil ? 0.2 : config.optionalDouble("rms_rate").map { Float($0) }
    adamDecay = config.fields["adam_weight_decay"] == nil ? 0.004 : config.optionalDouble("adam_weight_decay")
    adamRatio = config.double("adam_lr_ratio", default: 1)
    var fields = config
    fields.fields["beta_1"] = config.fields["adam_beta_1"] ?? 0.9
    fields.fields["beta_2"] = config.fields["adam_beta_2"] ?? 0.999
    fields.fields["amsgrad"] = false
    adam = try Adam(fields, semantics)
  }

  var groups: [[OptimizerSlot]] { [[OptimizerSlot(name: "momentum"), velocity]] }

  func weightDecay(of variable: String, shape: [Int], stated: Double?) -> Double? {
    velocity.belongs(to: variable, shape: shape) ? adamDecay : stated
  }

  mutating func begin(step: Int, learningRate: Double) {
    rate = Float(learningRate)
    adam.begin(step: step, learningRate: learningRate * adamRatio)
  }

  func update(_ variable: VariableBuffers) {
    guard !velocity.belongs(to: variable.name, shape: variable.shape) else { return adam.update(variable) }
    let (g, m) = (variable.gradients, variable.slots[0])
    for i in 0..<variable.count { m[i] = momentum * m[i] + g[i] }
    var direction = [Float](unsafeUninitializedCapacity: variable.count) { buffer, count in
      for i in 0..<variable.count { buffer[i] = nesterov ? g[i] + momentum * m[i] : m[i] }
      count = variable.count
    }
    orthogonalise(&direction, rows: variable.shape[0], columns: variable.shape[1])
    let scale = rate * (rmsRate.map { $0 * Float(variable.shape.max() ?? 1).squareRoot() } ?? 1)
    for i in 0..<variable.count { variable.weights[i] -= scale * direction[i] }
  }

  /// x ← ax + (bxxᵀ + c(xxᵀ)²)x, so often, of x / ‖x‖ laid on its longer side.
  private func orthogonalise(_ x: inout [Float], rows: Int, columns: Int) {
    guard !x.isEmpty else { return }
    let isTall = rows > columns
    if isTall { x = Self.transposed(x, rows, columns) }
    let (m, n) = isTall ? (columns, rows) : (rows, columns)
    let norm = Float(x.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()) + 1e-7
    for i in x.indices { x[i] /= norm }
    for _ in 0..<iterations {
      let square = Self.product(x, Self.transposed(x, m, n), m, n, m)
      let fourth = Self.product(square, square, m, m, m)
      var mixed = square
      for i in mixed.indices { mixed[i] = coefficients.b * square[i] + coefficients.c * fourth[i] }
      let step = Self.product(mixed, x, m, m, n)
      for i in x.indices { x[i] = coefficients.a * x[i] + step[i] }
    }
    if isTall { x = Self.transposed(x, m, n) }
  }

  private static func transposed(_ x: [Float], _ rows: Int, _ columns: Int) -> [Float] {
    var result = x
    for row in 0..<rows {
      for column in 0..<columns { result[column * rows + row] = x[row * columns + column] }
    }
    return result
  }

  private static func product(_ x: [Float], _ y: [Float], _ rows: Int, _ inner: Int, _ columns: Int) -> [Float] {
    var result = [Float](repeating: 0, count: rows * columns)
    result.withUnsafeMutableBufferPointer { result in
      for row in 0..<rows {
        for k in 0..<inner {
          let factor = x[row * inner + k]
          for column in 0..<columns { result[row * columns + column] += factor * y[k * columns + column] }
        }
      }
    }
    return result
  }
}
