"""Computes what a Core ML program says, in numpy: each operation as coremltools' documentation of it describes.

It shares nothing with the program that wrote the file: messages are read by coremltools' own parser, weights by its blob reader.
Every result must have the type that the file states for it.
"""

import itertools
import math
import os

import numpy as np
from coremltools.libmilstoragepython import _BlobStorageReader
from coremltools.proto import MIL_pb2 as mil
from numpy.lib.stride_tricks import sliding_window_view

TYPES = {
    mil.FLOAT32: np.float32, mil.FLOAT16: np.float16, mil.INT32: np.int32, mil.INT8: np.int8, mil.BOOL: np.bool_,
    mil.STRING: np.str_,
}
WORDS = {"fp32": np.float32, "fp16": np.float16, "int32": np.int32, "bool": np.bool_}
erf = np.vectorize(math.erf, otypes=[np.float64])


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


ACTIVATIONS = {"tanh": np.tanh, "sigmoid": sigmoid, "linear": lambda x: x, "relu": lambda x: np.maximum(x, 0)}


# MARK: Windows


def paddings(kind, pad, sizes, reach, strides):
    if kind == "valid":
        return [(0, 0)] * len(sizes)
    if kind == "custom":
        return [(pad[2 * i], pad[2 * i + 1]) for i in range(len(sizes))]
    result = []
    for size, window, stride in zip(sizes, reach, strides):
        missing = max((-(-size // stride) - 1) * stride + window - size, 0)
        result.append((missing // 2, missing - missing // 2))
    return result


def windows(x, kernel, strides, dilations, around, fill):
    """`(batch, channels, positions…, kernel…)`."""
    x = np.pad(x, [(0, 0), (0, 0)] + around, constant_values=fill)
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilations)]
    found = sliding_window_view(x, reach, axis=tuple(range(2, x.ndim)))
    steps = [slice(None, None, s) for s in strides] + [slice(None, None, d) for d in dilations]
    return found[(slice(None), slice(None), *steps)]


def conv(x, weight, pad_type, bias=None, strides=None, pad=None, dilations=None, groups=1):
    kernel = weight.shape[2:]
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilations)]
    around = paddings(str(pad_type), pad, x.shape[2:], reach, strides)
    found = windows(x, kernel, strides, dilations, around, 0)
    rank, batch, groups = len(kernel), x.shape[0], int(groups)
    positions = found.shape[2:2 + rank]
    found = found.reshape((batch, groups, x.shape[1] // groups) + found.shape[2:])
    found = np.moveaxis(found, [1, 0] + list(range(3, 3 + rank)), range(2 + rank))
    rows = found.reshape(groups, batch * int(np.prod(positions)), -1)
    columns = weight.reshape(groups, weight.shape[0] // groups, -1).transpose(0, 2, 1)
    result = np.matmul(rows, columns).reshape((groups, batch) + positions + (weight.shape[0] // groups,))
    result = np.moveaxis(result, [1, 0, 2 + rank], [0, 1, 2]).reshape((batch, weight.shape[0]) + positions)
    return result if bias is None else result + bias.reshape((-1,) + (1,) * rank)


def conv_transpose(x, weight, bias=None, pad=None, pad_type="valid", strides=None, dilations=None, groups=1):
    kernel, groups, rank = weight.shape[2:], int(groups), len(weight.shape) - 2
    sizes = [(n - 1) * s + (k - 1) * d + 1 for n, s, k, d in zip(x.shape[2:], strides, kernel, dilations)]
    given = x.reshape((x.shape[0], groups, x.shape[1] // groups) + x.shape[2:])
    weight = weight.reshape((groups, weight.shape[0] // groups) + weight.shape[1:])
    whole = np.zeros((x.shape[0], groups, weight.shape[2], *sizes), np.float32)
    for place in itertools.product(*(range(k) for k in kernel)):
        part = np.einsum("ngi...,gio->ngo...", given, weight[(slice(None),) * 3 + place])
        steps = [slice(p * d, p * d + (n - 1) * s + 1, s)
                 for p, d, n, s in zip(place, dilations, x.shape[2:], strides)]
        whole[(slice(None),) * 3 + tuple(steps)] += part
    whole = whole.reshape((x.shape[0], -1, *sizes))
    if str(pad_type) == "custom":
        cut = [slice(pad[2 * i], sizes[i] - pad[2 * i + 1]) for i in range(rank)]
        whole = whole[(slice(None), slice(None), *cut)]
    return whole if bias is None else whole + bias.reshape((-1,) + (1,) * rank)


def pool(x, kernel_sizes, pad_type, strides, pad, fill):
    around = paddings(str(pad_type), pad, x.shape[2:], kernel_sizes, strides)
    return windows(x, kernel_sizes, strides, [1] * len(kernel_sizes), around, fill)


def max_pool(x, kernel_sizes, pad_type, strides=None, pad=None, ceil_mode=False):
    found = pool(x, kernel_sizes, pad_type, strides, pad, -np.inf)
    return found.max(axis=tuple(range(2 + len(kernel_sizes), found.ndim)))


def avg_pool(x, kernel_sizes, pad_type, strides=None, pad=None, exclude_padding_from_average=False, ceil_mode=False):
    axes = tuple(range(2 + len(kernel_sizes), 2 + 2 * len(kernel_sizes)))
    total = pool(x, kernel_sizes, pad_type, strides, pad, 0).sum(axis=axes)
    if not exclude_padding_from_average:
        return total / np.float32(np.prod(kernel_sizes))
    return total / pool(np.ones_like(x[:1, :1]), kernel_sizes, pad_type, strides, pad, 0).sum(axis=axes)


# MARK: Recurrences, by the formulas of their documentation


def lstm(x, initial_h, initial_c, weight_ih, weight_hh, bias, direction, output_sequence, recurrent_activation,
         cell_activation, activation):
    assert direction == "forward"
    gate, cell, out = (ACTIVATIONS[str(name)] for name in (recurrent_activation, cell_activation, activation))
    h, c, steps = initial_h, initial_c, []
    for step in x:
        i, f, o, z = np.split(step @ weight_ih.T + h @ weight_hh.T + bias, 4, axis=1)
        c = gate(f) * c + gate(i) * cell(z)
        h = gate(o) * out(c)
        steps.append(h)
    return np.stack(steps if output_sequence else steps[-1:]), h, c


def gru(x, initial_h, weight_ih, weight_hh, bias, direction, output_sequence, recurrent_activation, activation):
    assert direction == "forward" and not bias.any()  # What the biases are is described in two ways.
    gate, out = ACTIVATIONS[str(recurrent_activation)], ACTIVATIONS[str(activation)]
    h, steps = initial_h, []
    for step in x:
        (ir, io, iz), (hr, ho, hz) = (np.split(a, 3, axis=1) for a in (step @ weight_ih.T, h @ weight_hh.T))
        r, z = gate(ir + hr), gate(iz + hz)
        h = (1 - z) * out(io + r * ho) + z * h
        steps.append(h)
    return np.stack(steps if output_sequence else steps[-1:]), h


def rnn(x, initial_h, weight_ih, weight_hh, bias, direction, output_sequence, activation):
    assert direction == "forward"
    h, steps = initial_h, []
    for step in x:
        h = ACTIVATIONS[str(activation)](step @ weight_ih.T + h @ weight_hh.T + bias)
        steps.append(h)
    return np.stack(steps if output_sequence else steps[-1:]), h


# MARK: Shapes and places


def slice_by_index(x, begin, end, stride=None, begin_mask=None, end_mask=None, squeeze_mask=None):
    cut = []
    for axis in range(x.ndim):
        if squeeze_mask is not None and squeeze_mask[axis]:
            cut.append(int(begin[axis]))
            continue
        first = None if begin_mask is not None and begin_mask[axis] else int(begin[axis])
        last = None if end_mask is not None and end_mask[axis] else int(end[axis])
        cut.append(slice(first, last, None if stride is None else int(stride[axis])))
    return x[tuple(cut)]


def pad(x, pad, mode, constant_val):
    assert mode == "constant" and len(pad) == 2 * x.ndim
    return np.pad(x, np.reshape(pad, (-1, 2)), constant_values=constant_val)


def reshape(x, shape):
    assert 0 not in shape
    return x.reshape(tuple(shape))


def gather(x, indices, axis=0):
    if np.any(indices < -x.shape[axis]) or np.any(indices >= x.shape[axis]):
        raise IndexError("an index beyond %d" % x.shape[axis])
    return np.take(x, indices, axis=int(axis))


def scatter(data, indices, updates, axis, mode):
    assert mode == "update" and axis == 0
    result = data.copy()
    result[indices] = updates
    return result


def scatter_nd(data, indices, updates, mode):
    assert mode == "add"
    result = data.copy()
    np.add.at(result, tuple(np.moveaxis(indices, -1, 0)), updates)
    return result


def cumsum(x, axis, exclusive, reverse):
    assert not exclusive
    axis = int(axis)
    return np.flip(np.cumsum(np.flip(x, axis), axis), axis) if reverse else np.cumsum(x, axis)


def softmax(x, axis):
    e = np.exp(x - x.max(axis=int(axis), keepdims=True))
    return e / e.sum(axis=int(axis), keepdims=True)


def gelu(x, mode):
    if mode == "EXACT":
        return 0.5 * x * (1 + erf(x / math.sqrt(2)))
    assert mode == "TANH_APPROXIMATION"
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3)))


def upsample_nearest_neighbor(x, scale_factor_height, scale_factor_width):
    return np.repeat(np.repeat(x, scale_factor_height, axis=-2), scale_factor_width, axis=-1)


def matmul(x, y, transpose_x=False, transpose_y=False):
    return np.matmul(np.swapaxes(x, -1, -2) if transpose_x else x, np.swapaxes(y, -1, -2) if transpose_y else y)


def linear(x, weight, bias=0):
    return x @ weight.T + bias


def reduction(function):
    return lambda x, axes, keep_dims: function(x, axis=tuple(int(a) for a in axes), keepdims=bool(keep_dims))


def dequantize(quantized_data, zero_point, scale, axis):
    shape = [1] * quantized_data.ndim
    if scale.ndim:
        shape[int(axis)] = -1
        scale = scale.reshape(shape)
    return scale * (quantized_data.astype(np.float32) - zero_point.astype(np.float32))


OPERATIONS = {
    "conv": conv, "conv_transpose": conv_transpose, "max_pool": max_pool, "avg_pool": avg_pool, "lstm": lstm, "gru": gru,
    "rnn": rnn, "slice_by_index": slice_by_index, "pad": pad, "reshape": reshape, "gather": gather, "scatter": scatter,
    "scatter_nd": scatter_nd, "cumsum": cumsum, "softmax": softmax, "gelu": gelu, "matmul": matmul, "linear": linear,
    "upsample_nearest_neighbor": upsample_nearest_neighbor, "constexpr_affine_dequantize": dequantize,
    "constexpr_cast": lambda source_val, output_dtype: source_val.astype(WORDS[str(output_dtype)]),
    "cast": lambda x, dtype: x.astype(WORDS[str(dtype)]), "identity": lambda x: x,
    "shape": lambda x: np.array(x.shape, np.int32), "transpose": lambda x, perm: x.transpose(tuple(perm)),
    "concat": lambda values, axis, interleave: np.concatenate(values, axis=int(axis)),
    "expand_dims": lambda x, axes: np.expand_dims(x, tuple(int(a) for a in axes)),
    "squeeze": lambda x, axes: np.squeeze(x, tuple(int(a) for a in axes)),
    "tile": lambda x, reps: np.tile(x, tuple(reps)), "reverse": lambda x, axes: np.flip(x, tuple(int(a) for a in axes)),
    "fill": lambda shape, value: np.full(tuple(shape), value), "range_1d": lambda start, end, step: np.arange(start, end, step),
    "random_uniform": lambda shape, low, high, seed: np.random.uniform(low, high, tuple(shape)),
    "random_normal": lambda shape, mean, stddev, seed: np.random.normal(mean, stddev, tuple(shape)),
    "select": lambda cond, a, b: np.where(cond, a, b), "softplus": lambda x: np.logaddexp(0, x),
    "add": lambda x, y: x + y, "sub": lambda x, y: x - y, "mul": lambda x, y: x * y, "real_div": lambda x, y: x / y,
    "maximum": lambda x, y: np.maximum(x, y), "minimum": lambda x, y: np.minimum(x, y), "pow": lambda x, y: np.power(x, y),
    "mod": lambda x, y: np.mod(x, y), "floor_div": lambda x, y: np.floor_divide(x, y),
    "logical_and": lambda x, y: x & y, "logical_or": lambda x, y: x | y, "logical_not": lambda x: ~x,
    "equal": lambda x, y: x == y, "not_equal": lambda x, y: x != y, "less": lambda x, y: x < y,
    "less_equal": lambda x, y: x <= y, "greater": lambda x, y: x > y, "greater_equal": lambda x, y: x >= y,
    "log": lambda x, epsilon: np.log(x + epsilon), "sigmoid": sigmoid, "silu": lambda x: x * sigmoid(x),
    "relu": lambda x: np.maximum(x, 0), "erf": erf, "round": np.rint, "ceil": np.ceil, "floor": np.floor, "abs": np.abs,
    "sign": np.sign, "exp": np.exp, "sqrt": np.sqrt, "square": np.square, "sin": np.sin, "cos": np.cos, "tanh": np.tanh,
    "elu": lambda x, alpha: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))),
    "leaky_relu": lambda x, alpha: np.where(x >= 0, x, alpha * x),
    "clip": lambda x, alpha, beta: np.minimum(np.maximum(x, alpha), beta),
    "sigmoid_hard": lambda x, alpha, beta: np.minimum(np.maximum(alpha * x + beta, 0), 1),
    "reduce_sum": reduction(np.sum), "reduce_mean": reduction(np.mean), "reduce_max": reduction(np.max),
    "reduce_min": reduction(np.min), "reduce_prod": reduction(np.prod),
    "reduce_argmax": lambda x, axis, keep_dims: np.argmax(x, axis=int(axis), keepdims=bool(keep_dims)),
}
# By name x alone, though numpy calls it otherwise.
for name in ("erf", "round", "ceil", "floor", "abs", "sign", "exp", "sqrt", "square", "sin", "cos", "tanh"):
    OPERATIONS[name] = (lambda function: lambda x: function(x))(OPERATIONS[name])


class Program:
    """The main function of a package."""

    def __init__(self, package, spec):
        self.spec = spec
        self.function = spec.mlProgram.functions["main"]
        self.block = self.function.block_specializations[self.function.opset]
        self.blobs = None
        weights = os.path.join(package, "Data", "com.apple.CoreML", "weights", "weight.bin")
        if os.path.exists(weights):
            self.blobs = _BlobStorageReader(weights)
        # Constants are the same in every prediction.
        self.constants = {}
        for operation in self.operations(self.block):
            if operation.type == "const":
                name = operation.outputs[0].name
                self.constants[name] = self.checked(operation.outputs[0], self.value(operation.attributes["val"]))
            elif operation.type.startswith("constexpr_"):
                given = {key: self.value(value) for key, value in operation.attributes.items() if key != "name"}
                self.constants[operation.outputs[0].name] = self.checked(
                    operation.outputs[0], OPERATIONS[operation.type](**given))

    def operations(self, block):
        for operation in block.operations:
            yield operation
            for inner in operation.blocks:
                yield from self.operations(inner)

    def predict(self, arrays):
        """A list of arrays, of inputs by their names."""
        values = dict(self.constants)
        for declared in self.function.inputs:
            values[declared.name] = self.checked(declared, arrays[declared.name])
        with np.errstate(all="ignore"):
            return self.run(self.block, values)

    def run(self, block, values):
        for operation in block.operations:
            if operation.type == "const" or operation.type.startswith("constexpr_"):
                continue
            given = {key: self.argument(key, argument, values) for key, argument in operation.inputs.items()}
            if operation.type == "while_loop":
                results = self.loop(operation, given["loop_vars"], values)
            else:
                results = OPERATIONS[operation.type](**given)
            if not isinstance(results, (tuple, list)):
                results = [results]
            if len(results) != len(operation.outputs):
                raise ValueError("%s has %d results" % (operation.type, len(operation.outputs)))
            for declared, result in zip(operation.outputs, results):
                # Numbers of a program are float32 and int32: numpy widens some.
                result = np.asarray(result)
                if result.dtype in (np.float64, np.int64):
                    result = result.astype(np.float32 if result.dtype == np.float64 else np.int32)
                values[declared.name] = self.checked(declared, result)
        return [values[name] for name in block.outputs]

    def loop(self, operation, carried, values):
        condition, body = operation.blocks
        while True:
            inner = dict(values)
            inner.update((v.name, self.checked(v, x)) for v, x in zip(condition.inputs, carried))
            if not self.run(condition, inner)[0]:
                return carried
            inner = dict(values)
            inner.update((v.name, self.checked(v, x)) for v, x in zip(body.inputs, carried))
            carried = self.run(body, inner)

    def argument(self, key, argument, values):
        found = [values[binding.name] for binding in argument.arguments]
        return found if key in ("values", "loop_vars") else found[0]

    @staticmethod
    def checked(declared, value):
        """The value, if it has the type that the file states."""
        kind = declared.type.tensorType
        sizes = [d.constant.size if d.HasField("constant") else None for d in kind.dimensions]
        fits = kind.rank == value.ndim == len(sizes) and all(a in (None, b) for a, b in zip(sizes, value.shape))
        if not fits or kind.dataType != mil.STRING and value.dtype != TYPES[kind.dataType]:
            raise TypeError("%s is %s %s and not %s %s" % (
                declared.name, value.dtype, value.shape, TYPES[kind.dataType].__name__, sizes))
        return value

    def value(self, value):
        kind = value.type.tensorType
        shape = [d.constant.size for d in kind.dimensions]
        dtype = TYPES[kind.dataType]
        if value.HasField("blobFileValue"):
            place = value.blobFileValue.offset
            if dtype == np.float32:
                array = self.blobs.read_float_data(place)
            elif dtype == np.float16:
                array = np.frombuffer(self.blobs.read_fp16_data(place).tobytes(), np.float16)
            else:
                array = self.blobs.read_int8_data(place)
            return np.asarray(array, dtype).reshape(shape)
        tensor = value.immediateValue.tensor
        numbers = getattr(tensor, tensor.WhichOneof("value")).values
        if isinstance(numbers, bytes):
            return np.frombuffer(numbers, dtype).reshape(shape)
        return np.array(list(numbers), dtype).reshape(shape)
