import KerasCore
import KerasExport
import KerasGraph
import SwiftProtobuf
import TensorBundle

/// The content of `saved_model.pb`: the functions, a graph that calls them for sessions, and objects for TensorFlow 2.
struct SavedModelDocument {
  private let functions: ModelFunctions
  /// What signatures call: the same by name, in the order of names, in which TensorFlow lays out what has names.
  private let wrapper: SMFunction
  private let inputs: [ModelFunctions.Place]
  private let outputs: [ModelFunctions.Place]

  private var variables: [ModelParts.Variable] { functions.variables.map { functions.parts.variables[$0] } }

  init(_ functions: ModelFunctions) {
    self.functions = functions
    let builder = FunctionBuilder(functions.parts.functionName("signature_wrapper_serve"))
    let order = Self.byName(functions.inputs)
    inputs = order.map { functions.inputs[$0] }
    let results = Self.byName(functions.outputs)
    outputs = results.map { functions.outputs[$0] }
    let named = order.map { builder.argument("input_\($0)", functions.inputs[$0].type, functions.inputs[$0].shape) }
    var given = functions.inputs.indices.compactMap { index in order.firstIndex(of: index).map { named[$0] } }
    for index in functions.variables {
      let variable = functions.parts.variables[index]
      given.append(
        builder.argument("variable_\(index)", .resource, Shape(variable.data.shape), variable: variable.type))
    }
    builder.isStateful = functions.main.signature.isStateful
    let call = builder.add(
      "StatefulPartitionedCall", given.map(\.name), Self.call(functions.main, functions.outputs.map(\.type)))
    wrapper = builder.function(
      results: results.map { index in
        let output = functions.outputs[index]
        let tensor = Tensor(name: "\(call):output:\(index)", type: output.type)
        return (name: output.keyword, tensor: builder.node("Identity", [tensor]))
      }, keywords: inputs.map(\.keyword))
  }

  /// Positions in the order of names.
  private static func byName(_ places: [ModelFunctions.Place]) -> [Int] {
    places.indices.sorted { places[$0].keyword.utf8.lexicographicallyPrecedes(places[$1].keyword.utf8) }
  }

  func bytes() throws -> [UInt8] {
    var meta = SMMetaGraph()
    meta.metaInfoDef.tags = ["serve"]
    meta.metaInfoDef.strippedDefaultAttrs = true
    addGraph(to: &meta)
    meta.objectGraphDef = objects()
    var document = SMSavedModel()
    document.savedModelSchemaVersion = 1
    document.metaGraphs = [meta]
    var options = BinaryEncodingOptions()
    options.useDeterministicOrdering = true
    return try document.serializedBytes(options: options)
  }

  private static func call(_ function: SMFunction, _ results: [ElementType]) -> [String: SMAttribute] {
    [
      "f": .function(function.signature.name), "Tout": .types(results),
      "Tin": .types(function.signature.inputArg.map { ElementType(rawValue: $0.type) ?? .resource }),
    ]
  }

  // MARK: For sessions

  private func addGraph(to meta: inout SMMetaGraph) {
    var nodes: [SMNode] = []
    func add(_ name: String, _ operation: String, _ inputs: [String], _ attributes: [String: SMAttribute] = [:]) {
      nodes.append(Self.node(name, operation, inputs, attributes))
    }
    meta.graphDef.versions.producer = 1882
    meta.graphDef.versions.minConsumer = 12
    meta.graphDef.library.function = functions.parts.functions + [functions.main, wrapper]

    var signature = SMSignature()
    signature.methodName = "tensorflow/serving/predict"
    for input in inputs {
      let name = "serving_default_\(input.keyword)"
      add(
        name, "Placeholder", [],
        [
          "dtype": .type(input.type), "shape": .shape(SMTensorShape(input.shape)),
        ])
      signature.inputs[input.keyword] = Self.info("\(name):0", input)
    }
    let all = functions.parts.variables
    // Converters know variables by one name for the node and what is shared.
    let handles = all.map(\.name)
    for (variable, handle) in zip(all, handles) {
      add(
        handle, "VarHandleOp", [],
        [
          "dtype": .type(variable.type), "shape": .shape(SMTensorShape(Shape(variable.data.shape))),
          "shared_name": .string(variable.name),
        ])
    }
    add(
      "StatefulPartitionedCall", "StatefulPartitionedCall",
      inputs.map { "serving_default_\($0.keyword)" } + functions.variables.map { handles[$0] },
      Self.call(wrapper, outputs.map(\.type)))
    for (index, output) in outputs.enumerated() {
      signature.outputs[output.keyword] = Self.info("StatefulPartitionedCall:\(index)", output)
    }
    meta.signatureDef = ["serving_default": signature, "serve": signature]

    // Nothing is to be done before the first call, which has to be said.
    add("NoOp", "NoOp", [])
    var initialisation = SMSignature()
    var nothing = SMTensorInfo()
    (nothing.name, nothing.tensorShape) = ("NoOp", .unknownRank)
    initialisation.outputs["__saved_model_init_op"] = nothing
    meta.signatureDef["__saved_model_init_op"] = initialisation
    meta.collectionDef["saved_model_main_op"] = .init()
    meta.collectionDef["saved_model_main_op"]?.nodeList.value = ["NoOp"]
    meta.graphDef.node = nodes + saver(handles)
    meta.saverDef.filenameTensorName = "saver_filename:0"
    meta.saverDef.saveTensorName = "save/Identity:0"
    meta.saverDef.restoreOpName = "save/restore_all"
    meta.saverDef.version = 2
  }

  private static func node(
    _ name: String, _ operation: String, _ inputs: [String], _ attributes: [String: SMAttribute]
  ) -> SMNode {
    var node = SMNode()
    (node.name, node.op, node.input, node.attr) = (name, operation, inputs, attributes)
    return node
  }

  /// Operations that read the variables from the checkpoint and write them.
  private func saver(_ handles: [String]) -> [SMNode] {
    var nodes: [SMNode] = []
    func add(_ name: String, _ operation: String, _ inputs: [String], _ attributes: [String: SMAttribute]) {
      nodes.append(Self.node(name, operation, inputs, attributes))
    }
    let all = functions.parts.variables
    let keys = all.indices.map { TensorBundleWriter.key($0) }
    func texts(_ name: String, _ values: [String]) {
      add(
        name, "Const", [],
        [
          "dtype": .type(.string), "value": .tensor(SMTensor(texts: values, shape: [values.count])),
        ])
    }
    add("saver_filename", "Placeholder", [], ["dtype": .type(.string), "shape": .shape(SMTensorShape(Shape([])))])
    texts("save/names", keys)
    texts("save/slices", keys.map { _ in "" })
    let types = SMAttribute.types(all.map(\.type))
    var restored: [String] = []
    if !all.isEmpty {
      add("save/RestoreV2", "RestoreV2", ["saver_filename", "save/names", "save/slices"], ["dtypes": types])
      var read: [String] = []
      for (index, variable) in all.enumerated() {
        let value = index == 0 ? "save/RestoreV2" : "save/RestoreV2:\(index)"
        let type: [String: SMAttribute] = ["dtype": .type(variable.type)]
        add("save/Assign_\(index)", "AssignVariableOp", [handles[index], value], type)
        restored.append("^save/Assign_\(index)")
        add("save/Read_\(index)", "ReadVariableOp", [handles[index]], type)
        read.append("save/Read_\(index)")
      }
      add("save/SaveV2", "SaveV2", ["saver_filename", "save/names", "save/slices"] + read, ["dtypes": types])
    }
    add("save/restore_all", "NoOp", restored, [:])
    add(
      "save/Identity", "Identity", ["saver_filename"] + (all.isEmpty ? [] : ["^save/SaveV2"]), ["T": .type(.string)])
    return nodes
  }

  private static func info(_ name: String, _ place: ModelFunctions.Place) -> SMTensorInfo {
    var info = SMTensorInfo()
    (info.name, info.dtype, info.tensorShape) = (name, place.type.rawValue, SMTensorShape(place.shape))
    return info
  }

  // MARK: For TensorFlow 2

  /// The root, its list of variables, `serve`, the signatures, the one behind them, then the variables.
  private func objects() -> SMObjectGraph {
    func reference(_ name: String, _ node: Int) -> SMSavedObject.Reference {
      var reference = SMSavedObject.Reference()
      (reference.localName, reference.nodeID) = (name, Int32(node))
      return reference
    }
    func object(_ identifier: String, _ children: [SMSavedObject.Reference]) -> SMSavedObject {
      var object = SMSavedObject()
      object.userObject.identifier = identifier
      object.userObject.version.producer = 1
      object.userObject.version.minConsumer = 1
      object.children = children
      return object
    }
    let first = 5
    var graph = SMObjectGraph()
    var serve = SMSavedObject()
    serve.function.concreteFunctions = [functions.main.signature.name]
    serve.function.functionSpec = .init(
      arguments: ["inputs"], input: .tuple([.oneOrList(functions.inputs.map { .spec($0) })]))
    var signature = SMSavedObject()
    signature.bareConcreteFunction.concreteFunctionName = wrapper.signature.name
    signature.bareConcreteFunction.argumentKeywords = inputs.map(\.keyword)
    signature.bareConcreteFunction.allowedPositionalArguments = Int64(functions.inputs.count)
    signature.bareConcreteFunction.functionSpec = .init(keywords: inputs.map(\.keyword))
    graph.nodes = [
      object(
        "_generic_user_object",
        [reference(TensorBundleWriter.list, 1), reference("serve", 2), reference("signatures", 3)]),
      object(
        "trackable_list_wrapper", functions.parts.variables.indices.map { reference(String($0), first + $0) }),
      serve,
      object("signature_map", [reference("serving_default", 4), reference("serve", 4)]),
      signature,
    ]
    for variable in functions.parts.variables {
      var node = SMSavedObject()
      node.variable.dtype = variable.type.rawValue
      node.variable.shape = SMTensorShape(Shape(variable.data.shape))
      node.variable.name = variable.name
      graph.nodes.append(node)
    }
    var plain = SMConcreteFunction()
    plain.boundInputs = functions.variables.map { Int32(first + $0) }
    var named = plain
    plain.canonicalizedInputSignature = .tuple([
      .tuple([.oneOrList(functions.inputs.map { .spec($0) })]), .dictionary([:]),
    ])
    plain.outputSignature = .oneOrList(functions.outputs.map { .spec($0) })
    func byName(_ places: [ModelFunctions.Place]) -> SMStructure {
      .dictionary(.init(uniqueKeysWithValues: places.map { ($0.keyword, .spec($0)) }))
    }
    named.canonicalizedInputSignature = .tuple([.tuple([]), byName(functions.inputs)])
    named.outputSignature = byName(functions.outputs)
    graph.concreteFunctions = [functions.main.signature.name: plain, wrapper.signature.name: named]
    return graph
  }
}
