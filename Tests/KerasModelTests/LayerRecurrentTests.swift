import KerasCore
import ReferenceInterpreter
import Testing

@testable import KerasModel

/// Cells, stacked cells, convolutional LSTMs and unrolled activations against Keras 3.15.1.
@Suite struct LayerRecurrentTests {
  typealias Case = RecordedLayerCase

  private static let cases: [Case] = [
    Case(
      "LSTM", ["units": 2, "activation": "selu", "recurrent_activation": "sigmoid", "return_sequences": true],
      input: [2, 4, 3], masked: false, [2, 4, 2],
      [
        0.07832716, 0.0317125, 0.1333969, 0.03367654, 0.1758136, 0.06548761, 0.2080325, 0.06742638, 0.07618646,
        0.006399539, 0.1316419, 0.03957735, 0.1722195, 0.04261239, 0.2053223, 0.07558627,
      ]),
    Case(
      "LSTM", ["units": 2, "activation": "mish", "recurrent_activation": "softsign", "return_sequences": true],
      input: [2, 4, 3], masked: true, [2, 4, 2],
      [
        -0.002598688, 1.853068e-05, -0.005390912, -0.0001752809, -0.005390912, -0.0001752809, -0.006831136,
        -0.0001977555, 0.0, 0.0, -0.002743395, 3.903545e-05, -0.005631139, -0.0002006988, -0.005631139, -0.0002006988,
      ]),
    Case(
      "GRU",
      [
        "units": 2, "activation": "softsign", "go_backwards": true, "recurrent_activation": "sigmoid",
        "return_sequences": true,
      ], input: [2, 4, 3], masked: false, [2, 4, 2],
      [
        0.1673601, -0.04678213, 0.2403796, -0.111921, 0.2849977, -0.1027397, 0.2935463, -0.1371324, 0.1489707,
        -0.08929691, 0.2407478, -0.09151055, 0.2733136, -0.1322735, 0.2941786, -0.1109692,
      ]),
    Case(
      "GRU", ["units": 2, "activation": "softsign", "reset_after": false, "recurrent_activation": "sigmoid"],
      input: [2, 4, 3], masked: false, [2, 2], [0.2914458, -0.04684065, 0.2822173, -0.07320601]),
    Case(
      "SimpleRNN", ["units": 2, "activation": "selu", "return_sequences": true], input: [2, 4, 3], masked: true,
      [2, 4, 2],
      [
        -0.05195972, 0.0499083, -0.1017802, 0.04717859, -0.1017802, 0.04717859, 0.002111521, 0.04456127, 0.0, 0.0,
        -0.02183947, 0.0499083, -0.08266293, 0.04876096, -0.08266293, 0.04876096,
      ]),
    Case(
      "RNN",
      [
        "return_sequences": true,
        "cell": [
          "class_name": "StackedRNNCells",
          "config": [
            "name": "stack",
            "cells": [
              [
                "class_name": "LSTMCell",
                "config": ["name": "lstmcell", "units": 2, "recurrent_activation": "sigmoid"],
              ],
              ["class_name": "GRUCell", "config": ["name": "grucell", "units": 2, "recurrent_activation": "sigmoid"]],
            ],
          ],
        ],
      ], input: [2, 4, 3], masked: true, [2, 4, 2],
      [
        0.1606672, -0.07700974, 0.2581561, -0.114125, 0.2581561, -0.114125, 0.3171956, -0.1341713, 0.0, 0.0, 0.1610095,
        -0.07750898, 0.2589468, -0.115124, 0.2589468, -0.115124,
      ]),
    Case(
      "RNN",
      [
        "return_sequences": true, "go_backwards": true,
        "cell": [
          "class_name": "StackedRNNCells",
          "config": [
            "name": "stack",
            "cells": [
              ["class_name": "GRUCell", "config": ["name": "grucell", "units": 2, "recurrent_activation": "sigmoid"]],
              ["class_name": "SimpleRNNCell", "config": ["name": "simple", "units": 2]],
            ],
          ],
        ],
      ], input: [2, 4, 3], masked: true, [2, 4, 2],
      [
        -0.2560527, 0.06150076, -0.2560527, 0.06150076, -0.2189709, 0.05442585, -0.2533335, 0.05808407, 0.0, 0.0,
        -0.2532955, 0.06090206, -0.2289991, 0.05306634, -0.2289991, 0.05306634,
      ]),
    Case(
      "RNN",
      [
        "cell": [
          "class_name": "LSTMCell", "config": ["name": "lstmcell", "units": 2, "recurrent_activation": "sigmoid"],
        ]
      ], input: [2, 4, 3], masked: false, [2, 2], [0.1722191, 0.06021601, 0.1704643, 0.06749334]),
    Case(
      "ConvLSTM2D", ["filters": 1, "kernel_size": 2], input: [1, 3, 3, 3, 1], masked: false, [1, 2, 2, 1],
      [0.240444, 0.2110624, 0.2133196, 0.2043785]),
    Case(
      "ConvLSTM1D",
      [
        "filters": 1, "kernel_size": 3, "padding": "same", "strides": 2, "go_backwards": true, "return_sequences": true,
      ], input: [1, 3, 4, 1], masked: false, [1, 3, 2, 1],
      [0.1169978, 0.1159539, 0.167291, 0.1717426, 0.1857486, 0.1953794]),
    Case(
      "Bidirectional",
      [
        "layer": [
          "class_name": "ConvLSTM1D",
          "config": ["name": "c", "filters": 1, "kernel_size": 2, "return_sequences": true],
        ]
      ], input: [1, 3, 3, 1], masked: false, [1, 3, 2, 2],
      [
        0.0952524, 0.1853287, 0.09716155, 0.1831237, 0.1549625, 0.1624153, 0.1533485, 0.1595613, 0.1910577, 0.1080634,
        0.1887823, 0.108689,
      ]),
  ]

  @Test(arguments: cases) func recurrencesComputeWhatKerasDid(_ recorded: Case) throws {
    #expect(try recorded.agrees())
  }

  @Test func unknownStepsOfAnUnrolledCellAreAnError() throws {
    for (className, config, shape) in [
      ("LSTM", ["units": 2, "activation": "selu", "recurrent_activation": "sigmoid"] as JSON, [nil, 3]),
      ("ConvLSTM1D", ["filters": 1, "kernel_size": 2] as JSON, [nil, 3, 1]),
    ] {
      #expect(throws: ModelError.self) { try LayerBench(input: shape, [(className, config)]).lowered() }
    }
  }

  @Test func aCellByItselfIsOneStep() throws {
    var whole = try LayerBench(
      input: [1, 3], [("GRU", ["units": 2, "recurrent_activation": "sigmoid"])])
    var step = try LayerBench(input: [3], [("GRUCell", ["units": 2, "recurrent_activation": "sigmoid"])])
    for parameter in try whole.network.parameterSpecs() {
      whole.parameters[parameter.name] = Case.pattern(parameter.spec.shape)
    }
    for parameter in try step.network.parameterSpecs() {
      step.parameters[parameter.name] = Case.pattern(parameter.spec.shape)
    }
    let y = try step.run(Case.pattern([2, 3], 7, 13))
    #expect(y.values == (try whole.run(Case.pattern([2, 1, 3], 7, 13))).values)
  }

  @Test func stackedCellsAreFusedRecurrences() throws {
    let recorded = try #require(Self.cases.first { $0.className == "RNN" })
    let nodes = try LayerBench(input: [nil, 3], [("RNN", recorded.config)]).lowered().graph.nodes
    let recurrences = nodes.filter { if case .recurrence = $0.op { true } else { false } }
    #expect(recurrences.count == 2)
  }
}
