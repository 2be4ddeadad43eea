"""WebDataset: tar shards of pictures and what is known of them, sample after sample."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pocus_data.export import Selection, hub_configs
from pocus_data.export_formats.archives import tar_of
from pocus_data.tables import CLASS_ORDER, records

SAMPLES_PER_SHARD = 1000


def front_matter(selection: Selection) -> str:
    """Which shards make each split."""
    return hub_configs(selection, "{split}-*.tar")


def write(selection: Selection, folder: Path) -> None:
    """Write ``<split>-<number>.tar``: each sample is ``<key>.png``, ``.json`` and ``.cls``.

    ``.cls`` is the position of the class among those the network tells apart, or -1.
    """
    known = selection.metadata
    for split in selection.splits:
        rows = selection.of(split)
        for number, start in enumerate(range(0, len(rows), SAMPLES_PER_SHARD)):
            part = rows.iloc[start : start + SAMPLES_PER_SHARD]
            members = []
            for path, row in zip(part["path"], records(known.loc[part.index]), strict=True):
                members += _sample(path, row)
            tar_of(members, folder / f"{split}-{number:06d}.tar")


def _sample(path: Path, row: dict[str, Any]) -> list[tuple[str, bytes]]:
    # A key ends at its first dot.
    key = row["frame_id"]
    label = CLASS_ORDER.index(row["class"]) if row["class"] in CLASS_ORDER else -1
    said = {name: value for name, value in row.items() if value == value and value != ""}
    text = json.dumps(said, sort_keys=True, default=_plain)
    return [
        (f"{key}.png", path.read_bytes()),
        (f"{key}.json", text.encode()),
        (f"{key}.cls", str(label).encode()),
    ]


def _plain(value: Any) -> Any:
    return value.item()
