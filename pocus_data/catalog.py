"""The catalog: which clips exist, where each came from, and what may be done with it.

One folder per dataset, one YAML file per source. ``read_dataset`` collects every problem with
its file, line and column; ``load_catalog`` is the strict door that raises the errors.
"""

from __future__ import annotations

import csv
import difflib
import gc
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from pocus_data import licenses
from pocus_data.catalog_rules.every import Checker, SourceView, View
from pocus_data.errors import CatalogError, UsageError
from pocus_data.models import (
    Crop,
    Entry,
    MdComments,
    Published,
    Source,
    Trim,
    Video,
    Withdrawal,
)
from pocus_data.yaml_positions import ERROR, Document, Problem, parse_yaml, read_yaml

CATALOG_FOLDER = Path("catalog")
Model = TypeVar("Model", bound=Entry)


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

    def select(
        self, policy: licenses.Policy, *, derived: bool = False
    ) -> list[tuple[Source, Video]]:
        """The entries that a policy takes; with ``derived``, those whose crops it takes.

        What is withdrawn is in no selection.
        """
        return [
            (source, video)
            for source, video in self.entries
            if video.withdrawn is None
            and licenses.permits(self.terms_of(source, video), policy, derived=derived)
        ]


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
        if it has errors; it lists every one, not only the first. Warnings do not count.
    """
    catalog, problems = read_dataset(dataset, root)
    errors = [str(problem) for problem in problems if problem.severity == ERROR]
    if errors:
        raise CatalogError(errors)
    return catalog


def files_of(dataset: str, root: Path = Path()) -> list[Path]:
    """The YAML files of one dataset.

    Raises
    ------
    UsageError
        if there is no such dataset.
    """
    files = []
    if re.fullmatch(r"[a-z0-9_-]{1,100}", dataset):
        found = sorted((root / CATALOG_FOLDER / dataset).glob("*.yaml"))
        # Editors and half-done writes leave hidden files beside the real ones.
        files = [path for path in found if path.is_file() and not path.name.startswith(".")]
    if not files:
        known = ", ".join(datasets(root)) or "none"
        raise UsageError(f"no dataset '{dataset}' under {CATALOG_FOLDER}/; there is: {known}")
    return files


def read_dataset(
    dataset: str,
    root: Path = Path(),
    *,
    measured: dict[str, dict[str, Any]] | None = None,
    instead: dict[Path, bytes] | None = None,
) -> tuple[Catalog, list[Problem]]:
    """Read one dataset's catalog and all that is wrong with it, sorted by place.

    Parameters
    ----------
    measured : rows of ``videos.csv`` by identifier, to compare the catalog with.
    instead : contents to judge in place of those on disk, by file; a new file may be among them.
    """
    instead = instead or {}
    known = [] if instead and not datasets(root) else files_of(dataset, root)
    described = licenses.read_described(root / CATALOG_FOLDER / "licenses.yaml")
    reader = _Reader(described, Checker(measured or {}))
    for stray in sorted((root / CATALOG_FOLDER / dataset).glob("*.yml")):
        shown = stray.relative_to(root).as_posix()
        message = "is not read; rename it to end in .yaml"
        reader.problems.append(Problem(shown, 1, 1, "file", message))
    with _without_collector():
        for file in sorted({*known, *instead}):
            shown = file.relative_to(root).as_posix()
            new = instead.get(file)
            reader.take(read_yaml(file, shown) if new is None else parse_yaml(new, shown))
    return Catalog(dataset, reader.entries, described), sorted(reader.problems)


def read_measured(dataset: str, root: Path = Path()) -> dict[str, dict[str, Any]]:
    """Rows of ``videos.csv`` by identifier, as text; empty where nothing was downloaded yet."""
    path = root / "data" / dataset / "videos.csv"
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            return {row["video_id"]: row for row in csv.DictReader(stream)}
    except (OSError, KeyError, UnicodeDecodeError, csv.Error):
        return {}


@contextmanager
def _without_collector() -> Iterator[None]:
    """Millions of small objects without a cycle among them: looking for cycles is all waste."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class _Reader:
    """Gathers the entries and the problems of file after file."""

    def __init__(self, described: dict[str, licenses.Terms], checker: Checker) -> None:
        self.described = described
        self.checker = checker
        self.entries: list[tuple[Source, Video]] = []
        self.problems: list[Problem] = []

    def take(self, document: Document) -> None:
        """Read one file; its positions are forgotten afterwards."""
        self.problems += document.problems
        value = document.value
        if value is None:
            if not document.problems:
                self.problems.append(document.problem((), "schema", "the file is empty"))
            return
        if not isinstance(value, dict) or not isinstance(value.get("videos"), list):
            message = "a catalog file is a mapping with 'source' and a list 'videos'"
            if isinstance(value, dict) and "videos" not in value:
                message += "".join(_meant("videos", list(value)))
            self.problems.append(document.problem((), "schema", message))
            return
        for key in value.keys() - {"source", "videos"}:
            message = f"unknown key '{key}'{_meant(key, ['source', 'videos'])}"
            self.problems.append(document.problem((key,), "unknown-key", message))
        source = self._parse(Source, value.get("source"), document, ("source",))
        if source is not None:
            view = SourceView(source, document, self.described)
            self.problems += self.checker.check_source(view)
        for index, raw in enumerate(value["videos"]):
            video = self._parse(Video, raw, document, ("videos", index))
            if source is not None and video is not None:
                entry = View(source, video, document, index, self.described)
                self.problems += self.checker.check(entry)
                self.entries.append((source, video))

    def _parse(
        self, model: type[Model], raw: Any, document: Document, path: tuple[str | int, ...]
    ) -> Model | None:
        try:
            return model.model_validate(raw)
        except ValidationError as error:
            for detail in error.errors():
                code, message = _in_words(detail, model)
                where = (*path, *detail["loc"])
                self.problems.append(document.problem(where, code, message))
            return None


def _in_words(detail: ErrorDetails, model: type[Entry]) -> tuple[str, str]:
    name = ".".join(str(part) for part in detail["loc"]) or "entry"
    if detail["type"] == "extra_forbidden":
        keys = _keys_at(model, detail["loc"][:-1])
        return "unknown-key", f"unknown key '{name}'{_meant(str(detail['loc'][-1]), keys)}"
    if detail["type"] == "missing":
        return "missing-key", f"'{name}' is missing"
    return "schema", f"'{name}': {detail['msg']}{_suggest(detail)}, not {_shorten(detail['input'])}"


def _keys_at(model: type[Entry], path: tuple[str | int, ...]) -> list[str]:
    """The keys that a mapping within an entry may have."""
    nested: dict[str, type[Entry]] = {"crop": Crop, "trim": Trim}
    nested |= {"md_comments": MdComments, "withdrawn": Withdrawal}
    found = nested.get(str(path[0]), Published) if path else model
    return [field.alias or key for key, field in found.model_fields.items()]


def _meant(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean '{close[0]}'?" if close else ""


def _suggest(detail: ErrorDetails) -> str:
    """The word of a closed vocabulary that was perhaps meant."""
    expected = re.findall(r"'([^']+)'", str(detail.get("ctx", {}).get("expected", "")))
    close = difflib.get_close_matches(str(detail["input"]), expected, n=1)
    return f" (did you mean '{close[0]}'?)" if close else ""


def _shorten(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
