"""Runs recorded models in ONNX Runtime: `onnx_models.py KERASKIT FIXTURES [TEXT ...]`.

Every model that `convert` writes has to pass ONNX' checker and agree with what the release recorded to 1e-5 of the
outputs' scale (1e-3 with float16 weights). What `convert` refuses must be in REFUSED with words of the reason.
INTEROP_RESULTS names a file that gets a line of JSON for each case.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time

import numpy as np
import onnx
import onnxruntime

from recordings import difference, recordings

TOLERANCE = 1e-5
# Keys that ONNX cannot hold, by pattern, and words of the message that says so.
HASH, TEXTS, FUNCTION = "has no such hash", "do not standardise and split", "the function '"
REFUSED = [
    ("preprocessing/.*hashing", HASH),
    ("preprocessing/.*string_oov", "has no hash that tells which"),
    ("preprocessing/.*_text_", TEXTS),
    ("graph_nodes/.*/linalg", FUNCTION),
    ("public_layers/(retinanet.*_filter|ssd_decoding|yolo_suppression)", FUNCTION),
]
# What agrees less well, and why: numbers rounded to narrow types on the way differ in their last digit.
LOOSER = [
    ("mixed_precision/.*bfloat16", 2 ** -6),
    ("mixed_precision/.*float16", 2 ** -9),
    ("training_modes/keras-3/types", 2 ** -9),
]


def run(path, recording):
    """The largest difference of a written model's outputs, and whose it is."""
    onnx.checker.check_model(onnx.load(path), full_check=True)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    kinds = {
        "tensor(float)": np.float32, "tensor(int32)": np.int32, "tensor(int64)": np.int64, "tensor(bool)": np.bool_,
        "tensor(string)": object,
    }
    given = recording.inputs([i.name for i in session.get_inputs()])
    arrays = {}
    for item in session.get_inputs():
        array = given[item.name].astype(kinds[item.type])
        if len(item.shape) == array.ndim + 1:
            array = array[..., None]
        arrays[item.name] = array
    found = session.run(None, arrays)
    expected = recording.outputs()
    if len(found) != len(expected):
        raise ValueError("%d outputs instead of %d" % (len(found), len(expected)))
    differences = [difference(np.asarray(a), b) for a, b in zip(found, expected)]
    worst = int(np.argmax(differences))
    return differences[worst], session.get_outputs()[worst].name


def check(keraskit, recording, folder, extra):
    """Returns (status, difference, message)."""
    target = os.path.join(folder, "converted.onnx")
    if os.path.exists(target):
        os.remove(target)
    done = subprocess.run(
        [keraskit, "convert", recording.source, target, "--no-verify"] + recording.options + extra, capture_output=True, text=True)
    if done.returncode != 0:
        message = done.stderr.strip().split("\n")[-1]
        expected = [words for pattern, words in REFUSED if re.search(pattern, recording.key)]
        known = done.returncode in (1, 3) and any(words in done.stderr for words in expected)
        return ("refused" if known and not os.path.exists(target) else "failed"), None, message
    try:
        found, worst = run(target, recording)
    except Exception as error:
        return "failed", None, " ".join(str(error).split())[:300]
    limit = max([TOLERANCE] + [limit for pattern, limit in LOOSER if re.search(pattern, recording.key)])
    return ("ok", found, "") if found <= limit else ("failed", found, "output %s" % worst)


def main():
    keraskit, root, texts = sys.argv[1], sys.argv[2], sys.argv[3:]
    extra = os.environ.get("CONVERT_OPTIONS", "").split()
    counts = {"ok": 0, "failed": 0, "refused": 0}
    lines = []
    begin = time.time()
    print("onnxruntime %s, onnx %s" % (onnxruntime.__version__, onnx.__version__))
    with tempfile.TemporaryDirectory() as folder:
        for recording in recordings(root, folder, texts):
            status, found, message = check(keraskit, recording, folder, extra)
            counts[status] += 1
            lines.append({
                "format": "onnx", "case": recording.key, "status": status, "difference": found, "message": message})
            print("%-58s %-8s %9s %s" % (
                recording.key, status if status != "failed" else "FAILED", "" if found is None else "%.1e" % found, message),
                flush=True)
    if os.environ.get("INTEROP_RESULTS"):
        with open(os.environ["INTEROP_RESULTS"], "a") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)
    print("%d refused as they should be; %.0f s" % (counts["refused"], time.time() - begin))
    print("%d passed, %d failed" % (counts["ok"] + counts["refused"], counts["failed"]))
    sys.exit(1 if counts["failed"] or not counts["ok"] else 0)


if __name__ == "__main__":
    main()
