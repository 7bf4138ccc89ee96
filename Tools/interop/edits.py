"""Loads models whose regularizers or classifier `fine-tune` changed: `edits.py KERASKIT FOLDER`, FOLDER is fixtures/models.

The penalty that `fine-tune --dry-run` prints must be what current Keras adds to the loss of the model that was written,
to 1e-5. A model with a new classifier must predict what `predict` does and take a training step.
"""
import json
import os
import subprocess
import sys
import tempfile

import keras
import numpy as np

TOLERANCE = 1e-5
BATCH = 4
# Too small to change any weight.
RATE = "1e-30"
REGULARIZERS = [
    ("keras-1.2.2/mlp_regularizers.h5", ["dense_1"], ["dense_*: kernel=l2(1e-2), activity=l1(1e-3)"]),
    ("keras-1.2.2/embedding_lstm_mask.h5", [], ["lstm_1: recurrent=l1(1e-2)", "dense_8: bias=l2(0.5)"]),
    ("keras-2.1.3/nested_functional.h5", [], ["features/*: kernel=l1(1e-2)"]),
    ("keras-2.1.3/gru_bidirectional.h5", [], ["bidirectional*: kernel=l2(0.1), recurrent=orthogonal(0.01)"]),
    ("keras-2.1.3/time_distributed.h5", [], ["time_distributed_2: kernel=l2(0.1)"]),
    ("keras-2.3.1/nested_activity.h5", ["*"], ["sequential*/*: activity=l1_l2(1e-2, 0.1)"]),
    ("keras-2.15/separable.h5", [], ["separable*: depthwise=l2, pointwise=l1, activity=l2(0.1)"]),
    ("keras-2.15/embedding_lstm_mask.keras", [], ["embedding: embeddings=l2(0.1)", "lstm: kernel=l1_l2"]),
    ("keras-3/mlp_regularizers.keras", [], ["batch_normalization: gamma=l2(0.1), beta=l1(0.1)"]),
]
HEADS = [
    "keras-1.2.2/mlp_regularizers.h5", "keras-2.1.3/nested_activity.h5", "keras-2.15/conv_channels_last.keras",
    "keras-3/mlp_adam.keras",
]


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(" ".join(command[1:3]) + ": " + done.stderr.strip()[-300:])
    return done.stdout, done.stderr


def data(root, source, folder, classes=None):
    truth = dict(np.load(os.path.join(root, source.rsplit(".", 1)[0] + ".npz")))
    arrays = {k: v for k, v in truth.items() if k[0] == "x" and k[1:].isdigit()}
    count = len(next(iter(arrays.values())))
    assert count == BATCH, count
    if classes is None:
        arrays.update({"y" + k[1:]: v for k, v in truth.items() if k[0] == "t" and k[1:].isdigit()})
    path = os.path.join(folder, "data.npz")
    inputs = [arrays["x%d" % i] for i in range(9) if "x%d" % i in arrays]
    return arrays, path, inputs[0] if len(inputs) == 1 else inputs


def regularizers(keraskit, root, case, suffix, folder):
    source, removed, added = case
    arrays, path, x = data(root, source, folder)
    np.savez(path, **arrays)
    target = os.path.join(folder, "edited" + suffix)
    command = [keraskit, "fine-tune", os.path.join(root, source), "--train", path, "--batch-size", str(BATCH)]
    for text in removed:
        command += ["--remove-regularizer", text]
    for text in added:
        command += ["--add-regularizer", text]
    preview = json.loads(run(*command, "--dry-run", "--json")[0])
    _, said = run(*command, "--learning-rate", RATE, "--layout", "keras3", "--output", target, "--force")
    if "gate weights that are 1.2 times as large" in said:
        # The old hard_sigmoid went into the weights, and the penalty with it: what is said has to be what is there.
        preview = json.loads(
            run(keraskit, "fine-tune", target, "--train", path, "--batch-size", str(BATCH), "--dry-run", "--json")[0])
    model = keras.models.load_model(target)
    model(x, training=True)
    found = float(sum(float(value) for value in model.losses))
    expected = preview["regularization"]["total"]
    return abs(found - expected) / max(abs(expected), 1e-6), "%d terms" % len(preview["regularization"]["terms"])


def head(keraskit, root, source, folder):
    arrays, path, x = data(root, source, folder, classes=3)
    target = os.path.join(folder, "head.keras")
    arrays["y0"] = np.eye(3, dtype="float32")[np.arange(BATCH) % 3]
    np.savez(path, **arrays)
    run(keraskit, "fine-tune", os.path.join(root, source), "--train", path, "--replace-head", "3",
        "--loss", "categorical_crossentropy", "--learning-rate", RATE, "--output", target, "--force")
    predicted = os.path.join(folder, "y.npz")
    run(keraskit, "predict", target, "--input", path, "--output", predicted)
    ours = list(np.load(predicted).values())[0]
    model = keras.models.load_model(target)
    worst = float(np.max(np.abs(model.predict(x, verbose=0) - ours)))
    if model.loss != "categorical_crossentropy":
        raise RuntimeError("compiled with %s" % model.loss)
    loss = model.train_on_batch(x, arrays["y0"])
    if not np.all(np.isfinite(loss)):
        raise RuntimeError("a step gives the loss %s" % loss)
    return worst, "%s to 3 classes" % (ours.shape,)


def main():
    keraskit, root = sys.argv[1:3]
    failed = passed = 0
    jobs = [(case[0] + suffix, regularizers, (case, suffix)) for case in REGULARIZERS for suffix in (".keras", ".h5")]
    jobs += [(source + " head", head, (source,)) for source in HEADS]
    with tempfile.TemporaryDirectory() as folder:
        for name, check, arguments in jobs:
            keras.backend.clear_session()
            try:
                worst, message = check(keraskit, root, *arguments, folder)
            except Exception as error:
                worst, message = float("inf"), " ".join(str(error).split())[:300]
            good = worst <= TOLERANCE
            passed, failed = passed + good, failed + (not good)
            print("%-48s %-7s %9.1e %s" % (name, "passed" if good else "FAILED", worst, message), flush=True)
    print("%d passed, %d failed" % (passed, failed))
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
