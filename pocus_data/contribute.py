"""A new entry: measured, compared with all that is there, and written into the catalog."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from PIL import Image, ImageDraw

from pocus_data import crop, licenses, look, video
from pocus_data.catalog import (
    CATALOG_FOLDER,
    datasets,
    load_catalog,
    read_dataset,
    read_measured,
)
from pocus_data.catalog_rules.identity import slug, stem_of
from pocus_data.crop import Window
from pocus_data.errors import FetchError, MediaError, PocusError, UsageError
from pocus_data.fetch import Wanted, fetch, keep_local
from pocus_data.models import Diagnosis, Media, Probe
from pocus_data.params import Download
from pocus_data.tables import AVAILABLE
from pocus_data.video import ProbeResult
from pocus_data.workcache import cache_folder

# The usual ending of each container, for addresses whose path has none.
_ENDINGS = {"mov": ".mp4", "mpeg": ".mpeg", "avi": ".avi", "gif": ".gif", "matroska": ".mkv"}
_ENDINGS |= {"image2": ".jpg", "jpeg_pipe": ".jpg", "png_pipe": ".png", "webp_pipe": ".webp"}
_STILL = frozenset({"image2", "png_pipe", "jpeg_pipe", "bmp_pipe", "tiff_pipe", "webp_pipe"})


@dataclass(frozen=True)
class Measured:
    """A file at hand: its bytes in the work cache, what they hold, and the window proposed."""

    file: str
    url: str | None
    path: Path
    sha256: str
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
    if re.match(r"https?://", file_or_url):
        url, name = file_or_url, unquote(urlsplit(file_or_url).path).rsplit("/", 1)[-1]
    elif Path(file_or_url).is_file():
        url, name = None, Path(file_or_url).name
    else:
        raise UsageError(f"{file_or_url}: no such file; name a file or an http(s) address")
    try:
        if url is None:
            got = keep_local(Path(file_or_url), settings.max_bytes)
        else:
            got = fetch(Wanted((url,), suffix=Path(name).suffix.lower()), settings)
    except FetchError as error:
        raise FetchError(f"{error}; nothing was added") from error
    try:
        probe = video.measured(got.path, got.sha256)
        mean = _mean(got.path, probe.frames)
    except MediaError as error:
        said = str(error).replace(got.path.name, name or file_or_url)
        raise MediaError(f"{said}; nothing was added") from error
    if not Path(name).suffix:
        name = f"{name or 'clip'}{_ENDINGS.get(probe.container, '')}"
    return Measured(name, url, got.path, got.sha256, probe, crop.find_window(mean), mean)


def _mean(path: Path, frames: int) -> Any:
    count = min(frames, crop.MEAN_OF_FRAMES)
    chosen = sorted({round(step * (frames - 1) / max(1, count - 1)) for step in range(count)})
    return crop.mean_of(video.read_frames(path, chosen))


def check_answers(answers: dict[str, Any], dataset: str, root: Path) -> None:
    """Refuse words that the catalog would not take, before anything is fetched.

    Raises
    ------
    UsageError
        naming the first of them and what it may be.
    CatalogError
        if the catalog itself has errors, which are to be mended first.
    """
    load_catalog(dataset, root)
    for name, words in (("class", Diagnosis), ("probe", Probe)):
        known = [word.value for word in words]
        if answers[name] not in known:
            raise UsageError(f"--{name} {answers[name]}: is one of {', '.join(known)}")
    described = licenses.read_described(root / CATALOG_FOLDER / "licenses.yaml")
    wrong = licenses.problem_with(answers["license"], described)
    if wrong:
        raise UsageError(f"--license: {wrong}")
    source = answers["source"]
    if slug(source) != source:
        raise UsageError(f"--source '{source}': write it as '{slug(source)}'")
    if answers.get("patient"):
        number = slug(answers["patient"])
        mine = number.startswith(f"{source}-")
        answers["patient"] = number if mine else f"{source}-{number}"


def day_of(text: str | None) -> datetime.date:
    """A day written YYYY-MM-DD; today when there is none.

    Raises
    ------
    UsageError
        if it is no such day.
    """
    try:
        return datetime.date.fromisoformat(text) if text else datetime.date.today()
    except ValueError:
        raise UsageError(f"--date {text}: write it as YYYY-MM-DD") from None


def window_from(text: str | None, found: Measured) -> Window | None:
    """The window that a person chose as ``x,y,size``, else the one proposed.

    Raises
    ------
    UsageError
        if it is malformed or leaves the frame.
    """
    if text is None:
        return found.window
    match = re.fullmatch(r"(\d+),(\d+),(\d+)", text.replace(" ", ""))
    if not match:
        raise UsageError(f"--crop {text}: write it as x,y,size in pixels")
    window = Window(*map(int, match.groups()))
    against = crop.reason_against(window, found.probe.width, found.probe.height)
    if against:
        raise UsageError(f"--crop: {against}")
    return window


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
    return folder / f"{slug(stem_of(found.file))}.png"


def preview(found: Measured, window: Window | None) -> Image.Image:
    """The clip's mean frame with the window drawn in."""
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
        if an entry has the same bytes, or, unless ``allow_alike``, if one looks the same.
    """
    unseen = []
    mine = look.look_of(found.path, found.sha256)
    for dataset in datasets(root):
        catalog, _ = read_dataset(dataset, root)
        for _, entry in catalog.entries:
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
    """The new entry's fields, in the catalog's order; ``answers`` are a person's."""
    stem = stem_of(found.file)
    entry: dict[str, Any] = {"id": answers.get("id") or slug(stem), "file": found.file}
    entry["url"] = answers.get("url")
    if found.url:
        entry["downloads"] = [found.url]
    rate_hz = found.probe.frame_rate_hz
    entry |= {
        "sha256": found.sha256,
        "bytes": found.path.stat().st_size,
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
