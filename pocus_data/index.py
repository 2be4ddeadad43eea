"""The canonical index: the validated catalog as one sorted table.

Every later stage depends on its values alone, so that a comment or a moved line in the YAML
reruns nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pocus_data.catalog import Catalog
from pocus_data.models import Source, Video
from pocus_data.tables import CATALOG_COLUMNS, join_list, write_table

_SAME_NAME = (
    *("file", "url", "video_name", "yt_dlp_format", "sha256", "bytes", "container", "codec"),
    *("class_note", "frame_rate_hz", "resolution", "frames", "age_years", "patient"),
    *("patient_history", "scan_area", "lung_abdomen_interface", "web_comment", "md_comment"),
    *("looks_healthy", "changes_made", "added"),
)
# What a list says that was looked at and found empty; an empty cell says that nobody looked.
NONE_SEEN = "none"
# How the exclusion of a withdrawn entry begins.
WITHDRAWN = "withdrawn on "


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
        "archives": join_list(video.archives),
        "class": video.diagnosis.value,
        "media": video.media.value,
        "probe": video.probe.value,
        "license": catalog.license_of(source, video),
        "redistributable": catalog.terms_of(source, video).crops_redistributable,
        "title": video.title or source.title,
        "doi": video.doi or source.doi,
        "license_url": video.license_url or (None if video.license else source.license_url),
        "sex": video.sex and video.sex.value,
        "symptoms": _seen(video.symptoms),
        "findings": _seen(video.findings),
        "remarks": _one_line("; ".join(video.remarks)),
        "exclude": _one_line(_why_not(video)),
        "releases": join_list(video.releases),
        "url": video.url or source.url,
    }
    if video.md_comments is not None:
        row |= {f"{name}_comment": _one_line(getattr(video.md_comments, name)) for name in _OTHERS}
    if video.crop is not None:
        row |= {f"crop_{key}": value for key, value in video.crop.model_dump().items()}
    if video.trim is not None:
        row |= {f"trim_{key}": value for key, value in video.trim.model_dump().items()}
    return row


_OTHERS = ("md2", "md3")


def _seen(values: Iterable[str] | None) -> str | None:
    return None if values is None else join_list(values) or NONE_SEEN


def _why_not(video: Video) -> str | None:
    if video.withdrawn is not None:
        return f"{WITHDRAWN}{video.withdrawn.date}: {video.withdrawn.reason}"
    return video.exclude


def _one_line(value: Any) -> Any:
    return " ".join(value.split()) if isinstance(value, str) else value
