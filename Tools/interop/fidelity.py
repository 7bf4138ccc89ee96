"""What only a consumer can tell of a conversion: `fidelity.py KERASKIT FOLDER [TEXT ...]`.

Sums in operations and merges at batches as large as another axis; biases of channels first; masked steps of an old Bidirectional,
whose outputs the script computes itself; metric objects that tf.keras saved, evaluated by it and by Keras 3; 8-bit weights,
compared with Keras' own `quantize`; SpectralNormalization in tf.keras.
"""
import json
import os
import shutil
import sys
import tempfile

import h5py
import keras
import numpy as np
import tf_keras

from cases import TOLERANCE, Results, convert, listed, worst


SUMS = {
    "K.sum(x, axis=1, keepdims=True) + K.sum(x, axis=2, keepdims=True)":
        lambda x: x.sum(1, keepdims=True) + x.sum(2, keepdims=True),
    "K.sum(x, axis=[1, 2], keepdims=True) + x": lambda x: x.sum((1, 2), keepdims=True) + x,
    "x + K.sum(x, axis=2, keepdims=True)": lambda x: x + x.sum(2, keepdims=True),
    "K.sum(x, axis=2) + x[:, 0]": lambda x: x.sum(2) + x[:, 0],
    "K.expand_dims(x[:, 0], -1) + K.sum(x, axis=1, keepdims=True)":
        lambda x: x[:, 0, :, None] + x.sum(1, keepdims=True),
    "K.expand_dims(x[:, 0], -1) + K.mean(x, axis=[1, 2], keepdims=True)":
        lambda x: x[:, 0, :, None] + x.mean((1, 2), keepdims=True),
}


def sums(keraskit, folder, results):
    """Keras 3's `add` takes a second operand with one long axis for a bias: at other batches it is another axis."""
    model = tf_keras.Sequential([tf_keras.layers.Lambda(lambda x: x, input_shape=(4, 4), name="sums")])
    source, target = os.path.join(folder, "sums.h5"), os.path.join(folder, "sums.keras")
    model.save(source)
    for expression, compute in SUMS.items():
        code, said = convert(keraskit, source, target, "--map", "sums=" + expression)
        if code != 0:
            results.add(expression, "failed", None, said[-300:])
            continue
        found = keras.models.load_model(target)
        distance = 0.0
        for batch in range(1, 6):
            x = np.random.default_rng(batch).normal(size=(batch, 4, 4)).astype("float32")
            for y in (found(x), found.predict_on_batch(x)):
                distance = max(distance, worst([y], [compute(x)]))
        results.add(expression[:44], "ok" if distance <= TOLERANCE else "failed", distance)


def directions(x, kept, arrays):
    """Both directions of a GRU of Keras 2.1 (hard_sigmoid gates, reset before), masked steps keeping the last output."""
    def gate(value):
        return np.clip(0.2 * value + 0.5, 0, 1)

    def run(steps, kernel, recurrent, bias):
        units = recurrent.shape[0]
        state, outputs = np.zeros((len(x), units)), {}
        for step in steps:
            inputs = x[:, step] @ kernel + bias
            z = gate(inputs[:, :units] + state @ recurrent[:, :units])
            r = gate(inputs[:, units:2 * units] + state @ recurrent[:, units:2 * units])
            candidate = np.tanh(inputs[:, 2 * units:] + (r * state) @ recurrent[:, 2 * units:])
            new = z * state + (1 - z) * candidate
            state = np.where(kept[:, step, None], new, state)
            outputs[step] = state
        return np.stack([outputs[step] for step in range(x.shape[1])], axis=1)

    order = list(range(x.shape[1]))
    return run(order, *arrays[:3]), run(order[::-1], *arrays[3:])


MERGES = {
    "concat": lambda a, b: np.concatenate([a, b], axis=-1), "sum": lambda a, b: a + b, "mul": lambda a, b: a * b,
    "ave": lambda a, b: (a + b) / 2,
}


def masked(keraskit, root, folder, results):
    source = os.path.join(root, "keras-2.1.3", "gru_bidirectional.h5")
    x = np.load(source[:-3] + ".npz")["x0"]
    for mode, merge in MERGES.items():
        for target, options, library in (
                (".keras", [], keras), (".h5", ["--for", "keras==2.15"], tf_keras)):
            name = "masked Bidirectional %s %s" % (mode, target)
            # The masking and the Bidirectional alone.
            cut = os.path.join(folder, "cut.h5")
            shutil.copy(source, cut)
            with h5py.File(cut, "r+") as file:
                config = json.loads(file.attrs["model_config"])
                del config["config"][2:]
                config["config"][1]["config"]["merge_mode"] = mode
                file.attrs["model_config"] = json.dumps(config)
                del file.attrs["training_config"]
                names = [layer["config"]["name"] for layer in config["config"]]
                group = file["model_weights"]
                for layer in list(group):
                    if layer not in names:
                        del group[layer]
                group.attrs["layer_names"] = [text.encode() for text in names]
                own = group[names[1]]
                arrays = [own[text][()] for text in own.attrs["weight_names"]]
            converted = os.path.join(folder, "masked" + target)
            code, said = convert(keraskit, cut, converted, *options)
            if code != 0:
                results.add(name, "failed", None, said[-300:])
                continue
            expected = merge(*directions(x, np.any(x != 0, axis=-1), arrays))
            found = library.models.load_model(converted).predict(x, verbose=0)
            distance = worst([found], [expected])
            results.add(name, "ok" if distance <= TOLERANCE else "failed", distance)
            strict, _ = convert(keraskit, cut, converted, "--strict", *options)
            results.add(name + " --strict", "refused" if strict == 1 else "failed", None, "exit code %d" % strict)


def metrics(keraskit, folder, results):
    model = tf_keras.Sequential([tf_keras.layers.Dense(2, activation="sigmoid", input_shape=(4,))])
    own = tf_keras.metrics
    model.compile("sgd", tf_keras.losses.BinaryCrossentropy(label_smoothing=0.1), metrics=[
        own.AUC(num_thresholds=50, curve="PR"), own.Precision(thresholds=0.4, class_id=1),
        own.BinaryAccuracy(threshold=0.3), own.RootMeanSquaredError(name="distance"), own.CategoricalHinge(),
        own.SensitivityAtSpecificity(0.5, num_thresholds=40), own.FalsePositives()])
    generator = np.random.default_rng(1)
    x = generator.normal(size=(40, 4)).astype("float32")
    t = (generator.uniform(size=(40, 2)) > 0.5).astype("float32")
    expected = model.evaluate(x, t, verbose=0)
    source, target = os.path.join(folder, "metrics.h5"), os.path.join(folder, "metrics.keras")
    model.save(source)
    code, said = convert(keraskit, source, target)
    if code != 0:
        return results.add("metric objects", "failed", None, said[-300:])
    found = keras.models.load_model(target).evaluate(x, t, verbose=0)
    distance = worst([np.array(found)], [np.array(expected)])
    results.add("metric objects", "ok" if distance <= TOLERANCE else "failed", distance)


def quantized(keraskit, root, folder, results):
    for case in ("keras-2.1.3/mlp_adam", "keras-2.1.3/embedding_lstm_mask", "keras-3/nested_functional"):
        source = os.path.join(root, case + ".h5")
        x = np.load(os.path.join(root, case + ".npz"))
        x = [x["x%d" % i] for i in range(9) if "x%d" % i in x]
        exact, options = os.path.join(folder, "exact.keras"), ["--batch-size", "4"]
        convert(keraskit, source, exact, *options)
        own = keras.models.load_model(exact)

        def quantize(model):
            for layer in model.layers:
                if isinstance(layer, keras.Model):
                    quantize(layer)
                elif type(layer) in (keras.layers.Dense, keras.layers.Embedding):
                    layer.quantize("int8")

        quantize(own)
        expected = listed(own.predict(x if len(x) > 1 else x[0], verbose=0))
        for kind in (".keras", ".h5", ".weights.h5"):
            target, name = os.path.join(folder, "quantized" + kind), "int8 %s %s" % (case, kind)
            code, said = convert(keraskit, source, target, "--quantize", "int8-weights", "--max-error", "1", *options)
            if code != 0:
                results.add(name, "failed", None, said[-300:])
                continue
            if kind == ".weights.h5":
                # Into the architecture of the one read before.
                found = keras.models.model_from_json(found.to_json())
                found.load_weights(target)
            else:
                found = keras.models.load_model(target)
            distance = worst(listed(found.predict(x if len(x) > 1 else x[0], verbose=0)), expected)
            kinds = {str(variable.dtype) for variable in found.variables}
            good = distance <= TOLERANCE and "int8" in kinds
            results.add(name, "ok" if good else "failed", distance, " ".join(sorted(kinds)))
        target = os.path.join(folder, "quantized.h5")
        code, said = convert(keraskit, source, target, "--quantize", "int8-weights", "--for", "keras==2.15", *options)
        good = code != 0 and "no layers with such weights" in said
        results.add("int8 %s for 2.15" % case, "refused" if good else "failed", None, said[-300:])


def spectral(keraskit, folder, results):
    """tf.keras 2.15 does not load the layer, so the one inside stands for it."""
    layers = keras.layers
    model = keras.Sequential([
        keras.Input((6, 3)), layers.SpectralNormalization(layers.Conv1D(4, 3)), layers.Flatten(),
        layers.SpectralNormalization(layers.Dense(2, activation="tanh"))])
    x = np.random.default_rng(2).normal(size=(5, 6, 3)).astype("float32")
    source, target = os.path.join(folder, "spectral.keras"), os.path.join(folder, "spectral.h5")
    model.save(source)
    code, said = convert(keraskit, source, target, "--for", "keras==2.15")
    if code != 0:
        return results.add("SpectralNormalization .h5", "failed", None, said[-300:])
    distance = worst([tf_keras.models.load_model(target).predict(x, verbose=0)], [model.predict(x, verbose=0)])
    results.add("SpectralNormalization .h5", "ok" if distance <= TOLERANCE else "failed", distance)


def channels_first(keraskit, folder, results):
    """Convolutions whose last axis is as long as there are filters, where Keras 3 on TensorFlow takes it for the channels.

    What is expected comes from tf.keras, channels last, with the same weights.
    """
    layers = tf_keras.layers
    generator = np.random.default_rng(3)
    for name, make, shape in (
            ("Conv1D", lambda **k: layers.Conv1D(4, 3, padding="same", **k), (2, 4)),
            ("Conv2D", lambda **k: layers.Conv2D(4, 3, padding="same", activation="softmax", **k), (2, 5, 4)),
            ("Conv3D", lambda **k: layers.Conv3D(3, 2, **k), (2, 3, 5, 4)),
            ("SeparableConv2D", lambda **k: layers.SeparableConv2D(4, 2, **k), (3, 4, 5)),
            ("DepthwiseConv2D", lambda **k: layers.DepthwiseConv2D(2, **k), (3, 5, 4)),
            ("Conv2DTranspose", lambda **k: layers.Conv2DTranspose(6, 2, **k), (2, 4, 5))):
        rank = len(shape) - 1
        first = tf_keras.Sequential([tf_keras.Input(shape), make(data_format="channels_first")])
        last = tf_keras.Sequential([tf_keras.Input(shape[1:] + shape[:1]), make(data_format="channels_last")])
        values = [generator.normal(size=array.shape).astype("float32") for array in last.get_weights()]
        first.set_weights(values)
        last.set_weights(values)
        x = generator.normal(size=(3,) + shape).astype("float32")
        if name == "Conv2D":
            # The activation is one along the last axis, whatever that holds.
            last.layers[-1].activation = tf_keras.activations.linear
        expected = np.moveaxis(last(np.moveaxis(x, 1, -1)).numpy(), -1, 1)
        if name == "Conv2D":
            expected = np.exp(expected) / np.sum(np.exp(expected), axis=-1, keepdims=True)
        source, target = os.path.join(folder, "first.h5"), os.path.join(folder, "first.keras")
        first.save(source)
        code, said = convert(keraskit, source, target)
        if code != 0:
            results.add("channels first " + name, "failed", None, said[-300:])
            continue
        distance = worst([keras.models.load_model(target).predict(x, verbose=0)], [expected])
        results.add("channels first " + name, "ok" if distance <= TOLERANCE else "failed", distance)


def merges(keraskit, folder, results):
    """Sums of tensors of different sizes, of which Keras 3 on TensorFlow would take one for a bias (fixtures/bias_axis.json)."""
    generator = np.random.default_rng(4)
    for name, shapes in (
            ("Add", ((5, 5), (5, 1))), ("Add", ((5, 5), (1, 1))), ("Add", ((4, 1), (1, 4))), ("Average", ((6, 5, 6), (6, 1, 1))),
            ("Add", ((4, 5, 5), (1, 5, 1))), ("Add", ((5,), (1,))), ("Add", ((5, 5), (5, 5), (5, 1)))):
        inputs = [tf_keras.Input(shape) for shape in shapes]
        source, target = os.path.join(folder, "merge.h5"), os.path.join(folder, "merge.keras")
        tf_keras.Model(inputs, getattr(tf_keras.layers, name)()(inputs)).save(source)
        case = "%s of %s" % (name, " ".join(str(shape) for shape in shapes))
        code, said = convert(keraskit, source, target)
        if code != 0:
            results.add(case, "failed", None, said[-300:])
            continue
        model = keras.models.load_model(target)
        distance = 0.0
        for batch in (1, 2, 4, 5, 6):
            x = [generator.normal(size=(batch,) + shape).astype("float32") for shape in shapes]
            expected = sum(x[1:], x[0]) / (len(x) if name == "Average" else 1)
            distance = max(distance, worst([np.array(model(x)), model.predict(x, verbose=0)], [expected, expected]))
        results.add(case, "ok" if distance <= TOLERANCE else "failed", distance)


def main():
    keraskit, root, texts = sys.argv[1], sys.argv[2], sys.argv[3:]
    results = Results("fidelity")
    with tempfile.TemporaryDirectory() as folder:
        sums(keraskit, folder, results)
        masked(keraskit, root, folder, results)
        metrics(keraskit, folder, results)
        quantized(keraskit, root, folder, results)
        spectral(keraskit, folder, results)
        channels_first(keraskit, folder, results)
        merges(keraskit, folder, results)
    results.finish()


if __name__ == "__main__":
    main()
