"""The recorded models in fixtures/ or a corpus: what to convert, what goes in, and what the releases put out."""

import io
import os
import re
import zipfile

import numpy as np

import cases

# Folders and zips whose recordings hold inputs and outputs, each with what `convert` has to be told.
FOLDERS = [
    "models", "layers", "legacy_layers", "graph_nodes", "lambdas", "mixed_precision", "quantized", "preprocessing",
    "public_layers", "custom_classes", "signal_functions", "hdf5_models", "gru_candidate", "yaml", "training_modes",
]
# What nothing in the files tells `convert`, by the key's pattern.
TOLD = [
    ("keras-0.2.0/dropout_merge$", ["--keras-version", "0.2.0"]),
    ("_3d_same$", ["--backend", "theano"]),
    ("keras-3.10.0/unknown_", ["--map", "up=Conv1DTranspose(output_padding=1)"]),
]
ENDINGS = (".keras", ".h5", ".yaml", ".json")


class Recording:
    """A model with the arrays of a real release."""

    def __init__(self, key, source, arrays):
        self.key, self.source, self.arrays = key, source, arrays
        self.options = [word for pattern, words in TOLD if re.search(pattern, key) for word in words]

    def inputs(self, names):
        """The inputs by those names, in which the model has them."""
        found = self._numbered("x")
        if found:
            return dict(zip(names, found))
        stripped = {name: re.sub("^input_", "", name) for name in names}
        result = {}
        for name in names:
            for key in (name, stripped[name], "input_" + name):
                if key in self.arrays:
                    result[name] = self.arrays[key]
        if len(names) == 1 and not result:
            result[names[0]] = self.arrays["x"]
        return result

    def outputs(self):
        for prefix in ("y", "output_"):
            found = self._numbered(prefix)
            if found:
                return found
        return [self.arrays["y"]]

    def _numbered(self, prefix):
        found = []
        while "%s%d" % (prefix, len(found)) in self.arrays:
            found.append(self.arrays["%s%d" % (prefix, len(found))])
        return found


def recordings(root, scratch, texts=(), folders=FOLDERS):
    """All recordings whose key contains one of the texts; zips are laid out in `scratch`."""
    if cases.is_corpus(root):
        for key, source, arrays, _ in cases.models(root, texts):
            yield Recording(key, source, arrays)
        return
    for name in folders:
        place = os.path.join(root, name)
        if os.path.exists(place + ".zip"):
            target = os.path.join(scratch, name)
            zipfile.ZipFile(place + ".zip").extractall(target)
            yield from _below(target, name, texts)
        if not os.path.isdir(place):
            continue
        for folder, _, files in sorted(os.walk(place)):
            below = os.path.relpath(folder, place)
            prefix = name if below == "." else name + "/" + below
            for file in sorted(files):
                if file.endswith(".zip"):
                    target = os.path.join(scratch, prefix, file[:-4])
                    zipfile.ZipFile(os.path.join(folder, file)).extractall(target)
                    yield from _below(target, prefix + "/" + file[:-4], texts)
        yield from _below(place, name, texts)


def _below(place, prefix, texts):
    for folder, _, files in sorted(os.walk(place)):
        below = os.path.relpath(folder, place)
        path = prefix if below == "." else prefix + "/" + below
        for file in sorted(files):
            stem, ending = os.path.splitext(file)
            if ending not in ENDINGS or stem + ".npz" not in files:
                continue
            # An architecture with its weights beside it is one model; `convert` finds the other half.
            if ending in (".h5", ".keras") or stem + ".h5" not in files:
                key = path + "/" + stem
            else:
                continue
            if texts and not any(text in key for text in texts):
                continue
            arrays = dict(np.load(os.path.join(folder, stem + ".npz"), allow_pickle=False))
            if any(k.startswith(("x", "input_")) or k in ("a", "i") for k in arrays):
                # Both containers of one model are the same model.
                if ending == ".h5" and stem + ".keras" in files:
                    continue
                yield Recording(key, os.path.join(folder, file), arrays)


def difference(found, expected):
    """The largest difference relative to the expected values' scale; where both are not finite they must agree."""
    if found.shape != expected.shape:
        return float("inf")
    if expected.dtype.kind in "OSU":
        return 0.0 if all(str(a) == str(b) for a, b in zip(found.reshape(-1), expected.reshape(-1))) else float("inf")
    if expected.size == 0:
        return 0.0
    found, expected = found.astype(np.float64), expected.astype(np.float64)
    finite = np.isfinite(expected)
    if not np.array_equal(finite, np.isfinite(found)) or not np.array_equal(
            found[~finite], expected[~finite], equal_nan=True):
        return float("inf")
    if not finite.any():
        return 0.0
    scale = max(np.max(np.abs(expected[finite])), 1e-3)
    return float(np.max(np.abs(found[finite] - expected[finite])) / scale)
