"""One engine on one model, in a process of its own: prints a JSON line with its times.

    python peer.py infer|train|start PEER BASE BATCH THREADS SECONDS
"""
import json
import os
import sys
import time

started = time.perf_counter()
mode, peer, base, batch, threads, seconds = sys.argv[1:]
batch, threads, seconds = int(batch), int(threads), float(seconds)
os.environ["OMP_NUM_THREADS"] = str(threads)
if peer.startswith("keras-"):
    os.environ["KERAS_BACKEND"] = {"keras-tf": "tensorflow"}.get(peer, peer[len("keras-"):])
if peer == "keras-jax":
    os.environ["XLA_FLAGS"] = (
        "--xla_cpu_multi_thread_eigen=%s intra_op_parallelism_threads=%d" % (str(threads > 1).lower(), threads))

import numpy as np

data = np.load(base + ".npz")
x = np.concatenate([data["x"]] * ((batch + 31) // 32))[:batch]
expected = data["y"][:batch] if batch <= 32 else None


def keras_model():
    if peer == "keras-tf":
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    if peer == "keras-torch":
        import torch

        torch.set_num_threads(threads)
    import keras

    return keras.saving.load_model(base + ".keras", compile=False)


def onnxruntime():
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(base + ".onnx", options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda: session.run(None, {name: x})[0]


def openvino():
    import openvino

    core = openvino.Core()
    core.set_property("CPU", {"INFERENCE_NUM_THREADS": threads})
    model = core.read_model(base + ".xml")
    model.reshape([batch] + list(x.shape[1:]))
    hints = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
    request = core.compile_model(model, "CPU", hints).create_infer_request()
    return lambda: request.infer({0: x})[0]


def litert():
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(base + ".tflite", num_threads=threads)
    interpreter.resize_tensor_input(interpreter.get_input_details()[0]["index"], x.shape)
    interpreter.allocate_tensors()
    source, result = (d[0]["index"] for d in (interpreter.get_input_details(), interpreter.get_output_details()))

    def call():
        interpreter.set_tensor(source, x)
        interpreter.invoke()
        return interpreter.get_tensor(result)

    return call


def keras_inference():
    model = keras_model()
    if peer == "keras-tf":
        import tensorflow as tf

        compiled = tf.function(lambda batch: model(batch, training=False))
        tensor = tf.constant(x)
        return lambda: compiled(tensor).numpy()
    if peer == "keras-torch":
        import torch

        def call():
            with torch.inference_mode():
                return model(x, training=False).numpy()

        return call
    import jax

    compiled = jax.jit(lambda batch: model(batch, training=False))
    return lambda: np.asarray(compiled(x))


def keras_training():
    import keras

    model = keras_model()
    shape = model.outputs[0].shape
    random = np.random.default_rng(1)
    if shape[-1] == 1:
        y = random.integers(0, 2, (batch,) + tuple(shape[1:])).astype("float32")
        loss = "binary_crossentropy"
    else:
        y = random.integers(0, shape[-1], (batch,)).astype("int32")
        loss = "sparse_categorical_crossentropy"
    model.compile(optimizer=keras.optimizers.SGD(0.01, momentum=0.9), loss=loss)
    return lambda: model.train_on_batch(x, y)


if mode == "train":
    call = keras_training()
else:
    call = {"onnxruntime": onnxruntime, "openvino": openvino, "litert": litert}.get(peer, keras_inference)()
result = call()
first = (time.perf_counter() - started) * 1000
line = {"first_ms": first}
if mode != "train" and expected is not None:
    line["error"] = float(np.abs(np.asarray(result) - expected).max())
if mode != "start":
    # Three calls to warm up and five that count, but fewer of those that take seconds.
    start = time.perf_counter()
    for _ in range(3):
        call()
        if time.perf_counter() - start > 5:
            break
    times = []
    start = time.perf_counter()
    end, patience = start + seconds, start + max(seconds, 10)
    while time.perf_counter() < end or len(times) < (5 if time.perf_counter() < patience else 2):
        start = time.perf_counter()
        call()
        times.append((time.perf_counter() - start) * 1000)
    times.sort()
    line.update(median_ms=times[len(times) // 2], min_ms=times[0], calls=len(times))
# Not getrusage's, which begins with what the process that started this one held.
with open("/proc/self/status") as file:
    held = next(row.split()[1] for row in file if row.startswith("VmHWM:"))
line["peak_memory_bytes"] = int(held) * 1024
print(json.dumps(line))
