"""Every entry ends as a row, whatever became of it."""

import hashlib
from pathlib import Path

import pandas as pd
import pytest

from pocus_data.catalog import load_catalog
from pocus_data.download import download_all, require_enough, with_environment
from pocus_data.errors import FetchError, UsageError
from pocus_data.index import write_index
from pocus_data.params import Download
from pocus_data.tables import read_index


@pytest.fixture
def index_of(write_catalog, tmp_path):
    def make(*videos):
        write_index(load_catalog("here", write_catalog(*videos)), tmp_path / "catalog.csv")
        return read_index(tmp_path / "catalog.csv")

    return make


def test_good_missing_broken_and_excluded_side_by_side(index_of, server, mp4, tmp_path):
    whole = mp4.read_bytes()
    cut = whole[: len(whole) // 2]
    index = index_of(
        {"id": "good", "downloads": [server.give("/good.mp4", whole)]},
        {"id": "gone", "downloads": [server.url + "/gone.mp4"]},
        {"id": "page", "downloads": [server.give("/page.mp4", b"<html>404</html>")]},
        {
            "id": "cut",
            "file": "Cut clip (1).mp4",
            "downloads": [server.give("/cut.mp4", cut)],
            "sha256": hashlib.sha256(cut).hexdigest(),
        },
        {"id": "out", "downloads": [], "exclude": "not lung"},
    )
    rows = download_all(index, tmp_path / "videos", Download(timeout_s=2, retries=0))
    by_id = {row["video_id"]: row for row in rows}
    assert {name: row["status"] for name, row in by_id.items()} == {
        "cut": "unreadable",
        "gone": "unavailable",
        "good": "available",
        "out": "excluded",
        "page": "unavailable",
    }
    assert "HTTP 404" in by_id["gone"]["reason"]
    assert "a web page" in by_id["page"]["reason"]
    assert by_id["cut"]["reason"].startswith("Cut clip (1).mp4: ")
    assert by_id["good"]["frames"] == 26 and by_id["good"]["codec"] == "h264"
    assert [path.name for path in (tmp_path / "videos").iterdir()] == ["good.mp4"]


def listing(*rows: dict[str, str], downloads: str = "https://example.org/v") -> pd.DataFrame:
    names = [row["video_id"] for row in rows]
    return pd.DataFrame({"video_id": names, "downloads": downloads}, dtype=str)


def row(status: str) -> dict[str, str]:
    reason = "" if status == "available" else "why"
    return {"video_id": status, "status": status, "reason": reason}


def test_too_little_to_go_on():
    rows = [row("available"), row("unavailable"), row("unreadable")]
    all_rows = [*rows, row("excluded")]
    require_enough(listing(*all_rows), all_rows, 0.3)
    said = r"1 of 3 clips available.*POCUS_MIRROR.*First: unavailable: why"
    with pytest.raises(FetchError, match=said):
        require_enough(listing(*rows), rows, 0.5)
    with pytest.raises(FetchError, match="0 of 0"):
        require_enough(listing(), [], 0.0)


def test_entries_that_list_no_download_do_not_count():
    here, record = row("available"), row("unavailable")
    index = pd.concat([listing(here), listing(record, downloads="")])
    require_enough(index, [here, record], 1.0)


def test_the_mirror_of_the_environment_comes_first(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("POCUS_MIRROR", str(tmp_path))
    settings = with_environment(Download(mirrors=("https://example.invalid/m",)))
    assert settings.mirrors == (str(tmp_path), "https://example.invalid/m")
    monkeypatch.setenv("POCUS_MIRROR", str(tmp_path / "nowhere"))
    with pytest.raises(UsageError, match="POCUS_MIRROR: no folder"):
        with_environment(Download())
