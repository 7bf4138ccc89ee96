"""Runs what `keraskit convert` writes as SavedModels in TensorFlow: `saved_model.py KERASKIT FIXTURES [--all] [TEXT ...]`.

FIXTURES or a corpus (cases.py), of which any refusal is counted. Recorded models' predictions agree to 1e-5 of their
scale with the release's own: by the signature `serving_default`, and at batch 1 and 5 where rows do not depend on
each other. Of some the function `serve` through Keras' TFSMLayer and a session of TensorFlow 1 are asked too, of one
LiteRT's converter. Without --all a spread of cases is run. What `convert` refuses must be in REFUSED with words of
the reason. INTEROP_RESULTS names a file that gets a line of JSON for each case.
"""
import itertools
import os
import re
import sys
import tempfile
import time

import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from cases import TOLERANCE, Results, convert, is_corpus, refused
from recordings import Recording, difference, recordings

FUNCTION = "the function '"
# What TensorFlow cannot compute, by the key's pattern, and words of the message that says so.
REFUSED = [
    ("graph_nodes/.*/linalg", FUNCTION),
    ("public_layers/(retinanet.*_filter|ssd_decoding|yolo_suppression)", FUNCTION),
]
# What agrees less well, and why: numbers rounded to narrow types on the way differ in their last digit.
LOOSER = [
    ("mixed_precision/.*bfloat16", 2 ** -6),
    ("mixed_precision/.*float16", 2 ** -9),
    ("training_modes/keras-3/types", 2 ** -9),
]
# Cases whose rows depend on each other, so that other batches have other predictions.
ONE_BATCH = "crossings/|bn_mode_?2|custom_classes/images|public_layers/features|graph_nodes/|lambdas/"
# Without --all every so many recordings of a folder are run, and those that these name.
SPREAD = 30
ALWAYS = (
    "keras-2.1.3/(gru_bidirectional|conv1d)$|keras-3_(text_character|text_adapted_int|string_oov)$"
    "|public_layers/ssd_anchors|crossings/")
# Every so many of those that are run go through every way of loading.
EVERY_WAY = 4
# What LiteRT's converter is asked to read too; it takes seconds for each.
LITERT = "models/keras-2.1.3/conv1d$"


def typed(array, dtype):
    if dtype == tf.string:
        return tf.constant(array.astype(object))
    return tf.constant(array.astype(dtype.as_numpy_dtype))


def given(recording, names, specs):
    """The recorded inputs by the signature's names."""
    arrays = {}
    for name, array in recording.inputs(names).items():
        if specs[name].shape.rank == array.ndim + 1:
            array = array[..., None]
        arrays[name] = typed(array, specs[name].dtype)
    return arrays


def in_order(tensors):
    return [plain(tensors["output_%d" % index]) for index in range(len(tensors))]


def plain(tensor):
    """The array of a tensor; texts, which TensorFlow has as bytes, as texts."""
    array = np.asarray(tensor)
    return np.vectorize(bytes.decode, otypes=[object])(array) if array.dtype == object else array


def worst(found, expected):
    if len(found) != len(expected):
        raise ValueError("%d outputs instead of %d" % (len(found), len(expected)))
    return max(difference(a, b) for a, b in zip(found, expected))


def run(path, recording, every_way):
    """The largest difference of a written model's outputs."""
    loaded = tf.saved_model.load(path)
    function = loaded.signatures["serving_default"]
    names = [spec.name for spec in tf.nest.flatten(loaded.serve.function_spec.input_signature)]
    specs = function.structured_input_signature[1]
    arrays = given(recording, names, specs)
    expected = recording.outputs()
    largest = worst(in_order(function(**arrays)), expected)
    rows = {array.shape[0] if array.shape else 1 for array in [*arrays.values(), *expected]}
    if len(rows) == 1 and not re.search(ONE_BATCH, recording.key) and all(s.shape[0] is None for s in specs.values()):
        for batch in (1, 5):
            order = np.arange(batch) % min(rows)
            found = function(**{name: tf.gather(array, order) for name, array in arrays.items()})
            largest = max(largest, worst(in_order(found), [array[order] for array in expected]))
    if every_way:
        largest = max(largest, worst(by_layer(path, [arrays[name] for name in names]), expected), worst(by_session(path, arrays), expected))
    if re.search(LITERT, recording.key):
        largest = max(largest, worst(by_litert(path, arrays), expected))
    return largest


def by_layer(path, arrays):
    found = keras.layers.TFSMLayer(path)(arrays if len(arrays) > 1 else arrays[0])
    return [plain(array) for array in (found if isinstance(found, (list, tuple)) else [found])]


def by_session(path, arrays):
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        meta = tf.compat.v1.saved_model.load(session, ["serve"], path)
        signature = meta.signature_def["serving_default"]
        feeds = {signature.inputs[name].name: array.numpy() for name, array in arrays.items()}
        return in_order(session.run({name: info.name for name, info in signature.outputs.items()}, feeds))


def by_litert(path, arrays):
    converted = tf.lite.TFLiteConverter.from_saved_model(path).convert()
    runner = Interpreter(model_content=converted).get_signature_runner()
    return in_order(runner(**{name: array.numpy() for name, array in arrays.items()}))


def crossings(root, texts):
    """Models of crossed categories, whose arrays lie in a folder of their own."""
    for name in () if is_corpus(root) else ("keras-2.15.keras", "keras-3.keras", "tfkeras-2.5.json"):
        key = "crossings/" + os.path.splitext(name)[0]
        if not texts or any(text in key for text in texts):
            place = os.path.join(root, "crossings")
            arrays = dict(np.load(os.path.join(place, "arrays", os.path.splitext(name)[0] + ".npz")))
            yield Recording(key, os.path.join(place, name), arrays)


def check(keraskit, recording, folder, every_way, corpus):
    """Returns (status, difference, message)."""
    target = os.path.join(folder, "converted.savedmodel")
    code, said = convert(keraskit, recording.source, target, "--to", "savedmodel", "--no-verify", *recording.options)
    if code != 0:
        expected = [words for pattern, words in REFUSED if re.search(pattern, recording.key)]
        known = refused(code, said) if corpus else code in (1, 3) and any(words in said for words in expected)
        return ("refused" if known else "failed"), None, said.split("\n")[-1]
    try:
        found = run(target, recording, every_way)
    except Exception as error:
        return "failed", None, " ".join(str(error).split())[:400]
    limit = max([TOLERANCE] + [limit for pattern, limit in LOOSER if re.search(pattern, recording.key)])
    return ("ok" if found <= limit else "failed"), found, ""


def lite(keraskit, root, folder, results):
    """LiteRT's converter takes recurrences of an open batch with its own operators where the last step alone is read.

    Where all steps are it needs TensorFlow's (SELECT_TF_OPS), as for what Keras exports itself.
    """
    source = os.path.join(root, "models", "keras-2.1.3", "embedding_lstm_mask")
    target = os.path.join(folder, "lite.savedmodel")
    truth = np.load(source + ".npz")
    code, said = convert(keraskit, source + ".h5", target, "--no-verify")
    if code != 0:
        return results.add("LiteRT's converter", "failed", None, said[-200:])
    try:
        bytes_made = tf.lite.TFLiteConverter.from_saved_model(target).convert()
        runner = tf.lite.Interpreter(model_content=bytes_made).get_signature_runner()
        name, detail = next(iter(runner.get_input_details().items()))
        found = next(iter(runner(**{name: truth["x0"].astype(detail["dtype"])}).values()))
    except Exception as error:
        return results.add("LiteRT's converter", "failed", None, " ".join(str(error).split())[:300])
    distance = float(np.max(np.abs(found - truth["y0"])))
    results.add("LiteRT's converter", "ok" if distance <= TOLERANCE else "failed", distance)


def main():
    keraskit, root = sys.argv[1:3]
    everything = "--all" in sys.argv
    texts = [text for text in sys.argv[3:] if text != "--all"]
    results = Results("savedmodel", root)
    begin = time.time()
    print("TensorFlow", tf.__version__)
    count, run_so_far = {}, 0
    with tempfile.TemporaryDirectory() as folder:
        for recording in itertools.chain(recordings(root, folder, texts), crossings(root, texts)):
            group = recording.key.split("/")[0]
            count[group] = count.get(group, 0) + 1
            if not (everything or texts or results.corpus or count[group] % SPREAD == 1 or re.search(ALWAYS, recording.key)):
                continue
            every_way = run_so_far % (EVERY_WAY if not results.corpus else 10 * EVERY_WAY) == 0
            status, found, message = check(keraskit, recording, folder, every_way, results.corpus)
            run_so_far += 1
            results.add(recording.key, status, found, message)
        if not texts and not results.corpus:
            lite(keraskit, root, folder, results)
    print("%.0f s" % (time.time() - begin))
    results.finish()


if __name__ == "__main__":
    main()
