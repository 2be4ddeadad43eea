"""The catalog: which clips exist, where each came from, and what may be done with it.

One folder per dataset, one YAML file per source. ``read_dataset`` collects every problem with
its file, line and column; ``load_catalog`` is the strict door that raises them.
"""

from __future__ import annotations

import difflib
import re
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from pocus_data import licenses
from pocus_data.errors import CatalogError, UsageError
from pocus_data.yaml_positions import Document, Problem, read_yaml

CATALOG_FOLDER = Path("catalog")


class Diagnosis(StrEnum):
    """What the clip shows (the catalog's ``class``), as stated by its source."""

    COVID19 = "covid19"
    BACTERIAL_PNEUMONIA = "bacterial_pneumonia"
    VIRAL_PNEUMONIA = "viral_pneumonia"
    HEALTHY = "healthy"
    UNCERTAIN = "uncertain"


class Media(StrEnum):
    """Whether an entry is a clip or a still picture."""

    VIDEO = "video"
    IMAGE = "image"


class Probe(StrEnum):
    """Shape of the transducer."""

    CONVEX = "convex"
    LINEAR = "linear"


class Finding(StrEnum):
    """Closed vocabulary of sonographic findings."""

    EFFUSION = "effusion"
    CONSOLIDATION = "consolidation"
    B_LINES = "b_lines"
    A_LINES = "a_lines"
    PLEURAL_IRREGULARITY = "pleural_irregularity"
    AIR_BRONCHOGRAM = "air_bronchogram"


Identifier = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
WebAddress = Annotated[str, Field(pattern=r"^https?://[^\s]+$")]
Download = Annotated[str, Field(pattern=r"^(https?://|phantom:)[^\s]+$")]
Release = Annotated[str, Field(pattern=r"^\d{4}-\d{2}$")]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


Model = TypeVar("Model", bound=_Entry)


class Crop(_Entry):
    """A square window, in pixels from the top left corner of the frame."""

    x: int = Field(ge=0)
    y: int = Field(ge=0)
    size: int = Field(gt=0)


class Trim(_Entry):
    """The part of a clip to use: frames ``start`` up to, not including, ``stop``."""

    start: int = Field(ge=0)
    stop: int = Field(gt=0)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.stop <= self.start:
            raise ValueError(f"stop ({self.stop}) must be greater than start ({self.start})")
        return self


class Source(_Entry):
    """Who published the clips of one file."""

    id: Identifier
    name: str
    url: WebAddress | None = None
    kind: str
    accessed: date | None = None
    license: str = licenses.NOASSERTION


class Video(_Entry):
    """One clip or still picture of the catalog."""

    id: Identifier
    file: str = Field(min_length=1, pattern=r"^[^/\\\x00]+$")
    url: WebAddress | None = None
    video_name: str | None = None
    downloads: tuple[Download, ...] = ()
    sha256: Sha256 | None = None
    bytes: int | None = Field(default=None, gt=0)
    diagnosis: Diagnosis = Field(alias="class")
    class_note: str | None = None
    media: Media
    probe: Probe
    patient: Identifier | None = None
    license: str | None = None
    license_url: WebAddress | None = None
    doi: str | None = None
    frame_rate_hz: float | None = Field(default=None, gt=0, le=240)
    resolution: str | None = Field(default=None, pattern=r"^\d+x\d+$")
    frames: int | None = Field(default=None, gt=0)
    web_comment: str | None = None
    md_comment: str | None = None
    findings: tuple[Finding, ...] = ()
    changes_made: str | None = None
    releases: tuple[Release, ...] = ()
    crop: Crop | None = None
    trim: Trim | None = None
    exclude: str | None = None


class Catalog:
    """All entries of one dataset, each with its source, in order of identifier."""

    def __init__(
        self,
        dataset: str,
        entries: list[tuple[Source, Video]],
        described: dict[str, licenses.Terms],
    ) -> None:
        self.dataset = dataset
        self.entries = sorted(entries, key=lambda entry: entry[1].id)
        self._described = described

    def __len__(self) -> int:
        return len(self.entries)

    def license_of(self, source: Source, video: Video) -> str:
        """The video's own licence, else its source's default."""
        return video.license or source.license

    def terms_of(self, source: Source, video: Video) -> licenses.Terms:
        """What the licence of the entry allows."""
        return licenses.terms_of(self.license_of(source, video), self._described)


def datasets(root: Path = Path()) -> list[str]:
    """Names of the datasets under ``root``'s catalog folder."""
    folder = root / CATALOG_FOLDER
    return sorted(path.name for path in folder.glob("*/") if any(path.glob("*.yaml")))


def load_catalog(dataset: str, root: Path = Path()) -> Catalog:
    """Read one dataset's catalog.

    Raises
    ------
    UsageError
        if there is no such dataset.
    CatalogError
        if anything in it is wrong; it lists every problem, not only the first.
    """
    catalog, problems = read_dataset(dataset, root)
    if problems:
        raise CatalogError([str(problem) for problem in problems])
    return catalog


def read_dataset(dataset: str, root: Path = Path()) -> tuple[Catalog, list[Problem]]:
    """Read one dataset's catalog and all that is wrong with it, sorted by place."""
    folder = root / CATALOG_FOLDER / dataset
    files = sorted(folder.glob("*.yaml"))
    if not re.fullmatch(r"[a-z0-9_-]+", dataset) or not files:
        known = ", ".join(datasets(root)) or "none"
        raise UsageError(f"no dataset '{dataset}' under {CATALOG_FOLDER}/; there is: {known}")
    described = licenses.read_described(root / CATALOG_FOLDER / "licenses.yaml")
    entries: list[tuple[Source, Video]] = []
    problems: list[Problem] = []
    seen: dict[tuple[str, str], str] = {}
    for stray in sorted(folder.glob("*.yml")):
        shown = stray.relative_to(root).as_posix()
        problems.append(Problem(shown, 1, 1, "file", "is not read; rename it to end in .yaml"))
    for file in files:
        document = read_yaml(file, file.relative_to(root).as_posix())
        problems += document.problems
        if document.value is None:
            if not document.problems:
                problems.append(document.problem((), "schema", "the file is empty"))
            continue
        entries += _read_document(document, described, seen, problems)
    return Catalog(dataset, entries, described), sorted(problems)


def _read_document(
    document: Document,
    described: dict[str, licenses.Terms],
    seen: dict[tuple[str, str], str],
    problems: list[Problem],
) -> list[tuple[Source, Video]]:
    value = document.value
    if not isinstance(value, dict) or not isinstance(value.get("videos"), list):
        message = "a catalog file is a mapping with 'source' and a list 'videos'"
        problems.append(document.problem((), "schema", message))
        return []
    for key in value.keys() - {"source", "videos"}:
        problems.append(document.problem((key,), "schema", f"unknown key '{key}'"))
    source = _parse(Source, value.get("source"), document, ("source",), problems)
    if source is not None:
        _check_license(source.license, document, ("source", "license"), described, problems)
    entries = []
    for index, raw in enumerate(value["videos"]):
        video = _parse(Video, raw, document, ("videos", index), problems)
        if video is None:
            continue
        if video.license is not None:
            where = ("videos", index, "license")
            _check_license(video.license, document, where, described, problems)
        _check_unique(video, document, index, seen, problems)
        if source is not None:
            entries.append((source, video))
    return entries


def _parse(
    model: type[Model],
    raw: Any,
    document: Document,
    path: tuple[str | int, ...],
    problems: list[Problem],
) -> Model | None:
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        for detail in error.errors():
            where = (*path, *detail["loc"])
            problems.append(document.problem(where, "schema", _in_words(detail, model)))
        return None


def _in_words(detail: ErrorDetails, model: type[_Entry]) -> str:
    name = ".".join(str(part) for part in detail["loc"]) or "entry"
    if detail["type"] == "extra_forbidden":
        keys = [field.alias or key for key, field in model.model_fields.items()]
        close = difflib.get_close_matches(str(detail["loc"][-1]), keys, n=1)
        hint = f"; did you mean '{close[0]}'?" if close else ""
        return f"unknown key '{name}'{hint}"
    if detail["type"] == "missing":
        return f"'{name}' is missing"
    return f"'{name}': {detail['msg']}, not {_shorten(detail['input'])}"


def _shorten(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _check_license(
    license_id: str,
    document: Document,
    path: tuple[str | int, ...],
    described: dict[str, licenses.Terms],
    problems: list[Problem],
) -> None:
    message = licenses.problem_with(license_id, described)
    if message:
        problems.append(document.problem(path, "license", message))


def _check_unique(
    video: Video,
    document: Document,
    index: int,
    seen: dict[tuple[str, str], str],
    problems: list[Problem],
) -> None:
    for key, value in (("id", video.id), ("sha256", video.sha256)):
        if value is None:
            continue
        where = ("videos", index, key)
        first = seen.get((key, value))
        if first is not None:
            message = f"'{value}' is already used at {first}; one clip, one entry"
            problems.append(document.problem(where, f"duplicate-{key}", message))
        else:
            line = document.position(where)[0]
            seen[key, value] = f"{document.file}:{line}"
