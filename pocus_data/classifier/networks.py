"""POCOVID-Net (paper, section 3): VGG-16 convolutions and a small head.

The paper gives 2,392,963 trainable and 12,355,008 frozen parameters: the last convolution, a
hidden layer of 64 on 512 pooled channels, batch normalisation, and three outputs. 512 inputs to
the hidden layer mean that the 7 x 7 map is averaged first.
"""

from __future__ import annotations

from typing import Any

from pocus_data.classifier.backend import keras
from pocus_data.errors import UsageError
from pocus_data.tables import CLASS_ORDER

IMAGE_SIDE = 224
# The frozen part ends with block5_conv2; these are its outputs for one image.
PREFIX_END = "block5_conv2"
FEATURE_SHAPE = (14, 14, 512)
LAST_CONVOLUTION = "block5_conv3"
NETWORKS = ("pocovid-net",)


def convolutions(weights_file: str | None = None) -> keras.Model:
    """VGG-16 without its dense layers, input ``(224, 224, 3)`` as VGG preprocesses it.

    ``weights_file`` is a Keras ``.weights.h5``; ``None`` gives random weights.
    """
    image = keras.Input((IMAGE_SIDE, IMAGE_SIDE, 3), name="image")
    model = keras.applications.VGG16(include_top=False, weights=None, input_tensor=image)
    if weights_file is not None:
        model.load_weights(weights_file)
    return model


def prefix(vgg: keras.Model) -> keras.Model:
    """The frozen first 12 convolutions: image in, features ``(14, 14, 512)`` out."""
    return keras.Model(vgg.input, vgg.get_layer(PREFIX_END).output, name="prefix")


def tail(hidden_units: int = 64, dropout: float = 0.5) -> keras.Model:
    """What is trained: last convolution and head, features in, class probabilities out."""
    inputs = keras.Input(FEATURE_SHAPE, name="features")
    x = keras.layers.Conv2D(512, 3, padding="same", activation="relu", name=LAST_CONVOLUTION)(
        inputs
    )
    x = keras.layers.MaxPooling2D(2, name="block5_pool")(x)
    return keras.Model(inputs, _head(x, hidden_units, dropout), name="tail")


def _head(x: Any, hidden_units: int, dropout: float) -> Any:
    """Hidden layer, batch normalisation, ReLU, dropout, softmax.

    The paper names the parts but not their order; this is that of its published code.
    """
    x = keras.layers.GlobalAveragePooling2D(name="average")(x)
    x = keras.layers.Dense(hidden_units, name="hidden")(x)
    x = keras.layers.BatchNormalization(name="normalisation")(x)
    x = keras.layers.ReLU(name="relu")(x)
    x = keras.layers.Dropout(dropout, name="dropout")(x)
    # Probabilities in float32 also where the rest computes in bfloat16.
    return keras.layers.Dense(
        len(CLASS_ORDER), activation="softmax", dtype="float32", name="classes"
    )(x)


def pocovid_net(hidden_units: int = 64, dropout: float = 0.5) -> keras.Model:
    """The whole network, image in, probabilities of ``CLASS_ORDER`` out; first 12 frozen."""
    vgg = convolutions()
    for layer in vgg.layers:
        layer.trainable = layer.name in {LAST_CONVOLUTION, "block5_pool"}
    outputs = _head(vgg.output, hidden_units, dropout)
    return keras.Model(vgg.input, outputs, name="pocovid_net")


def build(name: str) -> keras.Model:
    """A network by its name on the command line."""
    if name not in NETWORKS:
        raise UsageError(f"no network '{name}'; there is: {', '.join(NETWORKS)}")
    return pocovid_net()


def copy_weights(source: keras.Model, target: keras.Model) -> None:
    """Copy the weights of every layer of ``source`` to the layer of that name in ``target``."""
    for layer in source.layers:
        if layer.weights:
            target.get_layer(layer.name).set_weights(layer.get_weights())


def describe(model: keras.Model) -> dict[str, Any]:
    """Layers and parameter counts, as ``pocus-data network`` shows them."""
    layers = [
        {
            "name": layer.name,
            "kind": type(layer).__name__,
            "output": list(layer.output.shape[1:]),
            "parameters": int(layer.count_params()),
            "trainable": bool(layer.trainable and layer.trainable_weights),
        }
        for layer in model.layers
    ]
    return {
        "name": model.name,
        "layers": layers,
        "trainable_parameters": _count(model.trainable_weights),
        "frozen_parameters": _count(model.non_trainable_weights),
    }


def _count(weights: list[Any]) -> int:
    total = 0
    for weight in weights:
        size = 1
        for side in weight.shape:
            size *= int(side)
        total += size
    return total
