"""The recorded models that every format's check goes through, and how its results are told.

They are those of fixtures/, or of a corpus: a folder with a manifest.json that lists {directory, case, files}, where
the files of a case are a model in one container or several and the arrays that a release recorded (x0 …, y0 …; t0 …
and loss_test).
"""
import json
import os
import re
import subprocess
import sys

import numpy as np

TOLERANCE = 1e-5


def arrays(truth, letter):
    return [truth[letter + str(i)] for i in range(20) if letter + str(i) in truth]


def one_or_list(values):
    return values[0] if len(values) == 1 else values


def listed(value):
    return list(value) if isinstance(value, (list, tuple)) else [value]


def difference(found, expected):
    """The largest difference relative to the expected values' scale."""
    if found.shape != expected.shape:
        return float("inf")
    if not expected.size:
        return 0.0
    return float(np.max(np.abs(found - expected)) / max(np.max(np.abs(expected)), 1e-3))


def worst(found, expected):
    if len(found) != len(expected):
        return float("inf")
    return max(difference(np.asarray(a), b) for a, b in zip(found, expected))


def is_corpus(root):
    """Whether recordings of other models are below `root`; what is refused of them is counted and not known before."""
    return os.path.exists(os.path.join(root, "manifest.json"))


def models(root, texts):
    """(case, file, recorded arrays, line of the manifest) of each file below `root`."""
    if is_corpus(root):
        yield from corpus(root, texts)
        return
    for release in sorted(os.listdir(root)):
        with open(os.path.join(root, release, "manifest.json")) as file:
            manifest = json.load(file)
        for line in manifest["cases"]:
            truth = dict(np.load(os.path.join(root, release, line["case"] + ".npz")))
            for name in line["files"]:
                case = release + "/" + name
                if name.endswith(".npz") or texts and not any(text in case for text in texts):
                    continue
                yield case, os.path.join(root, release, name), truth, line


def corpus(root, texts):
    """The same of a corpus; of SHARE="1/3" every third model, from the second on.

    An architecture with its weights beside it is one model. What a release saved after training has other outputs than
    those recorded.
    """
    with open(os.path.join(root, "manifest.json")) as file:
        manifest = json.load(file)
    first, step = (int(number) for number in os.environ.get("SHARE", "0/1").split("/"))
    number = 0
    for line in manifest:
        place = os.path.join(root, line["directory"])
        saved = [name for name in line["files"] if ".trained." not in name]
        whole = [name for name in saved if re.search(r"(?<!\.weights)\.(keras|h5|hdf5)$", name)]
        truth = None
        for name in whole or [name for name in saved if name.endswith(".json")]:
            case = line["directory"] + "/" + name
            number += 1
            if texts and not any(text in case for text in texts) or (number - 1) % step != first:
                continue
            if truth is None:
                recorded = next(name for name in line["files"] if name.endswith(".npz"))
                truth = numbered(dict(np.load(os.path.join(place, recorded))))
            # The loss takes longer than all the rest.
            told = truth if number % 5 == 1 else {key: array for key, array in truth.items() if key != "loss_test"}
            yield case, os.path.join(place, name), told, dict(line, batch=len(truth["x0"]))


def numbered(truth):
    """The arrays of a Graph, which are recorded by its inputs' and outputs' names, as the others are."""
    for letter in "xyt":
        names = sorted(name for name in truth if name.startswith(letter + "_") and "_call" not in name)
        for index, name in enumerate(names):
            truth[letter + str(index)] = truth.pop(name)
    return truth


def eagerly(root):
    """Has TensorFlow run functions as they come for a corpus, whose models are too many to trace a function of each."""
    if is_corpus(root):
        import tensorflow
        tensorflow.config.run_functions_eagerly(True)


def predictions(model, truth, results):
    """What a Keras model makes of the recorded inputs; without the loop of `predict` where there are many."""
    x = one_or_list(arrays(truth, "x"))
    return listed(model(x, training=False) if results.corpus else model.predict(x, verbose=0))


def clear(keras, number, results):
    """Forgets models that were loaded before; takes longer than to load one of a corpus."""
    if not results.corpus or number % 50 == 49:
        keras.backend.clear_session()


def refused(code, said):
    """Whether `convert` gave a reason why it wrote nothing, rather than failing."""
    return code in (1, 3) and "cannot be written" in said


def convert(keraskit, source, target, *options):
    """The exit code of `keraskit convert` and what it said."""
    files = [source, target]
    weights = source[:-len(".json")] + ".weights.h5"
    if source.endswith(".json") and os.path.exists(weights):
        files = ["--config", source, "--weights", weights, "--output", target]
    done = subprocess.run([keraskit, "convert", *files, "--force", *options], capture_output=True, text=True)
    return done.returncode, (done.stdout + done.stderr).strip()


class Results:
    """Prints a line for each case and counts; a file named by INTEROP_RESULTS gets them as lines of JSON."""

    def __init__(self, format, root=""):
        self.format = format
        self.corpus = is_corpus(root)
        self.counts = {"ok": 0, "refused": 0, "failed": 0}

    def add(self, case, status, difference=None, message="", numbers="", **more):
        self.counts[status] += 1
        shown = "%.1e" % difference if difference is not None else ""
        print("%-44s %-8s %9s %s %s" % (case, status if status != "failed" else "FAILED", shown, numbers, message), flush=True)
        path = os.environ.get("INTEROP_RESULTS")
        if path:
            line = {"format": self.format, "case": case, "status": status, "message": message, **more}
            if difference is not None and np.isfinite(difference):
                line["difference"] = difference
            with open(path, "a") as file:
                file.write(json.dumps(line) + "\n")

    def not_written(self, case, code, said, known=None):
        """What `convert` refused with the known words, or of a corpus with any reason."""
        expected = refused(code, said) if self.corpus else known is not None and code in (1, 3) and known in said
        self.add(case, "refused" if expected else "failed", None, said[-400:])

    def finish(self, other=None):
        """Ends the program with what came out, here and in another format."""
        for status in other.counts if other else ():
            self.counts[status] += other.counts[status]
        print("%d refused as they should be" % self.counts["refused"])
        print("%d passed, %d failed" % (self.counts["ok"] + self.counts["refused"], self.counts["failed"]), flush=True)
        sys.exit(1 if self.counts["failed"] or not self.counts["ok"] else 0)
