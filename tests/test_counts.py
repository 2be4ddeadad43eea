"""Counting the catalog: the paper's Table 1, and the 2021 release's sheet."""

import json
from collections import Counter

import pytest

from pocus_data.counts import count, draw
from pocus_data.errors import UsageError
from tests.conftest import REPOSITORY
from tests.test_cli import run
from tests.test_facts import SHEET, read

# Paper, Table 1, but for GrepMed's COVID-19 videos: the table says 10, the appendix lists 9.
TABLE_1 = {
    "grepmed": {"covid19": 9, "bacterial_pneumonia": 9, "healthy": 2},
    "butterfly": {"covid19": 19, "healthy": 2},
    "pocusatlas": {"covid19": 8, "bacterial_pneumonia": 3, "healthy": 3},
}


def test_the_papers_table_1():
    counted = json.loads(
        run("stats", "pocus", "--by", "source", "--release", "2020-05", "--json").stdout
    )
    by_source = {row["source"]: row["classes"] for row in counted["groups"]}
    assert {name: by_source[name] for name in TABLE_1} == TABLE_1
    total = counted["total"]
    assert total["videos"] == total["entries"] == 63 and total["images"] == 0
    assert total["classes"] == {"covid19": 38, "bacterial_pneumonia": 14, "healthy": 11}


def test_the_2021_release_by_class_probe_and_licence():
    counted = count("pocus", ("class", "probe", "license"), "2021-02", REPOSITORY)
    assert counted["total"]["entries"] == 375 == sum(row["entries"] for row in counted["groups"])
    probes = Counter(row["Probe"] for row in read(SHEET))
    media = Counter(row["Type"].lower() for row in read(SHEET))
    assert sum(row["videos"] for row in counted["groups"]) == media["video"]
    linear = sum(row["entries"] for row in counted["groups"] if row["probe"] == "linear")
    assert linear == probes["linear"]
    unstated = sum(row["entries"] for row in counted["groups"] if row["license"] == "NOASSERTION")
    assert unstated == Counter(row["License"] for row in read(SHEET))["None"]


def test_patients_and_frames(write_catalog):
    root = write_catalog(
        {"frames": 20},
        {"id": "b", "frames": 5, "releases": ["2020-05"]},
        {"id": "c", "patient": None, "class": "covid19", "exclude": "dark"},
        {"id": "d", "patient": "source-2", "withdrawn": {"date": "2021-01-01", "reason": "x"}},
    )
    total = count("here", ("class",), None, root)["total"]
    assert (total["entries"], total["patients"], total["frames"]) == (4, 2, 25)
    used = {row["used"]: row["entries"] for row in count("here", ("used",), None, root)["groups"]}
    assert used == {"in use": 2, "excluded": 1, "withdrawn": 1}
    releases = count("here", ("release",), None, root)["groups"]
    assert [(row["release"], row["entries"]) for row in releases] == [("none", 3), ("2020-05", 1)]
    assert count("here", ("class",), "2020-05", root)["total"]["frames"] == 5


def test_for_people_a_table_with_bars_and_a_picture(tmp_path):
    shown = run("stats", "pocus", "--by", "probe", "--chart", str(tmp_path / "bars.png")).stdout
    assert "convex" in shown and "█" in shown and "375" in shown
    assert (tmp_path / "bars.png").read_bytes().startswith(b"\x89PNG")
    counted = count("phantom", ("class",), None, REPOSITORY)
    draw(counted, tmp_path / "one.svg")
    draw(counted, tmp_path / "two.svg")
    assert (tmp_path / "one.svg").read_text() == (tmp_path / "two.svg").read_text()


@pytest.mark.parametrize(
    ("by", "release", "said"),
    [
        ("colour", None, "--by colour: is one of class, source"),
        ("class", "2019-01", "--release 2019-01: pocus has 2020-05, 2021-02"),
    ],
)
def test_what_cannot_be_counted(by, release, said):
    with pytest.raises(UsageError, match=said):
        count("pocus", (by,), release, REPOSITORY)
    with pytest.raises(UsageError, match=r"name a \.png or \.svg"):
        draw(count("phantom", ("class",), None, REPOSITORY), REPOSITORY / "nowhere" / "a.xyz")
