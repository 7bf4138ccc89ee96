extension FunctionNames {
  /// Names of Keras' old backend (keras/backend/tensorflow_backend.py of 2.3.1, keras/backend.py of 2.15).
  static let backendRows: [(String, String, String)] = [
    ("sum", "sum", "x axis keepdims"), ("mean", "mean", "x axis keepdims"), ("max", "max", "x axis keepdims"),
    ("min", "min", "x axis keepdims"), ("prod", "prod", "x axis keepdims"), ("var", "var", "x axis keepdims"),
    ("std", "std", "x axis keepdims"), ("any", "any", "x axis keepdims"), ("all", "all", "x axis keepdims"),
    ("logsumexp", "logsumexp", "x axis keepdims"), ("argmax", "argmax", "x axis !axis=-1"),
    ("argmin", "argmin", "x axis !axis=-1"), ("cumsum", "cumsum", "x axis"),
    ("abs", "absolute", "x"), ("pow", "power", "x=x1 a=x2"), ("clip", "clip", "x min_value=x_min max_value=x_max"),
    ("l2_normalize", "keraskit>l2_normalize", "x axis"), ("expand_dims", "expand_dims", "x axis !axis=-1"),
    ("squeeze", "squeeze", "x axis"), ("reshape", "reshape", "x shape=newshape"), ("flatten", "ravel", "x"),
    ("batch_flatten", "keraskit>batch_flatten", "x"), ("permute_dimensions", "transpose", "x pattern=axes"),
    ("transpose", "transpose", "x"), ("concatenate", "concatenate", "tensors=xs axis"), ("stack", "stack", "x axis"),
    ("repeat_elements", "repeat", "x rep=repeats axis"), ("tile", "tile", "x n=repeats"),
    ("reverse", "flip", "x axes=axis"), ("gather", "take", "reference=x indices !axis=0"),
    ("one_hot", "one_hot", "indices=x num_classes"), ("cast", "cast", "x dtype"), ("dot", "dot", "x=x1 y=x2"),
    ("batch_dot", "keraskit>batch_dot", "x y axes"),
    ("ctc_batch_cost", "keraskit>ctc_batch_cost", "y_true y_pred input_length label_length"),
    ("print_tensor", "keraskit>shown", "x message summarize"),
    ("maximum", "maximum", "x=x1 y=x2"),
    ("minimum", "minimum", "x=x1 y=x2"), ("equal", "equal", "x=x1 y=x2"), ("not_equal", "not_equal", "x=x1 y=x2"),
    ("greater", "greater", "x=x1 y=x2"), ("greater_equal", "greater_equal", "x=x1 y=x2"),
    ("less", "less", "x=x1 y=x2"), ("less_equal", "less_equal", "x=x1 y=x2"),
    ("switch", "where", "condition then_expression=x1 else_expression=x2"), ("shape", "keraskit>shape_vector", "x"),
    ("int_shape", "keraskit>static_shape", "x"), ("ndim", "ndim", "x"), ("softmax", "softmax", "x axis"),
    ("relu", "keraskit>relu", "x alpha max_value threshold"), ("elu", "elu", "x alpha"),
    ("hard_sigmoid", "keraskit>hard_sigmoid", "x"), ("zeros_like", "zeros_like", "x dtype"),
    ("ones_like", "ones_like", "x dtype"), ("zeros", "zeros", "shape dtype"), ("ones", "ones", "shape dtype"),
    ("constant", "array", "value=x dtype shape !dtype=float32"), ("variable", "array", "value=x dtype"),
    ("eye", "eye", "size=N dtype"),
    ("arange", "arange", "start stop step dtype"), ("stop_gradient", "stop_gradient", "variables=variable"),
    ("bias_add", "bias_add", "x bias data_format"),
    ("resize_images", "keraskit>resize_images", "x height_factor width_factor data_format interpolation"),
    ("truncated_normal random_truncated_normal", "keraskit>truncated_normal", "shape mean stddev dtype seed"),
    ("random_binomial random_bernoulli", "keraskit>bernoulli", "shape p dtype seed"),
    ("dropout", "keraskit>dropout", "x level=rate noise_shape seed"), ("name_scope", "keraskit>scope", "name"),
    ("pool2d pool3d", "keraskit>pool", "x pool_size strides padding data_format pool_mode"),
    ("random_normal", "keraskit>normal", "shape mean stddev dtype seed !mean=0.0 !stddev=1.0"),
    ("random_uniform", "keraskit>uniform", "shape minval maxval dtype seed"), ("identity", "identity", "x"),
    ("spatial_2d_padding", "keraskit>spatial_2d_padding", "x padding data_format"),
    ("temporal_padding", "keraskit>temporal_padding", "x padding"), ("repeat", "keraskit>repeat_vector", "x n"),
    ("in_train_phase", "keraskit>in_test_phase", "x alt training"),
    ("in_test_phase", "keraskit>in_test_phase", "alt x training"),
    ("binary_crossentropy", "binary_crossentropy", "target output from_logits"),
    ("categorical_crossentropy", "categorical_crossentropy", "target output from_logits axis"),
    ("conv2d conv1d conv3d", "conv", "x=inputs kernel strides padding data_format dilation_rate"),
    (
      "depthwise_conv2d", "depthwise_conv", "x=inputs depthwise_kernel=kernel strides padding data_format dilation_rate"
    ),
    ("dtype", "keraskit>dtype", "x"), ("cumprod", "cumprod", "x axis"), ("softsign", "softsign", "x"),
    ("softplus", "softplus", "x"),
    ("epsilon", "keraskit>epsilon", ""), ("floatx", "keraskit>floatx", ""), ("backend", "keraskit>backend", ""),
    ("image_data_format", "keraskit>image_data_format", ""),
    ("image_dim_ordering", "keraskit>image_dim_ordering", ""), ("sign", "sign", "x"), ("round", "round", "x"),
  ]

  /// Names of TensorFlow 1 and 2, without their modules where one name has one meaning.
  static let tensorFlowRows: [(String, String, String)] = [
    ("reduce_sum", "sum", "input_tensor=x axis keepdims"), ("reduce_mean", "mean", "input_tensor=x axis keepdims"),
    ("reduce_max", "max", "input_tensor=x axis keepdims"), ("reduce_min", "min", "input_tensor=x axis keepdims"),
    ("reduce_prod", "prod", "input_tensor=x axis keepdims"), ("reduce_any", "any", "input_tensor=x axis keepdims"),
    ("reduce_all", "all", "input_tensor=x axis keepdims"), ("reduce_std", "std", "input_tensor=x axis keepdims"),
    ("reduce_variance", "var", "input_tensor=x axis keepdims"),
    ("reduce_logsumexp", "logsumexp", "input_tensor=x axis keepdims"),
    ("argmax arg_max", "argmax", "input=x axis !axis=0"), ("argmin arg_min", "argmin", "input=x axis !axis=0"),
    ("cumsum", "cumsum", "x axis exclusive reverse"), ("abs", "absolute", "x"), ("neg", "negative", "x"),
    ("ceil", "ceil", "x"), ("rint", "round", "x"), ("pow", "power", "x=x1 y=x2"),
    ("add AddV2", "add", "x=x1 y=x2"), ("subtract sub", "subtract", "x=x1 y=x2"),
    ("multiply mul", "multiply", "x=x1 y=x2"), ("divide div truediv realdiv", "true_divide", "x=x1 y=x2"),
    ("floordiv floor_div", "floor_divide", "x=x1 y=x2"), ("mod floormod", "mod", "x=x1 y=x2"),
    ("divide_no_nan div_no_nan", "divide_no_nan", "x=x1 y=x2"), ("maximum", "maximum", "x=x1 y=x2"),
    ("minimum", "minimum", "x=x1 y=x2"), ("squared_difference", "squared_difference", "x y"),
    ("equal", "equal", "x=x1 y=x2"), ("not_equal", "not_equal", "x=x1 y=x2"), ("greater", "greater", "x=x1 y=x2"),
    ("greater_equal", "greater_equal", "x=x1 y=x2"), ("less", "less", "x=x1 y=x2"),
    ("less_equal", "less_equal", "x=x1 y=x2"), ("logical_and", "logical_and", "x=x1 y=x2"),
    ("logical_or", "logical_or", "x=x1 y=x2"), ("logical_not", "logical_not", "x"),
    ("where select", "where", "condition x=x1 y=x2"), ("add_n", "add_n", "inputs"),
    ("clip_by_value", "clip", "t=x clip_value_min=x_min clip_value_max=x_max"),
    ("l2_normalize", "keraskit>l2_normalize", "x axis epsilon"),
    ("expand_dims", "expand_dims", "input=x axis"), ("squeeze", "squeeze", "input=x axis"),
    ("reshape", "reshape", "tensor=x shape=newshape"), ("transpose", "transpose", "a=x perm=axes"),
    ("concat", "concatenate", "values=xs axis"), ("stack", "stack", "values=x axis"), ("cross", "cross", "a=x1 b=x2"),
    ("unstack", "unstack", "value=x num axis"),
    ("split", "keraskit>split_sizes", "value=x num_or_size_splits=sizes axis num"),
    ("tile", "tile", "input=x multiples=repeats"), ("repeat", "repeat", "input=x repeats axis"),
    ("reverse", "flip", "tensor=x axis"), ("roll", "roll", "input=x shift axis"),
    ("gather", "keraskit>gather", "params=x indices validate_indices axis batch_dims !axis=0"),
    ("one_hot", "one_hot", "indices=x depth=num_classes on_value off_value axis dtype"),
    ("cast", "cast", "x dtype"), ("to_float", "cast", "x !dtype=float32"), ("to_int32", "cast", "x !dtype=int32"),
    ("matmul linalg.matmul batch_matmul", "keraskit>matmul", "a b transpose_a transpose_b"),
    ("tensordot", "tensordot", "a=x1 b=x2 axes"), ("shape", "keraskit>shape_vector", "input=x"),
    ("rank", "ndim", "input=x"), ("identity", "identity", "input=x"),
    ("stop_gradient", "stop_gradient", "input=variable"),
    ("softmax", "softmax", "logits=x axis"), ("log_softmax", "log_softmax", "logits=x axis"),
    ("nn.relu", "relu", "features=x"), ("nn.relu6", "relu6", "features=x"),
    ("nn.leaky_relu", "leaky_relu", "features=x alpha=negative_slope"), ("nn.elu", "elu", "features=x"),
    ("nn.selu", "selu", "features=x"), ("nn.softplus", "softplus", "features=x"),
    ("nn.softsign", "softsign", "features=x"), ("nn.swish nn.silu swish silu", "silu", "features=x"),
    ("nn.gelu", "gelu", "features=x approximate !approximate=False"),
    ("nn.bias_add", "bias_add", "value=x bias data_format"),
    ("nn.batch_normalization", "batch_normalization", "x mean variance offset scale variance_epsilon=epsilon"),
    ("nn.moments", "moments", "x axes shift keepdims"),
    ("zeros_like", "zeros_like", "input=x dtype"), ("ones_like", "ones_like", "input=x dtype"),
    ("zeros", "zeros", "shape dtype"), ("ones", "ones", "shape dtype"), ("fill", "full", "dims=shape value=fill_value"),
    ("constant", "array", "value=x dtype shape"), ("convert_to_tensor", "array", "value=x dtype"),
    ("range", "arange", "start limit=stop delta=step dtype"),
    ("linspace lin_space", "linspace", "start stop num"), ("eye", "eye", "num_rows=N num_columns=M batch_shape dtype"),
    ("broadcast_to", "broadcast_to", "input=x shape"), ("norm", "norm", "tensor=x ord axis keepdims"),
    ("pad", "pad", "tensor=x paddings=pad_width mode constant_values"),
    ("image.resize", "resize", "images size method=interpolation"),
    // TensorFlow 1's, without half pixels.
    (
      "image.resize_images", "keraskit>resize",
      "images size method=interpolation align_corners !interpolation=bilinear"
    ),
    (
      "image.resize_bilinear", "keraskit>resize", "images size align_corners half_pixel_centers !interpolation=bilinear"
    ),
    (
      "image.resize_nearest_neighbor", "keraskit>resize",
      "images size align_corners half_pixel_centers !interpolation=nearest"
    ),
    (
      "image.resize_bicubic", "keraskit>resize",
      "images size align_corners half_pixel_centers !interpolation=bicubic"
    ),
    ("image.flip_left_right", "keraskit>flip_columns", "image=x"),
    ("image.flip_up_down", "keraskit>flip_rows", "image=x"),
    ("image.central_crop", "keraskit>central_crop", "image=x central_fraction"),
    (
      "nn.conv2d nn.conv1d nn.conv3d", "conv",
      "input=inputs filters=kernel strides padding data_format dilations=dilation_rate name filter=kernel stride=strides value=inputs"
    ),
    (
      "nn.convolution", "keraskit>tf_convolution",
      "input=inputs filters=kernel strides padding data_format dilations=dilation_rate name filter=kernel dilation_rate"
    ),
    (
      "nn.pool", "keraskit>tf_pool",
      "input=inputs window_shape pooling_type strides padding data_format dilations"
    ),
    (
      "nn.conv2d_transpose", "keraskit>conv2d_transpose",
      "input=inputs filters=kernel output_shape strides padding data_format value=inputs filter=kernel"
    ),
    ("space_to_batch_nd space_to_batch", "keraskit>space_to_batch", "input block_shape paddings"),
    (
      "reverse_sequence", "keraskit>reverse_sequence",
      "input seq_lengths seq_axis batch_axis seq_dim=seq_axis batch_dim=batch_axis"
    ),
    (
      "nn.depthwise_conv2d", "depthwise_conv",
      "input=inputs filter=kernel strides padding rate=dilation_rate name data_format dilations=dilation_rate"
    ),
    (
      "nn.avg_pool nn.avg_pool1d nn.avg_pool2d nn.avg_pool3d", "average_pool",
      "input=inputs ksize=pool_size strides padding data_format value=inputs"
    ),
    (
      "nn.max_pool nn.max_pool1d nn.max_pool2d nn.max_pool3d", "max_pool",
      "input=inputs ksize=pool_size strides padding data_format value=inputs"
    ),
    ("top_k", "top_k", "input=x k sorted"), ("sort", "keraskit>sort", "values=x axis direction"),
    ("argsort", "keraskit>argsort", "values=x axis direction stable"), ("size", "size", "input=x"),
    ("reciprocal_no_nan", "keraskit>reciprocal_no_nan", "x"), ("is_nan", "isnan", "x"), ("is_inf", "isinf", "x"),
    ("is_finite", "isfinite", "x"), ("atan2", "arctan2", "y=x1 x=x2"), ("asin", "arcsin", "x"),
    ("acos", "arccos", "x"), ("atan", "arctan", "x"), ("asinh", "arcsinh", "x"), ("acosh", "arccosh", "x"),
    ("atanh", "arctanh", "x"), ("xlogy", "keraskit>xlogy", "x y"), ("xdivy", "divide_no_nan", "x=x1 y=x2"),
    ("multiply_no_nan", "keraskit>multiply_no_nan", "x y"), ("logical_xor", "logical_xor", "x=x1 y=x2"),
    ("cumsum", "cumsum", "x axis exclusive reverse"), ("cumprod", "keraskit>cumprod", "x axis exclusive reverse"),
    ("linalg.diag_part matrix_diag_part", "keraskit>diagonal", "input=x"),
    ("linalg.inv matrix_inverse", "inv", "input=x"), ("linalg.det matrix_determinant", "det", "input=x"),
    ("linalg.logdet logdet", "logdet", "matrix=x"), ("linalg.slogdet", "slogdet", "input=x"),
    ("linalg.cholesky cholesky", "cholesky", "input=x"), ("linalg.pinv", "pinv", "a=x rcond"),
    ("linalg.solve matrix_solve", "solve", "matrix=a rhs=b adjoint"),
    ("linalg.triangular_solve", "solve_triangular", "matrix=a rhs=b lower adjoint !lower=True"),
    ("linalg.qr qr", "qr", "input=x full_matrices"), ("linalg.svd svd", "svd", "tensor=x full_matrices compute_uv"),
    ("linalg.lstsq", "lstsq", "matrix=a rhs=b"), ("linalg.trace trace", "keraskit>trace", "x"),
    ("linalg.band_part matrix_band_part", "keraskit>band_part", "input=x num_lower num_upper"),
    (
      "strided_slice", "keraskit>strided_slice",
      "input_=x begin end strides begin_mask end_mask ellipsis_mask new_axis_mask shrink_axis_mask"
    ),
    ("slice", "slice", "input_=inputs begin=start_indices size=shape"),
    ("unsorted_segment_sum", "segment_sum", "data segment_ids num_segments"),
    (
      "nn.sigmoid_cross_entropy_with_logits", "keraskit>sigmoid_cross_entropy", "labels logits"
    ),
    (
      "nn.softmax_cross_entropy_with_logits nn.softmax_cross_entropy_with_logits_v2", "categorical_crossentropy",
      "labels=target logits=output axis !from_logits=True"
    ),
    ("gather_nd", "keraskit>gather_nd", "params=x indices"),
    ("nn.embedding_lookup", "take", "params=x ids=indices partition_strategy name validate_indices max_norm !axis=0"),
    ("scatter_nd", "scatter", "indices updates=values shape"),
    ("tensor_scatter_nd_update tensor_scatter_update", "scatter_update", "tensor=inputs indices updates"),
    ("tensor_scatter_nd_add tensor_scatter_add", "scatter_add", "tensor=inputs indices updates"),
    ("tensor_scatter_nd_sub tensor_scatter_sub", "scatter_add", "tensor=inputs indices updates !sign=-1"),
    (
      "nn.sparse_softmax_cross_entropy_with_logits", "sparse_categorical_crossentropy",
      "labels=target logits=output !from_logits=True"
    ),
    (
      "image.crop_and_resize", "keraskit>crop_and_resize",
      "image boxes box_indices crop_size method extrapolation_value box_ind=box_indices"
    ),
    ("image.rot90", "keraskit>rot90_image", "image k"),
    (
      "image.combined_non_max_suppression", "combined_non_max_suppression",
      "boxes scores max_output_size_per_class max_total_size iou_threshold score_threshold pad_per_class clip_boxes"
    ),
    // What is only looked at while a program runs.
    ("print", "keraskit>scope", "name default_name values reuse device_name output_stream"),
    ("Assert", "keraskit>scope", "condition=name data=default_name summarize=values"),
    (
      "debugging.assert_equal debugging.assert_less debugging.assert_greater debugging.assert_less_equal "
        + "debugging.assert_greater_equal debugging.assert_rank debugging.assert_shapes debugging.assert_positive "
        + "debugging.assert_non_negative assert_equal assert_less assert_greater assert_rank assert_positive",
      "keraskit>scope", "x=name y=default_name message=values summarize=reuse data=device_name rank=default_name"
    ),
    ("debugging.check_numerics check_numerics", "keraskit>shown", "tensor=x message"),
    ("keras.backend.binary_crossentropy", "binary_crossentropy", "target output from_logits"),
    ("keras.backend.categorical_crossentropy", "categorical_crossentropy", "target output from_logits axis"),
    ("image.per_image_standardization", "keraskit>per_image_standardization", "image=x"),
    ("image.rgb_to_grayscale", "rgb_to_grayscale", "images"),
    ("image.grayscale_to_rgb", "keraskit>grayscale_to_rgb", "images"),
    ("image.rgb_to_hsv", "rgb_to_hsv", "images"), ("image.hsv_to_rgb", "hsv_to_rgb", "images"),
    ("image.sobel_edges", "sobel_edges", "image=images"),
    ("image.ssim", "ssim", "img1=image1 img2=image2 max_val filter_size filter_sigma k1 k2"),
    ("image.psnr", "keraskit>image_psnr", "a b max_val"),
    ("image.total_variation", "keraskit>total_variation", "images"),
    ("image.extract_patches", "extract_patches", "images sizes=size strides rates=dilation_rate padding"),
    (
      "image.crop_to_bounding_box", "crop_images",
      "image=images offset_height=top_cropping offset_width=left_cropping target_height target_width"
    ),
    (
      "image.pad_to_bounding_box", "pad_images",
      "image=images offset_height=top_padding offset_width=left_padding target_height target_width"
    ),
    (
      "image.resize_with_pad", "keraskit>resize_with_pad",
      "image target_height target_width method antialias"
    ),
    (
      "image.resize_with_crop_or_pad image.resize_image_with_crop_or_pad", "keraskit>resize_with_crop_or_pad",
      "image target_height target_width"
    ),
    ("image.adjust_brightness", "keraskit>adjust_brightness", "image delta"),
    ("image.adjust_contrast", "keraskit>adjust_contrast", "images contrast_factor"),
    ("image.adjust_gamma", "keraskit>adjust_gamma", "image gamma gain"),
    ("image.adjust_saturation", "keraskit>adjust_saturation", "image saturation_factor"),
    ("image.adjust_hue", "keraskit>adjust_hue", "image delta"),
    ("space_to_depth", "space_to_depth", "input=x block_size data_format"),
    ("depth_to_space", "depth_to_space", "input=x block_size data_format"),
    ("nn.dropout", "keraskit>dropout", "x either noise_shape seed"),
    (
      "name_scope variable_scope device control_dependencies", "keraskit>scope",
      "name default_name values reuse device_name"
    ),
    (
      "nn.local_response_normalization nn.lrn", "keraskit>local_response_normalization",
      "input=x depth_radius bias alpha beta"
    ),
    ("signal.rfft", "keraskit>complex_rfft", "x fft_length"),
    ("signal.stft", "keraskit>complex_stft", "x frame_length frame_step fft_length window_fn pad_end !window_fn=hann"),
    ("signal.irfft", "keraskit>complex_irfft", "input_tensor=x fft_length"),
    ("signal.fft fft", "keraskit>complex_fft", "input=x"),
    ("signal.ifft ifft", "keraskit>complex_fft", "input=x !inverse=True"),
    ("signal.fft2d fft2d", "keraskit>complex_fft", "input=x !axes=2"),
    ("signal.ifft2d ifft2d", "keraskit>complex_fft", "input=x !axes=2 !inverse=True"),
    ("dtypes.complex complex", "keraskit>complex", "real imag"),
    ("signal.dct", "keraskit>cosine_transform", "input=x type n axis norm"),
    ("signal.mfccs_from_log_mel_spectrograms", "keraskit>mel_cepstrum", "log_mel_spectrograms=x"),
    (
      "signal.linear_to_mel_weight_matrix", "keraskit>mel_matrix",
      "num_mel_bins num_spectrogram_bins sample_rate lower_edge_hertz upper_edge_hertz dtype"
    ),
    ("cond", "cond", "pred true_fn false_fn fn1=true_fn fn2=false_fn"),
    ("nn.crelu", "keraskit>crelu", "features=x axis"),
    ("clip_by_norm", "keraskit>clip_by_norm", "t=x clip_norm axes=axis"),
    ("linalg.matvec", "keraskit>matvec", "a b transpose_a"),
    ("linalg.diag matrix_diag", "keraskit>diagonal_matrix", "diagonal=x"),
    (
      "extract_image_patches image.extract_image_patches", "extract_patches",
      "images ksizes=size strides rates=dilation_rate padding"
    ),
    ("signal.hann_window", "keraskit>cosine_window", "window_length periodic dtype"),
    ("signal.hamming_window", "keraskit>cosine_window", "window_length periodic dtype !a=0.54 !b=0.46"),
    ("signal.kaiser_window", "keraskit>kaiser_window", "window_length beta dtype"),
    ("signal.vorbis_window", "keraskit>vorbis_window", "window_length dtype"),
    ("signal.overlap_and_add", "keraskit>overlap_and_add", "signal frame_step"),
    ("math.angle angle", "keraskit>angle", "input=x"),
    ("math.real real", "keraskit>real", "x"), ("math.imag imag", "keraskit>imaginary", "x"),
    ("signal.frame", "keraskit>frames", "signal=x frame_length frame_step pad_end pad_value axis"),
    ("sequence_mask", "keraskit>sequence_mask", "lengths maxlen dtype"),
    ("ensure_shape", "keraskit>ensured", "x shape"), ("linalg.normalize", "keraskit>normalized", "tensor=x ord axis"),
    ("truncated_normal random.truncated_normal", "keraskit>truncated_normal", "shape mean stddev dtype seed"),
    ("random_normal random.normal", "keraskit>normal", "shape mean stddev dtype seed"),
    ("random_uniform random.uniform", "keraskit>uniform", "shape minval maxval dtype seed"),
  ]

  /// Activations as functions (keras/activations of 2.15 and 3); those named otherwise than in `keras.ops`, or with
  /// arguments of their own.
  static let activationRows: [(String, String, String)] = [
    ("relu", "keraskit>relu", "x alpha max_value threshold negative_slope=alpha"), ("elu", "elu", "x alpha"),
    ("gelu", "gelu", "x approximate !approximate=False"), ("softmax", "softmax", "x axis"), ("exponential", "exp", "x"),
    ("linear", "identity", "x"), ("swish silu", "silu", "x"), ("log_softmax", "log_softmax", "x axis"),
    ("leaky_relu", "leaky_relu", "x negative_slope"),
  ]

  /// Names of `keras.ops` that are not those of a function here.
  static let operationRows: [(String, String, String)] = [
    ("abs", "absolute", "x"), ("dropout", "keraskit>dropout", "inputs=x rate noise_shape seed"),
    ("convert_to_tensor", "array", "x dtype"), ("hard_swish", "hard_silu", "x"), ("swish", "silu", "x"),
  ]

  static let numpyRows: [(String, String, String)] = [
    ("sum", "sum", "a=x axis"), ("mean", "mean", "a=x axis"), ("max amax", "max", "a=x axis"),
    ("min amin", "min", "a=x axis"), ("prod", "prod", "a=x axis"), ("std", "std", "a=x axis"),
    ("var", "var", "a=x axis"), ("abs fabs", "absolute", "x"), ("pow", "power", "x=x1 y=x2"),
    ("clip", "clip", "a=x a_min=x_min a_max=x_max"), ("float32 float64", "cast", "x !dtype=float32"),
    ("int32 int64", "cast", "x !dtype=int32"), ("asarray", "array", "a=x dtype"),
    ("argmax", "argmax", "a=x axis"), ("argmin", "argmin", "a=x axis"), ("reshape", "reshape", "a=x shape=newshape"),
    ("transpose", "transpose", "a=x axes"),
  ]
}
