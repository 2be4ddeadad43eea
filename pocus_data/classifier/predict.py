"""Predictions for files that are in no catalog: pictures, videos, DICOM."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pocus_data import video
from pocus_data.classifier import explain, familiarity, networks
from pocus_data.classifier.ensemble import Ensemble, load_ensemble
from pocus_data.classifier.prefix import to_picture
from pocus_data.crop import Window, reason_against
from pocus_data.errors import MediaError
from pocus_data.frames import choose_frames
from pocus_data.params import Sample
from pocus_data.tables import CLASS_ORDER
from pocus_data.windows import mean_frame, propose

STRANGE = "does not look like the ultrasound the networks were trained on"


@dataclass(frozen=True)
class Prediction:
    """What the networks say of one file.

    Attributes
    ----------
    probabilities : of ``CLASS_ORDER``, mean over networks and frames.
    interval : least and largest probability of the class named, among the networks.
    distance, limit : how far the frames are from the training frames, and from where on that is
        strange; see ``familiarity``.
    frames : indices of the frames looked at, and the class probabilities of each.
    """

    file: str
    probabilities: tuple[float, ...]
    interval: tuple[float, float]
    distance: float
    limit: float
    window: Window
    frames: tuple[tuple[int, tuple[float, ...]], ...]
    pictures: tuple[NDArray[np.uint8], ...] = field(repr=False)
    features: NDArray[np.float32] = field(repr=False)

    @property
    def number(self) -> int:
        """Position of the class named in ``CLASS_ORDER``."""
        return int(np.argmax(self.probabilities))

    @property
    def flags(self) -> list[str]:
        """What speaks against believing the answer."""
        return [STRANGE] if self.distance > self.limit else []

    def as_json(self) -> dict[str, Any]:
        """The prediction for programs."""
        return {
            "file": self.file,
            "class": CLASS_ORDER[self.number],
            "probability": round(self.probabilities[self.number], 4),
            "interval": [round(edge, 4) for edge in self.interval],
            "probabilities": _by_class(self.probabilities),
            "distance": round(self.distance, 4),
            "distance_limit": round(self.limit, 4),
            "flags": self.flags,
            "crop": vars(self.window),
            "frames": [
                {"frame_index": index, "probabilities": _by_class(values)}
                for index, values in self.frames
            ],
        }


class Predictor:
    """The networks of a dataset, loaded once."""

    def __init__(self, models: Path, settings: Sample) -> None:
        """Load them.

        Raises
        ------
        DataError
            if they are missing, or of another version.
        """
        self.ensemble: Ensemble = load_ensemble(models)
        self.familiar = familiarity.load(models)
        self.settings = settings

    def predict(self, path: Path) -> Prediction:
        """Predict one file.

        Frames and window are chosen as the pipeline chooses them where the catalog says nothing.

        Raises
        ------
        MediaError
            if it is no picture or clip, is black, or shows no area that could be a scan.
        """
        found = video.probe(path)
        kept = choose_frames(found.times_s, self.settings.rate_hz, self.settings.max_frames)
        _, window = propose(found, mean_frame(path, found, 0, found.frames))
        if window is None:
            raise MediaError(f"{path.name}: is black; nothing to predict")
        if reason := reason_against(window, found.width, found.height):
            raise MediaError(f"{path.name}: {reason}; nothing to predict")
        cut = tuple(window.cut(frame) for frame in video.read_frames(path, found, kept))
        pictures = np.stack([to_picture(frame, networks.IMAGE_SIDE) for frame in cut])
        features = self.ensemble.features(pictures)
        answers = self.ensemble.probabilities(features)
        of_networks = answers.mean(axis=1)
        mean = of_networks.mean(axis=0)
        named = of_networks[:, mean.argmax()]
        distances = self.familiar.distance(familiarity.pool(features))
        return Prediction(
            path.name,
            tuple(map(float, mean)),
            (float(named.min()), float(named.max())),
            float(np.median(distances)),
            self.familiar.limit,
            window,
            tuple(
                (index, tuple(map(float, values)))
                for index, values in zip(kept, answers.mean(axis=0), strict=True)
            ),
            cut,
            features,
        )

    def explain(self, prediction: Prediction) -> Image.Image:
        """Heat of the class named over the frame in which it is likeliest."""
        values = [of_frame[prediction.number] for _, of_frame in prediction.frames]
        best = int(np.argmax(values))
        features = prediction.features[best : best + 1]
        heat = explain.grad_cam(self.ensemble.tails, features, prediction.number)
        return explain.overlay(prediction.pictures[best], heat[0])


def in_words(prediction: Prediction) -> str:
    """The prediction on one line, with what speaks against it."""
    said = prediction.as_json()
    low, high = said["interval"]
    flags = "".join(f"; {flag}" for flag in said["flags"])
    return (
        f"{said['file']}: {said['class']} {said['probability']:.2f} [{low:.2f}, {high:.2f}]"
        f" over {len(said['frames'])} frames{flags}"
    )


def _by_class(values: tuple[float, ...]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in zip(CLASS_ORDER, values, strict=True)}
