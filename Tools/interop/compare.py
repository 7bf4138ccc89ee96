"""Converts every recorded model and compares what current Keras makes of it: `compare.py KERASKIT FOLDER [TEXT ...]`.

FOLDER is fixtures/models or a corpus (cases.py), of which losses are told and not judged. Predictions agree to 1e-5
of the outputs' scale; the loss of one batch, regularizers included, to 1e-5 but for OTHER_LOSS. A case that `convert`
refuses must be in REFUSED with the reason's words. Only cases whose folder/name contains one of the texts are run.
"""
import os
import sys
import tempfile

import keras

from cases import TOLERANCE, Results, arrays, clear, convert, eagerly, listed, models, one_or_list, predictions, worst

# What Keras 3 cannot express, and words of the message that says so.
REFUSED = {}
GATES = "regularizers see gate weights that are 1.2 times as large (said by convert)"
# Cases whose predictions agree while Keras 3 computes another loss, and why.
OTHER_LOSS = {
    "keras-1.2.2/lstm_regularizers_cpu": GATES,
    "keras-1.2.2/lstm_regularizers_gpu": GATES,
    "keras-1.2.2-tf/lstm_regularizers_cpu": GATES,
    "keras-1.2.2-tf/lstm_regularizers_gpu": GATES,
    "keras-2.1.3/embedding_lstm_mask": GATES,
    "keras-2.3.1/gru_bidirectional": "2.3.1 averaged a masked loss over all steps (said by convert)",
}


def check(keraskit, case, source, truth, line, suffix, folder, results):
    target = os.path.join(folder, "converted" + suffix)
    if os.path.exists(target):
        os.remove(target)
    code, said = convert(
        keraskit, source, target, "--activity-semantics", "as-saved", "--batch-size", str(line["batch"]))
    key = case.rsplit(".", 1)[0]
    if code != 0:
        known = None if os.path.exists(target) else REFUSED.get(key)
        return results.not_written(case, code, said, known)
    if key in REFUSED:
        return results.add(case, "failed", None, "should be refused")
    try:
        model = keras.models.load_model(target)
    except Exception as error:
        return results.add(case, "failed", None, "load: " + " ".join(str(error).split())[:300])
    x = one_or_list(arrays(truth, "x"))
    prediction = worst(predictions(model, truth, results), arrays(truth, "y"))
    good, message, numbers, more = prediction <= TOLERANCE, "", "", {}
    if "loss_test" in truth:
        if not model.compiled:
            return results.add(case, "failed", prediction, "not compiled")
        value = listed(model.test_on_batch(x, one_or_list(arrays(truth, "t"))))[0]
        expected = float(truth["loss_test"].reshape(-1)[0])
        loss = abs(float(value) - expected) / max(abs(expected), 1e-3)
        numbers, more = "%.1e" % loss, {"loss": loss}
        if key in OTHER_LOSS:
            message = "loss: " + OTHER_LOSS[key]
        elif not results.corpus:
            good = good and loss <= TOLERANCE
    results.add(case, "ok" if good else "failed", prediction, message, numbers, **more)


def main():
    keraskit, root, texts = sys.argv[1], sys.argv[2], sys.argv[3:]
    archives, hdf5 = Results("keras", root), Results("h5", root)
    eagerly(root)
    print("Keras %s on %s" % (keras.__version__, keras.config.backend()))
    print("%-44s %-8s %9s %s" % ("model, as .keras and as .h5", "", "outputs", "loss"))
    with tempfile.TemporaryDirectory() as folder:
        for number, (case, source, truth, line) in enumerate(models(root, texts)):
            for suffix, results in ((".keras", archives), (".h5", hdf5)):
                clear(keras, number, results)
                check(keraskit, case, source, truth, line, suffix, folder, results)
    archives.finish(hdf5)


if __name__ == "__main__":
    main()
