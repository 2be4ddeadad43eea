"""The canonical index: the validated catalog as one sorted table.

Every later stage depends on its values alone, so that a comment or a moved line in the YAML
reruns nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pocus_data.catalog import Catalog, Source, Video
from pocus_data.tables import CATALOG_COLUMNS, join_list, write_table

_SAME_NAME = (
    "file",
    "url",
    "video_name",
    "sha256",
    "bytes",
    "class_note",
    "license_url",
    "doi",
    "frame_rate_hz",
    "resolution",
    "frames",
    "web_comment",
    "md_comment",
    "changes_made",
    "exclude",
    "patient",
)


def write_index(catalog: Catalog, path: Path) -> None:
    """Write the canonical ``catalog.csv``, one row per entry, sorted by identifier."""
    rows = (_row(catalog, source, video) for source, video in catalog.entries)
    write_table(rows, path, CATALOG_COLUMNS)


def _row(catalog: Catalog, source: Source, video: Video) -> dict[str, Any]:
    row: dict[str, Any] = {name: _one_line(getattr(video, name)) for name in _SAME_NAME}
    row |= {
        "video_id": video.id,
        "source": source.id,
        "source_name": source.name,
        "downloads": join_list(video.downloads),
        "class": video.diagnosis.value,
        "media": video.media.value,
        "probe": video.probe.value,
        "license": catalog.license_of(source, video),
        "redistributable": catalog.terms_of(source, video).crops_redistributable,
        "findings": join_list(video.findings),
        "releases": join_list(video.releases),
        "url": video.url or source.url,
    }
    if video.crop is not None:
        row |= {f"crop_{key}": value for key, value in video.crop.model_dump().items()}
    if video.trim is not None:
        row |= {f"trim_{key}": value for key, value in video.trim.model_dump().items()}
    return row


def _one_line(value: Any) -> Any:
    return " ".join(value.split()) if isinstance(value, str) else value
