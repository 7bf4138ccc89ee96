import KerasCore
import KerasGraph
import ReferenceInterpreter
import Testing

@testable import KerasModel

/// Models as graphs of calls: sharing, nesting, penalties, errors, summaries.
@Suite struct NetworkTests {
  private func tensor(_ layer: String, _ node: Int = 0) -> JSON {
    ["class_name": "__keras_tensor__", "config": ["keras_history": [.string(layer), JSON(node), 0]]]
  }

  private func layer(_ className: String, _ name: String, _ config: JSON = [:], calls: [[JSON]] = []) -> JSON {
    var config = config
    config["name"] = .string(name)
    let nodes = calls.map { inputs -> JSON in
      ["args": inputs.count == 1 ? .array(inputs) : .array([.array(inputs)]), "kwargs": [:]]
    }
    return ["class_name": .string(className), "config": config, "inbound_nodes": .array(nodes)]
  }

  private func functional(_ name: String, _ layers: [JSON], inputs: [String], outputs: [(String, Int)]) -> JSON {
    [
      "class_name": "Functional",
      "config": [
        "name": .string(name), "layers": .array(layers),
        "input_layers": .array(inputs.map { [.string($0), 0, 0] }),
        "output_layers": .array(outputs.map { [.string($0), JSON($1), 0] }),
      ],
    ]
  }

  private func encoder(_ name: String) -> JSON {
    functional(
      name,
      [
        layer("InputLayer", "x", ["batch_shape": [nil, 2]]),
        layer(
          "Dense", "d",
          [
            "units": 2, "use_bias": false,
            "activity_regularizer": ["class_name": "L2", "config": ["l2": 1.0]],
          ], calls: [[tensor("x")]]),
      ], inputs: ["x"], outputs: [("d", 0)])
  }

  /// encoder(a) + encoder(b), the encoder shared.
  private func twin() -> JSON {
    var shared = encoder("encoder")
    shared["inbound_nodes"] = [["args": [tensor("a")], "kwargs": [:]], ["args": [tensor("b")], "kwargs": [:]]]
    return functional(
      "twin",
      [
        layer("InputLayer", "a", ["batch_shape": [nil, 2]]), layer("InputLayer", "b", ["batch_shape": [nil, 2]]),
        // Listed before what it depends on: the order of the file is no order of computation.
        layer("Add", "sum", calls: [[tensor("encoder", 0), tensor("encoder", 1)]]), shared,
      ], inputs: ["a", "b"], outputs: [("sum", 0), ("encoder", 1)])
  }

  @Test func sharedNestedModelsShareTheirParameters() throws {
    let network = try Network(canonical: twin())
    let model = try network.lowered()
    #expect(model.parameters.map(\.name) == ["encoder/d/kernel"])
    #expect(model.outputNames == ["sum", "encoder"])
    let specs = try network.parameterSpecs()
    #expect(specs.map(\.name) == ["encoder/d/kernel"])
    #expect(specs.map(\.layerName) == ["encoder/d"])
    #expect(specs.map(\.spec.holder) == ["layers/functional/layers/dense"])
    let outputs = try Interpreter.run(
      model.graph, inputs: ["a": Tensor([1, 2], [1, 2]), "b": Tensor([1, 2], [10, 20])],
      parameters: ["encoder/d/kernel": Tensor([2, 2], [1, 0, 0, 2])])
    #expect(outputs.map(\.values) == [[11, 44], [10, 40]])
  }

  @Test func everyCallOfALayerRecordsItsPenalty() throws {
    let records = try Network(canonical: twin()).lowered(training: true).activities
    #expect(records.map(\.layer) == ["encoder/d", "encoder/d"])
    #expect(records.map(\.nesting) == [1, 1])
    #expect(records.map(\.nestedFirstInSequential) == [false, false])
    #expect(Set(records.map(\.outputs)).count == 2)
  }

  @Test(arguments: [true, false]) func modelsKnowWhetherTheyStandFirstInASequential(_ isFirst: Bool) throws {
    let input: JSON = ["class_name": "InputLayer", "config": ["name": "in", "batch_shape": [3, 2]]]
    let filler: JSON = ["class_name": "Identity", "config": ["name": "id"]]
    let layers = isFirst ? [input, encoder("e")] : [input, filler, encoder("e")]
    let network = try Network(
      canonical: ["class_name": "Sequential", "config": ["name": "s", "layers": .array(layers)]])
    let record = try #require(try network.lowered().activities.first)
    #expect(record.nestedFirstInSequential == isFirst)
    #expect(record.nesting == 1)
    #expect(record.hasFixedBatch)
  }

  @Test func wrappersNoteThemselvesOnThePenalty() throws {
    let bench = try LayerBench(
      input: [nil, 2],
      [
        (
          "TimeDistributed",
          [
            "layer": [
              "class_name": "Dense",
              "config": [
                "name": "d", "units": 3,
                "activity_regularizer": ["class_name": "L1L2", "config": ["l1": 1.0, "l2": 0.0]],
              ],
            ]
          ]
        )
      ])
    let model = try bench.lowered()
    let record = try #require(model.activities.first)
    #expect(record.layer == "l0/d")
    #expect(record.wrappers == [.timeDistributed])
    #expect(record.wrapperOutputs == model.graph.outputs)
    #expect(record.outputs.map { model.graph.shape($0) } == [Shape([nil, 3])])
    #expect(model.parameters.map(\.name) == ["l0/layer/kernel", "l0/layer/bias"])
  }

  @Test func unknownClassesAreReportedAtOnce() throws {
    let text: JSON = [
      "class_name": "Sequential",
      "config": [
        "name": "s",
        "layers": [
          layer("Foo", "one"), layer("TimeDistributed", "td", ["layer": layer("Bar", "two")]), layer("Dense", "bad"),
        ],
      ],
    ]
    do {
      _ = try Network(canonical: text)
      Issue.record("accepted")
    } catch {
      guard case .unknownObjects(let list) = error.cause else { throw error }
      #expect(list.map(\.name) == ["Foo", "Bar"])
      #expect(list.map(\.layers) == [["one"], ["td/two"]])
    }
  }

  @Test func lambdasAreRefusedWithWhatIsKnownOfThem() throws {
    let lambda = layer("Lambda", "scale", ["function": ["4wEAAAABAAAA", nil, nil]])
    let text: JSON = ["class_name": "Sequential", "config": ["name": "s", "layers": [lambda]]]
    do {
      _ = try Network(canonical: text)
      Issue.record("accepted")
    } catch {
      guard case .unknownObjects(let list) = error.cause else { throw error }
      #expect(error.layer == "scale")
      #expect(list.map(\.kind) == [.lambda])
      #expect(error.description.contains("9 bytes"))
    }
  }

  @Test(arguments: [
    ("a field that is missing", #"{"class_name":"Dense","config":{"name":"d"}}"#, "units"),
    ("a size that cannot be", #"{"class_name":"Dense","config":{"name":"d","units":1099511627776}}"#, "units"),
    ("an unknown activation", #"{"class_name":"Dense","config":{"name":"d","units":1,"activation":"foo"}}"#, "foo"),
    (
      "a weight that is too large",
      #"{"class_name":"Embedding","config":{"name":"d","input_dim":2000000000,"output_dim":2000000000}}"#, "too large"
    ),
    (
      "a rank that does not fit", #"{"class_name":"Conv2D","config":{"name":"d","filters":1,"kernel_size":1}}"#,
      "4 axes"
    ),
  ]) func errorsNameLayerAndField(_ case: String, _ text: String, _ expected: String) throws {
    let input: JSON = ["class_name": "InputLayer", "config": ["name": "in", "batch_shape": [nil, 3]]]
    let object = try JSON(parsing: text)
    do {
      _ = try Network(canonical: ["class_name": "Sequential", "config": ["name": "s", "layers": [input, object]]])
      Issue.record("accepted")
    } catch {
      #expect(error.layer == "d")
      #expect(error.description.contains(expected))
    }
  }

  @Test func connectionsToNowhereAndCyclesAreErrors() throws {
    let input = layer("InputLayer", "x", ["batch_shape": [nil, 2]])
    let lost = layer("Identity", "i", calls: [[tensor("nowhere")]])
    #expect(throws: ModelError.self) {
      try Network(canonical: functional("m", [input, lost], inputs: ["x"], outputs: [("i", 0)]))
    }
    let circle = [layer("Identity", "i", calls: [[tensor("j")]]), layer("Identity", "j", calls: [[tensor("i")]])]
    #expect(throws: ModelError.self) {
      try Network(canonical: functional("m", [input] + circle, inputs: ["x"], outputs: [("i", 0)]))
    }
  }

  @Test func statefulLayersKeepTheirBatchAndUpdateTheirState() throws {
    let input: JSON = ["class_name": "InputLayer", "config": ["name": "in", "batch_shape": [2, 3, 1]]]
    let rnn = layer("SimpleRNN", "r", ["units": 1, "stateful": true])
    let network = try Network(
      canonical: ["class_name": "Sequential", "config": ["name": "s", "layers": [input, rnn]]])
    let model = try network.lowered()
    #expect(model.graph.shape(try #require(model.graph.input(named: "in"))) == Shape([2, 3, 1]))
    #expect(model.stateParameters.map(\.name) == ["r/state_0"])
    #expect(model.stateUpdates.map(\.parameter) == ["r/state_0"])
  }

  @Test func summaryIsLaidOutAsInKeras2() throws {
    var bench = try LayerBench(
      input: [784],
      [("Dense", ["units": 512, "name": "dense_1"]), ("Dense", ["units": 10, "name": "dense_2", "trainable": false])])
    bench.training = false
    let summary = try ModelSummary(bench.network)
    #expect(
      summary.text == """
        Model: "model"
        _________________________________________________________________
        Layer (type)                 Output Shape              Param #   
        =================================================================
        dense_1 (Dense)              (None, 512)               401920    
        _________________________________________________________________
        dense_2 (Dense)              (None, 10)                5130      
        =================================================================
        Total params: 407,050
        Trainable params: 401,920
        Non-trainable params: 5,130
        _________________________________________________________________
        """)
  }

  @Test(arguments: [
    ("Conv2D", "conv2d"), ("PReLU", "p_re_lu"), ("BatchNormalization", "batch_normalization"), ("LSTM", "lstm"),
    ("Conv2DTranspose", "conv2d_transpose"), ("SeparableConv2D", "separable_conv2d"),
  ]) func holdersAreKerasSnakeCase(_ className: String, _ expected: String) {
    #expect(NetworkReading.snakeCase(className) == expected)
  }
}
