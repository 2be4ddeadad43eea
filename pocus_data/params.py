"""``params.yaml``, checked: a wrong value is one line that names its place."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pocus_data.errors import UsageError
from pocus_data.tables import CATALOG_COLUMNS
from pocus_data.yaml_positions import read_yaml

Precision = Literal["auto", "bfloat16", "float32"]
Group = Literal["patient", "video", "frame"]
ExportFormat = Literal["croissant", "imagefolder", "webdataset", "tfrecord", "datapackage"]
Whole = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Download(_Section):
    """How to fetch. Times in seconds, sizes in bytes.

    ``mirrors`` are folders or http(s) addresses that hold, under the same relative paths, what
    stands under the address ``mirror_of``. ``retry_wait_s`` doubles with each retry; who asks
    for more patience than ``max_wait_s`` is left. ``allow_private`` lets redirects lead into the
    local network. ``at_once`` transfers run together, ``per_host`` with one host, with ``pause_s``
    between its requests. What could not be had is asked for again after ``retry_after_h``, or when
    nothing else changed.
    """

    mirrors: tuple[str, ...] = ()
    mirror_of: str = ""
    timeout_s: float = Field(default=30, gt=0)
    max_s: float = Field(default=1800, gt=0)
    retries: int = Field(default=2, ge=0)
    retry_wait_s: float = Field(default=1, ge=0)
    max_wait_s: float = Field(default=60, ge=0)
    max_redirects: int = Field(default=5, ge=0)
    allow_private: bool = False
    at_once: Whole = 16
    per_host: Whole = 2
    pause_s: float = Field(default=0.1, ge=0)
    max_bytes: Whole = 2_000_000_000
    retry_after_h: float = Field(default=24, ge=0)
    min_available: Share = 0.5


class Sample(_Section):
    """Frames a second, and how many of a clip at most (paper, "Data processing")."""

    rate_hz: float = Field(gt=0)
    max_frames: Whole


class Split(_Section):
    """Folds, what stays within one, and which clips to learn from."""

    folds: int = Field(ge=2)
    group: Group
    seed: int = Field(ge=0)
    select: dict[str, list[str]]
    shuffle_labels: bool


class Features(_Section):
    """Augmented copies of each frame, and how far they may be transformed."""

    augmentations: int = Field(ge=0)
    rotation_deg: float = Field(ge=0, le=180)
    shift_share: Share
    flips: bool
    seed: int = Field(ge=0)
    precision: Precision


class Linear(_Section):
    """The recipe ``best``: logistic regression on the frozen features.

    ``strengths`` are inverse regularisation strengths to choose among, each on ``inner_folds``
    folds of the training patients.
    """

    strengths: tuple[float, ...] = (0.0001, 0.0003, 0.001, 0.003)
    inner_folds: int = Field(default=4, ge=2)


class Train(_Section):
    """The paper's recipe (section 3), or ``best``; both draw from ``seed``."""

    recipe: Literal["paper", "best"]
    learning_rate: float = Field(gt=0)
    epochs: Whole
    # Batch normalisation has no variance over a single sample.
    batch_size: int = Field(ge=2)
    dropout: float = Field(ge=0, lt=1)
    hidden_units: Whole
    seed: int = Field(ge=0)
    precision: Precision
    best: Linear = Linear()


class Optimism(Train):
    """The recipe that is trained under leaky and tight folds, and for which datasets."""

    datasets: tuple[str, ...]


class Evaluate(_Section):
    """Bootstrap over patients."""

    bootstrap_samples: Whole
    seed: int = Field(ge=0)


class Export(_Section):
    """What the pipeline itself exports, and under which policy."""

    formats: tuple[
        Literal["croissant", "imagefolder", "webdataset", "tfrecord", "datapackage"], ...
    ]
    policy: Literal["open", "redistributable", "commercial"]


class Params(_Section):
    """The whole file; ``dataset_version`` is SemVer, ``dataset_date`` its day."""

    datasets: list[str]
    dataset_version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    dataset_date: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")
    download: Download
    sample: Sample
    split: Split
    features: Features
    train: Train
    optimism: Optimism
    evaluate: Evaluate
    export: Export


def load_params(path: Path = Path("params.yaml")) -> Params:
    """Read and check the parameters.

    Raises
    ------
    UsageError
        with one line a mistake: file, line, column, key and what was expected.
    """
    document = read_yaml(path, path.as_posix())
    problems = [str(problem) for problem in document.problems]
    if problems:
        raise UsageError("\n".join(problems))
    try:
        params = Params.model_validate(document.value if document.value is not None else {})
    except ValidationError as error:
        raise UsageError(
            "\n".join(
                str(
                    document.problem(
                        detail["loc"],
                        "params",
                        f"'{'.'.join(str(part) for part in detail['loc'])}': {detail['msg']}",
                    )
                )
                for detail in error.errors()
            )
        ) from None
    for column in params.split.select:
        if column not in CATALOG_COLUMNS:
            place = ("split", "select", column)
            message = f"'split.select.{column}': the catalog has no column of that name"
            raise UsageError(str(document.problem(place, "params", message)))
    return params
