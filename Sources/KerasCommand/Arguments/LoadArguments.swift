import ArgumentParser
import KerasKit

/// What the user knows of a model that its files do not say.
struct LoadArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The Keras release that saved the files, if they do not state it or state it wrongly.", valueName: "x.y.z"))
  var kerasVersion: String?

  @Option(help: "The backend it was saved with: on Theano convolutions flip their kernels.")
  var backend: BackendChoice?

  @Flag(
    help: """
      Load what fits of the weights (as Keras' by_name does); variables left over get their initializer's value.
      """)
  var allowPartial = false

  @Option(
    help: ArgumentHelp(
      """
      What stands for a custom class or function, or for a layer by its name: a layer class \
      ('MyDense=Dense(units=$output_dim)'), an activation ('my_act=relu6'), or an expression over the inputs \
      ('lambda_1=x / 127.5 - 1', 'lambda_2=K.concatenate([a, b], axis=-1)'). May be given several times.
      """, valueName: "name=target"))
  var map: [ObjectMapping] = []

  @Option(help: ArgumentHelp("A JSON object with such mappings: {\"name\": \"target\"}.", valueName: "file"))
  var mapFile: MappingFile?

  @Flag(help: "Refuse Lambda layers, whose Python code is else read as data and translated; it is never executed.")
  var noLambda = false

  @Option(
    help: """
      What stands for random numbers that functions of the model draw (samplers of variational autoencoders): new ones at \
      each run, or the mean of their distribution.
      """)
  var randomDraws = RandomDraws.sample

  var options: LoadOptions {
    var options = LoadOptions(
      kerasVersion: kerasVersion.flatMap { KerasVersion($0) }, backend: backend?.rawValue,
      allowsPartialWeights: allowPartial)
    options.translatesLambdas = !noLambda
    options.randomDraws = randomDraws
    options.mappings = (mapFile?.mappings ?? []) + map
    return options
  }

  func validate() throws {
    if let kerasVersion {
      guard let version = KerasVersion(kerasVersion), (0...3).contains(version.major) else {
        throw ValidationError("--keras-version should be a release such as 1.2.2, 2.1.6-tf or 3.0.0")
      }
    }
  }
}

extension RandomDraws: ExpressibleByArgument {}

/// Backends that releases before Keras 3 had, whose conventions differ.
enum BackendChoice: String, ExpressibleByArgument, CaseIterable {
  case tensorflow, theano, cntk
}
