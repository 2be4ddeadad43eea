"""Rules of identity: one clip, one entry, one name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from pocus_data.catalog_rules.registry import ERROR, WARNING, Finding, SourceView, View, rule
from pocus_data.models import Crop, Media, Trim, Video
from pocus_data.yaml_positions import KeyPath

PICTURE_ENDINGS = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"})
CLIP_ENDINGS = frozenset({".mp4", ".mov", ".avi", ".mpeg", ".mpg", ".mkv", ".webm", ".m4v", ".wmv"})


def slug(text: str) -> str:
    """Turn a file name's stem into an identifier: lower case, digits and single hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def stem_of(file: str) -> str:
    """A file name without the ending that says its format."""
    known = CLIP_ENDINGS | PICTURE_ENDINGS | {".gif", ".dcm"}
    path = PurePosixPath(file)
    return path.stem if path.suffix.lower() in known else file


@rule(ERROR)
def duplicate_id(view: View) -> Iterator[Finding]:
    """One identifier, one entry, over the whole dataset."""
    key, first = view.memory.setdefault(view.video.id, (view.key, view.place(("id",))))
    if key != view.key:
        yield ("id",), f"'{view.video.id}' is already used at {first}; one clip, one entry"


@rule(ERROR)
def duplicate_sha256(view: View) -> Iterator[Finding]:
    """The same bytes stand in one entry, unless each entry uses another part of them."""
    if view.video.sha256:
        yield from _taken(view, view.video.sha256, ("sha256",))


@rule(ERROR)
def duplicate_download(view: View) -> Iterator[Finding]:
    """One address serves one entry, unless each entry uses another part of the file."""
    for number, url in enumerate(view.video.downloads):
        yield from _taken(view, url, ("downloads", number))


@rule(WARNING)
def shared_file(view: View) -> Iterator[Finding]:
    """Several entries cut from one file show one patient, and mostly one class."""
    video = view.video
    for name in {*video.downloads, *filter(None, [video.sha256])}:
        first = view.memory.setdefault(name, (view.key, view.place(), video))
        if first[0] == view.key:
            continue
        if video.patient is None or video.patient != first[2].patient:
            yield ("patient",), f"is cut from the same file as {first[1]}; give both one patient"
        if video.diagnosis is not first[2].diagnosis:
            yield ("class",), f"is cut from the same file as {first[1]}, which is another class"


@rule(ERROR)
def one_file_one_size(view: View) -> Iterator[Finding]:
    """Entries with one checksum give one size."""
    if view.video.sha256 and view.video.bytes:
        size, place = view.memory.setdefault(view.video.sha256, (view.video.bytes, view.place()))
        if size != view.video.bytes:
            yield ("bytes",), f"is {view.video.bytes}, yet {size} for the same sha256 at {place}"


@rule(WARNING)
def id_file_drift(view: View) -> Iterator[Finding]:
    """The identifier is made of the file's name, so that each can be found by the other."""
    expected = slug(stem_of(view.video.file))
    mine = view.video.id
    if not f"{mine}-".startswith(f"{expected}-") and not expected.startswith(f"{mine}-"):
        yield ("id",), f"'{mine}' does not follow from the file's name: '{expected}'"


@rule(ERROR, entries=False, sources=True)
def source_file_drift(view: SourceView) -> Iterator[Finding]:
    """A source's file is named after its identifier."""
    stem = PurePosixPath(view.document.file).stem
    if view.source.id != stem:
        yield ("id",), f"'{view.source.id}' stands in {stem}.yaml; rename one of them"


@rule(ERROR)
def file_name(view: View) -> Iterator[Finding]:
    """A file name that every system takes: no control characters, no '..', at most 200 bytes."""
    file = view.video.file
    if file != file.strip() or re.search(r"[\x00-\x1f\x7f]", file):
        yield ("file",), f"{file!r} has control characters or blanks at its ends"
    if file in {".", ".."} or file.startswith(("-", "~")) or len(file.encode()) > 200:
        yield ("file",), f"{file[:60]!r} is no portable file name"


@rule(ERROR)
def file_ending(view: View) -> Iterator[Finding]:
    """The ending of the file's name goes with 'media'."""
    ending = PurePosixPath(view.video.file).suffix.lower()
    wrong = PICTURE_ENDINGS if view.video.media is Media.VIDEO else CLIP_ENDINGS
    if ending in wrong:
        yield ("file",), f"ends in {ending}, yet media is {view.video.media.value}"


_WHOLE = (None, None)


def _part(video: Video) -> tuple[Crop | None, Trim | None]:
    return video.crop, video.trim


def _taken(view: View, value: str, path: KeyPath) -> Iterator[Finding]:
    """Whether another entry uses the same part, or one of the two uses all of it."""
    parts: dict[Any, str] = view.memory.setdefault(value, {})
    mine = _part(view.video)
    other = (
        parts.get(mine) or parts.get(_WHOLE) or (mine == _WHOLE and next(iter(parts.values()), ""))
    )
    if other:
        yield path, f"'{_short(value)}' is already used at {other}; one clip, one entry"
    parts.setdefault(mine, view.place(path))


def _short(value: str) -> str:
    return value if len(value) <= 80 else f"{value[:77]}..."
