"""What may be shared, in the shape that others load.

Nothing leaves whose licence does not allow it: crops are derived works, so that a no-derivatives
licence keeps its frames here under every policy. So does an exclusion or a tombstone in the
catalog, and another clip of the same pictures that has to stay. Same dataset, same bytes.
"""

from __future__ import annotations

import importlib
import json
import shutil
import uuid
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from pocus_data import attribution, licenses
from pocus_data.audit_dataset import Dataset
from pocus_data.catalog import Catalog
from pocus_data.errors import DataError, UsageError
from pocus_data.licenses import Policy
from pocus_data.png import pixels_sha256, read_png
from pocus_data.tables import records
from pocus_data.workcache import file_sha256

FORMATS = ("croissant", "imagefolder", "webdataset", "tfrecord", "datapackage")
METADATA, MANIFEST = "metadata.csv", "export.json"
# Frames that no fold tests: other classes, other probes, still pictures.
OUTSIDE = "outside_folds"
COLUMNS = (
    *("file_name", "split", "frame_id", "video_id", "patient", "class", "probe"),
    *("findings", "md_comment", "frame_index", "time_s", "width", "height"),
    *("crop_x", "crop_y", "crop_size", "sha256", "pixels_sha256", "video_sha256"),
    *("license", "license_url", "attribution", "source", "source_name", "page", "url_used"),
)


class NothingToShareError(DataError):
    """No frame of a dataset may leave under a policy."""


@dataclass(frozen=True)
class Selection:
    """What a policy lets go of a dataset.

    ``frames`` has the columns ``COLUMNS`` and ``path``, where each file lies now, sorted by split
    and frame_id; ``file_name`` is ``<split>/<frame_id>.png``. ``card`` is the data card in
    Markdown.
    """

    name: str
    version: str
    date: str
    policy: Policy
    dataset: Dataset
    frames: pd.DataFrame
    card: str

    @property
    def splits(self) -> list[str]:
        """Names of the splits, sorted: ``fold0``, ``fold1``, ..., ``outside_folds``."""
        return sorted(self.frames["split"].unique())

    def of(self, split: str) -> pd.DataFrame:
        """The frames of one split."""
        return self.frames[self.frames["split"] == split]

    @property
    def reduced(self) -> Dataset:
        """The dataset with nothing in it but what is selected."""
        clips, kept = set(self.frames["video_id"]), set(self.frames["frame_id"])
        whole = self.dataset
        return replace(
            whole,
            index=whole.index[whole.index["video_id"].isin(clips)],
            videos=whole.videos[whole.videos["video_id"].isin(clips)],
            crops=whole.crops[whole.crops["video_id"].isin(clips)],
            frames=whole.frames[whole.frames["frame_id"].isin(kept)],
            folds=whole.folds[whole.folds["frame_id"].isin(kept)],
        )

    @property
    def metadata(self) -> pd.DataFrame:
        """What ``metadata.csv`` says of each frame."""
        return self.frames[list(COLUMNS)]


def select(
    dataset: Dataset,
    policy: Policy,
    version: str,
    date: str,
    now: Catalog | None = None,
) -> Selection:
    """The frames that a policy lets go.

    Parameters
    ----------
    now : the catalog as it is now, where it may be ahead of the dataset: what it excludes,
        withdraws or forbids stays too.

    Raises
    ------
    NothingToShareError
        if there is none.
    DataError
        if a frame's file is not the one that ``frames.csv`` records, or that table says otherwise
        than the catalog.
    """
    free = clips_free(dataset, policy, now)
    chosen = dataset.frames[dataset.frames["video_id"].isin(free)]
    if chosen.empty:
        raise NothingToShareError(f"{dataset.name}: no frame may be shared under policy '{policy}'")
    _must_agree(chosen, dataset.index)
    folds = dataset.folds[["frame_id", "fold"]].drop_duplicates("frame_id")
    chosen = chosen.drop_duplicates("frame_id").merge(folds, on="frame_id", how="left")
    entries = dataset.index.set_index("video_id")
    said = pd.Series(
        {row["video_id"]: attribution.attribution_of(row) for row in records(dataset.index)}
    )
    files = [dataset.root / path for path in chosen["path"]]
    table = chosen.rename(columns={"sha256": "pixels_sha256", "url": "page"})
    table = table.assign(
        path=files,
        split=[OUTSIDE if pd.isna(fold) else f"fold{fold}" for fold in table["fold"]],
        attribution=table["video_id"].map(said),
        url_used=table["video_id"].map(dataset.videos.set_index("video_id")["url_used"]),
        sha256=[
            _checked(path, digest) for path, digest in zip(files, chosen["sha256"], strict=True)
        ],
    )
    for column in ("probe", "findings", "md_comment", "license_url", "source_name"):
        table[column] = table["video_id"].map(entries[column])
    table["file_name"] = table["split"] + "/" + table["frame_id"] + ".png"
    table = table.sort_values(["split", "frame_id"]).reset_index(drop=True)
    return Selection(dataset.name, version, date, policy, dataset, table, "")


def export(selection: Selection, form: str, folder: Path) -> None:
    """Write a selection in one format; the folder appears when it is complete.

    Raises
    ------
    UsageError
        if the format is unknown, or the folder holds something else than an earlier export.
    """
    if form not in FORMATS:
        raise UsageError(f"format '{form}' is none of {', '.join(FORMATS)}")
    _must_be_ours(folder)
    writer = importlib.import_module(f"pocus_data.export_formats.{form}")
    temporary = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}")
    temporary.mkdir(parents=True)
    try:
        write_metadata(selection.metadata, temporary / METADATA)
        used = set(selection.frames["video_id"])
        credits = attribution.as_markdown(selection.name, selection.dataset.index, used)
        (temporary / "ATTRIBUTION.md").write_text(credits, encoding="utf-8")
        head = writer.front_matter(selection)
        (temporary / "README.md").write_text(_with(head, selection.card), encoding="utf-8")
        writer.write(selection, temporary)
        names = sorted(path.name for path in temporary.iterdir())
        said = json.dumps(manifest(selection, form) | {"files": names}, indent=2) + "\n"
        (temporary / MANIFEST).write_text(said, encoding="utf-8")
        if folder.exists():
            shutil.rmtree(folder)
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def manifest(selection: Selection, form: str) -> dict[str, Any]:
    """What an export is: enough to know it again, and to tell whether it is the latest."""
    return {
        "dataset": selection.name,
        "version": selection.version,
        "format": form,
        "policy": str(selection.policy),
        "frames": len(selection.frames),
        "clips": int(selection.frames["video_id"].nunique()),
        "splits": {split: len(selection.of(split)) for split in selection.splits},
    }


def hub_configs(selection: Selection, pattern: str) -> str:
    """Which files make each split, as Hugging Face reads it in a README's front matter.

    ``pattern`` has ``{split}`` where a split's name goes
    (https://huggingface.co/docs/hub/datasets-data-files-configuration).
    """
    lines = ["configs:", "- config_name: default", "  data_files:"]
    for split in selection.splits:
        lines += [f"  - split: {split}", f"    path: {pattern.format(split=split)}"]
    return "\n".join(lines) + "\n"


def write_metadata(table: pd.DataFrame, path: Path) -> None:
    """Write rows of ``metadata.csv``; the same rows give the same bytes."""
    table.to_csv(path, index=False, lineterminator="\n")


def clips_free(dataset: Dataset, policy: Policy, now: Catalog | None = None) -> set[str]:
    """Clips with frames that a policy lets go; see ``select``."""
    index = dataset.index[dataset.index["exclude"] == ""]
    said = [
        dict(zip(index["video_id"], index["license"], strict=True)),
        dataset.frames.groupby("video_id")["license"].first().to_dict(),
    ]
    if now is not None:
        kept = [each for each in now.select(Policy.ANY) if each[1].exclude is None]
        said.append({video.id: now.license_of(source, video) for source, video in kept})
    everywhere = set.intersection(*(set(each) for each in said))
    free = {
        str(video_id)
        for video_id in everywhere
        if all(_leaves(each[video_id], policy, dataset) for each in said)
    }
    # Of two clips that show the same pictures the stricter licence holds.
    pairs = dataset.near[["one", "other"]].to_numpy(str)
    held = {str(name) for pair in pairs for name in pair if not free.issuperset(pair)}
    return free - held


def _must_agree(frames: pd.DataFrame, index: pd.DataFrame) -> None:
    """What frames bear with them is what the catalog says of their clip."""
    entries = index.set_index("video_id")
    for column in ("class", "patient", "license", "source", "url"):
        off = frames["frame_id"][frames[column] != frames["video_id"].map(entries[column])]
        if len(off):
            raise DataError(
                f"frames.csv: '{column}' of {off.iloc[0]} is not the catalog's; run 'dvc repro'"
            )


def _must_be_ours(folder: Path) -> None:
    """Only an earlier export, with nothing added to it, gives way to a new one."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise UsageError(f"--to {folder}: is a file; name a folder")
    try:
        said = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        ours = {*said["files"], MANIFEST} if {"dataset", "format"} <= set(said) else set()
    except (OSError, ValueError, KeyError, TypeError):
        ours = set()
    strangers = sorted({path.name for path in folder.iterdir()} - ours)
    if strangers:
        raise UsageError(
            f"--to {folder}: holds {strangers[0]}, which no export wrote; name another folder"
        )


def _leaves(license_id: str, policy: Policy, dataset: Dataset) -> bool:
    terms = licenses.terms_of(license_id, dataset.described)
    return terms.derive is not False and licenses.permits(terms, policy, derived=True)


def _checked(path: Path, expected: str) -> str:
    """SHA-256 of a frame's file, whose pixels must be those recorded."""
    try:
        right = pixels_sha256(read_png(path)) == expected
    except (OSError, ValueError, SyntaxError):
        right = False
    if not right:
        raise DataError(f"{path}: is not the frame that frames.csv records; run 'dvc checkout'")
    return file_sha256(path)


def _with(head: str, card: str) -> str:
    """The card with more lines in its front matter."""
    fence = "---\n"
    if card.startswith(fence):
        return card.replace(fence, fence + head, 1)
    return f"{fence}{head}{fence}{card}" if head else card
