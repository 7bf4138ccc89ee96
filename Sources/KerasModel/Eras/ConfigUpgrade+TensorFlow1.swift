import KerasCore

extension ConfigUpgrade {
  /// Keras before 2.3 on TensorFlow, or tf.keras before TensorFlow 2.
  ///
  /// `K.batch_dot` was a product of matrices there: measured on 1.2.2, 2.0.2, 2.0.9, 2.1.3, 2.2.4, tf.keras 1.12 and 1.15;
  /// it sums one axis on 2.3.1, TensorFlow 2.0 and later, and on Theano.
  var isBeforeTensorFlow2: Bool {
    guard era.dialect == .keras1 || era.dialect == .keras2, era.backend != "theano", era.backend != "cntk" else {
      return false
    }
    if !era.version.isTensorFlow { return era.version < KerasVersion(2, 3) }
    // TensorFlow 1.13 to 2.1 all write 2.2.4-tf; from 1.15 on their inputs say whether they are ragged.
    return era.version < KerasVersion(2, 2, 4, isTensorFlow: true)
      || era.version == KerasVersion(2, 2, 4, isTensorFlow: true)
        && !(source.config?.text().contains("\"ragged\"") ?? true)
  }
}
