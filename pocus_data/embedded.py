"""Tags that files carry beside their pictures, and that may tell whose they are."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import av
from PIL import ExifTags, Image

from pocus_data import dicom

# Names of tags, of containers (as ffmpeg spells them) and of pictures (Exif), that hold names,
# places, dates or machines. What an encoder says of itself is left out.
_TELLING = re.compile(
    r"title|artist|author|comment|description|copyright|location|gps|date|creation_time"
    r"|make$|model|owner|serial|keywords|subject|synopsis|album|hostcomputer|xmp|usercomment",
    re.IGNORECASE,
)
# What tools write about themselves into such tags.
_OF_TOOLS = re.compile(
    r"^(created|made|cropped|resized|optimi[sz]ed|converted|edited|gif) (with|on|by|maker)\b"
    r"|ezgif|video converter|^(google|youtube|lavf|lavc)",
    re.IGNORECASE,
)
_DATES = re.compile(r"date|creation_time", re.IGNORECASE)
# As scanners write it into AVI files: "Date:20200131, Time:235959".
_RECORDED = re.compile(r"Date:(\d{8}), Time:(\d{6})")
_LONGEST = 80


def metadata_of(path: Path) -> dict[str, str]:
    """Tags of a clip or picture that may identify somebody; empty for DICOM, kept stripped."""
    if dicom.is_dicom(path):
        return {}
    found = {**_container_tags(path), **_picture_tags(path)}
    return {
        name: text[:_LONGEST]
        for name, value in sorted(found.items())
        if _TELLING.search(name) and (text := _printable(value)) and not _OF_TOOLS.search(text)
    }


def recorded_at(path: Path) -> datetime | None:
    """When a scanner recorded a clip, by its own clock; ``None`` where it does not say.

    Times of export or conversion, which other tags give, say nothing about an examination.
    """
    found = _RECORDED.search(_container_tags(path).get("date", ""))
    try:
        return datetime.strptime("".join(found.groups()), "%Y%m%d%H%M%S") if found else None
    except ValueError:
        return None


def is_date(name: str) -> bool:
    """Whether a tag says when something was made."""
    return bool(_DATES.search(name))


def _container_tags(path: Path) -> dict[str, str]:
    try:
        with av.open(str(path), metadata_errors="replace") as container:
            tags = dict(container.metadata)
            for stream in container.streams:
                tags |= stream.metadata
            return tags
    except (av.FFmpegError, OSError):
        return {}


def _picture_tags(path: Path) -> dict[str, str]:
    try:
        with Image.open(path) as picture:
            exif = picture.getexif()
            tags = {ExifTags.TAGS.get(tag, str(tag)): str(value) for tag, value in exif.items()}
            if exif.get_ifd(ExifTags.IFD.GPSInfo):
                tags["GPSInfo"] = "a position"
            comment = picture.info.get("comment", b"")
            tags["comment"] = comment if isinstance(comment, str) else comment.decode("latin-1")
            return tags
    except (OSError, ValueError, SyntaxError):
        return {}


def _printable(value: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in str(value)).split())
