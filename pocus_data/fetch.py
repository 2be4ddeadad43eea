"""Bytes from the world, checked before anyone believes them.

Sources are tried in order: the work cache, mirrors, the entry's own downloads, archived copies. A
file appears in the cache only after its checksum was right; whatever was fetched before a failure
stays.
"""

from __future__ import annotations

import errno
import json
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urljoin

from pocus_data import phantom, transfer, video_pages
from pocus_data.deidentify import deidentify
from pocus_data.dicom import is_dicom
from pocus_data.errors import FetchError, PocusError
from pocus_data.outputs import write_json, write_text
from pocus_data.params import Download
from pocus_data.workcache import about_to_make, cache_folder, digest_of, file_sha256


@dataclass(frozen=True)
class Wanted:
    """What is to be fetched.

    Attributes
    ----------
    downloads, archives : addresses of the bytes, best first; archived copies come last.
    sha256 : expected digest in hexadecimal; empty when nobody has pinned one yet.
    size : expected length in bytes; ``None`` when unknown.
    suffix : ending of the file's name, with its dot.
    yt_dlp_format : the rendition that yt-dlp is to fetch; empty for plain downloads.
    """

    downloads: tuple[str, ...]
    sha256: str = ""
    size: int | None = None
    suffix: str = ""
    archives: tuple[str, ...] = ()
    yt_dlp_format: str = ""

    @property
    def addresses(self) -> tuple[str, ...]:
        """All places in the world that have the bytes, best first."""
        return self.downloads + self.archives


# A page that a server sends in place of a file starts like one of these.
_MARKUP = (b"<!", b"<html", b"<?xml", b"<head")


@dataclass(frozen=True)
class Fetched:
    """Bytes in the work cache, and what they were at their source.

    Attributes
    ----------
    path : the file kept: the source's bytes, or DICOM without its identifying tags.
    sha256, bytes : digest and length of the source's bytes.
    kept_sha256 : digest of the file kept.
    url_used : the catalog's address of the bytes. A mirror stands for that address: whoever
        serves the bytes, the same is recorded.
    """

    path: Path
    sha256: str
    bytes: int
    kept_sha256: str
    url_used: str


def fetch(entry: Wanted, settings: Download) -> Fetched:
    """Get the bytes of one entry.

    Raises
    ------
    FetchError
        if no source gave bytes with the right checksum; it says what each of them gave.
    PocusError
        if the disk is full.
    """
    known = from_cache(entry)
    if known:
        return known
    about_to_make()
    failures = []
    for place, shown, url in _places(entry, settings):
        temporary = cache_folder() / "tmp" / f"{uuid.uuid4().hex}{entry.suffix}"
        temporary.parent.mkdir(parents=True, exist_ok=True)
        try:
            _bring(place, temporary, entry, settings)
            return _accept(temporary, entry.sha256, url)
        except FetchError as error:
            failures.append(f"{shown}: {error}")
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise _disk_full() from error
            failures.append(f"{shown}: {error.strerror or type(error).__name__}")
        finally:
            temporary.unlink(missing_ok=True)
    raise FetchError("; ".join(failures) or "the catalog lists no download for it")


def from_cache(entry: Wanted) -> Fetched | None:
    """The entry's bytes, if they were fetched before."""
    return _from_cache(entry.sha256 or _pointed_at(entry.addresses), entry.addresses)


def keep_local(source: Path, max_bytes: int) -> Fetched:
    """Take a file of this machine into the work cache, so that an entry can stand for it.

    Raises
    ------
    FetchError
        if it is empty, too large, a web page, or cannot be read.
    """
    temporary = cache_folder() / "tmp" / f"{uuid.uuid4().hex}{source.suffix.lower()}"
    temporary.parent.mkdir(parents=True, exist_ok=True)
    try:
        _copy(source, temporary, max_bytes)
        return _accept(temporary, "", f"file:{source.name}")
    except FetchError as error:
        raise FetchError(f"{source}: {error}") from error
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise _disk_full() from error
        raise FetchError(f"{source}: {error.strerror or type(error).__name__}") from error
    finally:
        temporary.unlink(missing_ok=True)


def remember(got: Fetched) -> None:
    """Let an unpinned address stand for these bytes from now on, once they proved readable."""
    write_text(_pointer(got.url_used), got.sha256)


def _places(entry: Wanted, settings: Download) -> list[tuple[str, str, str]]:
    """(where to look, how to call it, address it stands for) in the order to try.

    A mirror is called by what it mirrors: its own address may be private.
    """
    mirrored = []
    for mirror in settings.mirrors:
        for url in entry.downloads:
            if settings.mirror_of and url.startswith(settings.mirror_of):
                relative = url.removeprefix(settings.mirror_of)
                place = _under(mirror, relative)
                mirrored.append((place, f"mirror:{unquote(relative)}", url))
    return mirrored + [(url, url, url) for url in entry.addresses]


def _under(mirror: str, relative: str) -> str:
    if mirror.startswith(("http://", "https://")):
        return urljoin(mirror.rstrip("/") + "/", relative)
    folder = Path(mirror).resolve()
    path = (folder / unquote(relative)).resolve()
    # A download address with '..' in it must not read outside the mirror.
    return str(path) if path.is_relative_to(folder) else str(folder / "outside-the-mirror")


def _bring(place: str, target: Path, entry: Wanted, settings: Download) -> None:
    if place.startswith("phantom:"):
        phantom.render(place, target)
    elif place.startswith(("http://", "https://")):
        if entry.yt_dlp_format and place in entry.downloads:
            video_pages.download(place, entry.yt_dlp_format, target, settings)
        else:
            transfer.download(place, target, settings, entry.size)
    elif not Path(place).is_file():
        raise FetchError("no such file")
    else:
        _copy(Path(place), target, settings.max_bytes)


def _copy(source: Path, target: Path, max_bytes: int) -> None:
    if source.stat().st_size > max_bytes:
        raise FetchError(f"more than {max_bytes} bytes")
    shutil.copyfile(source, target)


def _accept(temporary: Path, expected: str, url: str) -> Fetched:
    if temporary.stat().st_size == 0:
        raise FetchError("empty file")
    with temporary.open("rb") as stream:
        start = stream.read(64).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(_MARKUP):
        raise FetchError("a web page, not a video")
    got = file_sha256(temporary)
    if expected and got != expected:
        raise FetchError(
            f"sha256 is {got}, the catalog says {expected}; nothing kept"
            " (the file was replaced at its source, the transfer was altered, or the catalog"
            " is wrong)"
        )
    path = _blob(got)
    path.parent.mkdir(parents=True, exist_ok=True)
    size, kept = temporary.stat().st_size, got
    if is_dicom(temporary):
        deidentify(temporary, temporary, got)
        kept = file_sha256(temporary)
    elif temporary.suffix == ".dcm":
        raise FetchError("named .dcm, but no DICOM file: 'DICM' does not stand after 128 bytes")
    write_json(_origin(path), {"url": url, "bytes": size, "kept_sha256": kept})
    temporary.replace(path)
    return Fetched(path, got, size, kept, url)


def _from_cache(sha256: str, addresses: tuple[str, ...]) -> Fetched | None:
    path = _blob(sha256)
    origin = _origin(path)
    if not sha256 or not path.is_file() or not origin.is_file():
        return None
    known = json.loads(origin.read_text(encoding="utf-8"))
    if file_sha256(path) != known["kept_sha256"]:
        path.unlink()
        return None
    # Another entry may have brought the same bytes first; this one's record is its own.
    url = known["url"] if known["url"] in addresses or not addresses else addresses[0]
    return Fetched(path, sha256, known["bytes"], known["kept_sha256"], url)


def _pointed_at(addresses: tuple[str, ...]) -> str:
    for url in addresses:
        pointer = _pointer(url)
        if pointer.is_file():
            return pointer.read_text(encoding="utf-8")
    return ""


def _blob(sha256: str) -> Path:
    return cache_folder() / "downloads" / sha256[:2] / sha256


def _origin(blob: Path) -> Path:
    return blob.with_suffix(".json")


def _pointer(url: str) -> Path:
    made_by = phantom.fingerprint() if url.startswith("phantom:") else ""
    return cache_folder() / "unpinned" / digest_of(url, made_by)


def _disk_full() -> PocusError:
    return PocusError(
        f"{cache_folder()}: the disk is full; free some space and run again"
        " (what was fetched is kept)"
    )
