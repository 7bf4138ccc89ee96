"""Converts every recorded model to safetensors and reads it with the safetensors package: `safetensors_files.py KERASKIT FOLDER`.

FOLDER is fixtures/models or a corpus (cases.py). The arrays must be those that the release recorded of
`get_weights()`, bit for bit, where it laid them out as Keras 3 does (2.1.3 and later), and `keraskit predict` of the
written file must compute what the release did. In float16 and bfloat16 the arrays are the same rounded.
"""
import json
import os
import subprocess
import sys
import tempfile

import ml_dtypes
import numpy as np
import safetensors
import safetensors.numpy

from cases import TOLERANCE, Results, arrays, convert, models, worst

# Releases whose arrays are laid out as in Keras 3, by the words their folder begins with.
SAME_LAYOUT = ("keras-2.1.3", "keras-2.15", "keras-2.3.1", "keras-3")


def stored(path):
    with safetensors.safe_open(path, framework="np") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, file.metadata()


def same_arrays(found, expected):
    """Whether both are the same arrays, whatever their names."""
    kinds = lambda values: sorted((a.shape, a.tobytes()) for a in values)
    return kinds(found) == kinds(expected)


def check(keraskit, case, source, truth, folder, results):
    target = os.path.join(folder, "converted.safetensors")
    code, said = convert(keraskit, source, target)
    if code != 0:
        return results.not_written(case, code, said)
    found, metadata = stored(target)
    config = json.loads(metadata["config"])
    if config["class_name"] not in ("Sequential", "Functional") or "keraskit" not in metadata:
        return results.add(case, "failed", None, "the metadata lack the config or the record")
    recorded = [truth[key] for key in sorted(truth) if key.startswith("w0_")]
    if case.startswith(SAME_LAYOUT) and not same_arrays(found.values(), recorded):
        return results.add(case, "failed", None, "the arrays are not those of get_weights()")
    inputs = os.path.join(folder, "inputs.npz")
    np.savez(inputs, **{"x%d" % i: a for i, a in enumerate(arrays(truth, "x"))})
    outputs = os.path.join(folder, "outputs.npz")
    if os.path.exists(outputs):
        os.remove(outputs)
    done = subprocess.run(
        [keraskit, "predict", target, "--input", inputs, "--output", outputs], capture_output=True, text=True)
    if done.returncode != 0:
        return results.add(case, "failed", None, "predict: " + done.stderr.strip()[-300:])
    with np.load(outputs) as file:
        distance = worst([file[name] for name in file.files], arrays(truth, "y"))
    results.add(case, "ok" if distance <= TOLERANCE else "failed", distance)


def check_rounded(keraskit, case, source, folder, results):
    exact = stored(os.path.join(folder, "converted.safetensors"))[0]
    for word, dtype in (("float16", np.float16), ("bfloat16", ml_dtypes.bfloat16)):
        target = os.path.join(folder, "rounded.safetensors")
        code, said = convert(keraskit, source, target, "--quantize", word, "--max-error", "1")
        found = stored(target)[0] if code == 0 else {}
        good = found.keys() == exact.keys() and all(
            found[name].dtype == dtype and np.array_equal(found[name], exact[name].astype(dtype)) for name in exact)
        results.add("%s %s" % (case, word), "ok" if good else "failed", None, said[-300:] if code else "")


def main():
    keraskit, root, texts = sys.argv[1], sys.argv[2], sys.argv[3:]
    results = Results("safetensors", root)
    print("safetensors %s" % safetensors.__version__)
    with tempfile.TemporaryDirectory() as folder:
        for number, (case, source, truth, _) in enumerate(models(root, texts)):
            check(keraskit, case, source, truth, folder, results)
            if number % 20 == 0 and not results.corpus:
                check_rounded(keraskit, case, source, folder, results)
    results.finish()


if __name__ == "__main__":
    main()
