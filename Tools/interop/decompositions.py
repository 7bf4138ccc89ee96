"""Lambdas and layers that Keras 3 or tf.keras 2.15 has not, converted and run there: `decompositions.py KERASKIT FIXTURES`.

2.15 stands for itself or for tf_keras, its continuation. Outputs are compared with what the releases recorded, 1e-5 of their scale. A refusal must be in REFUSED.
"""
import json
import os
import re
import subprocess
import sys
import tempfile

import keras
import numpy as np
import tf_keras

import recordings

TOLERANCE = 1e-5
# By the key's pattern: words of the message that says why the file is not written.
REFUSED = {
    r"lambdas/.*/embeddings$": "random",
    r"lambdas/keras-3[^/]*/operations$": "random",
    r"lambdas/(keras-2.1.3|keras-2.15|tfkeras-2.5)-models/models$": "random",
    # Rows of a batch of unknown size that are replaced.
    r"lambdas/(keras-2.15|tfkeras-2.5)-models/models_tensorflow$": "reshape",
    r"lambdas/keras-3-models/models$": "reshape|random",
    r"legacy_layers/keras-1.2.2/hard_sigmoid$": "hard_sigmoid",
    r"legacy_layers/keras-2.1.3/stacked_states$": "stacked cells",
    r"legacy_layers/.*/time_major$": "time_major",
    r"public_layers/(retinanet(05)?_filter.|ssd_decoding|yolo_suppression)$":
        "detections|combined_non_max_suppression",
}
# What Keras 3.15 itself does not load: the fields are as it wrote them.
UNLOADABLE = {r"legacy_layers/keras-3/image_(augmentation|equalized)$": "deserializ"}

# Paths of equal length: `predict` takes another one than the release did, as TensorFlow's graph optimiser adds constants in
# another order (without it there is no difference); so each operation is run by itself.
TIES = r"public_layers/crf_join$"

# What 2.15 has no function for, beside that.
REFUSED_215 = dict(REFUSED, **{
    r"legacy_layers/keras-3/image_equalized$": "AdaptiveHistogram",
    # Of several layers that draw, each draws other numbers when read back, so that the proof fails.
    r"lambdas/(keras-2.1.3|keras-2.15|tfkeras-2.5)-models/models$": "differ from the source",
})

# What tf.keras 2.15 has of these.
HAS_215 = r"lambdas/.*/(embeddings|operations)$|legacy_layers/.*/(hard_sigmoid|time_major)$|public_layers/yolo_suppression$"
FOLDERS = ["lambdas", "legacy_layers", "custom_classes", "public_layers"]
# Format, ending, options of `convert`, who loads it, and the tables.
TARGETS = [
    ("keras", ".keras", [], keras, REFUSED, UNLOADABLE),
    ("h5 for keras==2.15", ".h5", ["--for", "keras==2.15"], tf_keras, REFUSED_215, {}),
]


def words(table, key):
    return next((text for pattern, text in table.items() if re.search(pattern, key)), None)


def check(keraskit, recording, folder, ending, options, library, refused, unloadable):
    target = os.path.join(folder, "model" + ending)
    if os.path.exists(target):
        os.remove(target)
    command = [keraskit, "convert", recording.source, target] + options + recording.options
    done = subprocess.run(command, capture_output=True, text=True)
    expected = words(refused, recording.key)
    if library is tf_keras and re.search(HAS_215, recording.key):
        expected = None
    if done.returncode != 0:
        message = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "exit code %d" % done.returncode
        return ("refused" if expected and re.search(expected, message) else "FAILED"), None, message
    if expected:
        return "FAILED", None, "should be refused"
    library.backend.clear_session()
    try:
        model = library.models.load_model(target)
    except Exception as error:
        message = " ".join(str(error).split())
        known = words(unloadable, recording.key)
        return ("refused" if known and known in message else "FAILED"), None, "load: " + message[-300:]
    given = recording.inputs([name(tensor) for tensor in model.inputs])
    arrays = [given[name(tensor)] for tensor in model.inputs]
    if re.search(TIES, recording.key):
        found = model(arrays if len(arrays) > 1 else arrays[0])
        found = [np.asarray(y) for y in found] if isinstance(found, (list, tuple)) else np.asarray(found)
    else:
        found = model.predict(arrays if len(arrays) > 1 else arrays[0], verbose=0, batch_size=len(arrays[0]))
    found = found if isinstance(found, (list, tuple)) else [found]
    expected = recording.outputs()
    if len(found) != len(expected):
        return "FAILED", None, "%d outputs instead of %d" % (len(found), len(expected))
    largest = 0.0
    for a, b in zip(found, expected):
        if a.shape != b.shape:
            return "FAILED", None, "shape %s instead of %s" % (a.shape, b.shape)
        scale = max(float(np.max(np.abs(b))), 1e-3) if b.size else 1.0
        largest = max(largest, float(np.max(np.abs(a.astype("float64") - b))) / scale if b.size else 0.0)
    return ("passed" if largest <= TOLERANCE else "FAILED"), largest, ""


def name(tensor):
    return tensor.name.split(":")[0]


def main():
    keraskit, root, texts = sys.argv[1], sys.argv[2], sys.argv[3:]
    counts = {"passed": 0, "refused": 0, "FAILED": 0}
    results = open(os.environ["INTEROP_RESULTS"], "a") if "INTEROP_RESULTS" in os.environ else None
    with tempfile.TemporaryDirectory() as folder:
        for recording in recordings.recordings(root, folder, texts, FOLDERS):
            for format, *target in TARGETS:
                status, difference, message = check(keraskit, recording, folder, *target)
                counts[status] += 1
                number = "%.1e" % difference if difference is not None else ""
                print("%-48s %-7s %-8s %9s %s" % (recording.key, target[0], status, number, message[:200]), flush=True)
                if results:
                    line = {"format": format, "case": recording.key, "status": status.lower().replace("passed", "ok"),
                            "difference": difference, "message": message}
                    results.write(json.dumps(line) + "\n")
    print("%d refused as they should be" % counts["refused"])
    print("%d passed, %d failed" % (counts["passed"], counts["FAILED"]))
    sys.exit(1 if counts["FAILED"] or not counts["passed"] else 0)


if __name__ == "__main__":
    main()
