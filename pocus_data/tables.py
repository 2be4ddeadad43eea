r"""The tables between stages: each written by one stage and read through one function.

CSV with ``\n`` line ends, sorted rows and a fixed column order, so that the same content is
the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pocus_data.errors import DataError
from pocus_data.outputs import fresh

# The dataset of synthetic clips: pages and cards about it say so.
PHANTOM = "phantom"

CATALOG_COLUMNS = (
    "video_id",
    "source",
    "source_name",
    "file",
    "url",
    "video_name",
    "title",
    "downloads",
    "archives",
    "yt_dlp_format",
    "sha256",
    "bytes",
    "container",
    "codec",
    "class",
    "class_note",
    "media",
    "probe",
    "patient",
    "license",
    "license_url",
    "redistributable",
    "doi",
    "frame_rate_hz",
    "resolution",
    "frames",
    "sex",
    "age_years",
    "symptoms",
    "patient_history",
    "scan_area",
    "lung_abdomen_interface",
    "web_comment",
    "md_comment",
    "md2_comment",
    "md3_comment",
    "findings",
    "looks_healthy",
    "changes_made",
    "remarks",
    "added",
    "releases",
    "crop_x",
    "crop_y",
    "crop_size",
    "trim_start",
    "trim_stop",
    "exclude",
)
VIDEO_COLUMNS = (
    "video_id",
    "status",
    "path",
    "sha256",
    "bytes",
    "file_sha256",
    "container",
    "codec",
    "width",
    "height",
    "frames",
    "frame_rate_hz",
    "duration_s",
    "url_used",
    "reason",
)
CROP_COLUMNS = (
    "video_id",
    "x",
    "y",
    "size",
    "method",
    "frame_width",
    "frame_height",
    "reason",
)
# What became of an entry, in `videos.csv`.
AVAILABLE, UNAVAILABLE, UNREADABLE = "available", "unavailable", "unreadable"
EXCLUDED = "excluded"
FRAME_COLUMNS = (
    "frame_id",
    "path",
    "sha256",
    "video_id",
    "source",
    "class",
    "patient",
    "license",
    "url",
    "frame_index",
    "time_s",
    "width",
    "height",
    "crop_x",
    "crop_y",
    "crop_size",
    "video_sha256",
    "redistributable",
)
# group: whose evidence this is, for folds and bootstrap: the patient, or what stands for one.
FOLD_COLUMNS = ("frame_id", "video_id", "patient", "group", "class", "fold")
CLASS_ORDER = ("covid19", "bacterial_pneumonia", "healthy")
PREDICTION_COLUMNS = (
    "frame_id",
    "video_id",
    "patient",
    "group",
    "class",
    "fold",
    "predicted",
    *(f"p_{name}" for name in CLASS_ORDER),
)

_INTEGERS = frozenset(
    {"bytes", "frames", "width", "height", "x", "y", "size", "fold", "frame_index"}
    | {"crop_x", "crop_y", "crop_size", "trim_start", "trim_stop", "frame_width", "frame_height"}
    | {"scan_area"}
)
_REALS = frozenset({"frame_rate_hz", "duration_s", "time_s", "age_years"})
_FLAGS = frozenset({"redistributable"})


def write_table(rows: Iterable[Mapping[str, Any]], path: Path, columns: tuple[str, ...]) -> None:
    """Write rows in the given column order; reals are rounded to 6 decimals."""
    frame = pd.DataFrame(list(rows), columns=list(columns))
    for column in _INTEGERS & set(columns):
        frame[column] = frame[column].astype("Int64")
    for column in frame.columns:
        if column in _REALS or column.startswith("p_"):
            frame[column] = frame[column].astype("Float64").round(6)
    write_csv(frame, path)


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table as it is, without its index."""
    with fresh(path) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")


def _read(
    path: Path, columns: tuple[str, ...], unreadable: list[str] | None = None
) -> pd.DataFrame:
    """Read a table written by ``write_table``; empty cells of text come back as ``""``.

    Parameters
    ----------
    unreadable : takes, in words, the cells that should hold a number and do not; these come back
        missing. Without it the first is an error.

    Raises
    ------
    DataError
        if the file is missing, is no table, or its columns are not those expected.
    """
    way_out = "run 'dvc checkout' or 'dvc repro'"
    if not path.exists():
        raise DataError(f"{path}: missing; run 'dvc repro' to make it")
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except ValueError as error:
        raise DataError(f"{path}: is no table ({str(error).splitlines()[0]}); {way_out}") from error
    if tuple(table.columns) != columns:
        raise DataError(f"{path}: its columns are not those this version writes; run 'dvc repro'")
    found: list[str] = [] if unreadable is None else unreadable
    for column in columns:
        if column in _INTEGERS or column in _REALS or column.startswith("p_"):
            table[column] = _numbers(table[column], path, found)
        elif column in _FLAGS:
            table[column] = table[column] == "True"
    if unreadable is None and found:
        raise DataError(f"{found[0]}; {way_out}")
    return table


def _numbers(cells: pd.Series, path: Path, unreadable: list[str]) -> pd.Series:
    numbers = pd.to_numeric(cells.replace("", None), errors="coerce")
    sound = numbers.notna() & np.isfinite(numbers.fillna(0).to_numpy(float))
    whole = cells.name in _INTEGERS
    if whole:
        sound &= numbers.fillna(0) % 1 == 0
    for row in np.flatnonzero((cells != "") & ~sound):
        unreadable.append(f"{path}:{row + 2}: '{cells.iloc[row]}' is no number for '{cells.name}'")
    return numbers.where(sound).astype("Int64" if whole else "Float64")


def read_index(path: Path, unreadable: list[str] | None = None) -> pd.DataFrame:
    """Read ``catalog.csv``: the validated catalog, one row per entry."""
    return _read(path, CATALOG_COLUMNS, unreadable)


def read_videos(path: Path, unreadable: list[str] | None = None) -> pd.DataFrame:
    """Read ``videos.csv``: what became of each entry's bytes, one row per entry."""
    return _read(path, VIDEO_COLUMNS, unreadable)


def read_crops(path: Path, unreadable: list[str] | None = None) -> pd.DataFrame:
    """Read ``crops.csv``: the window of each available clip, or why it has none."""
    return _read(path, CROP_COLUMNS, unreadable)


def read_frames_table(path: Path, unreadable: list[str] | None = None) -> pd.DataFrame:
    """Read ``frames.csv``: one row per frame, with its lineage."""
    return _read(path, FRAME_COLUMNS, unreadable)


def read_folds(path: Path, unreadable: list[str] | None = None) -> pd.DataFrame:
    """Read ``folds.csv``: which fold tests each frame to learn from."""
    return _read(path, FOLD_COLUMNS, unreadable)


def read_predictions(path: Path) -> pd.DataFrame:
    """Read ``predictions.csv``: what the network of its fold said of each tested frame."""
    return _read(path, PREDICTION_COLUMNS)


def class_numbers(classes: pd.Series) -> NDArray[np.intp]:
    """Position of each class in ``CLASS_ORDER``.

    Raises
    ------
    DataError
        for a class that is none of them.
    """
    unknown = set(classes) - set(CLASS_ORDER)
    if unknown:
        raise DataError(
            f"class {sorted(unknown)[0]} is not one the network tells apart"
            f" ({', '.join(CLASS_ORDER)}); see split.select in params.yaml"
        )
    return np.array([CLASS_ORDER.index(name) for name in classes], dtype=np.intp)


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table, each a dictionary by column."""
    rows = table.to_dict("records")
    return [{str(column): value for column, value in row.items()} for row in rows]


def join_list(values: Iterable[str]) -> str:
    """Several values in one cell, separated by spaces (none of them holds a space)."""
    return " ".join(values)


def split_list(cell: str) -> list[str]:
    """Undo ``join_list``."""
    return cell.split()
