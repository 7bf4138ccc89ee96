import KerasCore
import OrderedCollections

extension KnownFormula {
  static let sequences: [KnownFormula] = [
    // keras-contrib, layers/crf.py: energies, of which the least counts. Recursions run over known time steps.
    KnownFormula(
      names: ["CRF"], field: "chain_initializer",
      expression: """
        n = x.shape[1]; n = unsupported('a CRF over a number of steps that is not known') if n is None else n;
        E = x @ kernel; E = $activation(E if bias is None else E + bias);
        m = None if mask is None else K.cast(mask, 'float32'); z = K.zeros_like(E[:, :1]);
        first = K.concatenate([K.ones_like(z), K.zeros_like(E[:, 1:])], axis=1) if m is None else
        K.expand_dims(K.cast(m > K.concatenate([K.zeros_like(m[:, :1]), m[:, :-1]], axis=1), 'float32'));
        last = K.concatenate([K.zeros_like(E[:, 1:]), K.ones_like(z)], axis=1) if m is None else
        K.expand_dims(K.cast(K.concatenate([m[:, 1:], K.zeros_like(m[:, :1])], axis=1) > m, 'float32'));
        E = E if left is None else E + first * left + last * right;
        own = lambda t: E[:, t] if m is None else E[:, t] * m[:, t:t + 1];
        both = lambda t, u: 1.0 if m is None else
        (0.0 if u < 0 or u == n else K.expand_dims(m[:, t:t + 1] * m[:, u:u + 1]));
        low = lambda s, t: K.expand_dims(own(t) + s, 2) + chain * both(t, t + 1);
        seek = lambda s, t: [K.min(low(s[0], t), 1), s[1] + [K.cast(K.argmin(low(s[0], t), 1), 'float32')]];
        tables = fold(seek, [z[:, 0], []], n)[1] if $test_mode == 'viterbi' else [];
        pick = lambda i: K.one_hot(K.cast(i, 'int32'), $units);
        back = lambda s, t: [pick(K.sum(tables[n - 1 - t] * s[0], 1)), [pick(K.sum(tables[n - 1 - t] * s[0], 1))] + s[1]];
        path = fold(back, [pick(tables[n - 1][:, 0]), []], n)[1] if $test_mode == 'viterbi' else [];
        up = lambda s, t: [K.logsumexp(-(K.expand_dims(own(t) - s[0], 2) + chain * both(t, t + 1)), 1)];
        alpha = lambda s, t: up(s, t) + s[1:] + up(s, t);
        down = lambda s, t: [K.logsumexp(-(K.expand_dims(own(t) - s[0], 2) + chain * both(t, t - 1)), 1)];
        beta = lambda s, t: down(s, n - 1 - t) + down(s, n - 1 - t) + s[1:];
        A = [] if $test_mode == 'viterbi' else [z[:, 0]] + fold(alpha, [z[:, 0]], n)[1:];
        B = [] if $test_mode == 'viterbi' else fold(beta, [z[:, 0]], n)[1:] + [z[:, 0]];
        K.stack(path, axis=1) if $test_mode == 'viterbi' else K.softmax(-(K.stack(A[:n], axis=1)
        + (E if m is None else E * K.expand_dims(m)) + K.stack(B[1:], axis=1)))
        """,
      weights: [
        ("kernel", "(x.shape[-1], $units)"), ("chain", "($units, $units)"), ("bias", "$units if $use_bias else None"),
        ("left", "$units if $use_boundary else None"), ("right", "$units if $use_boundary else None"),
      ], defaults: ["use_bias": true, "use_boundary": true, "activation": "linear"],
      masks: "(None if mask is None else K.any(mask, axis=1)) if $learn_mode == 'join' else mask"),
    // keras-tcn 3.5 (philipperemy), tcn.py; configs before 3.1 do not say how the blocks are normalised.
    KnownFormula(
      names: ["TCN"], field: "use_batch_norm", expression: "",
      generate: temporalNetwork,
      defaults: [
        "nb_filters": 64, "kernel_size": 3, "nb_stacks": 1, "dilations": [1, 2, 4, 8, 16, 32], "padding": "causal",
        "use_skip_connections": true, "return_sequences": false, "activation": "relu", "use_layer_norm": false,
        "use_weight_norm": false, "go_backwards": false, "return_state": false,
      ]),
  ]

  /// Blocks of two dilated convolutions, each block's sum with its input going on to the next.
  @Sendable private static func temporalNetwork(
    _ fields: OrderedDictionary<String, JSON>
  ) throws(ModelError) -> (String, Variables) {
    func flag(_ name: String) -> Bool { fields[name]?.boolValue == true }
    func int(_ name: String) throws(ModelError) -> Int {
      guard let value = fields[name]?.intValue, (1...4096).contains(value) else {
        throw ModelError(.invalidField(name, expected: "a positive number", found: fields[name] ?? .null))
      }
      return value
    }
    for name in ["use_weight_norm", "return_state"] where flag(name) {
      throw ModelError(.unsupported("a TCN with \(name)"))
    }
    let dilations = fields["dilations"]?.arrayValue?.compactMap(\.intValue) ?? []
    let (size, stacks) = (try int("kernel_size"), try int("nb_stacks"))
    guard !dilations.isEmpty, dilations.allSatisfy({ $0 > 0 && $0 < 1 << 20 }), dilations.count * stacks <= 100 else {
      throw ModelError(.invalidField("dilations", expected: "positive numbers", found: fields["dilations"] ?? .null))
    }
    let list = fields["nb_filters"]?.arrayValue?.compactMap(\.intValue)
    let filters: [Int] = if let list { list } else { Array(repeating: try int("nb_filters"), count: dilations.count) }
    guard filters.count == dilations.count else {
      throw ModelError(
        .invalidField("nb_filters", expected: "as many as dilations", found: fields["nb_filters"] ?? .null))
    }
    let isCausal = fields["padding"] == "causal"
    let hasStatistics = flag("use_batch_norm")
    var text = flag("go_backwards") ? "h = x[:, ::-1];" : "h = x;"
    var variables: Variables = []
    var statistics: Variables = []
    var width = "x.shape[-1]"
    var skips: [String] = []
    for block in 0..<dilations.count * stacks {
      let (step, count) = (dilations[block % dilations.count], filters[block % dilations.count])
      text += " r = h;"
      for half in 0..<2 {
        let mark = "\(block)x\(half)"
        let input = isCausal ? "K.temporal_padding(h, (\((size - 1) * step), 0))" : "h"
        text += """
           h = K.conv1d(\(input), k\(mark), padding='\(isCausal ? "valid" : "same")', dilation_rate=\(step)) + b\(mark);
          """
        variables.append(("k\(mark)", "(\(size), \(half == 0 ? width : String(count)), \(count))"))
        variables.append(("b\(mark)", "\(count)"))
        if hasStatistics {
          text += " h = (h - m\(mark)) / K.sqrt(v\(mark) + 0.001) * g\(mark) + o\(mark);"
          statistics += [("m\(mark)", "\(count)"), ("v\(mark)", "\(count)")]
        } else if flag("use_layer_norm") {
          text += """
             c = h - K.mean(h, axis=-1, keepdims=True);
             h = c / K.sqrt(K.mean(K.square(c), axis=-1, keepdims=True) + 0.001) * g\(mark) + o\(mark);
            """
        }
        if hasStatistics || flag("use_layer_norm") {
          variables += [("g\(mark)", "\(count)"), ("o\(mark)", "\(count)")]
        }
        text += " h = $activation(h);"
      }
      let fits = "(\(width)) != \(count)"
      text += " s\(block) = $activation(h); r = r if w\(block) is None else K.conv1d(r, w\(block)) + a\(block);"
      text += " h = $activation(r + s\(block));"
      variables.append(("w\(block)", "(1, \(width), \(count)) if \(fits) else None"))
      variables.append(("a\(block)", "\(count) if \(fits) else None"))
      skips.append("s\(block)")
      width = String(count)
    }
    if flag("use_skip_connections") { text += " h = \(skips.joined(separator: " + "));" }
    text += flag("return_sequences") ? " h" : isCausal ? " h[:, -1]" : " h[:, x.shape[1] // 2]"
    return (text, variables + statistics)
  }
}
