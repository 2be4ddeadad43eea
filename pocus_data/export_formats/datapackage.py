"""A Frictionless data package: a described table, and every picture with its checksum."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from pocus_data.export import METADATA, Selection
from pocus_data.tables import records
from pocus_data.workcache import file_sha256

_WHOLE = ("frame_index", "width", "height", "crop_x", "crop_y", "crop_size")


def front_matter(selection: Selection) -> str:  # noqa: ARG001 - as all formats
    """Nothing: ``datapackage.json`` says it all."""
    return ""


def write(selection: Selection, folder: Path) -> None:
    """Copy the pictures and write ``datapackage.json`` (https://specs.frictionlessdata.io)."""
    for split in selection.splits:
        (folder / split).mkdir()
    for path, name in zip(selection.frames["path"], selection.frames["file_name"], strict=True):
        shutil.copyfile(path, folder / name)
    table = folder / METADATA
    used = sorted(selection.frames["license"].unique())
    content = {
        "profile": "data-package",
        "name": f"pocus-data-{selection.name}",
        "version": selection.version,
        "created": f"{selection.date}T00:00:00Z",
        "licenses": [{"name": license_id} for license_id in used],
        "resources": [_described(table), *(_picture(row) for row in records(selection.frames))],
    }
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    (folder / "datapackage.json").write_text(text, encoding="utf-8")


def _described(table: Path) -> dict[str, Any]:
    head = table.read_text(encoding="utf-8").splitlines()[0].split(",")
    return {
        "name": "frames",
        "path": METADATA,
        "profile": "tabular-data-resource",
        "scheme": "file",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": table.stat().st_size,
        "hash": f"sha256:{file_sha256(table)}",
        "schema": {
            "primaryKey": ["frame_id"],
            "fields": [{"name": name, "type": _kind(name)} for name in head],
        },
    }


def _kind(name: str) -> str:
    return "integer" if name in _WHOLE else "number" if name == "time_s" else "string"


def _picture(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": row["frame_id"],
        "path": row["file_name"],
        "format": "png",
        "mediatype": "image/png",
        "bytes": row["path"].stat().st_size,
        "hash": f"sha256:{row['sha256']}",
        "licenses": [{"name": row["license"]}],
    }
