import KerasCore

/// A model's configuration in Keras 3 terms, whatever release wrote it, with the record of every translation.
///
/// ## The canonical form
/// `config` is Keras 3's serialization: `{"module", "class_name", "config", "registered_name", "name"?}`, where the class is
/// `Sequential` or `Functional` and `config` holds `name`, `trainable`, `layers`, and for Functional `input_layers` and
/// `output_layers` (always lists of `[layer, node, tensor]`). Every layer is
/// `{"module", "class_name", "config", "registered_name", "name", "inbound_nodes"?, "source_pointer"}`:
/// - `config` states every field of the Keras 3 class, also `name`, `trainable` and `dtype` (a policy's name, or Keras 3's object
///   for a quantized layer and a `DTypePolicyMap`);
/// - `source_pointer` is the JSON pointer of the layer in the config as saved (exporters drop it);
/// - `inbound_nodes` (Functional) is a list of `{"args", "kwargs"}`. A tensor is `{"class_name": "__keras_tensor__",
///   "config": {"keras_history": [layer, node, tensor]}}` (Keras 3 files have `shape` and `dtype` too); node indices
///   count a layer's calls in this model from 0, also for nested models and in `output_layers`. `args` is `[tensor]` for
///   one input and `[[tensor, …]]` for several; a recurrent layer's initial state is `kwargs.initial_state`, a list.
/// - A Sequential begins with an `InputLayer` (`batch_shape`) when its input shape is known, in nested models too.
/// - Wrapped layers (`layer`, `backward_layer`, `cell`, `cells`) are such objects without `inbound_nodes`.
/// - Activations are names, or a layer object. Regularizers are null or an object of class `L1L2` (`l1`, `l2`), `L1`, `L2` or
///   `OrthogonalRegularizer`; constraints null or `MaxNorm`, `NonNeg`, `UnitNorm`, `MinMaxNorm`, axes of the canonical
///   kernel; initializers an object.
/// - Kernel sizes, strides, dilations, pool sizes are lists, one number per spatial axis. `data_format` is never null.
///   Flatten's `channels_first` means Keras' permutation to channels-last before flattening; `channels_last` means none.
/// - `Dot.axes` is `[a, b]`, or `[[…], […]]` where Keras 0.3 contracted several axes.
///
/// ## What Keras 3 cannot say
/// | extension | meaning |
/// |---|---|
/// | activation `keraskit>hard_sigmoid` | clip(0.2x + 0.5, 0, 1): `hard_sigmoid` of every release before Keras 3 |
/// | padding `keraskit>same_theano` | `same` as Theano aligned it, on convolutions (pad k_eff//2), transposed convolutions and poolings (pad k−2 for odd k > 2, else k−1) |
/// | padding `keraskit>full` | Keras 0 and 1 on Theano: pads k−1 on both sides |
/// | padding `keraskit>ceil` | poolings of Keras 0.1 and 0.2 with `ignore_border: false`: partial windows at the end are kept |
/// | AveragePooling `"keraskit>count_padding": true` | the divisor counts padded elements (Keras 2.0.4 to 2.1.4 on Theano) |
/// | BatchNormalization `"keraskit>mode"`: 1 | normalises each sample over its last axis by its own mean and √(var + ε) + ε, moving statistics unused; with `"keraskit>mode1_std": true` (Keras 0) by std + ε |
/// | BatchNormalization `"keraskit>mode"`: 2 | the batch's statistics at inference too |
/// | class `keraskit>MergeCos` with `axes` `[a, b]`, `extra_axis` | Keras 1's cosine merge: batch_dot(x, y) / max(√max(batch_dot(x, x) ∘ batch_dot(y, y), 0), 1e-7), elementwise, then an axis inserted at 1 if `extra_axis` |
/// | interpolation `keraskit>bilinear_asymmetric` | source = target / scale (UpSampling2D of Keras 2.2.3 to 2.3.1) |
/// | inner layers of Bidirectional: `zero_output_for_mask` | as written: false in Keras 1 to 2.3.1, which carried the state's output through |
/// | `"keraskit>mask": "all"` on Add, Average, Concatenate, Maximum, Minimum, Multiply, Subtract | before Keras 3: a step counts if all inputs that have a mask have it (Keras 3: if any has it, and all have masks), and Multiply multiplies masked steps too |
/// | `"keraskit>recurrent_padding": "keraskit>same_theano"` on ConvLSTM | the states' convolution is aligned as Theano's (even kernels) |
/// | `"keraskit>shared_axes_from_weights": true` on PReLU | Keras 1 did not save `shared_axes`: the stored shape decides |
/// | `"keraskit>dropout_scale": true` on Dropout | Keras 0.1 and 0.2 multiply by 1 − rate at inference |
/// | `"keraskit>row_dropout"` on Embedding | the share of the table's rows that Keras 1 drops in training |
/// | constraint `keraskit>RadialConstraint` | tf.keras 2.4 to 2.15: square kernels with one number in each ring |
/// | `"keraskit>resizes": true` on RandomCrop | before Keras 3.6: images are cut to the aspect ratio and resized at inference; with `"keraskit>resizes_first"` (before 2.7) resized and then cut |
/// | `"keraskit>centres": true` on RandomCrop | Keras 3.6 and 3.7: at inference what is trained on where images are small |
/// | `"keraskit>per_sample": true` on RandomCrop | Keras 2.10 and 2.11 draw a place for each image, others one for a batch |
/// | `"keraskit>separate_axes": true` on RandomFlip | before Keras 3.6 each axis is drawn for on its own |
/// | `"keraskit>per_batch"`, `"keraskit>unclipped": true` on RandomContrast | one factor for a batch (before 3.6 but 2.9 to 2.11); nothing cut off (before 2.9) |
/// | `"keraskit>causal": true` on Attention, AdditiveAttention | `causal` of tf.keras before 2.10: the call's `use_causal_mask` |
/// | `"keraskit>mask_resets_state": true` on recurrent layers | Keras 0.1 and 0.2: a masked step zeroes the state passed on |
public struct CanonicalModel: Sendable {
  /// The root object described above.
  public var config: JSON
  /// Keras 3's compile config (`optimizer`, `loss`, `loss_weights`, `metrics`, `weighted_metrics`); `nil` if not compiled.
  ///
  /// An old optimizer's `decay` is kept as a field `decay` beside `learning_rate`, and fields the era had no choice about
  /// (`epsilon` of 1e-8 …) are written out.
  public var compile: JSON?
  /// Every renamed, defaulted, translated or dropped field, in the order of the file.
  public var provenance: [Provenance]
  public var diagnostics: [Diagnostic]
  /// The release as understood from the file's stamp or, failing that, from the config's own form; `nil` if unknown.
  public var version: KerasVersion?
  /// The release whose defaults were taken: `version`, or the last that wrote such a config.
  public var readAs: KerasVersion
  /// The backend from the stamp, or from the names of the stored weights; `nil` if neither tells.
  public var backend: String?

  public init(
    config: JSON, compile: JSON? = nil, provenance: [Provenance] = [], diagnostics: [Diagnostic] = [],
    version: KerasVersion? = nil, readAs: KerasVersion? = nil, backend: String? = nil
  ) {
    self.config = config
    self.compile = compile
    self.provenance = provenance
    self.diagnostics = diagnostics
    self.version = version
    self.readAs = readAs ?? version ?? KerasVersion(3, 15, 1)
    self.backend = backend
  }
}

/// One field of the saved config that the canonical config says differently, or that was not saved at all.
public struct Provenance: Sendable, Hashable {
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    /// Another name for the same value.
    case renamed
    /// The file is silent: the value its release would have used.
    case defaulted
    /// The value itself is said in another way.
    case translated
    /// The field has no meaning in Keras 3.
    case dropped
  }

  public var kind: Kind
  /// The slug of the rule that did it: `rename-nb_filter`.
  public var rule: String
  /// The layer's path by names, `encoder/dense_1`; empty for the model and its training config.
  public var layer: String
  /// Where the old field stands; for a defaulted field, the object that lacks it.
  public var location: SourceLocation
  public var oldKey: String?
  public var oldValue: JSON?
  public var newKey: String?
  public var newValue: JSON?

  public init(
    kind: Kind, rule: String, layer: String, location: SourceLocation, oldKey: String? = nil, oldValue: JSON? = nil,
    newKey: String? = nil, newValue: JSON? = nil
  ) {
    self.kind = kind
    self.rule = rule
    self.layer = layer
    self.location = location
    self.oldKey = oldKey
    self.oldValue = oldValue
    self.newKey = newKey
    self.newValue = newValue
  }
}
