import Foundation
import KerasCore
import Testing

@testable import KerasTraining

/// The callbacks' arithmetic against Keras 3.15.1 on the same values (`Tools/fixtures/callbacks.py`).
@Suite struct CallbackTests {
  private let record: JSON

  init() throws {
    let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "fixtures/callbacks/keras-3.json")
    record = try JSON(parsing: Array(Data(contentsOf: path)))
  }

  private func numbers(_ json: JSON?) -> [Double] { (json?.arrayValue ?? []).compactMap(\.doubleValue) }

  private func monitor(_ options: JSON) -> Monitor {
    Monitor("loss", mode: options["mode"]?.stringValue.flatMap { Monitor.Mode(rawValue: $0) } ?? .min)
  }

  @Test func earlyStoppingWaitsAndStopsAsKeras() throws {
    let cases = try #require(record["early_stopping"]?.arrayValue)
    #expect(cases.count >= 15)
    for entry in cases {
      let options = try #require(entry["options"])
      let stopping = EarlyStopping(
        monitor(options), patience: options["patience"]?.intValue ?? 0,
        minDelta: options["min_delta"]?.doubleValue ?? 0, baseline: options["baseline"]?.doubleValue,
        restoresBest: options["restore_best_weights"]?.boolValue ?? false,
        startFromEpoch: options["start_from_epoch"]?.intValue ?? 0)
      var state = EarlyStopping.State()
      var waits: [Int] = []
      var weightsOfEpoch = 0
      for (index, value) in numbers(entry["values"]).enumerated() where !state.hasStopped {
        let isBest = stopping.update(&state, value: value, named: "loss", epoch: index + 1)
        waits.append(state.wait)
        if isBest || !stopping.restoresBest { weightsOfEpoch = index + 1 }
      }
      #expect(waits == numbers(entry["waits"]).map { Int($0) }, "\(options.text())")
      #expect(state.hasStopped == entry["stops"]?.boolValue, "\(options.text())")
      #expect(state.best == entry["best"]?.doubleValue, "\(options.text())")
      #expect(weightsOfEpoch == entry["weights_of_epoch"]?.intValue, "\(options.text())")
    }
  }

  @Test func plateausLowerTheRateAsKeras() throws {
    let cases = try #require(record["reduce_on_plateau"]?.arrayValue)
    #expect(cases.count >= 10)
    for entry in cases {
      let options = try #require(entry["options"])
      let reduction = ReduceLROnPlateau(
        monitor(options), factor: options["factor"]?.doubleValue ?? 0.1, patience: options["patience"]?.intValue ?? 10,
        minDelta: options["min_delta"]?.doubleValue ?? 1e-4, cooldown: options["cooldown"]?.intValue ?? 0,
        minLearningRate: options["min_lr"]?.doubleValue ?? 0)
      var state = ReduceLROnPlateau.State()
      var rate = try #require(entry["rate"]?.doubleValue)
      var rates: [Float] = []
      for value in numbers(entry["values"]) {
        rate = reduction.update(&state, value: value, named: "loss", learningRates: [rate])?[0] ?? rate
        rates.append(Float(rate))
      }
      #expect(rates == numbers(entry["rates"]).map { Float($0) }, "\(options.text())")
    }
  }

  @Test func theDirectionOfEveryMetricIsThatOfKeras() throws {
    let directions = try #require(record["directions"]?.objectValue)
    #expect(directions.count > 30)
    for (name, direction) in directions {
      #expect(Monitor().isRising(name) == (direction.stringValue == "up"), "\(name)")
      #expect(Monitor().isRising("val_" + name) == (direction.stringValue == "up"), "\(name)")
    }
    #expect(!Monitor().isRising("val_loss"))
    #expect(!Monitor().isRising("accuracy_head_loss"))
    #expect(Monitor(mode: .max).isRising("loss"))
  }
}
