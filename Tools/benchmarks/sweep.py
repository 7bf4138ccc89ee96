"""How keraskit's cost grows with batch, sequence length, depth and file size: docs/scaling.svg and the exponents.

    python sweep.py --keraskit PATH [--output docs/scaling.svg] [--seconds 0.5]

Each curve is fitted by a power law on its upper half, where fixed costs no longer show; an exponent of 1 is a cost in
proportion. Run by Tools/benchmark, with Keras in its environment.
"""
import argparse
import json
import math
import os
import subprocess
import tempfile
import time

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from keras import layers


def dense(width, depth):
    # Keras' own initializer halves the variance in each layer: behind some 250 of them the numbers would be denormal,
    # with which an Intel processor computes many times slower.
    return keras.Sequential([keras.Input((width,))] + [
        layers.Dense(width, activation="relu", kernel_initializer="he_normal") for _ in range(depth)])


def lstm(steps):
    return keras.Sequential([keras.Input((steps, 64)), layers.LSTM(128)])


def benchmark(keraskit, model, batch, seconds):
    """Milliseconds of the fastest call: what the machine's other work delays least."""
    command = [keraskit, "benchmark", model, "--batch", str(batch), "--threads", "1", "--seconds", str(seconds), "--json"]
    done = subprocess.run(command, capture_output=True, check=True)
    return json.loads(done.stdout)["min_ms"]


def start(keraskit, model, width, folder):
    """Milliseconds of the fastest of five whole processes that predict one sample."""
    data, result = os.path.join(folder, "x.npy"), os.path.join(folder, "y.npy")
    np.save(data, np.zeros((1, width), "float32"))
    times = []
    for _ in range(5):
        begin = time.perf_counter()
        subprocess.run([keraskit, "predict", model, "--input", data, "--output", result, "--threads", "1"], check=True,
                       capture_output=True)
        times.append((time.perf_counter() - begin) * 1000)
    return min(times)


def measure(keraskit, seconds):
    """(title, unit of x, points) of each sweep."""
    sweeps = []
    with tempfile.TemporaryDirectory() as folder:
        def saved(model, name):
            path = os.path.join(folder, name + ".keras")
            model.save(path)
            return path

        path = saved(dense(512, 3), "batch")
        sweeps.append(("batch size, three Dense(512)", "samples", [
            (batch, benchmark(keraskit, path, batch, seconds)) for batch in (1, 4, 16, 64, 256, 1024, 4096)]))
        sweeps.append(("sequence length, LSTM(128)", "steps", [
            (steps, benchmark(keraskit, saved(lstm(steps), "lstm"), 1, seconds)) for steps in (10, 40, 160, 640, 2560)]))
        sweeps.append(("depth, Dense(256) layers", "layers", [
            (depth, benchmark(keraskit, saved(dense(256, depth), "deep"), 32, seconds))
            for depth in (2, 8, 32, 128, 512)]))
        points = []
        for width in (256, 512, 1024, 2048, 4096):
            path = saved(dense(width, 4), "wide")
            points.append((os.path.getsize(path) / 1e6, start(keraskit, path, width, folder)))
        sweeps.append(("file size, a whole process", "MB", points))
    return sweeps


def exponent(points):
    """The slope of the upper half in logarithms."""
    upper = points[len(points) // 2:]
    x, y = np.log([p[0] for p in upper]), np.log([p[1] for p in upper])
    return float(np.polyfit(x, y, 1)[0])


def svg(sweeps):
    """Four plots in logarithmic scales, beside each other in two rows."""
    width, height, margin = 360, 240, 46
    parts = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="11">'
             % (2 * width, 2 * height), '<rect width="100%" height="100%" fill="white"/>']
    for number, (title, unit, points) in enumerate(sweeps):
        left, top = number % 2 * width + margin, number // 2 * height + 30
        right, bottom = left + width - margin - 20, top + height - 70
        xs, ys = [math.log10(p[0]) for p in points], [math.log10(p[1]) for p in points]

        def place(value, values, low, high):
            span = max(values) - min(values) or 1
            return low + (value - min(values)) / span * (high - low)

        spots = [(place(x, xs, left, right), place(y, ys, bottom, top)) for x, y in zip(xs, ys)]
        parts.append('<text x="%d" y="%d" font-weight="bold">%s: exponent %.2f</text>' % (
            left, top - 12, title, exponent(points)))
        parts.append('<path d="M%d %dV%dH%d" fill="none" stroke="#888"/>' % (left, top, bottom, right))
        parts.append('<polyline points="%s" fill="none" stroke="#1f6feb" stroke-width="2"/>' % " ".join(
            "%.1f,%.1f" % spot for spot in spots))
        for (x, y), (value, cost) in zip(spots, points):
            parts.append('<circle cx="%.1f" cy="%.1f" r="3" fill="#1f6feb"><title>%g %s: %.3g ms</title></circle>' % (
                x, y, value, unit, cost))
        for index in (0, -1):
            parts.append('<text x="%.1f" y="%d" text-anchor="middle">%.3g %s</text>' % (
                spots[index][0], bottom + 15, points[index][0], unit))
            parts.append('<text x="%d" y="%.1f" text-anchor="end">%.2g ms</text>' % (
                left - 4, spots[index][1] + 4, points[index][1]))
    return "\n".join(parts + ["</svg>"]) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keraskit", required=True)
    parser.add_argument("--output", default="docs/scaling.svg")
    parser.add_argument("--seconds", type=float, default=0.5)
    options = parser.parse_args()
    sweeps = measure(options.keraskit, options.seconds)
    with open(options.output, "w") as file:
        file.write(svg(sweeps))
    for title, unit, points in sweeps:
        print("%s: exponent %.2f (%s)" % (title, exponent(points), ", ".join(
            "%.3g %s %.3g ms" % (x, unit, y) for x, y in points)))


if __name__ == "__main__":
    main()
