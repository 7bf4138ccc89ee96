"""Checks Core ML packages of recorded models: `core_ml.py KERASKIT FIXTURES [TEXT ... | --all]`.

FIXTURES or a corpus (cases.py), of which any refusal is counted. Core ML runs on Apple's systems only. Here
coremltools parses every package, and its MIL frontend builds the program again, which checks each operation's
arguments and types; then `mil_evaluation` computes the program in numpy, and what it puts out has to agree with what
the release recorded to 1e-5 of the outputs' scale (1e-3 with float16 weights). What `convert` refuses must be in
REFUSED with words of the reason. Without --all a spread of the cases. INTEROP_RESULTS names a file that gets a line
of JSON for each case.
"""

import os
import re
import shutil
import sys
import tempfile
import time
import warnings

import numpy as np

warnings.filterwarnings("ignore")
import coremltools
from coremltools.converters.mil.frontend.milproto import load as milproto
from coremltools.converters.mil.mil import types
from coremltools.proto import MIL_pb2 as mil

import cases
from mil_evaluation import Program, TYPES
from recordings import difference, recordings

coremltools._logger.disabled = True
TOLERANCE = 1e-5
# One of so many cases is checked without --all.
SPREAD = 12
HASH, TEXTS, FUNCTION, AXES = "has no such hash", "hold no", "the function '", "have at most 5"
# Keys that Core ML cannot hold, by pattern, and words of the message that says so.
REFUSED = [
    ("layers/.*/deep", AXES),
    ("preprocessing/.*hashing_(integer|wide)", HASH),
    ("preprocessing/.*_(text|string|hashing)_", TEXTS),
    ("preprocessing/.*integer_wide", "have 32 bits"),
    ("graph_nodes/.*/linalg", FUNCTION),
    # A matrix that is inverted.
    ("lambdas/.*-models/models(_tensorflow)?$", FUNCTION),
    ("public_layers/(retinanet.*_filter|ssd_decoding|yolo_suppression)", FUNCTION),
]
# What agrees less well, and why: numbers rounded to narrow types on the way differ in their last digit.
LOOSER = [
    ("mixed_precision/.*bfloat16", 2 ** -6),
    ("mixed_precision/.*float16", 2 ** -9),
    ("training_modes/keras-3/types", 2 ** -9),
]


def check_types(spec, package):
    """Builds the program in MIL's own terms; every type that the file states must be the one inferred there."""
    weights = os.path.join(package, "Data", "com.apple.CoreML", "weights")
    program = milproto.load(spec, spec.specificationVersion, weights)
    program.validate()
    inferred = {}

    def visit(block):
        for operation in block.operations:
            for inner in operation.blocks:
                visit(inner)
            for variable in operation.outputs:
                inferred[variable.name] = variable

    visit(program.functions["main"])
    function = spec.mlProgram.functions["main"]

    def compare(block):
        for operation in block.operations:
            for inner in operation.blocks:
                compare(inner)
            for declared in operation.outputs:
                found = inferred.get(declared.name)
                kind = declared.type.tensorType
                if found is None or kind.dataType == mil.STRING:
                    continue
                sizes = [d.constant.size if d.HasField("constant") else None for d in kind.dimensions]
                shape = [int(n) if isinstance(n, (int, np.integer, float)) else None for n in found.shape]
                if types.nptype_from_builtin(found.dtype) != TYPES[kind.dataType] or len(shape) != len(sizes) or any(
                        a is not None and b is not None and a != b for a, b in zip(sizes, shape)):
                    raise TypeError("%s %s is %s %s and not %s" % (
                        operation.type, declared.name, types.builtin_to_string(found.dtype), found.shape, sizes))

    compare(function.block_specializations[function.opset])


def run(package, recording):
    """The largest difference of a written model's outputs, and whose it is."""
    spec = coremltools.models.MLModel(package, skip_model_load=True).get_spec()
    check_types(spec, package)
    program = Program(package, spec)
    names = [feature.shortDescription or feature.name for feature in spec.description.input]
    given = recording.inputs(names)
    arrays = {}
    for feature, declared, name in zip(spec.description.input, program.function.inputs, names):
        kind = declared.type.tensorType
        array = np.asarray(given[name]).astype(TYPES[kind.dataType])
        if kind.rank == array.ndim + 1:
            array = array[..., None]
        for size, limit in zip(array.shape, feature.type.multiArrayType.shapeRange.sizeRanges):
            if not limit.lowerBound <= size <= limit.upperBound:
                raise ValueError("an input of %s is beyond what the model takes" % (array.shape,))
        arrays[feature.name] = array
    found = program.predict(arrays)
    expected = recording.outputs()
    if len(found) != len(expected):
        raise ValueError("%d outputs instead of %d" % (len(found), len(expected)))
    if [feature.name for feature in spec.description.output] != list(program.block.outputs):
        raise ValueError("the description has other outputs than the program")
    differences = []
    for a, b in zip(found, expected):
        # Core ML puts out bools as 0 and 1.
        differences.append(difference(np.asarray(a), b.astype(np.int32) if b.dtype == np.bool_ else b))
    worst = int(np.argmax(differences))
    return differences[worst], program.block.outputs[worst]


def check(keraskit, recording, folder, extra, corpus):
    """Returns (status, difference, message)."""
    target = os.path.join(folder, "converted.mlpackage")
    shutil.rmtree(target, ignore_errors=True)
    code, said = cases.convert(keraskit, recording.source, target, "--no-verify", *recording.options, *extra)
    if code != 0:
        expected = [words for pattern, words in REFUSED if re.search(pattern, recording.key)]
        known = code in (1, 3) and any(words in said for words in expected)
        known = known or corpus and cases.refused(code, said)
        message = said.split("\n")[-1]
        return ("refused" if known and not os.path.exists(target) else "failed"), None, message
    try:
        found, worst = run(target, recording)
    except Exception as error:
        return "failed", None, (type(error).__name__ + ": " + " ".join(str(error).split()))[:300]
    tolerance = 1e-3 if "float16" in extra else 0.05 if "int8-weights" in extra else TOLERANCE
    limit = max([tolerance] + [limit for pattern, limit in LOOSER if re.search(pattern, recording.key)])
    return ("ok", found, "") if found <= limit else ("failed", found, "output %s" % worst)


def main():
    keraskit, root, texts = sys.argv[1], sys.argv[2], sys.argv[3:]
    everything = "--all" in texts
    texts = [text for text in texts if text != "--all"]
    extra = os.environ.get("CONVERT_OPTIONS", "").split()
    results = cases.Results("coreml", root)
    begin = time.time()
    print("coremltools %s" % coremltools.__version__)
    with tempfile.TemporaryDirectory() as folder:
        for number, recording in enumerate(recordings(root, folder, texts)):
            if everything or texts or results.corpus or number % SPREAD == 0:
                results.add(recording.key, *check(keraskit, recording, folder, extra, results.corpus))
    print("%.0f s" % (time.time() - begin))
    results.finish()


if __name__ == "__main__":
    main()
