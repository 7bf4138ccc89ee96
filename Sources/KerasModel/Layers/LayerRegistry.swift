import KerasCore
import OrderedCollections

/// The layer classes this program knows: one line per class.
public enum LayerRegistry {
  public static let types: [any Layer.Type] = [
    // Core
    InputLayer.self,
    Dense.self,
    EinsumDense.self,
    Activation.self,
    Embedding.self,
    ReversibleEmbedding.self,
    Masking.self,
    Identity.self,
    Rescaling.self,
    Resizing.self,
    CenterCrop.self,
    // Activations
    LeakyReLU.self,
    PReLU.self,
    ELU.self,
    ReLU.self,
    ThresholdedReLU.self,
    Softmax.self,
    // Convolution
    Conv1D.self,
    Conv2D.self,
    Conv3D.self,
    Conv1DTranspose.self,
    Conv2DTranspose.self,
    Conv3DTranspose.self,
    DepthwiseConv1D.self,
    DepthwiseConv2D.self,
    SeparableConv1D.self,
    SeparableConv2D.self,
    LocallyConnected1D.self,
    LocallyConnected2D.self,
    ConvLSTM1D.self,
    ConvLSTM2D.self,
    ConvLSTM3D.self,
    // Pooling
    MaxPooling1D.self,
    MaxPooling2D.self,
    MaxPooling3D.self,
    AveragePooling1D.self,
    AveragePooling2D.self,
    AveragePooling3D.self,
    GlobalMaxPooling1D.self,
    GlobalMaxPooling2D.self,
    GlobalMaxPooling3D.self,
    GlobalAveragePooling1D.self,
    GlobalAveragePooling2D.self,
    GlobalAveragePooling3D.self,
    AdaptiveAveragePooling1D.self,
    AdaptiveAveragePooling2D.self,
    AdaptiveAveragePooling3D.self,
    AdaptiveMaxPooling1D.self,
    AdaptiveMaxPooling2D.self,
    AdaptiveMaxPooling3D.self,
    // Reshaping
    Flatten.self,
    Reshape.self,
    Permute.self,
    RepeatVector.self,
    ZeroPadding1D.self,
    ZeroPadding2D.self,
    ZeroPadding3D.self,
    Cropping1D.self,
    Cropping2D.self,
    Cropping3D.self,
    UpSampling1D.self,
    UpSampling2D.self,
    UpSampling3D.self,
    // Normalization
    BatchNormalization.self,
    LayerNormalization.self,
    GroupNormalization.self,
    RMSNormalization.self,
    UnitNormalization.self,
    SpectralNormalization.self,
    // Attention
    Attention.self,
    AdditiveAttention.self,
    MultiHeadAttention.self,
    GroupQueryAttention.self,
    // Preprocessing
    Normalization.self,
    CategoryEncoding.self,
    Discretization.self,
    Hashing.self,
    IntegerLookup.self,
    StringLookup.self,
    TextVectorization.self,
    HashedCrossing.self,
    CategoryCrossing.self,
    AutoContrast.self,
    ContrastLimitedAdaptiveHistogramEqualization.self,
    Equalization.self,
    Pipeline.self,
    MaxNumBoundingBoxes.self,
    // Audio
    MelSpectrogram.self,
    STFTSpectrogram.self,
    // Augmentation
    AugMix.self,
    CutMix.self,
    MixUp.self,
    RandAugment.self,
    RandomBrightness.self,
    RandomColorDegeneration.self,
    RandomColorJitter.self,
    RandomContrast.self,
    RandomCrop.self,
    RandomElasticTransform.self,
    RandomErasing.self,
    RandomFlip.self,
    RandomGaussianBlur.self,
    RandomGrayscale.self,
    RandomHeight.self,
    RandomHue.self,
    RandomInvert.self,
    RandomPerspective.self,
    RandomPosterization.self,
    RandomRotation.self,
    RandomSaturation.self,
    RandomSharpness.self,
    RandomShear.self,
    RandomTranslation.self,
    RandomWidth.self,
    RandomZoom.self,
    Solarization.self,
    // Legacy
    MaxoutDense.self,
    Highway.self,
    SReLU.self,
    ParametricSoftplus.self,
    ThresholdedLinear.self,
    AutoEncoder.self,
    JZS1.self,
    JZS2.self,
    JZS3.self,
    LRN2D.self,
    RandomFourierFeatures.self,
    SimpleDeepRNN.self,
    TimeDistributedMerge.self,
    WordContextProduct.self,
    // Regularization
    ActivityRegularization.self,
    Dropout.self,
    SpatialDropout1D.self,
    SpatialDropout2D.self,
    SpatialDropout3D.self,
    GaussianNoise.self,
    GaussianDropout.self,
    AlphaDropout.self,
    // Recurrent
    SimpleRNN.self,
    GRU.self,
    LSTM.self,
    RNN.self,
    SimpleRNNCell.self,
    GRUCell.self,
    LSTMCell.self,
    StackedRNNCells.self,
    // Wrappers
    Bidirectional.self,
    TimeDistributed.self,
    // Merging
    Add.self,
    Subtract.self,
    Multiply.self,
    Average.self,
    Maximum.self,
    Minimum.self,
    Concatenate.self,
    Dot.self,
    MergeCos.self,
    // Functions
    TFOpLambda.self,
    SlicingOpLambda.self,
    TensorFlowOpLayer.self,
    ClassMethod.self,
    InstanceProperty.self,
    InstanceMethod.self,
    // Custom
    ExpressionLayer.self, LambdaLayer.self,
    ScaleLayer.self,
    L2Normalization.self,
    InstanceNormalization.self,
    WeightNormalization.self,
    QuantizedLayer.self,
    QuantizerLayer.self,
  ]

  private static let byName: [String: any Layer.Type] = {
    var table: [String: any Layer.Type] = [:]
    for type in types { table[type.className] = type }
    for name in ["Sequential", "Functional", "Model"] { table[name] = Network.self }
    return table
  }()

  /// Layers of the program's user.
  private static let registered = Locked<[String: any Layer.Type]>([:])

  /// Makes a layer class of one's own known to all models read from then on, in place of `custom_objects`.
  ///
  /// Its `className` is what files say, with the package if they have one (`MyPackage>Swoosh`). Throws `.unsupported` for a
  /// class that Keras or this program has, which could then not be read as itself.
  public static func register(_ type: any Layer.Type) throws(ModelError) {
    let name = type.className
    guard byName[name] == nil, CanonicalFields.of(name) == nil, ClassRenames.row(for: name, dialect: .keras0) == nil
    else {
      throw ModelError(.unsupported("a layer class of one's own under the name '\(name)', which is taken"))
    }
    registered.withLock { $0[name] = type }
  }

  /// The class an object states, with its package if it was registered under one, which Keras 2.13 and later state apart.
  static func className(of object: JSON) -> String? {
    guard let className = object["class_name"]?.stringValue else { return nil }
    guard let registered = object["registered_name"]?.stringValue, registered.hasSuffix(">" + className) else {
      return className
    }
    return registered
  }

  /// Whether a class came by `register`.
  public static func isRegistered(_ className: String) -> Bool { registered.withLock { $0[className] != nil } }

  public static func type(named className: String) -> (any Layer.Type)? {
    byName[className] ?? registered.withLock { $0[className] }
  }

  /// Whether a layer of that class, or a graph operation of that module, is known.
  public static func knows(className: String, module: String?) -> Bool {
    module.map { OperationNode.owns(module: $0) } == true || type(named: className) != nil
  }

  /// Classes that run a program stored in or beside the file, and what that program is.
  static let programs: [String: String] = [
    "TFSMLayer": "a TensorFlow graph", "JaxLayer": "a Python function", "FlaxLayer": "a Python class",
    "TorchModuleWrapper": "a pickled PyTorch module",
  ]

  private static func isOperation(_ object: JSON) -> Bool {
    object["module"]?.stringValue.map { OperationNode.owns(module: $0) } ?? false
  }

  /// How deep models and wrappers may stand inside each other.
  static let maximumNesting = 16

  /// The layer a canonical object describes, its name and its own `trainable`.
  ///
  /// Throws `ModelError` for a class that is not known and for a field that is missing or wrong.
  public static func layer(
    _ object: JSON
  ) throws(ModelError) -> (layer: any Layer, name: String, trainable: Bool) {
    let (layer, name, trainable, _) = try read(object)
    return (layer, name, trainable)
  }

  /// As `layer`, with the config's keys that the layer did not read.
  static func read(
    _ object: JSON
  ) throws(ModelError) -> (layer: any Layer, name: String, trainable: Bool, unread: [String]) {
    guard let className = className(of: object) else {
      throw ModelError(.malformedConfig("a layer has no class_name"))
    }
    let fields = object["config"]?.objectValue ?? [:]
    let name = fields["name"]?.stringValue ?? object["name"]?.stringValue ?? className.lowercased()
    guard let type = isOperation(object) ? OperationNode.self : type(named: className) else {
      throw ModelError(.unknownLayers([(className: className, layer: name)]), layer: name)
    }
    var reader = ConfigReader(className: className, name: name, fields: fields)
    do {
      let layer = try type.init(&reader)
      return (layer, name, fields["trainable"]?.boolValue ?? true, reader.unread)
    } catch {
      throw error.inLayer(name)
    }
  }
}
