import KerasCore
import KerasGraph
import OrderedCollections

/// A quantizer of QKeras as configs name it: an object, or a call such as `quantized_bits(6, 0, alpha=1)`.
///
/// Source: QKeras 0.9.0, quantizers.py, with the stated defaults and channels last. Gradients pass straight through.
struct Quantizer: Sendable {
  let json: JSON
  private let arguments: OrderedDictionary<String, JSON>
  private let program: ExpressionProgram

  /// `isTrainable` for kernels, for which QKeras takes an automatic scale where the config has none.
  ///
  /// Throws `.unknownValue` for a quantizer that is not known, `.unsupported` for its arguments.
  init(_ value: JSON, field: String, isTrainable: Bool = false) throws(ModelError) {
    json = value
    let (name, given) = try Self.call(value, field: field)
    guard let row = Self.rows[name] else {
      throw ModelError(
        .unknownValue(field: field, value: name, known: Self.rows.keys.sorted().joined(separator: ", ")))
    }
    var arguments: OrderedDictionary<String, JSON> = [:]
    for word in row.parameters.split(separator: " ") {
      let parts = word.split(separator: "=").map(String.init)
      arguments[parts[0]] = (try? JSON(parsing: parts[1])) ?? .null
    }
    let names = Array(arguments.keys)
    for (index, value) in given.positional.enumerated() where index < names.count { arguments[names[index]] = value }
    for (key, value) in given.named { arguments[key] = value }
    if isTrainable, arguments.keys.contains("alpha"), arguments["alpha"]?.isNull == true {
      arguments["alpha"] = "auto_po2"
      arguments["symmetric"] = true
    }
    // Truth values are 0 and 1 in the formulas.
    for (key, value) in arguments { if let flag = value.boolValue { arguments[key] = JSON(flag ? 1 : 0) } }
    if let factor = arguments["qnoise_factor"]?.doubleValue, factor != 1 {
      throw ModelError(.unsupported("\(name) with qnoise_factor \(factor), which quantizes in part"))
    }
    self.arguments = arguments
    let isAutomatic = arguments["alpha"]?.stringValue != nil
    guard arguments["alpha"]?.arrayValue == nil else { throw ModelError(.unsupported("\(name) with a list as alpha")) }
    let text = isAutomatic ? row.automatic?(arguments["alpha"] == "auto_po2") ?? row.text : row.text
    do {
      program = try ExpressionProgram(parsing: text)
    } catch {
      throw ModelError(.unsupported("\(name): \(error)"))
    }
  }

  /// Whether QKeras has a quantizer or quantized function of that name.
  static func knows(_ name: String) -> Bool { rows[name] != nil }

  private static func call(
    _ value: JSON, field: String
  ) throws(ModelError) -> (name: String, (positional: [JSON], named: OrderedDictionary<String, JSON>)) {
    if let name = value["class_name"]?.stringValue {
      if name == "function", let text = value["config"]?.stringValue { return (text, ([], [:])) }
      return (name, ([], value["config"]?.objectValue ?? [:]))
    }
    guard let text = value.stringValue, let parsed = try? Expression(parsing: text) else {
      throw ModelError(.invalidField(field, expected: "a quantizer of QKeras", found: value))
    }
    switch parsed {
    case .name(let name): return (name, ([], [:]))
    case .call(.name(let name), let positional, let keywords):
      var values: [JSON] = []
      var named: OrderedDictionary<String, JSON> = [:]
      for argument in positional { values.append(try constant(argument, text)) }
      for keyword in keywords { named[keyword.name] = try constant(keyword.value, text) }
      return (name, (values, named))
    default: throw ModelError(.invalidField(field, expected: "a quantizer of QKeras", found: value))
    }
  }

  private static func constant(_ value: Expression, _ text: String) throws(ModelError) -> JSON {
    do {
      return try ObjectMapping.constant(value, [:])
    } catch {
      throw ModelError(.unsupported("the quantizer '\(text)'"))
    }
  }

  /// Adds the quantized values of `x` to the graph.
  func apply(_ x: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
    if context.isTraining, arguments["use_stochastic_rounding"] == 1 {
      throw ModelError(.unsupported("training with QKeras' stochastic rounding"))
    }
    let rank = context.shape(x).rank
    var names: [String: CallValue] = ["x": .tensor(x), "rank": .int(rank)]
    for (key, value) in arguments { names[key] = CallValue(constant: value) ?? CallValue.none }
    // All axes but the channels', which have a scale each.
    let channels = arguments["scale_axis"]?.intValue ?? rank - 1
    names["axes"] = .sequence((0..<rank).filter { $0 != channels || rank == 1 }.map { .int($0) })
    var evaluation = ExpressionEvaluation(names: names)
    guard case .tensor(let result) = try evaluation.evaluate(program, &context) else {
      throw ModelError(.unsupported("a quantizer without result"))
    }
    return result
  }
}

extension Quantizer {
  private struct Row: Sendable {
    /// In the constructor's order, with defaults.
    var parameters: String
    var text: String
    /// With an automatic scale, a power of two or any number.
    var automatic: (@Sendable (_ isPowerOfTwo: Bool) -> String)?
  }

  private static let log2 = "0.6931471805599453"

  private static func powerOfTwo(_ value: String) -> String { "2.0 ** K.round(K.log(\(value) + 1e-7) / \(log2))" }

  /// The scale that brings quantized `q` closest to `values`.
  private static func scale(_ values: String, _ q: String, _ isPowerOfTwo: Bool) -> String {
    let text = """
      up = K.mean(\(values) * \(q), axis=axes, keepdims=True) if rank > 1 else \(values) * \(q);
      down = K.mean(\(q) * \(q), axis=axes, keepdims=True) if rank > 1 else \(q) * \(q);
      """
    return text + " scale = " + (isPowerOfTwo ? powerOfTwo("up / (down + 1e-7)") : "up / (down + 1e-7)") + ";"
  }

  private static let straight = " x + K.stop_gradient(q - x)"

  private static let powers = """
    bits = bits - signs - (1 if max_value is None or max_value > 1 else 0);
    low = -(2 ** bits); high = 2 ** bits - 1; high = 2 * (high // 2) if quadratic_approximation else high;
    """

  /// The exponent of `value`, rounded.
  private static func exponent(_ name: String, of value: String) -> String {
    """
    v = \(value); t = K.maximum(v, 1e-7); t = t if max_value is None else K.minimum(t, max_value);
    t = K.log(K.sqrt(t) if quadratic_approximation else t) / \(log2);
    t = tf.floor(t) if log2_rounding == 'floor' else K.round(t);
    \(name) = K.switch(v < 1e-7, K.ones_like(v) * low, (2 if quadratic_approximation else 1) * K.clip(t, low, high));
    """
  }

  private static let rows: [String: Row] = [
    "quantized_bits": Row(
      parameters: "bits=8 integer=0 symmetric=0 keep_negative=1 alpha=null use_stochastic_rounding=0 scale_axis=null "
        + "qnoise_factor=1.0",
      text: """
        m = 2.0 ** (bits - keep_negative); i = 2.0 ** integer; s = K.sign(x); s = s + (1.0 - K.abs(s));
        s = s if keep_negative else (s + 1.0) / 2.0;
        q = i * K.clip(K.round(x * m / i), keep_negative * (symmetric - m), m - 1) / m if bits > keep_negative else s;
        q = q if alpha is None else q * alpha;
        """ + straight,
      automatic: { isPowerOfTwo in
        let round = "v = tf.floor(K.abs(y) / scale + 0.5); z = K.sign(y) * K.minimum(v, levels / 2);"
        let start = """
          m = 2.0 ** (bits - keep_negative); i = 2.0 ** integer; y = x / i; levels = (2 ** (bits - 1) - 1) * 2;
          scale = K.max(K.abs(y), axis=axes, keepdims=True) * 2 / levels;
          """
        let rest = " q = scale * m * (i * z / m);" + straight
        guard isPowerOfTwo else { return start + round + rest }
        let step = round + Quantizer.scale("y", "z", true)
        return start + " scale = " + powerOfTwo("scale") + ";" + String(repeating: step, count: 5) + rest
      }),
    "quantized_relu": Row(
      parameters: "bits=8 integer=0 use_sigmoid=0 negative_slope=0.0 use_stochastic_rounding=0 relu_upper_bound=null "
        + "is_quantized_clip=1 qnoise_factor=1.0",
      text: """
        n = bits - (1 if negative_slope != 0 else 0); m = 2.0 ** n; i = 2.0 ** integer; top = i - 2.0 ** (integer - n);
        top = top if is_quantized_clip else relu_upper_bound;
        u = K.relu(x, alpha=negative_slope); u = u if top is None else K.switch(x <= top, u, K.ones_like(x) * top);
        p = (K.clip(0.5 * x / i + 0.5, 0.0, 1.0) if use_sigmoid else x / i) * m;
        q = K.round(p) / m; q = i * K.clip(2.0 * q - 1.0 if use_sigmoid else q, 0.0, 1.0 - 1.0 / m);
        t = K.round(p * negative_slope) / (negative_slope * m if negative_slope > 0 else 1.0);
        t = K.clip(2.0 * t - 1.0 if use_sigmoid else t, -1.0, 0.0);
        q = q + i * negative_slope * t if negative_slope > 0 else q;
        q = q if is_quantized_clip or not relu_upper_bound else K.minimum(q, relu_upper_bound);
        u + K.stop_gradient(q - u)
        """),
    "quantized_tanh": Row(
      parameters: "bits=8 use_stochastic_rounding=0 symmetric=0 use_real_tanh=0",
      text: """
        m = 2.0 ** (bits - 1); p = K.tanh(x) if use_real_tanh else 2.0 * K.clip(0.5 * x + 0.5, 0.0, 1.0) - 1.0;
        r = p * m; r = r + K.stop_gradient(K.round(r) - r); K.clip(r / m, -1.0 + symmetric / m, 1.0 - 1.0 / m)
        """),
    "quantized_sigmoid": Row(
      parameters: "bits=8 symmetric=0 use_real_sigmoid=0 use_stochastic_rounding=0",
      text: """
        m = 2.0 ** bits; r = (K.sigmoid(x) if use_real_sigmoid else K.clip(0.5 * x + 0.5, 0.0, 1.0)) * m;
        r = r + K.stop_gradient(K.round(r) - r); K.clip(r / m, symmetric / m, 1.0 - 1.0 / m)
        """),
    "binary": Row(
      parameters: "use_01=0 alpha=null use_stochastic_rounding=0",
      text: """
        s = K.sign(x); s = s + (1.0 - K.abs(s)); s = (s + 1.0) / 2.0 if use_01 else s;
        y = K.tanh(x) if alpha is None else x; y + K.stop_gradient((s if alpha is None else alpha * s) - y)
        """,
      automatic: { isPowerOfTwo in
        "s = K.sign(x); s = s + (1.0 - K.abs(s)); s = (s + 1.0) / 2.0 if use_01 else s;"
          + Quantizer.scale("x", "s", isPowerOfTwo) + " q = scale * s;" + straight
      }),
    "ternary": Row(
      parameters: "alpha=null threshold=null use_stochastic_rounding=0 number_of_unrolls=5",
      text: """
        q = K.cast(K.abs(x) >= (0.33 if threshold is None else threshold), 'float32') * K.sign(x);
        y = K.tanh(x) if alpha is None else x; y + K.stop_gradient((q if alpha is None else alpha * q) - y)
        """,
      automatic: { isPowerOfTwo in
        let start = "scale = 2 * K.max(K.abs(x), axis=axes, keepdims=True) / 3.0;"
        let step =
          "v = scale * K.round(x / scale); q = K.cast(K.abs(v) >= scale / 2.0, 'float32') * K.sign(x);"
          + Quantizer.scale("x", "q", isPowerOfTwo)
        return start + (isPowerOfTwo ? " scale = " + powerOfTwo("scale") + ";" : "")
          + String(repeating: step, count: 5) + " q = scale * q;" + straight
      }),
    "quantized_po2": Row(
      parameters: "bits=8 max_value=null use_stochastic_rounding=0 quadratic_approximation=0 log2_rounding=\"rnd\" "
        + "qnoise_factor=1.0",
      text: "signs = 1;" + powers + exponent("e", of: "K.abs(x)")
        + "s = K.sign(x); q = (s + (1.0 - K.abs(s))) * 2.0 ** e;" + straight),
    "quantized_relu_po2": Row(
      parameters: "bits=8 max_value=null negative_slope=0 use_stochastic_rounding=0 quadratic_approximation=0 "
        + "log2_rounding=\"rnd\" qnoise_factor=1.0",
      text: "signs = 1 if negative_slope else 0;" + powers + exponent("e", of: "K.relu(x)")
        + exponent("f", of: "K.relu(-x) * negative_slope") + """
          q = K.switch(x >= 0, 2.0 ** e, -(2.0 ** f)) if negative_slope else 2.0 ** e;
          u = K.relu(x, alpha=negative_slope);
          u = u if max_value is None else K.switch(x <= max_value, u, K.ones_like(x) * max_value);
          u + K.stop_gradient(q - u)
          """),
    "hard_sigmoid": Row(parameters: "", text: "K.clip(0.5 * x + 0.5, 0.0, 1.0)"),
    "smooth_sigmoid": Row(parameters: "", text: "K.clip(0.1875 * x + 0.5, 0.0, 1.0)"),
    "hard_tanh": Row(parameters: "", text: "2.0 * K.clip(0.5 * x + 0.5, 0.0, 1.0) - 1.0"),
    "smooth_tanh": Row(parameters: "", text: "2.0 * K.clip(0.1875 * x + 0.5, 0.0, 1.0) - 1.0"),
  ]
}
