"""Compiles and runs the Swift packages that convert writes: `swift_package.py KERASKIT FIXTURES [--all] [TEXT ...]`.

One package is built and tested as it is written, without a warning. Then the code of many models is built as one optimised
module with the routines that they share, and each predicts what the release recorded, to 1e-5 of the outputs' scale. What
`convert` refuses must be in REFUSED with words of the reason. Without texts only SPREAD is run, with --all every recording.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

import numpy as np

from cases import Results
from recordings import difference, recordings

TOLERANCE = 1e-5
# A few of each kind: eras, layers, padding, recurrences, masks, nested models, images, several inputs and outputs.
SPREAD = ["models/keras-1.2.2/", "models/keras-2.1.3/", "layers/keras-3/"]
REFUSED = [
    ("preprocessing/", "cannot be written"),
    ("graph_nodes/.*/linalg", "the function '"),
    ("public_layers/(retinanet.*_filter|ssd_decoding|yolo_suppression)", "the function '"),
    ("lambdas/|graph_nodes/keras-3/geometry", "a random draw"),
]
# Numbers rounded to narrow types on the way differ in their last digit.
LOOSER = [
    ("mixed_precision/.*bfloat16", 2 ** -6), ("mixed_precision/.*float16", 2 ** -9), ("training_modes/keras-3/types", 2 ** -9),
]
MANIFEST = """// swift-tools-version: 6.0
import PackageDescription

let package = Package(
  name: "Models",
  targets: [.executableTarget(name: "Models", resources: [%s])],
  swiftLanguageModes: [.v6]
)
"""


def swift(folder, *arguments):
    """What `swift` said; raises with it if it failed."""
    done = subprocess.run(
        ["swift", *arguments, "--package-path", folder], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise RuntimeError("\n".join(line for line in done.stdout.split("\n") if "error:" in line) or done.stdout[-2000:])
    return done.stdout


def check_whole(keraskit, source, folder, results):
    """A package as it is written: no warnings, its own test passes."""
    package = os.path.join(folder, "whole-model.swiftpackage")
    try:
        subprocess.run([keraskit, "convert", source, package], check=True, capture_output=True, text=True)
        built = swift(package, "build", "--build-tests", "-c", "release", "-Xswiftc", "-enable-testing")
        if "warning:" in built:
            raise RuntimeError("a warning: " + built[built.index("warning:"):][:200])
        tested = swift(package, "test", "-c", "release", "-Xswiftc", "-enable-testing", "--skip-build")
        if "1 test" not in tested or "passed" not in tested:
            raise RuntimeError("the package's test did not run: " + tested[-300:])
        results.add("a whole package", "ok", 0)
    except Exception as error:
        results.add("a whole package", "failed", None, " ".join(str(error).split())[:600])


class Batch:
    """The code of several models in one module."""

    def __init__(self, folder):
        self.folder = folder
        self.sources = os.path.join(folder, "Sources", "Models")
        os.makedirs(self.sources)
        self.commands, self.weights = {}, []

    def add(self, package):
        """Takes over a written package's code and weights."""
        found = [name for name in os.listdir(os.path.join(package, "Sources")) if name.startswith("Predict")]
        module = found[0][len("Predict"):]
        own = os.path.join(package, "Sources", module)
        for name in os.listdir(own):
            if name.endswith(".weights"):
                shutil.move(os.path.join(own, name), os.path.join(self.sources, name))
                self.weights.append(name)
            elif name.endswith(".swift"):
                shutil.move(os.path.join(own, name), os.path.join(self.sources, name))
        if not os.path.exists(os.path.join(self.sources, "Runtime")):
            shutil.copytree(os.path.join(own, "Runtime"), os.path.join(self.sources, "Runtime"))
            shutil.copy(os.path.join(package, "Sources", found[0], "NumpyFolder.swift"), self.sources)
        with open(os.path.join(package, "Sources", found[0], found[0] + ".swift")) as file:
            code = file.read().replace("import %s\n" % module, "").replace("@main ", "")
        with open(os.path.join(self.sources, found[0] + ".swift"), "w") as file:
            file.write(code)
        return found[0]

    def build(self, commands):
        with open(os.path.join(self.folder, "Package.swift"), "w") as file:
            file.write(MANIFEST % ", ".join('.copy("%s")' % name for name in self.weights))
        cases = "\n".join(
            'case "%s": try %s.predict(NumpyFolder(path: arguments[2]))' % (name, name) for name in commands)
        with open(os.path.join(self.sources, "main.swift"), "w") as file:
            file.write(
                "import Foundation\nlet arguments = CommandLine.arguments\ndo {\nswitch arguments[1] {\n%s\ndefault: exit(2)\n}\n"
                "} catch {\nprint(error)\nexit(1)\n}\n" % cases)
        swift(self.folder, "build", "-c", "release")
        return os.path.join(swift(self.folder, "build", "-c", "release", "--show-bin-path").strip(), "Models")


def predict(binary, command, recording, ports, folder):
    """The largest difference of a model's outputs."""
    os.makedirs(folder)
    given = recording.inputs([name for name, _, _ in ports])
    for index, (name, shape, element) in enumerate(ports):
        array = np.asarray(given[name])
        if len(shape) == array.ndim + 1:
            array = array[..., None]
        array = array.astype({"Float": "<f4", "Int32": "<i4", "Bool": "?"}[element])
        np.save(os.path.join(folder, "x%d.npy" % index), np.ascontiguousarray(array))
    done = subprocess.run([binary, command, folder], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError("exit code %d: %s" % (done.returncode, (done.stdout + done.stderr)[-300:]))
    expected = recording.outputs()
    found = [np.load(os.path.join(folder, "y%d.npy" % index)) for index in range(len(expected))]
    return max(difference(a, b) for a, b in zip(found, expected))


def ports_of(package, command):
    """(name, sizes, element) of each input, as the code says them."""
    module = command[len("Predict"):]
    name = module + ("Network" if module.endswith("Model") else "Model")
    with open(os.path.join(package, "Sources", module, name + ".swift")) as file:
        code = file.read()
    checks = re.findall(r'try check\("((?:[^"\\]|\\.)*)", \w+\.shape, \[(.*?)\]\)', code)
    parameters = re.search(r"public func predict\((.*?)\) throws", code, re.S).group(1)
    elements = re.findall(r"Tensor<(\w+)>", parameters)
    return [(name, sizes.split(", ") if sizes else [], element) for (name, sizes), element in zip(checks, elements)]


def main():
    arguments = [text for text in sys.argv[3:] if text != "--all"]
    keraskit, root = os.path.abspath(sys.argv[1]), sys.argv[2]
    texts = arguments or ([] if "--all" in sys.argv else SPREAD)
    results = Results("swift")
    begin = time.time()
    with tempfile.TemporaryDirectory() as folder:
        if not arguments:
            check_whole(keraskit, os.path.join(root, "models/keras-2.1.3/embedding_lstm_mask.h5"), folder, results)
        batch = Batch(os.path.join(folder, "batch"))
        waiting = []
        for number, recording in enumerate(recordings(root, os.path.join(folder, "recordings"), texts)):
            package = os.path.join(folder, "m%d.swiftpackage" % number)
            done = subprocess.run(
                [keraskit, "convert", recording.source, package, "--no-verify"] + recording.options,
                capture_output=True, text=True)
            if done.returncode != 0:
                message = done.stderr.strip().split("\n")[-1]
                words = [words for pattern, words in REFUSED if re.search(pattern, recording.key)]
                known = done.returncode in (1, 3) and any(text in done.stderr for text in words)
                results.add(recording.key, "refused" if known else "failed", None, message)
                continue
            command = next(n for n in os.listdir(os.path.join(package, "Sources")) if n.startswith("Predict"))
            ports = ports_of(package, command)
            batch.add(package)
            shutil.rmtree(package)
            waiting.append((recording, command, ports))
        print("%d converted after %.0f s" % (len(waiting), time.time() - begin), flush=True)
        binary = batch.build([command for _, command, _ in waiting])
        print("built after %.0f s" % (time.time() - begin), flush=True)
        for number, (recording, command, ports) in enumerate(waiting):
            try:
                found = predict(binary, command, recording, ports, os.path.join(folder, "arrays%d" % number))
            except Exception as error:
                results.add(recording.key, "failed", None, " ".join(str(error).split())[:300])
                continue
            limit = max([TOLERANCE] + [limit for pattern, limit in LOOSER if re.search(pattern, recording.key)])
            results.add(recording.key, "ok" if found <= limit else "failed", found)
            shutil.rmtree(os.path.join(folder, "arrays%d" % number))
    print("%.0f s" % (time.time() - begin))
    results.finish()


if __name__ == "__main__":
    main()
