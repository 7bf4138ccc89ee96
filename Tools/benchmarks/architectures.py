"""The sixteen benchmark models, from a scorer of sixteen numbers to VGG16, with random weights."""
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
from keras import layers



def tiny_mlp():
    return keras.Sequential([
        keras.Input((16,)), layers.Dense(32, activation="relu"), layers.Dense(16, activation="relu"),
        layers.Dense(1, activation="sigmoid")])


def mlp():
    return keras.Sequential([
        keras.Input((784,)), layers.Dense(512, activation="relu"), layers.Dense(512, activation="relu"),
        layers.Dense(10, activation="softmax")])


def mnist_cnn():
    return keras.Sequential([
        keras.Input((28, 28, 1)), layers.Conv2D(32, 3, activation="relu"), layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(2), layers.Dropout(0.25), layers.Flatten(), layers.Dense(128, activation="relu"),
        layers.Dropout(0.5), layers.Dense(10, activation="softmax")])


def two_lstms(**gates):
    return keras.Sequential([
        keras.Input((100, 64)), layers.LSTM(128, return_sequences=True, **gates), layers.LSTM(128, **gates),
        layers.Dense(10, activation="softmax")])


def lstm():
    return two_lstms()


def lstm_hard_sigmoid():
    """What files of Keras 1 and 2 hold: gates that most converters refuse."""
    return two_lstms(recurrent_activation="hard_sigmoid")


def imdb_bilstm():
    return keras.Sequential([
        keras.Input((200,), dtype="int32"), layers.Embedding(20000, 128), layers.Bidirectional(layers.LSTM(64)),
        layers.Dense(1, activation="sigmoid")])


def text_conv1d():
    return keras.Sequential([
        keras.Input((400,), dtype="int32"), layers.Embedding(5000, 50), layers.Conv1D(250, 3, activation="relu"),
        layers.GlobalMaxPooling1D(), layers.Dense(250, activation="relu"), layers.Dense(1, activation="sigmoid")])


def unet():
    def pair(x, filters):
        for _ in range(2):
            x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        return x

    image = keras.Input((128, 128, 3))
    levels = []
    x = image
    for filters in (16, 32, 64):
        levels.append(pair(x, filters))
        x = layers.MaxPooling2D()(levels[-1])
    x = layers.Conv2D(128, 3, padding="same", activation="relu")(x)
    for filters, level in zip((64, 32, 16), levels[::-1]):
        x = layers.Concatenate()([layers.Conv2DTranspose(filters, 2, strides=2)(x), level])
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    return keras.Model(image, layers.Conv2D(1, 1, activation="sigmoid")(x))


def transformer():
    tokens = keras.Input((128, 128))
    x = tokens
    for _ in range(2):
        attended = layers.MultiHeadAttention(4, 32)(x, x)
        x = layers.LayerNormalization(epsilon=1e-6)(layers.Add()([x, attended]))
        wide = layers.Dense(512, activation="relu")(x)
        x = layers.LayerNormalization(epsilon=1e-6)(layers.Add()([x, layers.Dense(128)(wide)]))
    return keras.Model(tokens, layers.Dense(10, activation="softmax")(layers.GlobalAveragePooling1D()(x)))


APPLICATIONS = {
    "mobilenet_v2": "MobileNetV2", "efficientnet_b0": "EfficientNetB0", "resnet50": "ResNet50",
    "inception_v3": "InceptionV3", "xception": "Xception", "densenet121": "DenseNet121", "vgg16": "VGG16",
}
SMALL = [tiny_mlp, mlp, mnist_cnn, lstm, lstm_hard_sigmoid, imdb_bilstm, text_conv1d, unet, transformer]
NAMES = [build.__name__ for build in SMALL] + list(APPLICATIONS)


def build(name):
    """The model, its BatchNormalization's statistics redrawn so that folding them does something."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(11)
    for small in SMALL:
        if small.__name__ == name:
            return small()
    model = getattr(keras.applications, APPLICATIONS[name])(weights=None)
    random = np.random.default_rng(11)
    for weight in model.weights:
        kind = weight.path.split("/")[-1]
        if kind == "moving_mean":
            weight.assign(random.normal(0, 0.1, weight.shape))
        elif kind == "moving_variance":
            weight.assign(random.uniform(0.5, 1.5, weight.shape))
    return model


def inputs(model, count):
    """Normal numbers, or token ids that every vocabulary here has."""
    random = np.random.default_rng(3)
    shape = (count,) + tuple(model.inputs[0].shape[1:])
    if "int" in str(model.inputs[0].dtype):
        return random.integers(0, 5000, shape).astype("int32")
    return random.normal(size=shape).astype("float32")


def write(name, folder):
    """NAME.keras and what each peer reads, NAME.npz with inputs and Keras' own outputs; problems by format."""
    base = os.path.join(folder, name)
    model = build(name)
    model.save(base + ".keras")
    x = inputs(model, 32)
    problems = {}
    for format, suffix in (("litert", ".tflite"), ("onnx", ".onnx")):
        try:
            if format == "onnx" and name == "vgg16":
                raise MemoryError("tf2onnx needs more than 20 GB for it")
            model.export(base + suffix, format=format, verbose=False)
        except Exception as error:  # A peer that cannot take the model is a row of the table.
            problems[format] = "%s: %s" % (type(error).__name__, " ".join(str(error).split())[:160])
    try:
        import openvino

        source = base + ".onnx"
        if "onnx" in problems:
            source = base + "_saved"
            model.export(source, format="tf_saved_model", verbose=False)
        openvino.save_model(openvino.convert_model(source), base + ".xml", compress_to_fp16=False)
    except Exception as error:
        problems["openvino"] = "%s: %s" % (type(error).__name__, " ".join(str(error).split())[:160])
    # Last: with it the model is complete.
    np.savez(base + ".npz", x=x, y=model.predict(x, verbose=0))
    return problems


if __name__ == "__main__":
    import json
    import sys

    print(json.dumps(write(sys.argv[1], sys.argv[2])))
