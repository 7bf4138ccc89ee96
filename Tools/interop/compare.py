"""Converts every recorded model and compares what current Keras makes of it: `compare.py KERASKIT FOLDER [TEXT ...]`.

Predictions agree to 1e-5 of the outputs' scale; the loss of one batch, regularizers included, to 1e-5 but for OTHER_LOSS.
A case that `convert` refuses must be in REFUSED with the reason's words. Only cases whose folder/name contains
one of the texts are run.
"""
import json
import os
import subprocess
import sys
import tempfile

import keras
import numpy as np

TOLERANCE = 1e-5
# What Keras 3 cannot express, and words of the message that says so.
REFUSED = {}
GATES = "regularizers see gate weights that are 1.2 times as large (said by convert)"
# Cases whose predictions agree while Keras 3 computes another loss, and why.
OTHER_LOSS = {
    "keras-1.2.2/lstm_regularizers_cpu": GATES,
    "keras-1.2.2/lstm_regularizers_gpu": GATES,
    "keras-1.2.2-tf/lstm_regularizers_cpu": GATES,
    "keras-1.2.2-tf/lstm_regularizers_gpu": GATES,
    "keras-2.1.3/embedding_lstm_mask": GATES,
    "keras-2.3.1/gru_bidirectional": "2.3.1 averaged a masked loss over all steps (said by convert)",
}


def arrays(truth, letter):
    return [truth[letter + str(i)] for i in range(20) if letter + str(i) in truth]


def one_or_list(values):
    return values[0] if len(values) == 1 else values


def difference(found, expected):
    """The largest difference relative to the expected values' scale."""
    if found.shape != expected.shape:
        return float("inf")
    return float(np.max(np.abs(found - expected)) / max(np.max(np.abs(expected)), 1e-3))


def check(keraskit, source, truth, line, suffix, folder):
    """Returns (status, prediction difference, loss difference, message)."""
    target = os.path.join(folder, "converted" + suffix)
    if os.path.exists(target):
        os.remove(target)
    command = [keraskit, "convert", source, target, "--activity-semantics", "as-saved", "--batch-size", str(line["batch"])]
    done = subprocess.run(command, capture_output=True, text=True)
    key = "/".join(source.split("/")[-2:]).rsplit(".", 1)[0]
    if key in REFUSED:
        if done.returncode == 3 and REFUSED[key] in done.stderr and not os.path.exists(target):
            return "refused", None, None, done.stderr.strip()
        return "FAILED", None, None, "should be refused, exit code %d: %s" % (done.returncode, done.stderr.strip())
    if done.returncode != 0:
        return "FAILED", None, None, "convert: " + done.stderr.strip()[-300:]
    try:
        model = keras.models.load_model(target)
    except Exception as error:
        return "FAILED", None, None, "load: " + " ".join(str(error).split())[:300]
    x = one_or_list(arrays(truth, "x"))
    found = model.predict(x, verbose=0)
    found = found if isinstance(found, (list, tuple)) else [found]
    expected = arrays(truth, "y")
    if len(found) != len(expected):
        return "FAILED", None, None, "%d outputs instead of %d" % (len(found), len(expected))
    prediction = max(difference(a, b) for a, b in zip(found, expected))
    loss = None
    message = ""
    passed = prediction <= TOLERANCE
    if "loss_test" in truth:
        if not model.compiled:
            return "FAILED", prediction, None, "not compiled"
        value = model.test_on_batch(x, one_or_list(arrays(truth, "t")))
        value = value[0] if isinstance(value, (list, tuple)) else value
        expected_loss = float(truth["loss_test"].reshape(-1)[0])
        loss = abs(float(value) - expected_loss) / max(abs(expected_loss), 1e-3)
        if key in OTHER_LOSS:
            message = "loss: " + OTHER_LOSS[key]
        else:
            passed = passed and loss <= TOLERANCE
    return "passed" if passed else "FAILED", prediction, loss, message


def record(format, case, status, prediction, message):
    """A line for docs/conversions.md, where INTEROP_RESULTS names a file for them."""
    if os.environ.get("INTEROP_RESULTS"):
        line = {"format": format, "case": case, "status": {"passed": "ok"}.get(status, status.lower()),
                "difference": prediction, "message": message}
        with open(os.environ["INTEROP_RESULTS"], "a") as file:
            file.write(json.dumps(line) + "\n")


def main():
    keraskit, root, texts = sys.argv[1], sys.argv[2], sys.argv[3:]
    counts = {"passed": 0, "FAILED": 0, "refused": 0}
    print("Keras %s on %s" % (keras.__version__, keras.config.backend()))
    print("%-42s %-9s %-8s %12s %12s" % ("model", "as", "", "prediction", "loss"))
    with tempfile.TemporaryDirectory() as folder:
        for release in sorted(os.listdir(root)):
            with open(os.path.join(root, release, "manifest.json")) as file:
                manifest = json.load(file)
            for line in manifest["cases"]:
                truth = dict(np.load(os.path.join(root, release, line["case"] + ".npz")))
                for name in line["files"]:
                    if name.endswith(".npz") or texts and not any(t in release + "/" + name for t in texts):
                        continue
                    for suffix in (".keras", ".h5"):
                        keras.backend.clear_session()
                        source = os.path.join(root, release, name)
                        status, prediction, loss, message = check(keraskit, source, truth, line, suffix, folder)
                        counts[status] += 1
                        record(suffix[1:], release + "/" + name, status, prediction, message)
                        numbers = ["%.1e" % n if n is not None else "" for n in (prediction, loss)]
                        print("%-42s %-9s %-8s %12s %12s %s" % (
                            release + "/" + name, suffix, status, numbers[0], numbers[1], message), flush=True)
    print("%d refused as they should be" % counts["refused"])
    print("%d passed, %d failed" % (counts["passed"] + counts["refused"], counts["FAILED"]))
    sys.exit(1 if counts["FAILED"] or not counts["passed"] else 0)


if __name__ == "__main__":
    main()
