"""The ledger of links tells alive from moved, changed and gone, and only ever grows."""

import csv
import datetime
import json
import subprocess
import sys

import pytest

from pocus_data.errors import UsageError
from pocus_data.links import by_source, check
from pocus_data.params import Download
from tests.conftest import REPOSITORY
from tests.test_contribute import as_downloaded, entries

QUICK = Download(timeout_s=2, pause_s=0)
DAY = datetime.date(2026, 1, 2)


def states(rows):
    return {row["url"].rsplit("/", 1)[-1]: row["state"] for row in rows}


@pytest.fixture
def listed(write_catalog, server):
    """A catalog of links of every fate."""
    urls = {
        "good.mp4": server.give("/good.mp4", b"12345", ETag='"1"'),
        "page.mp4": server.give("/page.mp4", b"<html>", Content_Type="text/html"),
        "gone.mp4": f"{server.url}/gone.mp4",
        "shut.mp4": server.give("/shut.mp4", b"no", 403),
        "sick.mp4": server.give("/sick.mp4", b"no", 500),
        "other.mp4": server.give("/other.mp4", b"1234567"),
        "moved.mp4": server.give("/moved.mp4", b"", 302, Location="/good.mp4"),
        "nobody.mp4": "http://127.0.0.1:9/nobody.mp4",
    }
    videos = [
        {"id": name.removesuffix(".mp4"), "file": name, "downloads": [url], "bytes": 5}
        for name, url in urls.items()
    ]
    return write_catalog(*videos, source={"url": server.give("/home", b"home")})


def test_every_fate_has_its_word(listed):
    rows = check("here", DAY, QUICK, listed)
    assert states(rows) == {
        "home": "alive",
        "good.mp4": "alive",
        "page.mp4": "changed",
        "gone.mp4": "gone",
        "shut.mp4": "refused",
        "sick.mp4": "unreachable",
        "other.mp4": "changed",
        "moved.mp4": "moved",
        "nobody.mp4": "unreachable",
    }
    assert by_source(rows)["source"]["changed"] == 2


def test_the_ledger_only_grows_and_sees_new_content(listed, server):
    check("here", DAY, QUICK, listed)
    ledger = listed / "links" / "here.csv"
    before = ledger.read_text()
    server.give("/good.mp4", b"54321", ETag='"2"')
    rows = check("here", DAY + datetime.timedelta(days=1), QUICK, listed)
    assert ledger.read_text().startswith(before)
    assert states(rows)["good.mp4"] == "changed"
    with ledger.open() as stream:
        assert [row["date"] for row in csv.DictReader(stream)] == ["2026-01-02"] * 9 + [
            "2026-01-03"
        ] * 9
    ledger.write_text("something,else\n1,2\n")
    with pytest.raises(UsageError, match="is no ledger of links"):
        check("here", DAY, QUICK, listed)


def run(root, *words):
    command = [sys.executable, "-m", "pocus_data.cli", *words]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60)


def test_the_command(listed):
    (listed / "params.yaml").write_text((REPOSITORY / "params.yaml").read_text())
    done = run(listed, "links", "here", "--date", "2026-01-02")
    assert done.returncode == 0 and "9 addresses; appended to links/here.csv" in done.stderr
    assert done.stdout.splitlines()[0].split() == [
        *("source", "alive", "moved", "changed", "gone", "refused", "unreachable")
    ]
    assert len(json.loads(run(listed, "links", "here", "--json").stdout)) == 9
    assert run(listed, "links", "there").returncode == 2


def test_pin_writes_what_was_fetched_and_nothing_else(write_catalog, mp4):
    url = "https://example.org/clip.mp4"
    root = write_catalog({"downloads": [url]}, {"id": "clip-2", "file": "clip-2.mp4"})
    as_downloaded(root, "clip-1", mp4)
    table = root / "data/here/videos.csv"
    lines = table.read_text().splitlines()
    table.write_text(f"{lines[0]},bytes\n{lines[1]},{mp4.stat().st_size}\n")
    done = run(root, "pin", "here")
    assert (done.returncode, done.stdout) == (0, "clip-1\n")
    pinned = entries(root)
    assert pinned["clip-1"]["bytes"] == mp4.stat().st_size and "sha256" not in pinned["clip-2"]
    assert run(root, "pin", "here").stdout == ""
