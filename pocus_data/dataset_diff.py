"""What changed in the frames of a dataset between two versions, and the SemVer step that asks for.

Tables of a revision are read through DVC, from its cache or a remote; the catalogs through git.
"""

from __future__ import annotations

import io
import re
from pathlib import Path

import pandas as pd
import yaml

from pocus_data import locks
from pocus_data.catalog_diff import Change, file_at
from pocus_data.errors import DataError, UsageError

STEPS = ("none", "patch", "minor", "major")
# What makes another dataset of it, besides frames that leave, change or move.
_MAJOR = frozenset({"class", "license", "patient"})
# Fields of changes of frames.
CAME, LEFT, PIXELS, MOVED = "new frames", "lost frames", "pixels", "fold"
CHANGELOG = "CHANGELOG-DATA.md"
# Stages whose tables are compared.
_MADE_BY = ("sample", "split")
_HEAD = "# Changes of the data\n\nWritten by `pocus-data release`.\n"


def frames_between(dataset: str, rev_a: str, rev_b: str | None, root: Path) -> list[Change]:
    """Clips whose number of frames, pixels or fold differ between two git revisions.

    Parameters
    ----------
    rev_b : another revision, or ``None`` for what lies on disk.

    Raises
    ------
    UsageError
        if there is no such revision.
    DataError
        if DVC has the tables of one of them neither in its cache nor in a remote.
    """
    if _same_tables(dataset, rev_a, rev_b, root):
        return []
    before, after = (_state(dataset, rev, root) for rev in (rev_a, rev_b))
    changes = []
    new = after[~after["frame_id"].isin(before["frame_id"])].groupby("video_id").size()
    gone = before[~before["frame_id"].isin(after["frame_id"])].groupby("video_id").size()
    for what, counts in ((CAME, new), (LEFT, gone)):
        changes += [
            _change(dataset, clip, what, f"{count} frames") for clip, count in counts.items()
        ]
    both = before.merge(after, on=["frame_id", "video_id"], suffixes=("_a", "_b"))
    for what, column in ((PIXELS, "sha256"), (MOVED, "fold")):
        other = both[both[f"{column}_a"] != both[f"{column}_b"]].groupby("video_id")
        for clip, rows in other:
            if what == MOVED:
                folds = [", ".join(sorted(set(rows[f"fold_{x}"]))) or None for x in "ab"]
                changes.append(_change(dataset, clip, what, folds[1], folds[0]))
            else:
                changes.append(_change(dataset, clip, what, f"{len(rows)} frames"))
    return sorted(changes, key=lambda change: (change.entry, change.field))


def step_of(changes: list[Change], with_frames: set[tuple[str, str]]) -> str:
    """The least SemVer step that fits what changed.

    Parameters
    ----------
    with_frames : dataset and identifier of each clip that has frames before or after.
    """
    steps = (_step(change, with_frames) for change in changes)
    return max(steps, key=STEPS.index, default="none")


def clips_with_frames(dataset: str, revisions: tuple[str | None, ...], root: Path) -> set[str]:
    """Clips that have frames at any of some revisions; ``None`` is what lies on disk."""
    states = [_state(dataset, revision, root) for revision in revisions]
    return {str(clip) for state in states for clip in state["video_id"].unique()}


def step_between(before: str, after: str) -> str:
    """Which part of a SemVer grew.

    Raises
    ------
    UsageError
        if it went back.
    """
    old, new = (tuple(int(part) for part in version.split(".")) for version in (before, after))
    if new < old:
        raise UsageError(f"params.yaml: dataset_version {after} is behind {before}")
    for part, step in enumerate(("major", "minor", "patch")):
        if new[part] != old[part]:
            return step
    return "none"


def next_version(before: str, step: str) -> str:
    """The version after a step."""
    major, minor, patch = (int(part) for part in before.split("."))
    grown = {"major": (major + 1, 0, 0), "minor": (major, minor + 1, 0)}
    grown |= {"patch": (major, minor, patch + 1), "none": (major, minor, patch)}
    return ".".join(str(part) for part in grown[step])


def version_at(revision: str, root: Path) -> str:
    """``dataset_version`` of a revision's ``params.yaml``.

    Raises
    ------
    UsageError
        if there is no such revision, or its parameters have no version.
    """
    try:
        content = yaml.safe_load(file_at(revision, "params.yaml", root))
    except yaml.YAMLError:
        content = None
    found = content.get("dataset_version") if isinstance(content, dict) else None
    if not isinstance(found, str) or not re.fullmatch(r"\d+\.\d+\.\d+", found):
        raise UsageError(f"params.yaml at {revision}: has no 'dataset_version'")
    return found


def with_notes(text: str, version: str, day: str, changes: list[Change]) -> str:
    """The changelog with a section for a version before the others, or in place of its own.

    Parameters
    ----------
    text : the changelog so far; empty for a new one.
    """
    title = f"## {version} ("
    notes = [f"{title}{day})", ""]
    notes += [f"- {change}" for change in changes] or ["- Nothing changed."]
    head, *sections = (text or _HEAD).split("\n## ")
    older = [f"## {section}".rstrip() for section in sections]
    older = [section for section in older if not section.startswith(title)]
    return "\n\n".join([head.rstrip(), "\n".join(notes), *older]) + "\n"


def _step(change: Change, with_frames: set[tuple[str, str]]) -> str:
    if change.kind == "frames":
        return "minor" if change.field == CAME else "major"
    # What a licence of our own allows decides what may be shared.
    if change.dataset == "licences":
        return "patch" if change.kind == "added" else "major"
    # Of an entry that never gave a frame, the frames cannot change.
    shown = (change.dataset, change.entry) in with_frames
    return "major" if shown and (change.kind == "removed" or change.field in _MAJOR) else "patch"


def _change(
    dataset: str, clip: object, what: str, after: str | None, before: str | None = None
) -> Change:
    return Change(dataset, str(clip), "frames", what, before, after)


def _same_tables(dataset: str, rev_a: str, rev_b: str | None, root: Path) -> bool:
    """Whether the locks of both revisions record the same tables: nobody need have them then."""
    before, after = (
        [outs for stage, outs in _lock_at(rev, root).items() if stage in _stages(dataset)]
        for rev in (rev_a, rev_b)
    )
    # Without a stage a dataset, as `dvc repro` runs them, there is nothing to tell.
    return bool(before) and before == after


def _stages(dataset: str) -> set[str]:
    return {f"{stage}@{dataset}" for stage in _MADE_BY}


def _lock_at(revision: str | None, root: Path) -> dict[str, dict[str, str]]:
    if revision is None:
        return locks.read_lock(root)
    try:
        return locks.parse_lock(file_at(revision, "dvc.lock", root).decode(errors="replace"))
    except UsageError:
        return {}


def _state(dataset: str, revision: str | None, root: Path) -> pd.DataFrame:
    """Columns frame_id, video_id, sha256 and fold (empty where none), of one revision."""
    columns = ["frame_id", "video_id", "sha256"]
    frames = _table(f"data/{dataset}/frames.csv", revision, root)
    folds = _table(f"data/{dataset}/folds.csv", revision, root)
    if frames is None:
        frames = pd.DataFrame(columns=columns, dtype=str)
    if folds is None:
        folds = pd.DataFrame(columns=["frame_id", "fold"], dtype=str)
    table = frames[columns].merge(folds[["frame_id", "fold"]], on="frame_id", how="left")
    return table.fillna({"fold": ""})


def _table(path: str, revision: str | None, root: Path) -> pd.DataFrame | None:
    """A table as text; ``None`` where that revision had no such output.

    A revision is known to exist: the catalogs were compared first.
    """
    if revision is None:
        file = root / path
        if not file.exists():
            if not any(path in outs for outs in _lock_at(None, root).values()):
                return None
            raise DataError(f"{path}: missing; run 'dvc repro' or 'dvc checkout'")
        raw = file.read_text(encoding="utf-8")
    elif any(path in outs for outs in _lock_at(revision, root).values()):
        raw = _through_dvc(path, revision, root)
    else:
        return None
    return pd.read_csv(io.StringIO(raw), dtype=str, keep_default_na=False)


def _through_dvc(path: str, revision: str, root: Path) -> str:
    import dvc.api
    from dvc.exceptions import DvcException

    try:
        return str(dvc.api.read(path, repo=str(root.resolve()), rev=revision))
    except (DvcException, OSError) as error:
        message = f"{path} at {revision}: neither in the DVC cache nor in a remote"
        raise DataError(f"{message}; try 'dvc fetch --all-commits'") from error
