"""Converts recorded models to Keras 3's JSON and `.weights.h5` and puts them together again: `keras3_parts.py KERASKIT FOLDER`.

FOLDER is fixtures/models or a corpus (cases.py).

`keras.models.model_from_json` must load the architecture, `load_weights` the weights into it, and the model must
predict what the old release recorded. One file of each case is enough: archives and HDF5 files are checked by
`compare.py`.
"""
import os
import sys
import tempfile

import keras

from cases import TOLERANCE, Results, arrays, clear, convert, eagerly, models, predictions, worst


def check(keraskit, case, source, truth, folder, results):
    architecture, weights = os.path.join(folder, "model.json"), os.path.join(folder, "model.weights.h5")
    for target in (architecture, weights):
        code, said = convert(keraskit, source, target)
        if code != 0:
            return results.not_written(case, code, said)
    try:
        with open(architecture) as file:
            model = keras.models.model_from_json(file.read())
        model.load_weights(weights)
    except Exception as error:
        return results.add(case, "failed", None, "load: " + " ".join(str(error).split())[:300])
    distance = worst(predictions(model, truth, results), arrays(truth, "y"))
    results.add(case, "ok" if distance <= TOLERANCE else "failed", distance)


def main():
    keraskit, root, texts = sys.argv[1], sys.argv[2], sys.argv[3:]
    results = Results("weights and json", root)
    eagerly(root)
    print("Keras %s" % keras.__version__)
    with tempfile.TemporaryDirectory() as folder:
        for number, (case, source, truth, _) in enumerate(models(root, texts)):
            if case.endswith(".keras"):
                continue
            clear(keras, number, results)
            check(keraskit, case, source, truth, folder, results)
    results.finish()


if __name__ == "__main__":
    main()
