"""Runs recorded models in ONNX Runtime: `onnx_models.py KERASKIT FIXTURES [TEXT ...]`.

FIXTURES or a corpus (cases.py), of which any refusal is counted. Every model that `convert` writes has to pass ONNX'
checker and agree with what the release recorded to 1e-5 of the outputs' scale (1e-3 with float16 weights). What
`convert` refuses must be in REFUSED with words of the reason. INTEROP_RESULTS names a file that gets a line of JSON
for each case.
"""

import os
import re
import sys
import tempfile
import time

import numpy as np
import onnx
import onnxruntime

from cases import TOLERANCE, Results, convert, refused
from recordings import difference, recordings

# Keys that ONNX cannot hold, by pattern, and words of the message that says so.
HASH, TEXTS, FUNCTION = "has no such hash", "do not standardise and split", "the function '"
REFUSED = [
    ("preprocessing/.*hashing", HASH),
    ("preprocessing/.*string_oov", "has no hash that tells which"),
    ("preprocessing/.*_text_", TEXTS),
    ("graph_nodes/.*/linalg", FUNCTION),
    # A matrix that is inverted.
    ("lambdas/.*-models/models(_tensorflow)?$", FUNCTION),
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


def check(keraskit, recording, folder, extra, corpus):
    """Returns (status, difference, message)."""
    target = os.path.join(folder, "converted.onnx")
    if os.path.exists(target):
        os.remove(target)
    code, said = convert(keraskit, recording.source, target, "--no-verify", *recording.options, *extra)
    if code != 0:
        message = said.split("\n")[-1]
        expected = [words for pattern, words in REFUSED if re.search(pattern, recording.key)]
        known = refused(code, said) if corpus else code in (1, 3) and any(words in said for words in expected)
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
    results = Results("onnx", root)
    begin = time.time()
    print("onnxruntime %s, onnx %s" % (onnxruntime.__version__, onnx.__version__))
    with tempfile.TemporaryDirectory() as folder:
        for recording in recordings(root, folder, texts):
            results.add(recording.key, *check(keraskit, recording, folder, extra, results.corpus))
    print("%.0f s" % (time.time() - begin))
    results.finish()


if __name__ == "__main__":
    main()
