"""Changing the catalog on disk: one process at a time, whole or not at all, sound or not at all."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from pocus_data import catalog_edit
from pocus_data.catalog import (
    CATALOG_FOLDER,
    Catalog,
    datasets,
    load_catalog,
    read_dataset,
    read_measured,
)
from pocus_data.errors import CatalogError, PocusError, UsageError
from pocus_data.outputs import fresh
from pocus_data.tables import AVAILABLE
from pocus_data.workcache import cache_folder
from pocus_data.yaml_positions import ERROR, Problem, parse_yaml

_LOCK_S = 20


def add_entry(
    dataset: str, source: dict[str, Any], entry: dict[str, Any], root: Path
) -> tuple[Path, list[str]]:
    """Write an entry into its source's file; a source that is new gets a file.

    Returns
    -------
    The file, and what the rules warn of in the new entry.

    Raises
    ------
    CatalogError
        if the catalog would not be sound with it; nothing is written then.
    """
    path = root / CATALOG_FOLDER / dataset / f"{source['id']}.yaml"
    with _locked(dataset):
        if path.exists():
            default = _source_license(dataset, source["id"], root)
            entry = _without("license", entry) if entry["license"] == default else entry
            text = catalog_edit.append_entry(path.read_bytes().decode(), entry)
        else:
            head = {name: value for name, value in source.items() if value is not None}
            text = catalog_edit.new_file(head, _without("license", entry))
        problems = _save(dataset, root, path, text)
    document = parse_yaml(text.encode(), path.relative_to(root).as_posix())
    first = document.position(("videos", len(document.value["videos"]) - 1))[0]
    mine = [each for each in problems if each.file == document.file and each.line >= first]
    return path, [str(each) for each in mine]


def withdraw_entry(video_id: str, reason: str, date: Any, root: Path) -> Path:
    """Put a tombstone on an entry: nothing is made of it any more, its record stays.

    Raises
    ------
    UsageError
        if no dataset has the entry, or it is withdrawn already.
    CatalogError
        if a catalog has errors, which are to be mended first.
    """
    known: list[str] = []
    for dataset in datasets(root):
        with _locked(dataset):
            catalog, problems = read_dataset(dataset, root)
            known += [entry.id for _, entry in catalog.entries]
            source = _source_of(catalog, video_id)
            if source is None:
                continue
            _refuse_errors(problems)
            path = root / CATALOG_FOLDER / dataset / f"{source}.yaml"
            tombstone = {"withdrawn": {"date": date, "reason": reason}}
            text = catalog_edit.add_fields(path.read_bytes().decode(), video_id, tombstone)
            _save(dataset, root, path, text)
            return path
    close = difflib.get_close_matches(video_id, known, n=1)
    hint = f"; did you mean '{close[0]}'?" if close else ""
    raise UsageError(f"no entry '{video_id}' in any dataset{hint}")


def pin_entries(dataset: str, root: Path) -> list[str]:
    """Write checksum and size of what was fetched into entries that have none yet.

    Returns
    -------
    The identifiers of the entries that were pinned.

    Raises
    ------
    UsageError
        if there is no such dataset.
    CatalogError
        if its catalog has errors, which are to be mended first.
    """
    measured = read_measured(dataset, root)
    pinned = []
    with _locked(dataset):
        for source, entry in load_catalog(dataset, root).entries:
            row = measured.get(entry.id, {})
            local = all(url.startswith("phantom:") for url in entry.downloads)
            if entry.sha256 or entry.withdrawn or local or row.get("status") != AVAILABLE:
                continue
            path = root / CATALOG_FOLDER / dataset / f"{source.id}.yaml"
            fields = {"sha256": row["sha256"], "bytes": int(row["bytes"])}
            text = catalog_edit.add_fields(path.read_bytes().decode(), entry.id, fields)
            _save(dataset, root, path, text)
            pinned.append(entry.id)
    return pinned


def _source_of(catalog: Catalog, video_id: str) -> str | None:
    for source, entry in catalog.entries:
        if entry.id == video_id:
            if entry.withdrawn is not None:
                raise UsageError(f"'{video_id}' is withdrawn since {entry.withdrawn.date}")
            return source.id
    return None


def _source_license(dataset: str, source_id: str, root: Path) -> str | None:
    catalog, _ = read_dataset(dataset, root)
    return next((s.license for s, _ in catalog.entries if s.id == source_id), None)


def _without(name: str, entry: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key != name}


def _save(dataset: str, root: Path, path: Path, text: str) -> list[Problem]:
    """Put ``text`` in place of a catalog file, if the catalog is sound with it.

    Returns
    -------
    What the rules then warn of in the whole dataset.

    Raises
    ------
    CatalogError
        if that would bring errors; nothing is written then.
    PocusError
        if the file cannot be written.
    """
    raw = text.encode()
    _, problems = read_dataset(dataset, root, instead={path: raw})
    _refuse_errors(problems, f"{path}: left as it was")
    try:
        with fresh(path) as temporary:
            temporary.write_bytes(raw)
            if path.exists():
                temporary.chmod(path.stat().st_mode)
    except OSError as error:
        raise PocusError(f"{path}: cannot be written: {error.strerror or error}") from error
    return problems


def _refuse_errors(problems: list[Problem], *more: str) -> None:
    errors = [str(problem) for problem in problems if problem.severity == ERROR]
    if errors:
        raise CatalogError([*errors, *more])


@contextmanager
def _locked(dataset: str) -> Iterator[None]:
    """Hold the right to read, change and write one dataset's catalog.

    Raises
    ------
    PocusError
        if another process holds it for longer than some seconds.
    """
    path = cache_folder() / "locks" / f"{dataset}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(path, timeout=_LOCK_S):
            yield
    except Timeout:
        message = f"catalog/{dataset}: another command is changing it; try again later"
        raise PocusError(message) from None
