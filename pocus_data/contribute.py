"""A new entry: measured, compared with all that is there, and written into the catalog."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from PIL import Image, ImageDraw

from pocus_data import dicom, look, video
from pocus_data.catalog import (
    datasets,
    read_dataset,
    read_measured,
)
from pocus_data.catalog_rules.identity import slug, stem_of
from pocus_data.crop import Window
from pocus_data.errors import FetchError, MediaError, PocusError, UsageError
from pocus_data.fetch import Wanted, fetch, keep_local
from pocus_data.measurement import ProbeResult
from pocus_data.models import Media
from pocus_data.params import Download
from pocus_data.tables import AVAILABLE
from pocus_data.windows import mean_frame, propose
from pocus_data.workcache import cache_folder

# The usual ending of each container, for addresses whose path has none.
_ENDINGS = {"mov": ".mp4", "mpeg": ".mpeg", "avi": ".avi", "gif": ".gif", "matroska": ".mkv"}
_ENDINGS |= {"image2": ".jpg", "jpeg_pipe": ".jpg", "png_pipe": ".png", "webp_pipe": ".webp"}
_ENDINGS |= {dicom.CONTAINER: ".dcm"}
_STILL = frozenset({"image2", "png_pipe", "jpeg_pipe", "bmp_pipe", "tiff_pipe", "webp_pipe"})
_STILL |= {"gif", dicom.CONTAINER}


@dataclass(frozen=True)
class Measured:
    """A file at hand: its bytes in the work cache, what they hold, and the window proposed."""

    file: str
    url: str | None
    path: Path
    sha256: str
    bytes: int
    probe: ProbeResult
    window: Window | None
    mean: Any = field(repr=False)

    @property
    def media(self) -> Media:
        """A still picture, or a clip."""
        still = self.probe.frames == 1 and self.probe.container in _STILL
        return Media.IMAGE if still else Media.VIDEO


def measure(file_or_url: str, settings: Download) -> Measured:
    """Fetch a file, or take one of this machine, and measure it.

    Raises
    ------
    UsageError
        if there is no such file.
    FetchError
        if its address gives no file.
    MediaError
        if it is no video or picture.
    """
    url = file_or_url if re.match(r"https?://", file_or_url, re.IGNORECASE) else None
    name = _name_of(file_or_url)
    suffix = Path(name).suffix.lower()
    suffix = suffix if re.fullmatch(r"\.[a-z0-9]{1,5}", suffix) else ""
    try:
        if url is None:
            got = keep_local(Path(file_or_url), settings.max_bytes)
        else:
            got = fetch(Wanted((url,), suffix=suffix), settings)
    except FetchError as error:
        raise FetchError(f"{error}; nothing was added") from error
    try:
        probe = video.measured(got.path, got.sha256)
        mean = mean_frame(got.path, probe, 0, probe.frames)
    except MediaError as error:
        said = str(error).replace(got.path.name, name or file_or_url)
        raise MediaError(f"{said}; nothing was added") from error
    if not suffix:
        name = f"{name or 'clip'}{_ENDINGS.get(probe.container, '')}"
    _, window = propose(probe, mean)
    return Measured(name, url, got.path, got.sha256, got.bytes, probe, window, mean)


def _name_of(file_or_url: str) -> str:
    """The file's own name, of an address or of a file of this machine.

    Raises
    ------
    UsageError
        if there is no such file, or its name cannot stand in the catalog.
    """
    try:
        if re.match(r"https?://", file_or_url, re.IGNORECASE):
            name = unquote(urlsplit(file_or_url).path, errors="strict").rsplit("/", 1)[-1]
        elif Path(file_or_url).is_file():
            name = Path(file_or_url).name
        else:
            raise UsageError(f"{file_or_url}: no such file; name a file or an http(s) address")
        name.encode()
    except (ValueError, OSError) as error:
        raise UsageError(f"{file_or_url!a}: is no sound name or address ({error})") from error
    if len(name.encode()) > 200 or "\0" in name or name in {".", ".."}:
        raise UsageError(f"{ascii(name)[:80]}: no portable file name; rename the file")
    return name


def in_words(found: Measured) -> str:
    """What was measured, on one line."""
    probe = found.probe
    rate = f" at {probe.frame_rate_hz:.4g} Hz" if probe.frame_rate_hz else ""
    size = f"{probe.width}x{probe.height}"
    kind = f"{found.media.value}, {probe.container}/{probe.codec}"
    return f"{found.file}: {kind}, {size}, {probe.frames} frames{rate}, sha256 {found.sha256}"


def preview_path(found: Measured) -> Path:
    """Where a preview goes unless a person says otherwise: beside the work cache's files."""
    folder = cache_folder() / "previews"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{slug(stem_of(found.file)) or found.sha256}.png"


def save_preview(found: Measured, window: Window | None, path: Path) -> None:
    """Draw the clip's mean frame with the window in it.

    Raises
    ------
    UsageError
        if there can be no picture there.
    """
    try:
        _preview(found, window).save(path)
    except (ValueError, OSError) as error:
        raise UsageError(f"--preview {path}: {error}; name a .png file") from error


def _preview(found: Measured, window: Window | None) -> Image.Image:
    picture = Image.fromarray(found.mean.round().astype("uint8")).convert("RGB")
    if window is not None:
        edge = (window.x, window.y, window.x + window.size - 1, window.y + window.size - 1)
        ImageDraw.Draw(picture).rectangle(edge, outline=(255, 176, 0), width=2)
    return picture


def refuse_duplicates(found: Measured, root: Path, *, allow_alike: bool = False) -> list[str]:
    """Compare a file with every entry of every dataset.

    Returns
    -------
    What could not be compared, in words.

    Raises
    ------
    PocusError
        if an entry has the same bytes, or, unless ``allow_alike``, the same address or look.
    """
    unseen = []
    mine = look.look_of(found.path, found.sha256)
    for dataset in datasets(root):
        catalog, _ = read_dataset(dataset, root)
        for _, entry in catalog.entries:
            if found.url in entry.downloads and not allow_alike:
                raise PocusError(f"{found.file}: the same address is {dataset}/{entry.id}")
            if entry.sha256 == found.sha256:
                gone = " (withdrawn)" if entry.withdrawn else ""
                raise PocusError(f"{found.file}: the same bytes are {dataset}/{entry.id}{gone}")
        rows = read_measured(dataset, root)
        listed = {entry.id for _, entry in catalog.entries}
        had = {name: row for name, row in rows.items() if row["status"] == AVAILABLE}
        here = {name: row for name, row in had.items() if name in listed}
        for name, row in here.items():
            if row["sha256"] == found.sha256:
                raise PocusError(f"{found.file}: the same bytes are {dataset}/{name}")
            path = root / row["path"]
            if not path.is_file():
                continue
            apart = look.bits_apart(mine, look.look_of(path, row["sha256"]))
            if apart <= look.ALIKE_BITS and not allow_alike:
                raise PocusError(
                    f"{found.file}: looks like {dataset}/{name} ({apart} of 256 bits differ);"
                    " if it is another clip, add it with --allow-alike"
                )
        missing = len(catalog) - len(here)
        if missing:
            unseen.append(f"{dataset}: {missing} of {len(catalog)} entries are not on this machine")
    return unseen


def entry_of(found: Measured, answers: dict[str, Any], window: Window | None) -> dict[str, Any]:
    """The new entry's fields, in the catalog's order; ``answers`` are a person's.

    Raises
    ------
    UsageError
        if the file's name gives no identifier and the person chose none.
    """
    name = answers.get("id") or slug(stem_of(found.file))
    if not name:
        raise UsageError(f"{found.file}: gives no identifier of letters a to z; choose one: --id")
    entry: dict[str, Any] = {"id": name, "file": found.file}
    entry["url"] = answers.get("url")
    if found.url:
        entry["downloads"] = [found.url]
    rate_hz = found.probe.frame_rate_hz
    entry |= {
        "sha256": found.sha256,
        "bytes": found.bytes,
        "container": found.probe.container,
        "codec": found.probe.codec,
        "class": answers["class"],
        "class_note": answers.get("class_note"),
        "media": found.media.value,
        "probe": answers["probe"],
        "patient": answers.get("patient"),
        "license": answers.get("license"),
        "frame_rate_hz": round(rate_hz, 3) if rate_hz and found.media is Media.VIDEO else None,
        "resolution": f"{found.probe.width}x{found.probe.height}",
        "frames": found.probe.frames,
        "web_comment": answers.get("web_comment"),
        "md_comment": answers.get("md_comment"),
        "added": answers.get("added"),
        "releases": answers.get("releases") or None,
    }
    if window is not None:
        entry["crop"] = {"x": window.x, "y": window.y, "size": window.size}
    return {name: value for name, value in entry.items() if value is not None}
