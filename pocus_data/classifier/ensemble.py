"""The networks of all folds as one: the frozen part once, then each fold's own last layers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pocus_data.classifier import networks
from pocus_data.classifier.archive import save_model
from pocus_data.classifier.backend import keras
from pocus_data.errors import DataError, UsageError
from pocus_data.tables import CLASS_ORDER


@dataclass(frozen=True)
class Ensemble:
    """A frozen prefix and one tail a fold."""

    prefix: Any
    tails: tuple[Any, ...]

    def features(self, pictures: NDArray[np.float32]) -> NDArray[np.float32]:
        """Features ``(n, 14, 14, 512)`` of pictures ``(n, 224, 224, 3)``, RGB, 0…255."""
        prepared = keras.applications.vgg16.preprocess_input(np.array(pictures))
        found: NDArray[np.float32] = self.prefix.predict(prepared, batch_size=16, verbose=0)
        return found

    def probabilities(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Class probabilities ``(folds, n, classes)``."""
        answers = [tail.predict(features, batch_size=64, verbose=0) for tail in self.tails]
        return np.stack(answers).astype(np.float64)


def load_ensemble(folder: Path) -> Ensemble:
    """Load ``fold*.keras`` of a dataset.

    Raises
    ------
    DataError
        if there is none, or one is no network of this version.
    """
    paths = sorted(folder.glob("fold*.keras"))
    if not paths:
        raise DataError(f"{folder}: no networks; run 'dvc repro' to train them")
    whole = [load_network(path) for path in paths]
    return Ensemble(networks.prefix(whole[0]), tuple(tail_of(model) for model in whole))


def load_network(path: Path) -> Any:
    """Load one fold's network.

    Raises
    ------
    DataError
        if the file is missing or no network of this version.
    """
    if not path.exists():
        raise DataError(f"{path}: missing; run 'dvc repro' to train it")
    try:
        model = keras.models.load_model(path, compile=False)
        features = model.get_layer(networks.PREFIX_END).output.shape[1:]
        if features != networks.FEATURE_SHAPE or model.output.shape[1:] != (len(CLASS_ORDER),):
            raise ValueError("its features or classes are others")
    # Keras raises all kinds: ValueError, TypeError, KeyError, OSError, zipfile's own.
    except Exception as error:
        said = " ".join(str(error).split())[:200]
        raise DataError(
            f"{path}: no network of this version ({said}); run 'dvc repro' to train it"
        ) from error
    return model


def tail_of(whole: Any) -> Any:
    """The part after the frozen convolutions: features in, probabilities out."""
    return keras.Model(whole.get_layer(networks.PREFIX_END).output, whole.output)


def as_one(ensemble: Ensemble) -> Any:
    """One network: a picture ``(224, 224, 3)``, RGB, 0…255, in; mean probabilities out."""
    side = networks.IMAGE_SIDE
    picture = keras.Input((side, side, 3), name="picture")
    # What VGG was trained on: blue first, ImageNet's means taken off (Simonyan and Zisserman).
    weights = np.zeros((1, 1, 3, 3), dtype=np.float32)
    weights[0, 0, [2, 1, 0], [0, 1, 2]] = 1
    means = np.array([-103.939, -116.779, -123.68], dtype=np.float32)
    prepare = keras.layers.Conv2D(3, 1, name="vgg_preprocessing")
    features = ensemble.prefix(prepare(picture))
    prepare.set_weights([weights, means])
    answers = []
    for number, tail in enumerate(ensemble.tails):
        named = keras.Model(tail.input, tail.output, name=f"fold{number}")
        answers.append(named(features))
    mean = keras.layers.Average(name="probabilities")(answers) if len(answers) > 1 else answers[0]
    return keras.Model(picture, mean, name="pocovid_net_ensemble")


def export(ensemble: Ensemble, path: Path) -> None:
    """Write the ensemble as one file, ``.keras`` or ``.onnx``; classes are ``CLASS_ORDER``.

    Raises
    ------
    UsageError
        for another ending, or ``.onnx`` without tf2onnx.
    """
    model = as_one(ensemble)
    if path.suffix == ".keras":
        save_model(model, path)
    elif path.suffix == ".onnx":
        _to_onnx(model, path)
    else:
        raise UsageError(f"{path}: name a file that ends in .keras or .onnx")


def _to_onnx(model: Any, path: Path) -> None:
    try:
        import tf2onnx
    except ImportError as error:
        raise UsageError("ONNX needs tf2onnx: pip install tf2onnx") from error
    from pocus_data.classifier.backend import tf

    side = networks.IMAGE_SIDE
    signature = [tf.TensorSpec((None, side, side, 3), tf.float32, name="picture")]
    function = tf.function(lambda picture: model(picture, training=False))
    tf2onnx.convert.from_function(function, signature, opset=17, output_path=str(path))
