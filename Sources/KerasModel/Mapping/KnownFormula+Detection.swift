import KerasCore
import OrderedCollections

extension KnownFormula {
  /// Layers of public object detectors.
  static let detection: [KnownFormula] = [
    // keras-retinanet 1.0.0, layers/_misc.py and utils/anchors.py: the channels last.
    KnownFormula(
      names: ["Anchors"], field: "stride", expression: "",
      generate: { config throws(ModelError) in
        """
        h = K.shape(x)[1]; w = K.shape(x)[2]; \(try retinaAnchors(config));
        sx = K.reshape((K.arange(0, w, dtype='float32') + 0.5) * $stride, (1, -1, 1));
        sy = K.reshape((K.arange(0, h, dtype='float32') + 0.5) * $stride, (-1, 1, 1));
        whole = 0.0 * (sx + sy + hw);
        boxes = K.stack([sx - hw + whole, sy - hh + whole, sx + hw + whole, sy + hh + whole], axis=-1);
        K.reshape(boxes, (1, -1, 4)) + K.zeros_like(x[:, :1, :1, 0])
        """
        .withoutVariables
      }),
    KnownFormula(
      names: ["ClipBoxes"], before: KerasVersion(2, 4),
      expression: clipBoxes(""),
      caution: """
        ClipBoxes clips to the image's width and height as keras-retinanet up to 0.5 does; copies that end one pixel \
        earlier exist
        """),
    KnownFormula(names: ["ClipBoxes"], expression: clipBoxes(" - 1.0")),
    KnownFormula(
      names: ["FilterDetections"], field: "class_specific_filter",
      expression: """
        filter_detections(x, $nms, $class_specific_filter, $nms_threshold, $score_threshold, $max_detections)
        """,
      defaults: ["nms": true, "nms_threshold": 0.5, "score_threshold": 0.05, "max_detections": 300]),
    // pierluigiferrari/ssd_keras, keras_layers/keras_layer_AnchorBoxes.py.
    KnownFormula(
      names: ["AnchorBoxes"], field: "this_scale", expression: "",
      generate: { config throws(ModelError) in try anchorBoxes(config).withoutVariables },
      defaults: [
        "clip_boxes": nil, "limit_boxes": true, "coords": "centroids", "normalize_coords": false,
        "variances": [1, 1, 1, 1], "this_steps": nil, "this_offsets": nil,
      ],
      caution: """
        the config of AnchorBoxes holds neither this_steps nor this_offsets: its boxes are those that Keras makes of \
        the file, at the centres of equal cells
        """),
    KnownFormula(
      names: ["DecodeDetections"], field: "confidence_thresh", expression: decoded("decode_detections")),
    KnownFormula(
      names: ["DecodeDetectionsFast"], field: "confidence_thresh", expression: decoded("decode_detections_fast")),
  ]

  private static func clipBoxes(_ last: String) -> String {
    """
    s = K.cast(K.shape(a), 'float32'); h = s[1]\(last); w = s[2]\(last);
    side = lambda i, n: K.minimum(K.maximum(b[:, :, i], 0.0), n);
    K.stack([side(0, w), side(1, h), side(2, w), side(3, h)], axis=2)
    """
  }

  private static func decoded(_ function: String) -> String {
    """
    \(function)(x, $confidence_thresh, $iou_threshold, $top_k, $nms_max_output_size, $normalize_coords,
    $img_height, $img_width)
    """
  }

  private static func number(
    _ config: OrderedDictionary<String, JSON>, _ name: String
  ) throws(ModelError) -> Double {
    guard let value = config[name]?.doubleValue, value.isFinite else {
      throw ModelError(.invalidField(name, expected: "a number", found: config[name] ?? .null))
    }
    return value
  }

  private static func numbers(
    _ config: OrderedDictionary<String, JSON>, _ name: String, default standard: [Double]
  ) throws(ModelError) -> [Double] {
    guard let value = config[name], !value.isNull else { return standard }
    let found = value.arrayValue?.compactMap(\.doubleValue) ?? []
    guard !found.isEmpty, found.count == value.arrayValue?.count, found.allSatisfy({ $0 > 0 && $0.isFinite }) else {
      throw ModelError(.invalidField(name, expected: "positive numbers", found: value))
    }
    return found
  }

  /// Half the widths and heights of the boxes around a point, for every ratio of height to width at every scale.
  private static func retinaAnchors(_ config: OrderedDictionary<String, JSON>) throws(ModelError) -> String {
    let size = try number(config, "size")
    let scales = try numbers(config, "scales", default: [1, 1.259921049894873, 1.5874010519681994])
    var sizes: [(width: Double, height: Double)] = []
    for ratio in try numbers(config, "ratios", default: [0.5, 1, 2]) {
      for scale in scales {
        let width = size * scale / ratio.squareRoot()
        sizes.append((width / 2, width * ratio / 2))
      }
    }
    return "hw = \(list(sizes.map(\.width))); hh = \(list(sizes.map(\.height)))"
  }

  private static func list(_ values: [Double]) -> String {
    "K.constant([" + values.map { "\($0)" }.joined(separator: ", ") + "])"
  }

  private static func anchorBoxes(_ config: OrderedDictionary<String, JSON>) throws(ModelError) -> String {
    let (height, width) = (try number(config, "img_height"), try number(config, "img_width"))
    let (scale, next) = (try number(config, "this_scale"), try number(config, "next_scale"))
    let side = min(height, width)
    var sizes: [(width: Double, height: Double)] = []
    for ratio in try numbers(config, "aspect_ratios", default: [0.5, 1, 2]) {
      sizes.append((scale * side * ratio.squareRoot(), scale * side / ratio.squareRoot()))
      if ratio == 1, config["two_boxes_for_ar1"]?.boolValue ?? true {
        let larger = (scale * next).squareRoot() * side
        sizes.append((larger, larger))
      }
    }
    let clips = config["clip_boxes"]?.boolValue ?? config["limit_boxes"]?.boolValue ?? true
    let (scaleX, scaleY) = config["normalize_coords"]?.boolValue ?? false ? (width, height) : (1, 1)
    let sides: String
    switch config["coords"]?.stringValue {
    case "centroids": sides = "[(x1 + x2) / 2.0, (y1 + y2) / 2.0, x2 - x1, y2 - y1]"
    case "corners": sides = "[x1, y1, x2, y2]"
    case "minmax": sides = "[x1, x2, y1, y2]"
    default:
      throw ModelError(
        .invalidField("coords", expected: "centroids, corners or minmax", found: config["coords"] ?? .null))
    }
    // A side at or beyond the image's end is moved to the last pixel; one within the last pixel stays.
    func clip(_ value: String, _ end: Double) -> String {
      clips ? "tf.where(\(value) >= \(end), one * \(end - 1), K.maximum(\(value), 0.0))" : value
    }
    return """
      h = x.shape[1]; w = x.shape[2]; bw = \(list(sizes.map(\.width))); bh = \(list(sizes.map(\.height)));
      one = K.ones((h, w, \(sizes.count)));
      sh = $this_steps if $this_steps is not None else \(height) / h;
      sw = $this_steps if $this_steps is not None else \(width) / w;
      o = $this_offsets if $this_offsets is not None else 0.5;
      cy = K.reshape(np.linspace(o * sh, (o + h - 1) * sh, h), (-1, 1, 1)) * one;
      cx = K.reshape(np.linspace(o * sw, (o + w - 1) * sw, w), (1, -1, 1)) * one;
      x1 = cx - bw / 2.0; x2 = cx + bw / 2.0; y1 = cy - bh / 2.0; y2 = cy + bh / 2.0;
      x1 = \(clip("x1", width)); x2 = \(clip("x2", width)); y1 = \(clip("y1", height)); y2 = \(clip("y2", height));
      x1 = x1 / \(scaleX); x2 = x2 / \(scaleX); y1 = y1 / \(scaleY); y2 = y2 / \(scaleY);
      boxes = K.stack(\(sides), axis=-1);
      all = K.concatenate([boxes, K.ones_like(boxes) * K.constant($variances)], axis=-1);
      K.expand_dims(all, 0) + K.reshape(K.zeros_like(x[:, 0, 0, 0]), (-1, 1, 1, 1, 1))
      """
  }
}

extension String {
  /// A formula that has no variables.
  fileprivate var withoutVariables: (String, KnownFormula.Variables) { (self, []) }
}
