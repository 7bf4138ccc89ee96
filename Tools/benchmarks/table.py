"""docs/benchmarks.md from what was measured."""
import json
import math
import platform
import re
from importlib import metadata

import numpy as np

KEY = ("model", "mode", "batch", "threads", "engine")
TITLES = {"infer": "Inference, batch %d", "train": "Training step, batch 32 (VGG16: 8)", "start": "Process start to first prediction",
          "busy": "Inference, batch 1, while as many other processes as there are processors never rest"}


def read(path):
    rows = {}
    try:
        with open(path) as file:
            for line in file:
                row = json.loads(line)
                rows[tuple(row.pop(key) for key in KEY)] = row
    except FileNotFoundError:
        pass
    return rows


def measure_of(mode):
    return "process_ms" if mode == "start" else "median_ms"


def short(value):
    return "%.3g" % value if value < 1000 else "%d" % round(value)


def processor():
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                return line.split(":")[1].strip()
    return platform.processor()


def versions():
    names = ["keras", "tensorflow-cpu", "torch", "jax", "onnxruntime", "openvino", "ai-edge-litert"]
    found = []
    for name in names:
        try:
            found.append("%s %s" % (name, metadata.version(name)))
        except metadata.PackageNotFoundError:
            pass
    return ", ".join(found)


def section(rows, mode, batch):
    """Lines of one table: a row for each model and thread count, its ratio to the best peer, and the geometric mean."""
    keys = [key for key in rows if key[1] == mode and (mode == "train" or key[2] == batch)]
    if not keys:
        return []
    engines = list(dict.fromkeys(key[4] for key in keys if key[4] != "keraskit"))
    lines = ["", "## " + (TITLES[mode] % batch if "%" in TITLES[mode] else TITLES[mode]), ""]
    head = ["model", "threads", "keraskit ms"] + engines + ["ratio to the best", "share of peak", "memory"]
    if mode == "start":
        head[-2] = "reading the file"
    lines += ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    ratios = {}
    for model, threads, size in dict.fromkeys((key[0], key[3], key[2]) for key in keys):
        own = rows.get((model, mode, size, threads, "keraskit"), {})
        time = own.get(measure_of(mode))
        cells, best, memories = [], None, []
        for engine in engines:
            row = rows.get((model, mode, size, threads, engine), {})
            value = row.get(measure_of(mode))
            cells.append(short(value) if value else "fails" if "problem" in row else "–")
            if value:
                best = min(best, value) if best else value
            if row.get("peak_memory_bytes"):
                memories.append(row["peak_memory_bytes"])
        ratio = time / best if time and best else None
        if ratio:
            ratios.setdefault(threads, []).append(ratio)
        cells.append("%.2f" % ratio if ratio else "–")
        if mode == "start":
            cells.append(short(own["reading_ms"]) if own.get("reading_ms") else "–")
        else:
            cells.append("%.0f %%" % (100 * own["share_of_peak"]) if own.get("share_of_peak") else "–")
        memory = own.get("peak_memory_bytes")
        cells.append("%d MB, best peer %d" % (memory / 1e6, min(memories) / 1e6) if memory and memories else "–")
        shown = short(time) if time else "fails: " + own.get("problem", "not run")
        lines.append("| " + " | ".join([model, str(threads), shown] + cells) + " |")
    for threads, values in sorted(ratios.items()):
        mean = math.exp(sum(math.log(value) for value in values) / len(values))
        worst = max(values)
        lines += ["", "%d thread%s: geometric mean of the ratios %.2f over %d models, the largest %.2f." % (
            threads, "" if threads == 1 else "s", mean, len(values), worst)]
    return lines


def rounds_of(rows):
    counts = {row["rounds"] for row in rows.values() if row.get("rounds")}
    if not counts:
        return ""
    return "Each time is the median of %s round%s." % (
        " or ".join(str(count) for count in sorted(counts)), "" if counts == {1} else "s")


def render(rows, growth=True):
    lines = [
        "# Benchmarks", "",
        "Made by `Tools/benchmark`: every engine in a process of its own, in turns, random weights, float32. Times are "
        "medians in milliseconds; a ratio below 1 means that keraskit is faster than the best of the others. They hold "
        "for one machine on one day; ratios move less than times. " + rounds_of(rows), "",
        "%s. %s, Python %s." % (processor(), versions(), platform.python_version()),
    ]
    for batch in sorted({key[2] for key in rows if key[1] == "infer"}):
        lines += section(rows, "infer", batch)
    lines += section(rows, "train", None)
    lines += section(rows, "start", 1)
    lines += section(rows, "busy", 1)
    errors = {key[0]: row["error"] for key, row in rows.items() if key[4] == "keraskit" and row.get("error") is not None}
    if errors:
        lines += ["", "## Fidelity", "", "The largest difference of a prediction from Keras' own: " + ", ".join(
            "%s %.1e" % (model, error) for model, error in errors.items()) + "."]
    problems = {}
    for (model, _, _, _, engine), row in rows.items():
        if "problem" in row:
            # Without the folders of the machine.
            problems[(engine, model)] = re.sub(r"/[^ \"]*/", "", row["problem"])
    if problems:
        lines += ["", "## What fails", ""]
        lines += ["- %s on %s: %s" % (engine, model, problem) for (engine, model), problem in problems.items()]
    if growth:
        lines += ["", "## Growth", "", "How the cost grows with batch, sequence length, depth and file size "
                  "(`Tools/benchmarks/sweep.py`):", "", "![growth](scaling.svg)"]
    return "\n".join(lines) + "\n"
