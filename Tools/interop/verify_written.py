"""`verify` on files that other programs run: `verify_written.py KERASKIT FIXTURES [--all]`.

What `convert` wrote has to be equal in ONNX Runtime, LiteRT, TensorFlow.js' reader, TensorFlow and Swift. Then the weights of each layer
are changed in the file itself: `verify` has to find it out, exit with 1 and name the layer; with a Python that has none of
the programs it must not pass. Without --all only QUICK models, and six changes of each.
"""

import itertools
import json
import os
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import numpy_helper
from tensorflow.lite.python import schema_py_generated as schema

from cases import Results

MODELS = [
    "keras-2.1.3/mlp_adam.h5", "keras-2.1.3/conv_channels_last.h5", "keras-2.1.3/embedding_lstm_mask.h5",
    "keras-2.1.3/nested_functional.h5", "keras-3/gru_bidirectional.keras", "keras-1.2.2/merge_functional.h5",
]
QUICK = MODELS[1:2] + MODELS[3:5]


def verify(keraskit, path, python=sys.executable):
    """The exit code and what verify said, as JSON where it compared."""
    done = subprocess.run([keraskit, "verify", path, "--json", "--python", python], capture_output=True, text=True)
    return done.returncode, json.loads(done.stdout) if done.returncode in (0, 1) else done.stderr.strip()


def damaged_onnx(path, target):
    """(layer, file) with the weights of each layer changed in turn."""
    model = onnx.load(path)
    for index, tensor in enumerate(model.graph.initializer):
        array = numpy_helper.to_array(tensor)
        if array.dtype != np.float32 or array.size < 2:
            continue
        changed = onnx.ModelProto()
        changed.CopyFrom(model)
        changed.graph.initializer[index].CopyFrom(numpy_helper.from_array(array * np.float32(1.5), tensor.name))
        onnx.save(changed, target)
        yield tensor.name, target


def damaged_tflite(path, target):
    original = open(path, "rb").read()
    graph = schema.Model.GetRootAs(bytearray(original), 0).Subgraphs(0)
    for index in range(graph.TensorsLength()):
        tensor = graph.Tensors(index)
        data = bytearray(original)
        buffer = schema.Model.GetRootAs(data, 0).Buffers(tensor.Buffer())
        if tensor.Type() != schema.TensorType.FLOAT32 or buffer.DataLength() < 8:
            continue
        numbers = buffer.DataAsNumpy()
        numbers[:] = (numbers.view(np.float32) * np.float32(1.5)).view(np.uint8)
        with open(target, "wb") as file:
            file.write(data)
        yield tensor.Name().decode(), target


def check_damage(keraskit, name, files, results):
    """Each change is found in the layer whose weights were changed, or has no effect on the stored case at all."""
    found, without = 0, 0
    for tensor, path in files:
        code, said = verify(keraskit, path)
        layer = (said.get("first_divergence") or {}).get("layer") if isinstance(said, dict) else None
        if code == 0:
            without += 1
        elif code == 1 and layer is not None and (tensor + "/").startswith(layer + "/"):
            found += 1
        else:
            return results.add(name, "failed", None, "%s changed: exit code %d, %s" % (tensor, code, said))
    results.add(name, "ok" if found > without else "failed", None, "%d changes found, %d without effect" % (found, without))


def main():
    keraskit, root = sys.argv[1], sys.argv[2]
    runs_all = "--all" in sys.argv
    os.environ.pop("INTEROP_RESULTS", None)
    results = Results("verify")
    with tempfile.TemporaryDirectory() as folder:
        for model in MODELS if runs_all else QUICK:
            for ending in ("onnx", "tflite", "tfjs", "savedmodel"):
                path = os.path.join(folder, "m." + ending)
                done = subprocess.run(
                    [keraskit, "convert", os.path.join(root, "models", model), path, "--force"], capture_output=True, text=True)
                if done.returncode != 0:
                    if ending == "tfjs":
                        continue
                    results.add(model + " " + ending, "failed", None, done.stderr.strip()[-200:])
                    continue
                code, said = verify(keraskit, path)
                equal = code == 0 and said["equal"]
                results.add(model + " " + ending, "ok" if equal else "failed", said["difference"] if equal else None,
                            "" if equal else str(said)[:300])
                if not equal or ending in ("tfjs", "savedmodel"):
                    continue
                files = {"onnx": damaged_onnx, "tflite": damaged_tflite}[ending](path, os.path.join(folder, "d." + ending))
                files = files if runs_all else itertools.islice(files, 6)
                check_damage(keraskit, "%s %s, damaged" % (model, ending), files, results)
        code, said = verify(keraskit, os.path.join(folder, "m.onnx"), "/bin/false")
        results.add("no program", "ok" if code == 3 and "not verified" in said else "failed", None, str(said)[:200])
        package = os.path.join(folder, "digits.mlpackage")
        done = subprocess.run(
            [keraskit, "convert", os.path.join(root, "models", MODELS[0]), package, "--verify-with", "coremltools",
             "--python", sys.executable], capture_output=True, text=True)
        words = "Apple's systems only"
        results.add("coremltools", "ok" if done.returncode == 0 and words in done.stdout else "failed", None, done.stderr.strip()[-200:])
        code, said = verify(keraskit, package)
        results.add("a Core ML package", "ok" if code == 3 and words in said else "failed", None, str(said)[:200])
        package = os.path.join(folder, "digits.swiftpackage")
        subprocess.run(
            [keraskit, "convert", os.path.join(root, "models", MODELS[0]), package], capture_output=True, check=True)
        code, said = verify(keraskit, package)
        results.add("a Swift package", "ok" if code == 0 else "failed", said["difference"] if code == 0 else None, str(said)[:200] if code else "")
    results.finish()


if __name__ == "__main__":
    main()
