"""The audit: whether every pixel leads back to a page, a licence and a checksum.

Each rule is a small function that looks at the whole dataset and yields findings. A rule never
stops the others; what it cannot read is itself a finding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm import tqdm

from pocus_data import licenses
from pocus_data.png import pixels_sha256, read_png
from pocus_data.tables import (
    AVAILABLE,
    read_crops,
    read_folds,
    read_frames_table,
    read_index,
    read_videos,
    records,
)
from pocus_data.workcache import file_sha256

# Rates closer than this share are the same number, catalogued with fewer digits.
RATE_TOLERANCE = 0.05


class Severity(StrEnum):
    """Errors fail the audit; warnings want a person's judgement; notes are for the record."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True)
class Finding:
    """One thing that is off: which rule says so, about what, and how to mend it."""

    rule: str
    severity: Severity
    subject: str
    message: str


@dataclass(frozen=True)
class Dataset:
    """All tables of one dataset, as the stages left them."""

    index: pd.DataFrame
    videos: pd.DataFrame
    crops: pd.DataFrame
    frames: pd.DataFrame
    folds: pd.DataFrame
    frames_folder: Path
    split_group: str
    described: dict[str, licenses.Terms]


def open_dataset(dataset: str, split_group: str, root: Path = Path()) -> Dataset:
    """Read the tables of ``data/<dataset>``.

    Raises
    ------
    DataError
        if one of them is missing or was not written by this version.
    """
    data = root / "data" / dataset
    return Dataset(
        read_index(data / "catalog.csv"),
        read_videos(data / "videos.csv"),
        read_crops(data / "crops.csv"),
        read_frames_table(data / "frames.csv"),
        read_folds(data / "folds.csv"),
        data / "frames",
        split_group,
        licenses.read_described(root / "catalog" / "licenses.yaml"),
    )


def run_audit(dataset: Dataset) -> list[Finding]:
    """Apply every rule; findings sorted by severity, rule and subject."""
    rank = list(Severity)
    findings = [finding for rule in RULES for finding in rule(dataset)]
    return sorted(findings, key=lambda f: (rank.index(f.severity), f.rule, f.subject, f.message))


def as_json(findings: list[Finding], dataset: Dataset) -> dict[str, Any]:
    """``audit.json``: how much was looked at, how many findings, and each of them."""
    count = {level.value: sum(f.severity is level for f in findings) for level in Severity}
    return {
        "checked": {
            "entries": len(dataset.index),
            "videos": int((dataset.videos["status"] == AVAILABLE).sum()),
            "frames": len(dataset.frames),
            "rules": [_code(rule) for rule in RULES],
        },
        "findings_by_severity": count,
        "findings": [asdict(finding) for finding in findings],
    }


def provenance(dataset: Dataset) -> pd.DataFrame:
    """One row per frame: from its pixels to its page, licence, bytes and doctor's note."""
    of_frame = dataset.frames.drop(columns=["redistributable"]).rename(
        columns={"sha256": "pixels_sha256", "url": "page"}
    )
    of_video = dataset.videos[["video_id", "url_used"]]
    of_entry = dataset.index[["video_id", "source_name", "license_url", "md_comment"]]
    folds = dataset.folds[["frame_id", "fold"]]
    table = of_frame.merge(of_video, on="video_id", how="left")
    table = table.merge(of_entry, on="video_id", how="left")
    return table.merge(folds, on="frame_id", how="left").sort_values("frame_id")


def orphan_frame(dataset: Dataset) -> Iterator[Finding]:
    """Every frame belongs to a catalog entry and to a clip that was had."""
    known = set(dataset.index["video_id"])
    had = set(dataset.videos.loc[dataset.videos["status"] == AVAILABLE, "video_id"])
    for video_id, rows in dataset.frames.groupby("video_id"):
        if video_id not in known or video_id not in had:
            where = "the catalog" if video_id not in known else "videos.csv"
            message = f"{len(rows)} frames of a clip that {where} does not list; run 'dvc repro'"
            yield Finding("orphan-frame", Severity.ERROR, str(video_id), message)


def lineage_gap(dataset: Dataset) -> Iterator[Finding]:
    """Every frame names its licence, its clip's checksum and the checksum of its pixels."""
    for column in ("license", "video_sha256", "sha256", "source"):
        for frame_id in dataset.frames.loc[dataset.frames[column] == "", "frame_id"]:
            message = f"'{column}' is empty in frames.csv; run 'dvc repro'"
            yield Finding("lineage-gap", Severity.ERROR, frame_id, message)


def unlisted_file(dataset: Dataset) -> Iterator[Finding]:
    """The frames folder holds the files of frames.csv, no more."""
    listed = set(dataset.frames["path"])
    on_disk = {path.as_posix() for path in dataset.frames_folder.rglob("*") if path.is_file()}
    for path in sorted(on_disk - listed):
        message = "is not in frames.csv; nobody knows where it came from: delete it"
        yield Finding("unlisted-file", Severity.ERROR, path, message)


def frame_checksum(dataset: Dataset) -> Iterator[Finding]:
    """The pixels on disk are those that frames.csv recorded."""
    pairs = list(zip(dataset.frames["path"], dataset.frames["sha256"], strict=True))
    # Threads will do: reading PNG and hashing leave Python's lock.
    with ThreadPoolExecutor() as pool:
        problems = pool.map(_frame_problem, pairs)
        for problem in tqdm(problems, "audit frames", len(pairs), disable=None):
            if problem:
                yield Finding("frame-checksum", Severity.ERROR, *problem)


def _frame_problem(pair: tuple[str, str]) -> tuple[str, str] | None:
    path, expected = pair
    try:
        got = pixels_sha256(read_png(Path(path)))
    except (OSError, ValueError, SyntaxError) as error:
        return path, f"cannot be read ({type(error).__name__}); run 'dvc checkout' or 'dvc repro'"
    if got != expected:
        return path, f"pixels are {got[:12]}…, frames.csv says {expected[:12]}…; run 'dvc checkout'"
    return None


def video_checksum(dataset: Dataset) -> Iterator[Finding]:
    """The clip on disk is the one fetched, and the one the catalog pins."""
    pinned = dataset.index.set_index("video_id")["sha256"]
    report = partial(Finding, "video-checksum", Severity.ERROR)
    for row in records(dataset.videos[dataset.videos["status"] == AVAILABLE]):
        path, name = Path(row["path"]), row["video_id"]
        if not path.exists():
            yield report(name, f"{path} is missing; run 'dvc checkout' or 'dvc repro'")
        elif file_sha256(path) != row["file_sha256"]:
            yield report(name, f"{path} is not what was fetched; run 'dvc checkout'")
        if pinned.get(name) not in ("", None, row["sha256"]):
            yield report(name, "the catalog pins other bytes; run 'dvc repro'")


def license_unknown(dataset: Dataset) -> Iterator[Finding]:
    """Every entry says what may be done with it."""
    for row in records(dataset.index):
        terms = licenses.terms_of(row["license"], dataset.described)
        if terms.redistribute is None:
            message = (
                f"{row['license']}: nobody has said that it may be passed on; ask {row['source']}"
            )
            yield Finding("license-unknown", Severity.WARNING, row["video_id"], message)


def no_derivatives(dataset: Dataset) -> Iterator[Finding]:
    """A crop is a derived work; some licences forbid to share one."""
    used = set(dataset.frames["video_id"])
    for row in records(dataset.index[dataset.index["video_id"].isin(used)]):
        if licenses.terms_of(row["license"], dataset.described).derive is False:
            message = f"{row['license']} allows no derived works; its frames must stay private"
            yield Finding("no-derivatives", Severity.WARNING, row["video_id"], message)


def patient_across_folds(dataset: Dataset) -> Iterator[Finding]:
    """No patient is on both sides of a fold."""
    wanted = dataset.split_group == "patient"
    severity = Severity.ERROR if wanted else Severity.WARNING
    for group, rows in dataset.folds.groupby("group"):
        folds = sorted(int(fold) for fold in rows["fold"].unique())
        if len(folds) > 1:
            message = f"frames in folds {folds}: split.group is '{dataset.split_group}'"
            yield Finding("patient-across-folds", severity, str(group), message)


def patient_two_classes(dataset: Dataset) -> Iterator[Finding]:
    """One patient, one class; two want a doctor's look."""
    known = dataset.index[dataset.index["patient"] != ""]
    for patient, rows in known.groupby("patient"):
        classes = sorted(rows["class"].unique())
        if len(classes) > 1:
            message = f"catalogued as {' and '.join(classes)}: {', '.join(rows['video_id'])}"
            yield Finding("patient-two-classes", Severity.WARNING, str(patient), message)


def catalog_drift(dataset: Dataset) -> Iterator[Finding]:
    """Frame rate and resolution are as catalogued."""
    had = dataset.videos[dataset.videos["status"] == AVAILABLE]
    both = had.merge(dataset.index, on="video_id", suffixes=("", "_catalog"))
    for row in records(both):
        rate, said = row["frame_rate_hz"], row["frame_rate_hz_catalog"]
        if pd.notna(rate) and pd.notna(said) and abs(rate - said) > RATE_TOLERANCE * said:
            message = f"catalogued at {said:g} Hz, measured {rate:.2f} Hz; correct the catalog"
            yield Finding("catalog-drift", Severity.WARNING, row["video_id"], message)
        size = f"{row['width']}x{row['height']}"
        # Of a clip that is still to be cut, the catalog may give the size of what is left.
        cut_out = f"{row['crop_size']}x{row['crop_size']}"
        if row["resolution"] not in ("", size, cut_out):
            message = f"catalogued as {row['resolution']}, measured {size}; correct the catalog"
            yield Finding("catalog-drift", Severity.WARNING, row["video_id"], message)


def not_used(dataset: Dataset) -> Iterator[Finding]:
    """Whatever gave no frames says why."""
    for table in (dataset.videos, dataset.crops):
        for row in records(table[table["reason"] != ""]):
            yield Finding("not-used", Severity.NOTE, row["video_id"], row["reason"])


def no_frames(dataset: Dataset) -> Iterator[Finding]:
    """A clip with a window gave frames."""
    sampled = set(dataset.frames["video_id"])
    for name in dataset.crops.loc[dataset.crops["reason"] == "", "video_id"]:
        if name not in sampled:
            message = "has a window but gave no frame; see what the sample stage said"
            yield Finding("no-frames", Severity.WARNING, name, message)


RULES: tuple[Callable[[Dataset], Iterator[Finding]], ...] = (
    orphan_frame,
    lineage_gap,
    unlisted_file,
    frame_checksum,
    video_checksum,
    license_unknown,
    no_derivatives,
    patient_across_folds,
    patient_two_classes,
    catalog_drift,
    no_frames,
    not_used,
)


def _code(rule: Callable[[Dataset], Iterator[Finding]]) -> str:
    return rule.__name__.replace("_", "-")
