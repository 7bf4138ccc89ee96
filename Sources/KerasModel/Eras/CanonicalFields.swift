import KerasCore
import OrderedCollections

/// The fields of every Keras 3 layer class with their defaults, in the order Keras 3.15 saves them.
///
/// A field without `=` has no default. `data_format` defaults to `channels_last`, as Keras does without a keras.json.
/// Classes that only older releases had stand here in Keras 3's terms.
enum CanonicalFields {
  /// The fields of a class and their defaults (`nil`: must be given), or `nil` for a class not known here.
  static func of(_ className: String) -> OrderedDictionary<String, JSON?>? { table[className] }

  private static let table: [String: OrderedDictionary<String, JSON?>] = {
    var table: [String: OrderedDictionary<String, JSON?>] = [:]
    var current = ""
    for word in rows.split(whereSeparator: \.isWhitespace) {
      if word.hasSuffix(":") {
        current = String(word.dropLast())
        table[current] = [:]
        continue
      }
      let parts = word.split(separator: "=", maxSplits: 1)
      let value = parts.count == 2 ? try? JSON(parsing: String(parts[1])) : nil
      table[current]?.updateValue(value, forKey: String(parts[0]))
    }
    return table
  }()

  private static let rows = #"""
    Activation: activation
    ActivityRegularization: l1=0.0 l2=0.0
    AdaptiveAveragePooling1D: output_size data_format="channels_last"
    AdaptiveAveragePooling2D: output_size data_format="channels_last"
    AdaptiveAveragePooling3D: output_size data_format="channels_last"
    AdaptiveMaxPooling1D: output_size data_format="channels_last"
    AdaptiveMaxPooling2D: output_size data_format="channels_last"
    AdaptiveMaxPooling3D: output_size data_format="channels_last"
    Add:
    AdditiveAttention: use_scale=true dropout=0.0 seed=null
    AlphaDropout: rate noise_shape=null seed=null
    Attention: use_scale=false score_mode="dot" dropout=0.0 seed=null
    AugMix: value_range=[0,255] num_chains=3 chain_depth=3 factor=0.3 alpha=1.0 all_ops=true
      interpolation="bilinear" seed=null data_format="channels_last"
    AutoContrast: data_format="channels_last" value_range=[0,255]
    Average:
    AutoEncoder: encoder decoder output_reconstruction=true
    AveragePooling1D: pool_size=[2] strides=null padding="valid" data_format="channels_last"
    AveragePooling2D: pool_size=[2,2] strides=null padding="valid" data_format="channels_last"
    AveragePooling3D: pool_size=[2,2,2] strides=null padding="valid" data_format="channels_last"
    BatchNormalization: axis=-1 momentum=0.99 epsilon=0.001 center=true scale=true beta_initializer="zeros"
      gamma_initializer="ones" moving_mean_initializer="zeros" moving_variance_initializer="ones"
      beta_regularizer=null gamma_regularizer=null beta_constraint=null gamma_constraint=null renorm=false
      renorm_clipping=null renorm_momentum=0.99 synchronized=false
    Bidirectional: layer merge_mode="concat" backward_layer=null
    CategoryEncoding: num_tokens=null output_mode="multi_hot" sparse=false
    CenterCrop: height width data_format="channels_last"
    Concatenate: axis=-1
    ContrastLimitedAdaptiveHistogramEqualization: value_range=[0,255] clip_limit=4.0 tile_grid_size=[8,8]
      data_format="channels_last"
    Conv1D: filters kernel_size strides=[1] padding="valid" data_format="channels_last" dilation_rate=[1] groups=1
      activation="linear" use_bias=true kernel_initializer="glorot_uniform" bias_initializer="zeros"
      kernel_regularizer=null bias_regularizer=null activity_regularizer=null kernel_constraint=null
      bias_constraint=null
    Conv1DTranspose: filters kernel_size strides=[1] padding="valid" output_padding=null data_format="channels_last"
      dilation_rate=[1] activation="linear" use_bias=true kernel_initializer="glorot_uniform"
      bias_initializer="zeros" kernel_regularizer=null bias_regularizer=null activity_regularizer=null
      kernel_constraint=null bias_constraint=null
    Conv2D: filters kernel_size strides=[1,1] padding="valid" data_format="channels_last" dilation_rate=[1,1]
      groups=1 activation="linear" use_bias=true kernel_initializer="glorot_uniform" bias_initializer="zeros"
      kernel_regularizer=null bias_regularizer=null activity_regularizer=null kernel_constraint=null
      bias_constraint=null
    Conv2DTranspose: filters kernel_size strides=[1,1] padding="valid" output_padding=null
      data_format="channels_last" dilation_rate=[1,1] activation="linear" use_bias=true
      kernel_initializer="glorot_uniform" bias_initializer="zeros" kernel_regularizer=null bias_regularizer=null
      activity_regularizer=null kernel_constraint=null bias_constraint=null
    Conv3D: filters kernel_size strides=[1,1,1] padding="valid" data_format="channels_last" dilation_rate=[1,1,1]
      groups=1 activation="linear" use_bias=true kernel_initializer="glorot_uniform" bias_initializer="zeros"
      kernel_regularizer=null bias_regularizer=null activity_regularizer=null kernel_constraint=null
      bias_constraint=null
    Conv3DTranspose: filters kernel_size strides=[1,1,1] padding="valid" data_format="channels_last"
      output_padding=null dilation_rate=[1,1,1] activation="linear" use_bias=true
      kernel_initializer="glorot_uniform" bias_initializer="zeros" kernel_regularizer=null bias_regularizer=null
      activity_regularizer=null kernel_constraint=null bias_constraint=null
    ConvLSTM1D: filters kernel_size strides=[1] padding="valid" data_format="channels_last" dilation_rate=[1]
      activation="tanh" recurrent_activation="sigmoid" use_bias=true kernel_initializer="glorot_uniform"
      recurrent_initializer="orthogonal" bias_initializer="zeros" unit_forget_bias=true kernel_regularizer=null
      recurrent_regularizer=null bias_regularizer=null activity_regularizer=null kernel_constraint=null
      recurrent_constraint=null bias_constraint=null dropout=0.0 recurrent_dropout=0.0 seed=null
      return_sequences=false return_state=false go_backwards=false stateful=false
      zero_output_for_mask=false
    ConvLSTM2D: filters kernel_size strides=[1,1] padding="valid" data_format="channels_last" dilation_rate=[1,1]
      activation="tanh" recurrent_activation="sigmoid" use_bias=true kernel_initializer="glorot_uniform"
      recurrent_initializer="orthogonal" bias_initializer="zeros" unit_forget_bias=true kernel_regularizer=null
      recurrent_regularizer=null bias_regularizer=null activity_regularizer=null kernel_constraint=null
      recurrent_constraint=null bias_constraint=null dropout=0.0 recurrent_dropout=0.0 seed=null
      return_sequences=false return_state=false go_backwards=false stateful=false
      zero_output_for_mask=false
    ConvLSTM3D: filters kernel_size strides=[1,1,1] padding="valid" data_format="channels_last"
      dilation_rate=[1,1,1] activation="tanh" recurrent_activation="sigmoid" use_bias=true
      kernel_initializer="glorot_uniform" recurrent_initializer="orthogonal" bias_initializer="zeros"
      unit_forget_bias=true kernel_regularizer=null recurrent_regularizer=null bias_regularizer=null
      activity_regularizer=null kernel_constraint=null recurrent_constraint=null bias_constraint=null dropout=0.0
      recurrent_dropout=0.0 seed=null return_sequences=false return_state=false go_backwards=false stateful=false
      zero_output_for_mask=false
    Cropping1D: cropping=[1,1]
    Cropping2D: cropping=[[0,0],[0,0]] data_format="channels_last"
    Cropping3D: cropping=[[0,0],[0,0],[0,0]] data_format="channels_last"
    CutMix: factor=1.0 seed=null data_format="channels_last"
    Dense: units activation="linear" use_bias=true kernel_initializer="glorot_uniform" bias_initializer="zeros"
      kernel_regularizer=null bias_regularizer=null activity_regularizer=null kernel_constraint=null
      bias_constraint=null
    DepthwiseConv1D: kernel_size strides=[1] padding="valid" depth_multiplier=1 data_format="channels_last"
      dilation_rate=[1] activation="linear" use_bias=true depthwise_initializer="glorot_uniform"
      bias_initializer="zeros" depthwise_regularizer=null bias_regularizer=null activity_regularizer=null
      depthwise_constraint=null bias_constraint=null
    DepthwiseConv2D: kernel_size strides=[1,1] padding="valid" depth_multiplier=1 data_format="channels_last"
      dilation_rate=[1,1] activation="linear" use_bias=true depthwise_initializer="glorot_uniform"
      bias_initializer="zeros" depthwise_regularizer=null bias_regularizer=null activity_regularizer=null
      depthwise_constraint=null bias_constraint=null
    Discretization: bin_boundaries=null num_bins=null epsilon=0.01 output_mode="int" sparse=false
    Dot: axes normalize=false
    Dropout: rate noise_shape=null seed=null
    ELU: alpha=1.0
    EinsumDense: equation output_shape activation="linear" bias_axes=null kernel_initializer="glorot_uniform"
      bias_initializer="zeros" kernel_regularizer=null bias_regularizer=null kernel_constraint=null
      bias_constraint=null gptq_unpacked_column_size=null
    Embedding: input_dim output_dim embeddings_initializer="uniform" embeddings_regularizer=null
      embeddings_constraint=null mask_zero=false
    Equalization: value_range=[0,255] bins=256 data_format="channels_last"
    Flatten: data_format="channels_last"
    GRU: units activation="tanh" recurrent_activation="sigmoid" use_bias=true kernel_initializer="glorot_uniform"
      recurrent_initializer="orthogonal" bias_initializer="zeros" kernel_regularizer=null recurrent_regularizer=null
      bias_regularizer=null activity_regularizer=null kernel_constraint=null recurrent_constraint=null
      bias_constraint=null dropout=0.0 recurrent_dropout=0.0 seed=null return_sequences=false return_state=false
      go_backwards=false stateful=false unroll=false reset_after=true zero_output_for_mask=false
    GRUCell: units activation="tanh" recurrent_activation="sigmoid" use_bias=true
      kernel_initializer="glorot_uniform" recurrent_initializer="orthogonal" bias_initializer="zeros"
      kernel_regularizer=null recurrent_regularizer=null bias_regularizer=null kernel_constraint=null
      recurrent_constraint=null bias_constraint=null dropout=0.0 recurrent_dropout=0.0 reset_after=true seed=null
    GaussianDropout: rate seed=null
    GaussianNoise: stddev seed=null
    GlobalAveragePooling1D: data_format="channels_last" keepdims=false
    GlobalAveragePooling2D: data_format="channels_last" keepdims=false
    GlobalAveragePooling3D: data_format="channels_last" keepdims=false
    GlobalMaxPooling1D: data_format="channels_last" keepdims=false
    GlobalMaxPooling2D: data_format="channels_last" keepdims=false
    GlobalMaxPooling3D: data_format="channels_last" keepdims=false
    GroupNormalization: groups=32 axis=-1 epsilon=0.001 center=true scale=true beta_initializer="zeros"
      gamma_initializer="ones" beta_regularizer=null gamma_regularizer=null beta_constraint=null
      gamma_constraint=null
    GroupQueryAttention: head_dim num_query_heads num_key_value_heads dropout=0.0 use_bias=true
      sliding_window=null flash_attention=null kernel_initializer="glorot_uniform" bias_initializer="zeros"
      kernel_regularizer=null bias_regularizer=null activity_regularizer=null kernel_constraint=null
      bias_constraint=null use_gate=false seed=null
    HashedCrossing: num_bins output_mode="int" sparse=false
    Hashing: num_bins mask_value=null salt=null output_mode="int" sparse=false
    Highway: activation="linear" use_bias=true kernel_initializer="glorot_uniform" bias_initializer="zeros"
      kernel_regularizer=null bias_regularizer=null activity_regularizer=null kernel_constraint=null
      bias_constraint=null
    Identity:
    IntegerLookup: max_tokens=null num_oov_indices=1 mask_token=null oov_token=-1 vocabulary_dtype="int64"
      invert=false output_mode="int" sparse=false pad_to_max_tokens=false oov_method="floormod" salt=null
      vocabulary=null idf_weights=null vocabulary_size=null
    JZS1: units activation="tanh" recurrent_activation="sigmoid" kernel_initializer="glorot_uniform"
      recurrent_initializer="orthogonal" return_sequences=false
    JZS2: units activation="tanh" recurrent_activation="sigmoid" kernel_initializer="glorot_uniform"
      recurrent_initializer="orthogonal" return_sequences=false
    JZS3: units activation="tanh" recurrent_activation="sigmoid" kernel_initializer="glorot_uniform"
      recurrent_initializer="orthogonal" return_sequences=false
    LRN2D: alpha=0.0001 k=2 beta=0.75 n=5
    LSTM: units activation="tanh" recurrent_activation="sigmoid" use_bias=true kernel_initializer="glorot_uniform"
      recurrent_initializer="orthogonal" bias_initializer="zeros" unit_forget_bias=true kernel_regularizer=null
      recurrent_regularizer=null bias_regularizer=null activity_regularizer=null kernel_constraint=null
      recurrent_constraint=null bias_constraint=null dropout=0.0 recurrent_dropout=0.0 seed=null
      return_sequences=false return_state=false go_backwards=false stateful=false unroll=false
      zero_output_for_mask=false
    LSTMCell: units activation="tanh" recurrent_activation="sigmoid" use_bias=true
      kernel_initializer="glorot_uniform" recurrent_initializer="orthogonal" bias_initializer="zeros"
      unit_forget_bias=true kernel_regularizer=null recurrent_regularizer=null bias_regularizer=null
      kernel_constraint=null recurrent_constraint=null bias_constraint=null dropout=0.0 recurrent_dropout=0.0
      seed=null
    LayerNormalization: axis=-1 epsilon=0.001 rms_scaling=false center=true scale=true beta_initializer="zeros"
      gamma_initializer="ones" beta_regularizer=null gamma_regularizer=null beta_constraint=null
      gamma_constraint=null
    LeakyReLU: negative_slope=0.3
    LocallyConnected1D: filters kernel_size strides=[1] padding="valid" data_format="channels_last"
      activation="linear" use_bias=true kernel_initializer="glorot_uniform" bias_initializer="zeros"
      kernel_regularizer=null bias_regularizer=null activity_regularizer=null kernel_constraint=null
      bias_constraint=null implementation=1
    LocallyConnected2D: filters kernel_size strides=[1,1] padding="valid" data_format="channels_last"
      activation="linear" use_bias=true kernel_initializer="glorot_uniform" bias_initializer="zeros"
      kernel_regularizer=null bias_regularizer=null activity_regularizer=null kernel_constraint=null
      bias_constraint=null implementation=1
    Masking: mask_value=0.0
    MaxPooling1D: pool_size=[2] strides=null padding="valid" data_format="channels_last"
    MaxPooling2D: pool_size=[2,2] strides=null padding="valid" data_format="channels_last"
    MaxPooling3D: pool_size=[2,2,2] strides=null padding="valid" data_format="channels_last"
    Maximum:
    MaxoutDense: units nb_feature=4 use_bias=true kernel_initializer="glorot_uniform" bias_initializer="zeros"
      kernel_regularizer=null bias_regularizer=null activity_regularizer=null kernel_constraint=null
      bias_constraint=null
    MaxNumBoundingBoxes: max_number data_format="channels_last"
    MelSpectrogram: fft_length=2048 sequence_stride=512 sequence_length=null window="hann" sampling_rate=16000
      num_mel_bins=128 min_freq=20.0 max_freq=null power_to_db=true top_db=80.0 mag_exp=2.0 min_power=1e-10
      ref_power=1.0
    Minimum:
    MixUp: alpha=0.2 data_format="channels_last" seed=null
    MultiHeadAttention: num_heads key_dim value_dim=null dropout=0.0 use_bias=true output_shape=null
      attention_axes=null sliding_window=null flash_attention=null kernel_initializer="glorot_uniform"
      bias_initializer="zeros" kernel_regularizer=null bias_regularizer=null activity_regularizer=null
      kernel_constraint=null bias_constraint=null use_gate=false seed=null
    Multiply:
    Normalization: axis=-1 mean=null variance=null invert=false
    PReLU: alpha_initializer="Zeros" alpha_regularizer=null alpha_constraint=null shared_axes=null
    ParametricSoftplus: alpha_init=0.2 beta_init=5.0 shared_axes=null
    Permute: dims
    Pipeline: layers
    RMSNormalization: axis=-1 epsilon=1e-06
    RNN: cell return_sequences=false return_state=false go_backwards=false stateful=false unroll=false
      zero_output_for_mask=false
    RandAugment: value_range=[0,255] num_ops=2 factor=0.5 interpolation="bilinear" seed=null
      data_format="channels_last"
    RandomBrightness: data_format="channels_last" factor value_range=[0,255] seed=null
    RandomColorDegeneration: factor value_range=[0,255] data_format="channels_last" seed=null
    RandomColorJitter: value_range=[0,255] brightness_factor=null contrast_factor=null saturation_factor=null
      hue_factor=null seed=null data_format="channels_last"
    RandomContrast: data_format="channels_last" factor value_range=[0,255] seed=null
    RandomCrop: height width seed=null data_format="channels_last"
    RandomElasticTransform: factor=1.0 scale=1.0 interpolation="bilinear" fill_mode="reflect" fill_value=0.0
      value_range=[0,255] seed=null data_format="channels_last"
    RandomErasing: factor=1.0 scale=[0.02,0.33] fill_value=null value_range=[0,255] seed=null
      data_format="channels_last"
    RandomFlip: mode=null seed=null data_format="channels_last"
    RandomFourierFeatures: output_dim kernel_initializer="gaussian" scale=null
    RandomGaussianBlur: factor=1.0 kernel_size=3 sigma=1.0 value_range=[0,255] data_format="channels_last" seed=null
    RandomGrayscale: factor=0.5 data_format="channels_last" seed=null
    RandomHeight: factor interpolation="bilinear" seed=null
    RandomHue: factor value_range=[0,255] data_format="channels_last" seed=null
    RandomInvert: factor=1.0 value_range=[0,255] seed=null data_format="channels_last"
    RandomPerspective: factor=1.0 scale=1.0 interpolation="bilinear" fill_value=0.0 seed=null
      data_format="channels_last"
    RandomPosterization: factor value_range=[0,255] data_format="channels_last" seed=null
    RandomRotation: factor fill_mode="reflect" interpolation="bilinear" seed=null fill_value=0.0
      data_format="channels_last"
    RandomSaturation: factor value_range=[0,255] data_format="channels_last" seed=null
    RandomSharpness: factor value_range=[0,255] data_format="channels_last" seed=null
    RandomShear: x_factor=0.0 y_factor=0.0 interpolation="bilinear" fill_mode="reflect" fill_value=0.0
      data_format="channels_last" seed=null
    RandomTranslation: height_factor width_factor fill_mode="reflect" interpolation="bilinear" seed=null
      fill_value=0.0 data_format="channels_last"
    RandomWidth: factor interpolation="bilinear" seed=null
    RandomZoom: height_factor width_factor=null fill_mode="reflect" interpolation="bilinear" seed=null
      fill_value=0.0 data_format="channels_last"
    ReLU: max_value=null negative_slope=0.0 threshold=0.0
    RepeatVector: n
    ReversibleEmbedding: input_dim output_dim tie_weights=true embeddings_initializer="uniform"
      embeddings_regularizer=null embeddings_constraint=null mask_zero=false reverse_dtype=null logit_soft_cap=null
    Rescaling: scale offset=0.0
    Reshape: target_shape
    Resizing: height width interpolation="bilinear" crop_to_aspect_ratio=false pad_to_aspect_ratio=false
      fill_mode="constant" fill_value=0.0 antialias=false data_format="channels_last"
    SReLU: t_left_initializer="zeros" a_left_initializer="glorot_uniform" t_right_initializer="glorot_uniform"
      a_right_initializer="ones" shared_axes=null
    STFTSpectrogram: mode="log" frame_length=256 frame_step=null fft_length=null window="hann" periodic=false
      scaling="density" padding="valid" expand_dims=false data_format="channels_last"
    SeparableConv1D: filters kernel_size strides=[1] padding="valid" data_format="channels_last" dilation_rate=[1]
      depth_multiplier=1 activation="linear" use_bias=true depthwise_initializer="glorot_uniform"
      pointwise_initializer="glorot_uniform" bias_initializer="zeros" depthwise_regularizer=null
      pointwise_regularizer=null bias_regularizer=null activity_regularizer=null depthwise_constraint=null
      pointwise_constraint=null bias_constraint=null
    SeparableConv2D: filters kernel_size strides=[1,1] padding="valid" data_format="channels_last"
      dilation_rate=[1,1] depth_multiplier=1 activation="linear" use_bias=true
      depthwise_initializer="glorot_uniform" pointwise_initializer="glorot_uniform" bias_initializer="zeros"
      depthwise_regularizer=null pointwise_regularizer=null bias_regularizer=null activity_regularizer=null
      depthwise_constraint=null pointwise_constraint=null bias_constraint=null
    SimpleDeepRNN: units depth=3 activation="sigmoid" recurrent_activation="hard_sigmoid"
      kernel_initializer="glorot_uniform" recurrent_initializer="orthogonal" return_sequences=false
    SimpleRNN: units activation="tanh" use_bias=true kernel_initializer="glorot_uniform"
      recurrent_initializer="orthogonal" bias_initializer="zeros" kernel_regularizer=null recurrent_regularizer=null
      bias_regularizer=null activity_regularizer=null kernel_constraint=null recurrent_constraint=null
      bias_constraint=null dropout=0.0 recurrent_dropout=0.0 return_sequences=false return_state=false
      go_backwards=false stateful=false unroll=false seed=null zero_output_for_mask=false
    SimpleRNNCell: units activation="tanh" use_bias=true kernel_initializer="glorot_uniform"
      recurrent_initializer="orthogonal" bias_initializer="zeros" kernel_regularizer=null recurrent_regularizer=null
      bias_regularizer=null kernel_constraint=null recurrent_constraint=null bias_constraint=null dropout=0.0
      recurrent_dropout=0.0 seed=null
    Softmax: axis=-1
    Solarization: data_format="channels_last" addition_factor=0.0 threshold_factor=0.0 value_range=[0,255] seed=null
    SpatialDropout1D: rate seed=null
    SpatialDropout2D: rate data_format="channels_last" seed=null
    SpatialDropout3D: rate data_format="channels_last" seed=null
    SpectralNormalization: layer power_iterations=1
    StackedRNNCells: cells reverse_state_order=false
    StringLookup: max_tokens=null num_oov_indices=1 mask_token=null oov_token="[UNK]" invert=false output_mode="int"
      pad_to_max_tokens=false sparse=false encoding="utf-8" oov_method="floormod" salt=null vocabulary=null
      idf_weights=null vocabulary_size=null
    Subtract:
    TextVectorization: max_tokens=null standardize="lower_and_strip_punctuation" split="whitespace" ngrams=null
      output_mode="int" output_sequence_length=null pad_to_max_tokens=false sparse=false ragged=false
      encoding="utf-8" vocabulary=null idf_weights=null vocabulary_size=null
    ThresholdedLinear: theta=1.0
    ThresholdedReLU: theta=1.0
    TimeDistributed: layer
    TimeDistributedMerge: mode="sum"
    UnitNormalization: axis=-1
    UpSampling1D: size=2
    UpSampling2D: size=[2,2] data_format="channels_last" interpolation="nearest"
    UpSampling3D: size=[2,2,2] data_format="channels_last"
    WordContextProduct: input_dim proj_dim=128 kernel_initializer="uniform" activation="sigmoid"
    ZeroPadding1D: padding=[1,1] data_format="channels_last"
    ZeroPadding2D: padding=[[1,1],[1,1]] data_format="channels_last"
    ZeroPadding3D: padding=[[1,1],[1,1],[1,1]] data_format="channels_last"
    """#
}
