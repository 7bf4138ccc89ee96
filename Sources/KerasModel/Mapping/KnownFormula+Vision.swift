extension KnownFormula {
  static let vision: [KnownFormula] = [
    // bonlime/keras-deeplab-v3-plus: TensorFlow 1's resizing with the corners aligned.
    KnownFormula(
      names: ["BilinearUpsampling"], field: "upsampling",
      expression: """
        f = $upsampling; s = $output_size if f is None else (x.shape[1] * f[0], x.shape[2] * f[1]);
        tf.image.resize_bilinear(x, s, align_corners=True)
        """, defaults: ["output_size": nil]),
    // aurora95/Keras-FCN, utils/BilinearUpSampling.py.
    KnownFormula(
      names: ["BilinearUpSampling2D"], field: "target_size",
      expression: """
        f = $size; s = $target_size if $target_size is not None else (x.shape[1] * f[0], x.shape[2] * f[1]);
        tf.image.resize_bilinear(x if $data_format != 'channels_first' else
        unsupported('BilinearUpSampling2D with channels first'), s)
        """, defaults: ["size": [1, 1], "data_format": "channels_last"]),
    // hellochick/PSPNet and Vladkryvoruchko/PSPNet-Keras-tensorflow, layers_builder.py.
    KnownFormula(
      names: ["Interp"], field: "new_size",
      expression: "tf.image.resize_bilinear(x, ($new_size[0], $new_size[1]), align_corners=True)"),
    // keras-retinanet, layers/_misc.py: TensorFlow 1's nearest pixels, to the size of the second input.
    KnownFormula(
      names: ["UpsampleLike"],
      expression: """
        place = lambda n, m: K.cast(tf.floor(K.cast(K.arange(0, m), 'float32') *
        (K.cast(n, 'float32') / K.cast(m, 'float32'))), 'int32');
        rows = keras.ops.take(a, place(K.shape(a)[1], K.shape(b)[1]), axis=1);
        keras.ops.take(rows, place(K.shape(a)[2], K.shape(b)[2]), axis=2)
        """),
    KnownFormula(
      names: ["RegressBoxes"], field: "std",
      expression: """
        d = b * K.constant($std) + K.constant($mean); s = a[:, :, 2:] - a[:, :, :2];
        K.concatenate([a[:, :, :2] + d[:, :, :2] * s, a[:, :, 2:] + d[:, :, 2:] * s], axis=2)
        """),
    // The Caffe layers of GoogLeNet as Keras 1 had them, with the channels first.
    KnownFormula(
      names: ["LRN"], field: "n",
      expression: """
        h = $n // 2; c = x.shape[1]; p = tf.pad(K.square(x), [[0, 0], [h, h], [0, 0], [0, 0]]);
        step = lambda s, i: s + $alpha / $n * p[:, i:i + c];
        x / fold(step, $k, $n) ** $beta
        """, defaults: ["alpha": 0.0001, "k": 1, "beta": 0.75, "n": 5]),
    KnownFormula(names: ["PoolHelper"], expression: "x[:, :, 1:, 1:]"),
    // oarriaga/STN.keras, src/models/layers.py: an image sampled where an affine map of a regular grid falls.
    KnownFormula(
      names: ["BilinearInterpolation"], field: "output_size",
      expression: """
        h = $output_size[0]; w = $output_size[1]; rows = a.shape[1]; columns = a.shape[2]; n = K.shape(a)[0];
        gx = K.reshape(K.ones((h, 1)) * np.linspace(-1.0, 1.0, w), (1, -1));
        gy = K.reshape(K.expand_dims(np.linspace(-1.0, 1.0, h)) * K.ones((1, w)), (1, -1));
        g = K.reshape(b, (n, 2, 3)) @ K.concatenate([gx, gy, K.ones_like(gx)], axis=0);
        px = 0.5 * (g[:, 0] + 1.0) * columns; py = 0.5 * (g[:, 1] + 1.0) * rows;
        whole = lambda v: K.cast(K.cast(v, 'int32'), 'float32');
        x0 = K.clip(whole(px), 0, columns - 1); x1 = K.clip(whole(px) + 1, 0, columns - 1);
        y0 = K.clip(whole(py), 0, rows - 1); y1 = K.clip(whole(py) + 1, 0, rows - 1);
        flat = K.reshape(a, (-1, a.shape[3])); first = K.expand_dims(K.cast(K.arange(0, n), 'int32') * (rows * columns));
        at = lambda u, v: K.gather(flat, first + K.cast(v * columns + u, 'int32'));
        y = K.expand_dims((x1 - px) * (y1 - py)) * at(x0, y0) + K.expand_dims((x1 - px) * (py - y0)) * at(x0, y1)
        + K.expand_dims((px - x0) * (y1 - py)) * at(x1, y0) + K.expand_dims((px - x0) * (py - y0)) * at(x1, y1);
        K.reshape(y, (n, h, w, a.shape[3]))
        """),
  ]
}
