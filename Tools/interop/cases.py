"""The recorded models that every format's check goes through, and how its results are told."""
import json
import os
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


def models(root, texts):
    """(case, file, recorded arrays, line of the manifest) of each file below `root`."""
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


def convert(keraskit, source, target, *options):
    """The exit code of `keraskit convert` and what it said."""
    done = subprocess.run(
        [keraskit, "convert", source, target, "--force", *options], capture_output=True, text=True)
    return done.returncode, (done.stdout + done.stderr).strip()


class Results:
    """Prints a line for each case and counts; a file named by INTEROP_RESULTS gets them as lines of JSON."""

    def __init__(self, format):
        self.format = format
        self.counts = {"ok": 0, "refused": 0, "failed": 0}

    def add(self, case, status, difference=None, message="", numbers=""):
        self.counts[status] += 1
        shown = "%.1e" % difference if difference is not None else ""
        print("%-44s %-8s %9s %s %s" % (case, status if status != "failed" else "FAILED", shown, numbers, message), flush=True)
        path = os.environ.get("INTEROP_RESULTS")
        if path:
            line = {"format": self.format, "case": case, "status": status, "message": message}
            if difference is not None and np.isfinite(difference):
                line["difference"] = difference
            with open(path, "a") as file:
                file.write(json.dumps(line) + "\n")

    def finish(self):
        print("%d refused as they should be" % self.counts["refused"])
        print("%d passed, %d failed" % (self.counts["ok"] + self.counts["refused"], self.counts["failed"]))
        sys.exit(1 if self.counts["failed"] or not self.counts["ok"] else 0)
