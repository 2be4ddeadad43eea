"""Croissant: JSON-LD that describes a table and the pictures in one archive, with checksums."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pocus_data.croissant import describe
from pocus_data.export import METADATA, Selection
from pocus_data.export_formats.archives import tar_of
from pocus_data.workcache import file_sha256

DESCRIPTION = "croissant.json"


def front_matter(selection: Selection) -> str:  # noqa: ARG001 - as all formats
    """Nothing: ``croissant.json`` says it all."""
    return ""


def write(selection: Selection, folder: Path) -> None:
    """Write ``frames-….tar``, and ``croissant.json`` that describes it and ``metadata.csv``.

    The archive is named after its content: mlcroissant keeps what it has extracted by name.
    """
    pairs = zip(selection.frames["file_name"], selection.frames["path"], strict=True)
    archive = folder / "frames.tar"
    tar_of(((name, path.read_bytes()) for name, path in pairs), archive)
    archive = archive.rename(folder / f"frames-{file_sha256(archive)[:16]}.tar")
    content: dict[str, Any] = describe(
        selection.name,
        selection.version,
        selection.date,
        selection.metadata,
        folder / METADATA,
        archive,
    )
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    (folder / DESCRIPTION).write_text(text, encoding="utf-8")
