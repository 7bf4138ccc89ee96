"""Times keraskit and the peers on the benchmark models, in turns, and writes the table of ratios.

    python measure.py --keraskit PATH --cache DIR [--models a,b] [--modes infer,train,start,busy] [--batches 1,32]
                      [--threads 1,2] [--seconds 2] [--rounds 3] [--quick] [--output docs/benchmarks.md]

busy: inference on all processors while as many other processes never rest.

Each measurement is a process of its own; in every round each engine has one, so that a machine that drifts hits all
alike, and a row's time is the median over the rounds. What was measured is kept in DIR/results.jsonl; with --resume rows
that it holds are not measured again, with --only-table nothing is.
"""
import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time

import architectures
import table

HERE = os.path.dirname(os.path.abspath(__file__))
INFERENCE = ["onnxruntime", "openvino", "litert", "keras-tf"]
TRAINING = ["keras-tf", "keras-torch", "keras-jax"]
START = ["onnxruntime", "openvino", "litert", "keras-tf"]
BUSY = ["mlp", "lstm", "imdb_bilstm", "unet", "transformer", "mobilenet_v2", "resnet50"]


def run(command, limit=900):
    """The JSON line that a command prints, with how long its process took; or why there is none."""
    start = time.perf_counter()
    try:
        done = subprocess.run(command, capture_output=True, timeout=limit)
    except (OSError, subprocess.TimeoutExpired) as error:
        return {"problem": str(error)[:200]}
    whole = (time.perf_counter() - start) * 1000
    lines = [line for line in done.stdout.decode().splitlines() if line.startswith("{")]
    if done.returncode != 0 or (not lines and "predict" not in command):
        return {"problem": (done.stderr.decode().strip().splitlines() or ["it printed nothing"])[-1][:200]}
    return dict(json.loads(lines[-1]) if lines else {}, process_ms=whole)


@contextlib.contextmanager
def load(is_wanted):
    """As many processes that never rest as there are processors, in the meantime."""
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() if is_wanted else 0)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def reading(path):
    """Milliseconds that a file takes to be read to memory, the least of three times."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        with open(path, "rb") as file:
            file.read()
        times.append((time.perf_counter() - start) * 1000)
    return min(times)


def ours(keraskit, mode, base, batch, threads, seconds):
    if mode == "start":
        with tempfile.TemporaryDirectory() as folder:
            one = os.path.join(folder, "one.npz")
            table.np.savez(one, x=table.np.load(base + ".npz")["x"][:1])
            return run([keraskit, "predict", base + ".keras", "--input", one, "--output", os.path.join(folder, "y.npz"),
                        "--threads", str(threads)])
    command = [keraskit, "benchmark", base + ".keras", "--batch", str(batch), "--threads", str(threads),
               "--seconds", str(seconds), "--json"]
    return run(command + (["--train"] if mode == "train" else []))


def error_of(keraskit, base):
    """How far predictions are from those of Keras at most."""
    data = table.np.load(base + ".npz")
    with tempfile.TemporaryDirectory() as folder:
        source, found = os.path.join(folder, "x.npz"), os.path.join(folder, "y.npz")
        table.np.savez(source, x=data["x"])
        done = subprocess.run([keraskit, "predict", base + ".keras", "--input", source, "--output", found], capture_output=True)
        if done.returncode != 0:
            return None
        arrays = table.np.load(found)
        return float(table.np.abs(arrays[arrays.files[0]] - data["y"]).max())


def summary(rows):
    """One row of several rounds: medians of medians, the least of minima."""
    good = [row for row in rows if "problem" not in row]
    if not good:
        return {"problem": rows[-1]["problem"]}
    result = {"rounds": len(good)}
    for key in ("median_ms", "min_ms", "first_ms", "process_ms", "error", "peak_memory_bytes", "share_of_peak"):
        values = sorted(row[key] for row in good if row.get(key) is not None)
        if values:
            result[key] = values[0] if key == "min_ms" else values[len(values) // 2]
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keraskit", required=True)
    parser.add_argument("--cache", required=True)
    parser.add_argument("--models", default=",".join(architectures.NAMES))
    parser.add_argument("--modes", default="infer,train,start,busy")
    parser.add_argument("--batches", default="1,32")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="half a second, one round")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--only-table", action="store_true")
    parser.add_argument("--output", default="docs/benchmarks.md")
    options = parser.parse_args()
    if options.quick:
        options.seconds, options.rounds = 0.5, 1
    folder = os.path.join(options.cache, "models")
    os.makedirs(folder, exist_ok=True)
    results = os.path.join(options.cache, "results.jsonl")
    known = table.read(results) if options.resume or options.only_table else {}
    if not options.only_table:
        with open(results, "a" if known else "w") as file:
            for key, row in measurements(options, folder, known):
                known[key] = row
                file.write(json.dumps(dict(zip(table.KEY, key), **row)) + "\n")
                file.flush()
                print(*key, json.dumps(row), file=sys.stderr)
    curves = os.path.join(os.path.dirname(os.path.abspath(options.output)), "scaling.svg")
    text = table.render(known, os.path.exists(curves))
    with open(options.output + ".part", "w") as file:
        file.write(text)
    os.replace(options.output + ".part", options.output)


def measurements(options, folder, known):
    for model in options.models.split(","):
        base = os.path.join(folder, model)
        if not os.path.exists(base + ".npz"):
            made = run([sys.executable, "-W", "ignore", os.path.join(HERE, "architectures.py"), model, folder])
            if not os.path.exists(base + ".npz"):
                raise SystemExit("%s was not built: %s" % (model, made.get("problem")))
        error = error_of(options.keraskit, base)
        for mode in options.modes.split(","):
            if mode == "busy" and model not in BUSY:
                continue
            peers = {"infer": INFERENCE, "train": TRAINING, "start": START, "busy": INFERENCE}[mode]
            batches = [int(n) for n in options.batches.split(",")] if mode == "infer" else [32] if mode == "train" else [1]
            if mode == "train" and model == "vgg16":
                batches = [8]
            for batch in batches:
                for threads in [os.cpu_count()] if mode == "busy" else [int(n) for n in options.threads.split(",")]:
                    engines = [e for e in ["keraskit"] + peers if (model, mode, batch, threads, e) not in known]
                    rows = {engine: [] for engine in engines}
                    for _ in range(options.rounds):
                        for engine in engines:
                            with load(mode == "busy"):
                                rows[engine].append(
                                    ours(options.keraskit, mode, base, batch, threads, options.seconds)
                                    if engine == "keraskit" else
                                    run([sys.executable, "-W", "ignore", os.path.join(HERE, "peer.py"),
                                         "infer" if mode == "busy" else mode, engine, base, str(batch), str(threads),
                                         str(options.seconds)]))
                    for engine in engines:
                        row = summary(rows[engine])
                        if engine == "keraskit" and mode == "infer" and "problem" not in row:
                            row["error"] = error
                        if engine == "keraskit" and mode == "start":
                            row["reading_ms"] = reading(base + ".keras")
                        yield (model, mode, batch, threads, engine), row


if __name__ == "__main__":
    main()
