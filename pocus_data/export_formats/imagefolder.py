"""A Hugging Face image folder: a folder and ``metadata.csv`` a split, which ``datasets`` loads."""

from __future__ import annotations

import shutil
from pathlib import Path

from pocus_data.export import COLUMNS, METADATA, Selection, hub_configs, write_metadata

UNKNOWN = "unknown"


def front_matter(selection: Selection) -> str:
    """Which files make each split (https://huggingface.co/docs/hub/datasets-data-files)."""
    return hub_configs(selection, "{split}/**")


def write(selection: Selection, folder: Path) -> None:
    """Copy the pictures, and write what is known of them beside."""
    bare_somewhere = [
        column
        for column in COLUMNS
        if any((selection.of(split)[column] == "").all() for split in selection.splits)
    ]
    for split in selection.splits:
        rows = selection.of(split)
        (folder / split).mkdir()
        for path, name in zip(rows["path"], rows["file_name"], strict=True):
            shutil.copyfile(path, folder / name)
        # Within its folder a picture is known by its bare name.
        known = selection.metadata.loc[rows.index]
        known[bare_somewhere] = known[bare_somewhere].replace("", UNKNOWN)
        # A column that is empty throughout one split would be no text there, and text elsewhere.
        bare = known.assign(file_name=known["frame_id"] + ".png")
        write_metadata(bare, folder / split / METADATA)
