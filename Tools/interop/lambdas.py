"""Lambdas in every format, one by one: `lambdas.py KERASKIT FIXTURES [--all] [--to FORMAT] [TEXT ...]`.

Of the recorded models of Lambda layers (fixtures/lambdas) each function becomes a model of its own, is converted to every format,
run by the format's own program and compared with what the release recorded, to 1e-5 of its scale. Functions that several releases
saved are taken from one of them, each time from another. Without --all a spread of them is checked. What `convert` refuses must be
in REFUSED, or in MAY_BE_REFUSED, with words of the reason. INTEROP_RESULTS names a file that gets a line of JSON for each.
"""
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile

import h5py
import numpy as np

import core_ml
import keras
import onnx_models
import safetensors_files
import saved_model
import tf_keras
import tfjs
import tflite
from cases import TOLERANCE, Results, convert
from recordings import Recording, difference

# Without --all one of so many functions is converted.
SPREAD = 60
# By format, the function's pattern and words of the message that says why it is not written.
DRAWS = [("/(sampler.*|sampling|gumbel|weighted_average|random_(shape|keras|truncated)|dropout)$", "random")]
# Rows of a batch of unknown size that are replaced, and a matrix that is inverted.
ROWS = [("-models/models(_tensorflow)?/(updated_rows|scatter)$", words) for words in ("reshape", "the table's shape")]
INVERSE = [("-models/models(_tensorflow)?/inverse$", "the function 'inv'"), ("keras-3-models/models/solve$", "the function 'solve'")]
# Products of constants alone, infinity in a config, linear systems.
OTHERS = [
    ("keras-2.15-models/models_tensorflow/rotary$", "from constants alone"), ("keras-3-models/models/quantile$", "not finite"),
    ("keras-3-models/models/solve$", "for its solve"),
]
TRANSPOSED = [("(keras-3-models/models|tfkeras-2.5-models/models_tensorflow)/transposed$", "transposed convolution")]
DILATED = [("keras-2.1.3-models/models_tensorflow/atrous$", "dilated convolution")]
REFUSED = {
    "keras": DRAWS + ROWS + OTHERS, "h5": DRAWS + ROWS + OTHERS, "h5 for keras==2.15": ROWS + OTHERS,
    "json": DRAWS + ROWS + OTHERS, "tflite": DRAWS + ROWS + INVERSE + TRANSPOSED, "onnx": INVERSE, "savedmodel": INVERSE,
    "coreml": INVERSE + TRANSPOSED + DILATED,
}
# TensorFlow.js has layers only: what none of them computes is refused by the operation's name.
MAY_BE_REFUSED = {"tfjs": "nor in "}


def functions(root):
    """(group, name, source, release's zip, place) of each distinct function, of one of the releases that saved it."""
    found = {}
    folder = os.path.join(root, "lambdas")
    for file in sorted(os.listdir(folder)):
        if file.endswith(".zip"):
            path = os.path.join(folder, file)
            index = json.loads(zipfile.ZipFile(path).read("index.json"))
            for model in index["models"]:
                for place, (name, source) in enumerate(zip(model["outputs"], model["sources"])):
                    found.setdefault((model["name"], name, source), []).append((path, model["file"], place))
    for number, ((group, name, source), places) in enumerate(found.items()):
        yield group, name, places[number % len(places)]


class Archive:
    """A release's recorded models, opened once."""

    def __init__(self, path):
        self.zip = zipfile.ZipFile(path)
        self.models = {}

    def model(self, file):
        if file not in self.models:
            data = self.zip.read(file)
            arrays = dict(np.load(io.BytesIO(self.zip.read(os.path.splitext(file)[0] + ".npz"))))
            if file.endswith(".keras"):
                config = json.loads(zipfile.ZipFile(io.BytesIO(data)).read("config.json"))
            else:
                with h5py.File(io.BytesIO(data), "r") as opened:
                    text = opened.attrs["model_config"]
                config = json.loads(text.decode() if isinstance(text, bytes) else text)
            self.models[file] = (data, config, arrays)
        return self.models[file]

    def part(self, file, places, target):
        """Writes the model of only those outputs; its path and arrays."""
        data, config, arrays = self.model(file)
        config = json.loads(json.dumps(config))
        body = config["config"]
        outputs = [body["output_layers"][place] for place in places]
        kept, waiting = {}, [entry[0] for entry in outputs]
        layers = {layer["name"]: layer for layer in body["layers"]}
        while waiting:
            name = waiting.pop()
            if name not in kept:
                kept[name] = layers[name]
                waiting += sources(layers[name]["inbound_nodes"])
        body["layers"] = [layer for layer in body["layers"] if layer["name"] in kept]
        body["output_layers"] = outputs
        body["input_layers"] = [entry for entry in body["input_layers"] if entry[0] in kept]
        path = os.path.join(target, "source" + os.path.splitext(file)[1])
        if file.endswith(".keras"):
            opened = zipfile.ZipFile(io.BytesIO(data))
            with zipfile.ZipFile(path, "w") as archive:
                for name in opened.namelist():
                    archive.writestr(name, json.dumps(config) if name == "config.json" else opened.read(name))
        else:
            with open(path, "wb") as stream:
                stream.write(data)
            with h5py.File(path, "r+") as opened:
                opened.attrs["model_config"] = json.dumps(config).encode()
        names = [entry[0] for entry in body["input_layers"]]
        chosen = {"input_" + name: arrays["input_" + name] for name in names}
        chosen.update({"output_%d" % number: arrays["output_%d" % place] for number, place in enumerate(places)})
        return path, chosen


def sources(nodes):
    """Names of the layers that a layer's nodes take, in Keras 3's words or in the older ones."""
    if isinstance(nodes, dict):
        if nodes.get("class_name") == "__keras_tensor__":
            return [nodes["config"]["keras_history"][0]]
        return [name for value in nodes.values() for name in sources(value)]
    if isinstance(nodes, list):
        if len(nodes) > 1 and isinstance(nodes[0], str) and isinstance(nodes[1], int):
            return [nodes[0]]
        return [name for value in nodes for name in sources(value)]
    return []


# MARK: The formats' programs


def compare(found, recording):
    expected = recording.outputs()
    found = found if isinstance(found, (list, tuple)) else [found]
    if len(found) != len(expected):
        raise ValueError("%d outputs instead of %d" % (len(found), len(expected)))
    return max(difference(np.asarray(a), b) for a, b in zip(found, expected))


def in_keras(library):
    def run(target, recording, folder):
        library.backend.clear_session()
        model = library.models.load_model(target)
        return compare(predictions(model, recording), recording)
    return run


def predictions(model, recording):
    names = [tensor.name.split(":")[0] for tensor in model.inputs]
    given = recording.inputs(names)
    arrays = [given[name] for name in names]
    return model.predict(arrays if len(arrays) > 1 else arrays[0], verbose=0, batch_size=len(arrays[0]))


def in_litert(target, recording, folder):
    largest = 0.0
    for delegated in (True, False):
        model = tflite.Model(target, delegated)
        names = [re.sub(r"^serving_default_|:\d+$", "", detail["name"]) for detail in model.inputs]
        given = recording.inputs(names)
        largest = max(largest, compare(model.predict([given[name] for name in names]), recording))
    return largest


def in_tensorflow_js(target, recording, folder):
    tf_keras.backend.clear_session()
    return compare(predictions(tfjs.load(target), recording), recording)


def in_onnx_runtime(target, recording, folder):
    return onnx_models.run(target, recording)[0]


def in_tensorflow(target, recording, folder):
    return saved_model.run(target, recording, False)


def in_mil(target, recording, folder):
    return core_ml.run(target, recording)[0]


def in_keras_by_config(target, recording, folder):
    """The architecture that goes with weights in safetensors or elsewhere, in Keras 3."""
    keras.backend.clear_session()
    with open(target) as file:
        model = keras.models.model_from_json(file.read())
    return compare(predictions(model, recording), recording)


def by_keraskit(keraskit):
    """Safetensors hold the canonical config, which this program alone computes; the package reads the file."""
    def run(target, recording, folder):
        json.loads(safetensors_files.stored(target)[1]["config"])
        given, found = os.path.join(folder, "given.npz"), os.path.join(folder, "found.npy")
        np.savez(given, **{key[6:]: value for key, value in recording.arrays.items() if key.startswith("input_")})
        subprocess.run([keraskit, "predict", target, "--input", given, "--output", found], check=True, capture_output=True)
        return compare(np.load(found), recording)
    return run


# Format, what is written, words for `convert`, who computes it.
FORMATS = [
    ("keras", "model.keras", [], in_keras(keras)),
    ("h5", "model.h5", [], in_keras(keras)),
    ("h5 for keras==2.15", "model.h5", ["--for", "keras==2.15"], in_keras(tf_keras)),
    ("onnx", "model.onnx", [], in_onnx_runtime),
    ("tflite", "model.tflite", [], in_litert),
    ("tfjs", "model.tfjs", [], in_tensorflow_js),
    ("savedmodel", "model.savedmodel", ["--to", "savedmodel"], in_tensorflow),
    ("json", "model.json", [], in_keras_by_config),
    ("safetensors", "model.safetensors", [], by_keraskit(sys.argv[1])),
    ("coreml", "model.mlpackage", [], in_mil),
]


def check(keraskit, format, recording, folder):
    """Returns (status, difference, message)."""
    name, ending, options, run = format
    target = os.path.join(folder, ending)
    shutil.rmtree(target, ignore_errors=True)
    if os.path.isfile(target):
        os.remove(target)
    code, said = convert(keraskit, recording.source, target, "--no-verify", *options)
    expected = [words for pattern, words in REFUSED.get(name, []) if re.search(pattern, recording.key)]
    if code != 0:
        if name in MAY_BE_REFUSED:
            expected.append(MAY_BE_REFUSED[name])
        known = code in (1, 3) and any(words in said for words in expected) and not os.path.exists(target)
        return ("refused" if known else "failed"), None, said.split("\n")[-1][-300:]
    if expected:
        return "failed", None, "should be refused"
    try:
        found = run(target, recording, folder)
    except Exception as error:
        return "failed", None, (type(error).__name__ + ": " + " ".join(str(error).split()))[:400]
    return ("ok" if found <= TOLERANCE else "failed"), found, ""


def main():
    keraskit, root, texts = sys.argv[1], sys.argv[2], sys.argv[3:]
    only = texts[texts.index("--to") + 1] if "--to" in texts else None
    everything = "--all" in texts
    texts = [text for text in texts if text not in ("--all", "--to", only)]
    archives, begin = {}, time.time()
    formats = [format for format in FORMATS if only in (None, format[0])]
    results = {format[0]: Results(format[0]) for format in formats}
    with tempfile.TemporaryDirectory() as folder:
        for number, (group, name, (path, file, place)) in enumerate(functions(root)):
            key = "lambdas/%s/%s/%s" % (os.path.basename(path)[:-4], group, name)
            if texts and not any(text in key for text in texts) or not (everything or texts or number % SPREAD == 0):
                continue
            archive = archives.setdefault(path, Archive(path))
            source, arrays = archive.part(file, [place], folder)
            recording = Recording(key, source, arrays)
            for format in formats:
                results[format[0]].add("%s %s" % (key, format[0]), *check(keraskit, format, recording, folder))
    print("%.0f s" % (time.time() - begin))
    counts = {status: sum(r.counts[status] for r in results.values()) for status in ("ok", "refused", "failed")}
    print("%d refused as they should be" % counts["refused"])
    print("%d passed, %d failed" % (counts["ok"] + counts["refused"], counts["failed"]))
    sys.exit(1 if counts["failed"] or not counts["ok"] else 0)


if __name__ == "__main__":
    main()
