"""Runs what `keraskit convert` writes as .tflite in LiteRT's interpreter: `tflite.py KERASKIT FIXTURES [TEXT ...]`.

FIXTURES or a corpus (cases.py), of which any refusal is counted. Every recorded model's predictions agree to 1e-5 of
their scale with the release's own: with XNNPACK and without, at the recorded batch, at batch 1 and at batch 32. A
model the format cannot hold is in REFUSED with words of the message. Only cases whose path contains one of the texts
are run. INTEROP_RESULTS names a file that gets one JSON line per case.
"""
import os
import re
import sys
import tempfile
import zipfile

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from cases import TOLERANCE, Results, convert, is_corpus, models, refused

# What TensorFlow Lite cannot compute, and words of the message that says so.
SUPPRESSION = "the function '"
REFUSED = {
    # Boxes are sorted and dropped by overlap: no built-in operator does as these layers.
    "public_layers/retinanet05_filter0": SUPPRESSION,
    "public_layers/retinanet_filter0": SUPPRESSION,
    "public_layers/retinanet_filter1": SUPPRESSION,
    "public_layers/retinanet_filter2": SUPPRESSION,
    "public_layers/ssd_decoding": SUPPRESSION,
    "public_layers/yolo_suppression": SUPPRESSION,
}
# Cases whose rows depend on each other, so that other batches have other predictions, and why.
ONE_BATCH = {
    "public_layers/features$": "MinibatchDiscrimination compares the samples of a batch",
    "bn_mode_?2$": "the mode normalises by the batch in prediction too",
}


def numbered(truth, letter):
    found = [truth[letter + str(i)] for i in range(200) if letter + str(i) in truth]
    return found or ([truth[letter]] if letter in truth else [])


def difference(found, expected):
    """The largest difference relative to the expected values' scale."""
    if found.shape != expected.shape:
        return float("inf")
    if expected.size == 0:
        return 0.0
    expected = expected.astype(np.float64)
    found = found.astype(np.float64)
    same = (found == expected) | (np.isnan(found) & np.isnan(expected))
    with np.errstate(invalid="ignore"):
        distance = np.where(same, 0, np.abs(found - expected))
    scale = np.max(np.abs(expected[np.isfinite(expected)]), initial=1e-3)
    largest = float(np.max(distance))
    return largest / max(scale, 1e-3) if np.isfinite(largest) else float("inf")


class Model:
    """A file in an interpreter, with XNNPACK or without."""

    def __init__(self, path, delegated):
        kind = OpResolverType.AUTO if delegated else OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        self.interpreter = Interpreter(path, experimental_op_resolver_type=kind, num_threads=1)
        self.inputs = self.interpreter.get_input_details()
        self.outputs = self.interpreter.get_output_details()

    def predict(self, arrays):
        if len(arrays) != len(self.inputs):
            raise ValueError("%d inputs instead of %d" % (len(self.inputs), len(arrays)))
        for detail, array in zip(self.inputs, arrays):
            strict = all(size in (-1, length) for size, length in zip(detail["shape_signature"], array.shape))
            self.interpreter.resize_tensor_input(detail["index"], array.shape, strict=strict)
        self.interpreter.allocate_tensors()
        for _ in range(2):  # The second call must not remember the first.
            for detail, array in zip(self.inputs, arrays):
                self.interpreter.set_tensor(detail["index"], array.astype(detail["dtype"]))
            self.interpreter.invoke()
        return [self.interpreter.get_tensor(detail["index"]) for detail in self.outputs]


def compare(path, truth, key):
    """The largest difference over delegates and batches."""
    inputs, expected = numbered(truth, "x"), numbered(truth, "y")
    largest = 0.0
    for delegated in (True, False):
        model = Model(path, delegated)
        if len(model.outputs) != len(expected):
            raise ValueError("%d outputs instead of %d" % (len(model.outputs), len(expected)))
        for found, known in zip(model.predict(inputs), expected):
            largest = max(largest, difference(found, known))
        rows = len(inputs[0])
        open_batch = all(detail["shape_signature"][0] == -1 for detail in model.inputs if len(detail["shape"]))
        if any(re.search(pattern, key) for pattern in ONE_BATCH) or not open_batch or any(len(array) != rows for array in inputs + expected):
            continue
        for batch in (1, 32):
            order = np.arange(batch) % rows
            for found, known in zip(model.predict([array[order] for array in inputs]), expected):
                largest = max(largest, difference(found, known[order]))
    return largest


def check(keraskit, source, truth, key, target, corpus):
    """(status, difference, message) of one model."""
    if os.path.exists(target):
        os.remove(target)
    code, said = convert(keraskit, source, target)
    if corpus and refused(code, said):
        return "refused", None, said.split("\n")[-1]
    if key in REFUSED:
        if code != 0 and REFUSED[key] in said and not os.path.exists(target):
            return "refused", None, said.strip()
        return "failed", None, "should be refused, exit code %d: %s" % (code, said.strip())
    if code != 0:
        return "failed", None, "convert: " + said.strip()[-300:]
    try:
        found = compare(target, truth, key)
    except Exception as error:
        return "failed", None, " ".join(str(error).split())[:300]
    return ("ok" if found <= TOLERANCE else "failed"), found, ""


def cases(root, texts, scratch):
    """(key, model file, recorded arrays) of every recorded model; packed ones are laid out in the scratch folder."""
    if is_corpus(root):
        for case, source, truth, _ in models(root, texts):
            yield os.path.splitext(case)[0], source, truth
        return
    folders = []
    for release in sorted(os.listdir(os.path.join(root, "models"))):
        folders.append((release, os.path.join(root, "models", release)))
    packs = [os.path.join("layers", name) for name in sorted(os.listdir(os.path.join(root, "layers")))]
    for pack in packs + ["graph_nodes.zip", "public_layers.zip", "hdf5_models.zip", "signal_functions.zip"]:
        name = pack[:-len(".zip")]
        with zipfile.ZipFile(os.path.join(root, pack)) as archive:
            archive.extractall(os.path.join(scratch, name))
        folders.append((name, os.path.join(scratch, name)))
    for name, folder in folders:
        for path, _, files in sorted(os.walk(folder)):
            for file in sorted(files):
                stem, suffix = os.path.splitext(os.path.join(path, file))
                key = name + stem[len(folder):]
                recorded = stem + ".npz"
                if suffix not in (".h5", ".keras") or not os.path.exists(recorded):
                    continue
                if not texts or any(text in key + suffix for text in texts):
                    truth = dict(np.load(recorded))
                    if numbered(truth, "x"):
                        yield key, stem + suffix, truth


def main():
    keraskit, root, texts = sys.argv[1], sys.argv[2], sys.argv[3:]
    results = Results("tflite", root)
    with tempfile.TemporaryDirectory() as scratch:
        for key, source, truth in cases(root, texts, scratch):
            target = os.path.join(scratch, "converted.tflite")
            status, found, message = check(keraskit, source, truth, key, target, results.corpus)
            results.add(key + os.path.splitext(source)[1], status, found, message)
    results.finish()


if __name__ == "__main__":
    main()
