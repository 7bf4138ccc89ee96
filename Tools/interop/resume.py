"""Trains on with what we write: `resume.py KERASKIT FOLDER [TEXT ...]`, where FOLDER is fixtures/training; beside it the
cases of current Keras in optimizers/keras-3.zip and those of 2.15 whose formulas are the same.

Each model was saved by real Keras after ten steps with its optimizer's state. Current Keras goes on with ten steps from
the file that `convert` makes of it, and must arrive where the release did without interruption. Then `fine-tune` takes
ten steps and Keras ten more: that must equal twenty of Keras'. Both to 1e-5 of the weights' scale.

A layer that Keras 3 has not is said in its operations; its weights' state goes on with them.

HDF5 files for Keras 3 hold no state: 3.15.1 cannot train what it loads with one, its own files included. They must train
from a fresh one.
"""
import os
import subprocess
import sys
import tempfile
import zipfile

import keras
import numpy as np

TOLERANCE = 1e-5
STEPS = 10
# Cases in which Keras 3 takes other steps than the release did, and why; ours still have to equal Keras 3's.
OTHER_STEPS = {
    "keras-2.3.1/adam": "2.3.1 on TensorFlow 1 reads its step count before or after the increment, by chance",
}
# Optimizers of 2.15 that take the same steps in Keras 3.
SAME_STEPS = ("adadelta", "adafactor", "adagrad", "adam", "adamax", "adamw", "amsgrad", "lion", "rmsprop", "weight_decay")
# Releases that do not save the step count with this optimizer.
NO_STEP_COUNT = {"keras-1.2.2/momentum"}


def distance(model, expected):
    worst = 0.0
    for found, wanted in zip(model.get_weights(), expected):
        if found.shape != wanted.shape or not np.all(np.isfinite(found)):
            return float("inf")
        worst = max(worst, float(np.max(np.abs(found - wanted))) / max(1.0, float(np.max(np.abs(wanted)))))
    return worst


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip()[-300:])
    return done.stdout + done.stderr


def train(path, x, t, steps):
    model = keras.models.load_model(path)
    # Where gradients are accumulated `iterations` counts updates.
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    before = int(np.asarray(optimizer._iterations))
    for _ in range(steps):
        model.train_on_batch(x, t)
    return before, model


def check_hdf5(keraskit, base, kind, folder):
    record = np.load(base + ".npz")
    converted = os.path.join(folder, "converted.h5")
    run(keraskit, "convert", base + kind, converted, "--force")
    if not keras.models.load_model(converted).compiled:
        return 0.0, "not compiled (said by convert)"
    before, model = train(converted, record["x"], record["t"], STEPS)
    worst = 0.0 if before == 0 and int(np.asarray(model.optimizer.iterations)) == STEPS else float("inf")
    return worst, "from a fresh state"


def check(keraskit, base, kind, case, folder, truth=None):
    """The worst distance of both continuations, and what is to say beyond it; `truth` are weights after twenty steps."""
    record = np.load(base + ".npz")
    x, t = record["x"], record["t"]
    begin = 0 if case in NO_STEP_COUNT else STEPS
    converted = os.path.join(folder, "converted.keras")
    run(keraskit, "convert", base + kind, converted, "--force")
    if truth is None:
        after = os.path.join(folder, "after.keras")
        run(keraskit, "convert", base + "_after" + kind, after, "--force")
        truth = keras.models.load_model(after, compile=False).get_weights()
    before, model = train(converted, x, t, STEPS)
    if before != begin:
        return float("inf"), "begins at step %d" % before
    worst = 0.0 if case in OTHER_STEPS else distance(model, truth)
    for _ in range(STEPS):
        model.train_on_batch(x, t)
    data = os.path.join(folder, "data.npz")
    np.savez(data, x=x, y=t)
    # Our own steps with the formulas of Keras 3: those of the converted file.
    tuned = os.path.join(folder, "tuned.keras")
    options = ["--epochs", str(STEPS), "--batch-size", str(len(x)), "--no-shuffle", "--force"]
    run(keraskit, "fine-tune", converted, "--train", data, "--output", tuned, *options)
    before, ours = train(tuned, x, t, STEPS)
    if before != begin + STEPS:
        return float("inf"), "our own file begins at step %d" % before
    worst = max(worst, distance(ours, model.get_weights()))
    if getattr(model.optimizer, "use_ema", False):
        # Keras' `fit` ends with the averages.
        run(keraskit, "fine-tune", converted, "--train", data, "--output", tuned, "--use-averages", *options)
        model = keras.models.load_model(converted)
        model.fit(x, t, batch_size=len(x), epochs=STEPS, shuffle=False, verbose=0)
        worst = max(worst, distance(keras.models.load_model(tuned), model.get_weights()))
    return worst, OTHER_STEPS.get(case, "")


def check_operations(keraskit, folder):
    """A class of a public gist (attention with context), trained here with and without a conversion between."""
    class AttentionWithContext(keras.layers.Layer):
        def build(self, shape):
            features = shape[-1]
            self.kernel = self.add_weight(name="W", shape=(features, features))
            self.bias = self.add_weight(name="b", shape=(features,), initializer="zeros")
            self.context = self.add_weight(name="u", shape=(features,), initializer="ones")

        def call(self, x):
            hidden = keras.ops.tanh(keras.ops.matmul(x, self.kernel) + self.bias)
            scores = keras.ops.exp(keras.ops.sum(hidden * self.context, axis=-1))
            scores = scores / (keras.ops.sum(scores, axis=1, keepdims=True) + keras.config.epsilon())
            return keras.ops.sum(x * keras.ops.expand_dims(scores, -1), axis=1)

    keras.utils.set_random_seed(3)
    model = keras.Sequential([
        keras.Input((5, 4)), keras.layers.Dense(4, activation="tanh"), AttentionWithContext(), keras.layers.Dense(2)])
    model.compile(keras.optimizers.Adam(0.01), "mse")
    x, t = np.random.normal(size=(8, 5, 4)).astype("float32"), np.random.normal(size=(8, 2)).astype("float32")
    for _ in range(STEPS):
        model.train_on_batch(x, t)
    source, converted = os.path.join(folder, "attention.keras"), os.path.join(folder, "operations.keras")
    model.save(source)
    run(keraskit, "convert", source, converted)
    for _ in range(STEPS):
        model.train_on_batch(x, t)
    before, found = train(converted, x, t, STEPS)
    if before != STEPS:
        return float("inf"), "begins at step %d" % before
    # The attention is trained too: what it alone makes differ shows in the outputs.
    return float(np.max(np.abs(found.predict(x, verbose=0) - model.predict(x, verbose=0)))), ""


def check_recorded(keraskit, archive, name, kind, folder):
    """A case of the zip, whose batch is common and whose weights after twenty steps are arrays."""
    base = os.path.join(folder, name)
    archive.extract(name + kind, folder)
    with archive.open("data.npz") as file:
        data = dict(np.load(file))
    with archive.open(name + ".npz") as file:
        record = np.load(file)
        truth = [record["w%d" % i] for i in range(sum(key[0] == "w" for key in record.files))]
    np.savez(base + ".npz", **data)
    return check(keraskit, base, kind, name, folder, truth)


def main():
    keraskit, root, texts = sys.argv[1], sys.argv[2], sys.argv[3:]
    passed = failed = 0
    for release, kind in (("keras-2.15", ".h5"), ("keras-3", ".keras")):
        place = os.path.join(os.path.dirname(root.rstrip("/")), "optimizers", release + ".zip")
        archive = zipfile.ZipFile(place)
        for member in sorted(archive.namelist()):
            name, suffix = os.path.splitext(member)
            case = "optimizers/%s/%s" % (release, name)
            if suffix != kind or texts and not any(text in case for text in texts):
                continue
            if release == "keras-2.15" and name not in SAME_STEPS:
                continue
            keras.backend.clear_session()
            with tempfile.TemporaryDirectory() as folder:
                try:
                    worst, message = check_recorded(keraskit, archive, name, kind, folder)
                except Exception as error:
                    worst, message = float("inf"), " ".join(str(error).split())[:300]
            good = worst <= TOLERANCE
            passed, failed = passed + good, failed + (not good)
            print("%-40s %-7s %.1e %s" % (case, "passed" if good else "FAILED", worst, message), flush=True)
    for release in sorted(os.listdir(root)):
        for name in sorted(os.listdir(os.path.join(root, release))):
            case = release + "/" + name[:-4]
            if not name.endswith(".npz") or texts and not any(text in case for text in texts):
                continue
            base = os.path.join(root, case)
            kind = ".keras" if os.path.exists(base + ".keras") else ".h5"
            for suffix in (".keras", ".h5"):
                keras.backend.clear_session()
                with tempfile.TemporaryDirectory() as folder:
                    try:
                        if suffix == ".h5":
                            worst, message = check_hdf5(keraskit, base, kind, folder)
                        else:
                            worst, message = check(keraskit, base, kind, case, folder)
                    except Exception as error:
                        worst, message = float("inf"), " ".join(str(error).split())[:300]
                good = worst <= TOLERANCE
                passed, failed = passed + good, failed + (not good)
                print("%-32s %-7s %-7s %.1e %s" % (case, suffix, "passed" if good else "FAILED", worst, message), flush=True)
    if not texts:
        with tempfile.TemporaryDirectory() as folder:
            try:
                worst, message = check_operations(keraskit, folder)
            except Exception as error:
                worst, message = float("inf"), " ".join(str(error).split())[:300]
        good = worst <= TOLERANCE
        passed, failed = passed + good, failed + (not good)
        print("%-40s %-7s %.1e %s" % ("a layer in operations", "passed" if good else "FAILED", worst, message))
    print("%d passed, %d failed" % (passed, failed))
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
