"""Converts every recorded model for tf.keras 2.15 and compares what it makes of it: `keras2.py KERASKIT FOLDER [TEXT ...]`.

FOLDER is fixtures/models or a corpus (cases.py). Runs in Keras 2.15 itself or in tf_keras, its continuation beside
current TensorFlow. Predictions agree with those the old release recorded to 1e-5 of the outputs' scale, the loss of
one batch, regularizers included, to 1e-5 but for OTHER_LOSS. The JSON of the same model must give the same
architecture. Then training goes on from a saved optimizer's state, where fixtures/training and fixtures/optimizers
have one.
"""
import io
import os
import sys
import tempfile
import zipfile

import h5py
import numpy as np

try:
    import tf_keras as keras
except ImportError:
    import keras

from cases import (
    TOLERANCE, Results, arrays, clear, convert, eagerly, listed, models, one_or_list, predictions, worst)

# What tf.keras 2.15 cannot express, and words of the message that says so.
REFUSED = {}
# Cases whose predictions agree while 2.15 computes another loss, and why.
OTHER_LOSS = {
    "keras-2.3.1/gru_bidirectional.h5": "2.3.1 averaged a masked loss over all steps (said by convert)",
}
STEPS = 10
# Cases in which 2.15 cannot go on where the release was, and why.
OTHER_STEPS = {
    "keras-2.3.1/adam": "2.3.1 on TensorFlow 1 reads its step count before or after the increment, by chance",
    "keras-3/nadam": "2.15 does not save Nadam's momentum schedule (said by convert)",
    "optimizers/keras-2.15/nadam": "2.15 does not save Nadam's momentum schedule (said by convert)",
    "optimizers/keras-2.15/scaled": "2.15 does not load the state of a LossScaleOptimizer (said by convert)",
}
NO_STEP_COUNT = {"keras-1.2.2/momentum"}
NOT_COMPILED = {"keras-3/lamb"}


def predict(keraskit, case, source, truth, line, folder, results, parts):
    target = os.path.join(folder, "converted.h5")
    options = ["--for", "keras==2.15", "--activity-semantics", "as-saved", "--batch-size", str(line["batch"])]
    code, said = convert(keraskit, source, target, *options)
    if code != 0:
        return results.not_written(case, code, said, REFUSED.get(case))
    try:
        model = keras.models.load_model(target)
    except Exception as error:
        return results.add(case, "failed", None, "load: " + " ".join(str(error).split())[:300])
    x = one_or_list(arrays(truth, "x"))
    prediction = worst(predictions(model, truth, results), arrays(truth, "y"))
    good, message, numbers, more = prediction <= TOLERANCE, "", "", {}
    if "loss_test" in truth:
        if model.optimizer is None:
            return results.add(case, "failed", prediction, "not compiled")
        value = listed(model.test_on_batch(x, one_or_list(arrays(truth, "t"))))[0]
        expected = float(truth["loss_test"].reshape(-1)[0])
        loss = abs(float(value) - expected) / max(abs(expected), 1e-3)
        more = {"loss": loss}
        numbers = "%.1e" % loss
        if case in OTHER_LOSS:
            message = "loss: " + OTHER_LOSS[case]
        elif not results.corpus:
            good = good and loss <= TOLERANCE
    results.add(case, "ok" if good else "failed", prediction, message, numbers, **more)
    if case.endswith(".keras"):
        return
    # The architecture and the weights, each in a file of its own.
    text, weights = os.path.join(folder, "converted.json"), os.path.join(folder, "converted.weights.h5")
    for path in (text, weights):
        code, said = convert(keraskit, source, path, *options)
        if code != 0:
            return parts.not_written(case, code, said)
    try:
        with open(text) as file:
            model = keras.models.model_from_json(file.read())
        model.load_weights(weights)
    except Exception as error:
        return parts.add(case, "failed", None, "load: " + " ".join(str(error).split())[:300])
    again = worst(predictions(model, truth, parts), arrays(truth, "y"))
    parts.add(case, "ok" if again <= TOLERANCE else "failed", again)


def resume(keraskit, case, source, x, t, truth, folder, results):
    """Ten steps from the state in the file must lead where the release's own ten did."""
    target = os.path.join(folder, "resumed.h5")
    code, said = convert(keraskit, source, target, "--for", "keras==2.15", "--batch-size", str(len(x)))
    name = "resume " + case
    if code != 0:
        return results.add(name, "failed", None, "convert: " + said[-300:])
    model = keras.models.load_model(target)
    if model.optimizer is None:
        good = case in NOT_COMPILED and "has no optimizer" in said
        return results.add(name, "ok" if good else "failed", None, "not compiled (said by convert)")
    before = int(model.optimizer.iterations.numpy())
    if case in OTHER_STEPS and before == 0:
        return results.add(name, "ok", None, OTHER_STEPS[case])
    if before != (0 if case in NO_STEP_COUNT else STEPS):
        return results.add(name, "failed", None, "begins at step %d: %s" % (before, said[-300:]))
    for _ in range(STEPS):
        model.train_on_batch(x, t)
    found = model.get_weights()
    distance = max(
        float(np.max(np.abs(a - b))) / max(1.0, float(np.max(np.abs(b)))) if a.shape == b.shape else float("inf")
        for a, b in zip(found, truth))
    other = OTHER_STEPS.get(case, "")
    results.add(name, "ok" if distance <= TOLERANCE or other else "failed", distance, other)


def resume_all(keraskit, root, texts, folder, results):
    for release in sorted(os.listdir(root)):
        for name in sorted(os.listdir(os.path.join(root, release))):
            case = release + "/" + name[:-4]
            if not name.endswith(".npz") or texts and not any(text in "resume " + case for text in texts):
                continue
            base = os.path.join(root, case)
            kind = ".keras" if os.path.exists(base + ".keras") else ".h5"
            after = os.path.join(folder, "after.h5")
            convert(keraskit, base + "_after" + kind, after, "--for", "keras==2.15")
            record = np.load(base + ".npz")
            truth = keras.models.load_model(after, compile=False).get_weights()
            resume(keraskit, case, base + kind, record["x"], record["t"], truth, folder, results)
    archive = zipfile.ZipFile(os.path.join(os.path.dirname(root.rstrip("/")), "optimizers", "keras-2.15.zip"))
    data = np.load(io.BytesIO(archive.read("data.npz")))
    for member in sorted(archive.namelist()):
        case = "optimizers/keras-2.15/" + member[:-3]
        if not member.endswith(".h5") or member.startswith("legacy_"):
            continue
        if texts and not any(text in "resume " + case for text in texts):
            continue
        archive.extract(member, folder)
        source = os.path.join(folder, member)
        with h5py.File(source) as file:
            if "optimizer_weights" not in file:
                continue
        record = np.load(io.BytesIO(archive.read(member[:-3] + ".npz")))
        truth = [record["w%d" % i] for i in range(sum(key[0] == "w" for key in record.files))]
        keras.backend.clear_session()
        resume(keraskit, case, source, data["x"], data["t"], truth, folder, results)


def main():
    keraskit, root, texts = sys.argv[1], sys.argv[2], sys.argv[3:]
    results, parts = Results("h5 for keras==2.15", root), Results("weights and json for keras==2.15", root)
    eagerly(root)
    print("tf.keras %s" % keras.__version__)
    print("%-44s %-8s %9s %s" % ("model", "", "outputs", "loss"))
    with tempfile.TemporaryDirectory() as folder:
        for number, (case, source, truth, line) in enumerate(models(root, texts)):
            clear(keras, number, results)
            predict(keraskit, case, source, truth, line, folder, results, parts)
        if not results.corpus:
            resume_all(keraskit, os.path.join(os.path.dirname(root.rstrip("/")), "training"), texts, folder, results)
    results.finish(parts)


if __name__ == "__main__":
    main()
