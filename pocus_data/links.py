"""The link-rot ledger: which of a catalog's addresses still lead to what they led to.

Content, not the address, is what an entry stands for: a download that answers with other bytes
than the catalog pins has changed, however alive its host is.
"""

from __future__ import annotations

import csv
import datetime
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from tqdm import tqdm
from urllib3.exceptions import HTTPError

from pocus_data import hosts
from pocus_data.catalog import Catalog, load_catalog
from pocus_data.errors import FetchError, UsageError
from pocus_data.params import Download

STATES = ("alive", "moved", "changed", "gone", "refused", "unreachable")
COLUMNS = (
    *("date", "video_id", "source", "kind", "url"),
    *("state", "http_status", "final_url", "bytes", "etag", "said"),
)
_GONE = frozenset({404, 410, 451})
_REFUSED = frozenset({401, 402, 403, 407, 429})
# Servers that do not know HEAD say so with one of these; a byte is then asked for.
_NO_HEAD = frozenset({400, 403, 404, 405, 406, 501})
_HEADERS = {"Accept-Encoding": "identity", "User-Agent": "pocus-data link check"}


@dataclass(frozen=True)
class Link:
    """One address of one entry; ``size`` is the length that the catalog pins, if any."""

    video_id: str
    source: str
    kind: str
    url: str
    size: int | None = None


@dataclass(frozen=True)
class _Answer:
    status: int
    url: str
    size: int | None
    tag: str
    is_page: bool


def ledger_path(dataset: str, root: Path) -> Path:
    """The ledger of a dataset: kept in git, outside every stage's outputs."""
    return root / "links" / f"{dataset}.csv"


def links_of(catalog: Catalog) -> list[Link]:
    """Every address of a catalog once, with the first entry that has it."""
    found: dict[str, Link] = {}
    for source, video in catalog.entries:
        page = video.url or source.url
        listed: list[tuple[str, str, int | None]] = [("page", page, None)] if page else []
        listed += [("download", url, video.bytes) for url in video.downloads]
        listed += [("archive", url, video.bytes) for url in video.archives]
        for kind, url, size in listed:
            if url.startswith("http"):
                found.setdefault(url, Link(video.id, source.id, kind, url, size))
    return list(found.values())


def check(dataset: str, day: datetime.date, settings: Download, root: Path) -> list[dict[str, Any]]:
    """Ask for every address of a dataset and append what they answered to its ledger.

    Raises
    ------
    UsageError
        if there is no such dataset.
    """
    links = links_of(load_catalog(dataset, root))
    path = ledger_path(dataset, root)
    before = {row["url"]: row for row in _read(path) if row["state"] in ("alive", "moved")}
    with ThreadPoolExecutor(settings.at_once) as pool:
        asked = pool.map(lambda link: _look(link, before.get(link.url), settings), links)
        rows = list(tqdm(asked, "links", len(links), disable=None))
    for row in rows:
        row["date"] = day.isoformat()
    rows.sort(key=lambda row: (row["source"], row["video_id"], row["kind"], row["url"]))
    _append(path, rows)
    return rows


def last_states(path: Path) -> list[dict[str, str]]:
    """What each address of a ledger last answered; empty where nobody has asked.

    Raises
    ------
    UsageError
        if the file is no ledger.
    """
    return list({row["url"]: row for row in _read(path)}.values())


def by_source(rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    """How many addresses of each source are in each state."""
    counted: dict[str, Counter[str]] = {}
    for row in rows:
        counted.setdefault(row["source"], Counter())[row["state"]] += 1
    return {source: {state: counted[source][state] for state in STATES} for source in counted}


def _look(link: Link, before: dict[str, str] | None, settings: Download) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(COLUMNS, "") | {
        name: getattr(link, name) for name in ("video_id", "source", "kind", "url")
    }
    try:
        with hosts.turn(link.url, settings), requests.Session() as session:
            answer = _ask(session, link.url, settings)
    except FetchError as error:
        return row | {"state": "refused", "said": str(error)}
    except (requests.RequestException, HTTPError) as error:
        return row | {"state": "unreachable", "said": type(error).__name__}
    state, said = _judge(link, answer, before)
    return row | {
        "state": state,
        "said": said,
        "http_status": answer.status,
        "final_url": answer.url if answer.url != link.url else "",
        "bytes": "" if answer.size is None else answer.size,
        "etag": answer.tag,
    }


def _ask(session: requests.Session, url: str, settings: Download) -> _Answer:
    """HEAD first; where that is not answered as a GET would be, one byte."""
    for method, more in (("HEAD", {}), ("GET", {"Range": "bytes=0-0"})):
        with hosts.opened(session, url, _HEADERS | more, settings, method) as response:
            answer = _read_head(response)
        if method == "GET" or answer.status not in _NO_HEAD:
            break
    return answer


def _read_head(response: requests.Response) -> _Answer:
    head = response.headers
    whole = re.fullmatch(r"bytes \d+-\d+/(\d+)", head.get("Content-Range", ""))
    length = whole[1] if whole else head.get("Content-Length", "")
    encoded = head.get("Content-Encoding", "identity") != "identity"
    size = int(length) if length.isdecimal() and not encoded else None
    is_page = head.get("Content-Type", "").lower().startswith("text/html")
    return _Answer(response.status_code, response.url, size, head.get("ETag", ""), is_page)


def _judge(link: Link, answer: _Answer, before: dict[str, str] | None) -> tuple[str, str]:
    if answer.status in _GONE:
        return "gone", ""
    if answer.status in _REFUSED:
        return "refused", ""
    if answer.status not in (requests.codes.ok, requests.codes.partial_content):
        return "unreachable", ""
    if link.kind != "page":
        if answer.is_page:
            return "changed", "a web page in place of a file"
        if link.size is not None and answer.size not in (None, link.size):
            return "changed", f"{answer.size} bytes, the catalog pins {link.size}"
        if before and before["etag"] and answer.tag and before["etag"] != answer.tag:
            return "changed", f"another ETag than on {before['date']}"
    return ("moved", "") if _elsewhere(link.url, answer.url) else ("alive", "")


def _elsewhere(asked: str, got: str) -> bool:
    """Whether a redirect led to another place, not just to https or to the bare host."""

    def bare(url: str) -> tuple[str, str, str]:
        parts = urlsplit(url)
        return parts.netloc.removeprefix("www."), parts.path.rstrip("/"), parts.query

    return bare(asked) != bare(got)


def _read(path: Path) -> Iterator[dict[str, str]]:
    if not path.exists():
        return
    with path.open(newline="", encoding="utf-8") as stream:
        reader = csv.DictReader(stream)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise UsageError(f"{path}: is no ledger of links; move it away to begin a new one")
        yield from reader


def _append(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerows(rows)
