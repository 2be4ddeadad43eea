"""Every rule of the catalog: a planted defect is found where it stands, its mended twin is not."""

import json
import os
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path

import pytest

from pocus_data.catalog import read_dataset
from pocus_data.catalog_rules.every import RULES, STRUCTURE, listed
from tests.conftest import REPOSITORY

SHA, OTHER = "a" * 64, "b" * 64
SIGNED = "https://example.org/a.mp4?X-Amz-Signature=0a1b"
URL = "https://example.org/a.mp4"
SECOND = {"id": "clip-2", "file": "clip-2.mp4"}
LEFT = {"crop": {"x": 0, "y": 0, "size": 80}}
RIGHT = {"crop": {"x": 80, "y": 0, "size": 80}}
NEXT_WEEK = (date.today() + timedelta(days=7)).isoformat()

# code: (entries with the defect, the same entries mended, text at the line that is named)
PLANTED: dict[str, tuple[list[dict], list[dict], str]] = {
    "schema": ([{"class": "covid"}], [{}], "class: covid"),
    "unknown-key": ([{"md_coment": "x"}], [{}], "md_coment"),
    "missing-key": ([{"probe": None}], [{}], "- id"),
    "duplicate-id": ([{}, {"file": "clip-1.avi"}], [{}, SECOND], "- id: clip-1"),
    "duplicate-sha256": (
        [{"sha256": SHA, "bytes": 1}, SECOND | {"sha256": SHA, "bytes": 1}],
        [{"sha256": SHA, "bytes": 1} | LEFT, SECOND | {"sha256": SHA, "bytes": 1} | RIGHT],
        "sha256",
    ),
    "duplicate-download": (
        [{"downloads": [URL]}, SECOND | {"downloads": [URL]} | LEFT],
        [{"downloads": [URL]} | RIGHT, SECOND | {"downloads": [URL]} | LEFT],
        "- https",
    ),
    "shared-file": (
        [
            {"downloads": [URL]} | LEFT,
            SECOND | {"downloads": [URL], "patient": "source-2"} | RIGHT,
        ],
        [{"downloads": [URL]} | LEFT, SECOND | {"downloads": [URL]} | RIGHT],
        "patient: source-2",
    ),
    "one-file-one-size": (
        [{"sha256": SHA, "bytes": 1} | LEFT, SECOND | {"sha256": SHA, "bytes": 2} | RIGHT],
        [{"sha256": SHA, "bytes": 2} | LEFT, SECOND | {"sha256": SHA, "bytes": 2} | RIGHT],
        "bytes: 2",
    ),
    "password-in-url": (
        [{"downloads": ["https://me:secret@example.org/a.mp4"]}],
        [{"downloads": [URL]}],
        "- https",
    ),
    "id-file-drift": ([{"file": "Other.mp4"}], [{"file": "Clip+1.MP4"}], "- id"),
    "file-name": ([{"file": "clip-1.mp4 "}], [{"file": "clip 1.mp4"}], "file"),
    "file-ending": ([{"file": "clip-1.png"}], [{"file": "clip-1.gif"}], "file"),
    "license": ([{"license": "CC BY 4.0"}], [{"license": "CC-BY-4.0"}], "license: CC BY"),
    "license-url": (
        [{"license_url": "https://creativecommons.org/licenses/by-nc/4.0/"}],
        [{"license_url": "https://creativecommons.org/licenses/by/4.0/"}],
        "license_url",
    ),
    "url-shape": (
        [{"url": "https://example.org/a(clip"}],
        [{"url": "https://example.org/a(clip)"}],
        "url: https://example.org/a(",
    ),
    "insecure-url": ([{"url": "http://example.org"}], [{"url": URL}], "url: http:"),
    "signed-url": ([{"downloads": [SIGNED]}], [{"downloads": [URL]}], "- https"),
    "private-address": (
        [{"url": "https://192.168.1.7/a"}],
        [{"url": "https://example.org/a"}],
        "url: https://192",
    ),
    "video-page": (
        [{"downloads": ["https://www.youtube.com/watch?v=x"]}],
        [{"downloads": ["https://www.youtube.com/watch?v=x"], "yt_dlp_format": "134"}],
        "- https",
    ),
    "doi": ([{"doi": "https://doi.org/10.1000/182"}], [{"doi": "10.1000/182"}], "doi"),
    "frame-rate-range": ([{"frame_rate_hz": 220}], [{"frame_rate_hz": 60}], "frame_rate_hz"),
    "resolution-range": ([{"resolution": "9000x80"}], [{"resolution": "900x80"}], "resolution"),
    "length-range": (
        [{"frames": 90_000, "frame_rate_hz": 10}],
        [{"frames": 900, "frame_rate_hz": 10}],
        "frames: 90000",
    ),
    "image-with-motion": (
        [{"media": "image", "file": "clip-1.png", "frame_rate_hz": 25}],
        [{"media": "image", "file": "clip-1.png", "frames": 1}],
        "frame_rate_hz",
    ),
    "crop-outside": (
        [{"resolution": "150x150", "crop": {"x": 100, "y": 0, "size": 100}}],
        [{"resolution": "200x150", "crop": {"x": 100, "y": 0, "size": 100}}],
        "x: 100",
    ),
    "crop-small": (
        [{"crop": {"x": 0, "y": 0, "size": 20}}],
        [{"crop": {"x": 0, "y": 0, "size": 64}}],
        "size: 20",
    ),
    "trim-outside": (
        [{"frames": 50, "trim": {"start": 0, "stop": 60}}],
        [{"frames": 50, "trim": {"start": 10, "stop": 60}}],
        "start: 0",
    ),
    "half-pinned": ([{"sha256": SHA}], [{"sha256": SHA, "bytes": 3}], "sha256"),
    "missing-md-comment": (
        [{"md_comment": None}],
        [{"md_comment": None, "md_comments": {"md2": "A-lines"}}],
        "- id",
    ),
    "md-comment-drift": (
        [{"md_comments": {"md1": "B-lines"}}],
        [{"md_comments": {"md1": "A-lines", "md2": "B-lines"}}],
        "md_comment: A-lines",
    ),
    "comment-contradicts-class": (
        [{"class": "covid19", "md_comment": "Normal lung"}],
        [{"class": "covid19", "md_comment": "no normal lung anymore, no healthy lung"}],
        "md_comment: Normal",
    ),
    "findings-contradict-class": (
        [{"findings": ["a_lines", "effusion"]}],
        [{"findings": ["a_lines", "b_lines"]}],
        "- a_lines",
    ),
    "advised-against": (
        [{"md_comment": "mostly liver, do not use"}],
        [{"md_comment": "mostly liver, do not use", "exclude": "liver"}],
        "md_comment",
    ),
    "uncertain-without-note": (
        [{"class": "uncertain"}],
        [{"class": "uncertain", "class_note": "no test"}],
        "class",
    ),
    "patient-two-classes": ([{}, SECOND | {"class": "covid19"}], [{}, SECOND], "class: covid19"),
    "patient-name": ([{"patient": "p-7"}], [{"patient": "source-7"}], "patient"),
    "patient-facts-drift": (
        [{"age_years": 40}, SECOND | {"age_years": 50}],
        [{"age_years": 40}, SECOND | {"age_years": 41}],
        "age_years: 50",
    ),
    "symptoms-contradict": (
        [{"symptoms": ["asymptomatic", "fever"]}],
        [{"symptoms": ["fever"]}],
        "- asymptomatic",
    ),
    "date-range": ([{"added": NEXT_WEEK}], [{"added": "2020-04-20"}], "added"),
    "as-published-release": (
        [{"as_published": {"2020-05": {"frames": 9}}}],
        [{"as_published": {"2020-05": {"frames": 9}}, "releases": ["2020-05"]}],
        "frames: 9",
    ),
    "repeated-value": (
        [{"findings": ["a_lines", "a_lines"]}],
        [{"findings": ["a_lines"]}],
        "- a_lines",
    ),
    "damaged-text": (
        [{"web_comment": "A\u00c3\u00a9rien"}],
        [{"web_comment": "Aérien, naïve"}],
        "web_comment",
    ),
}
# These look at more than entries: each has a test of its own below.
ELSEWHERE = {"file", "encoding", "yaml", "duplicate-key", "source-file-drift", "no-page"}
ELSEWHERE |= {"probe-disagrees"}


def codes(root: Path) -> list[str]:
    return [problem.rule for problem in read_dataset("here", root)[1]]


@pytest.mark.parametrize("code", PLANTED)
def test_a_planted_defect_is_found_in_its_place_and_the_mended_entry_is_not(write_catalog, code):
    defect, mended, line_text = PLANTED[code]
    root = write_catalog(*defect)
    found = [problem for problem in read_dataset("here", root)[1] if problem.rule == code]
    assert found, read_dataset("here", root)[1]
    lines = (root / "catalog/here/source.yaml").read_text().splitlines()
    assert all(line_text in lines[problem.line - 1] for problem in found)
    assert codes(write_catalog(*mended)) == []


def test_each_rule_is_planted_named_and_documented():
    assert set(PLANTED) | ELSEWHERE == {code for code, _, _ in listed()}
    assert len(listed()) == len(RULES) + len(STRUCTURE) >= 25
    assert all(
        severity in {"error", "warning"} and why.endswith(".") for _, severity, why in listed()
    )


def test_a_source_named_otherwise_than_its_file(write_catalog):
    root = write_catalog({"patient": "other-1"}, source={"id": "other"})
    assert codes(root) == ["source-file-drift"]


def test_nobody_can_check_an_entry_without_a_page(write_catalog):
    assert codes(write_catalog({}, source={"url": None})) == ["no-page"]
    assert codes(write_catalog({"url": URL}, source={"url": None})) == []


MEASURED = {"width": "320", "height": "240", "frames": "100", "frame_rate_hz": "25.0"}


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        ({"frame_rate_hz": 30}, "frame_rate_hz"),
        ({"resolution": "240x240"}, "resolution"),
        ({"frames": 110}, "frames"),
        ({"frame_rate_hz": 25, "resolution": "320x240", "frames": 101}, None),
        ({"frames": 40, "trim": {"start": 60, "stop": 100}}, None),
        ({"resolution": "90x80", "crop": {"x": 0, "y": 0, "size": 90}}, None),
    ],
)
def test_the_catalog_against_what_was_measured(write_catalog, entry, field):
    root = write_catalog(entry)
    _, problems = read_dataset("here", root, measured={"clip-1": MEASURED})
    assert [problem.rule for problem in problems] == (["probe-disagrees"] if field else [])
    lines = (root / "catalog/here/source.yaml").read_text().splitlines()
    assert all(field in lines[problem.line - 1] for problem in problems)


@pytest.mark.parametrize(
    ("comment", "contradicts"),
    [
        ("consolidation in the lower lobe", True),
        ("no consolidation, no pleural effusion", False),
        ("without effusion", False),
        ("no evidence of consolidation", False),
        ("no consolidation or effusion", False),
        ("mass tissue", True),
        ("massive amounts of gel", False),
        ("B-lines (can occur physiologically)", False),
    ],
)
def test_words_that_a_healthy_lung_contradicts(write_catalog, comment, contradicts):
    expected = ["comment-contradicts-class"] if contradicts else []
    assert codes(write_catalog({"md_comment": comment})) == expected


def test_a_tombstone_is_left_in_peace_but_keeps_its_name_and_bytes(write_catalog):
    grave = {"sha256": SHA, "bytes": 9, "md_comment": None}
    grave |= {"withdrawn": {"date": "2021-01-01", "reason": "asked for by the patient"}}
    assert codes(write_catalog(grave)) == []
    again = SECOND | {"sha256": SHA, "bytes": 9}
    assert codes(write_catalog(grave, again)) == ["duplicate-sha256"]


def test_a_file_that_is_too_large_is_one_line_and_quick(write_catalog):
    root = write_catalog(text=b"source: {id: source}\nvideos:\n" + b"- {id: a}\n" * 1_000_000)
    (problem,) = read_dataset("here", root)[1]
    assert str(problem).startswith("catalog/here/source.yaml:1:1: file: larger than 8 MB")


def test_a_sources_rules_run_whatever_its_entries_are(write_catalog):
    source = {"license": "foo", "url": "http://example.org", "doi": "x", "accessed": NEXT_WEEK}
    wrong = {"license", "insecure-url", "doi", "date-range"}
    for entries in ([], [{"probe": "round"}], [{"withdrawn": WITHDRAWN}]):
        assert wrong <= set(codes(write_catalog(*entries, source=source)))


WITHDRAWN = {"date": "2021-01-01", "reason": "asked for"}


def test_two_entries_on_one_line(write_catalog):
    entry = "{id: a, file: a.mp4, class: healthy, media: video, probe: convex, md_comment: x}"
    text = "source: {id: source, name: S, kind: k, url: 'https://example.org'}\n"
    root = write_catalog(text=f"{text}videos: [{entry}, {entry}]\n")
    assert codes(root) == ["duplicate-id"]


def test_what_is_pinned_is_measured_against_its_own_frame(write_catalog):
    pinned = {"sha256": SHA, "bytes": 1, "frames": 50, "resolution": "80x80"}
    outside = {"crop": {"x": 500, "y": 0, "size": 80}, "trim": {"start": 100, "stop": 150}}
    assert codes(write_catalog(pinned | outside)) == ["crop-outside", "trim-outside"]


def test_one_file_of_two_classes(write_catalog):
    pin = {"sha256": SHA, "bytes": 1}
    other = SECOND | pin | RIGHT | {"class": "covid19", "patient": "source-2"}
    assert codes(write_catalog(pin | LEFT, other)) == ["shared-file", "shared-file"]


def test_a_thousand_wrong_licences_are_no_slower_than_right_ones(write_catalog):
    entries = [{"id": f"c-{n}", "file": f"c-{n}.mp4", "license": "CC BY 4"} for n in range(1000)]
    started = time.process_time()
    assert codes(write_catalog(*entries)) == ["license"] * 1000
    # A fresh hint for each would take three seconds.
    assert time.process_time() - started < 2.5


def test_hints_come_from_the_place_of_the_mistake(write_catalog):
    def said(*entries, **kwargs):
        return " ".join(str(each) for each in read_dataset("here", write_catalog(*entries))[1])

    assert "did you mean 'reason'?" in said({"withdrawn": WITHDRAWN | {"reson": "x"}})
    assert "did you mean 'size'?" in said({"crop": {"x": 1, "y": 1, "size": 90, "sise": 9}})
    assert "did you mean CC-BY-4.0?" in said({"license": "cc-by-4.0"})
    root = write_catalog(text="source: {id: source, name: S, kind: k}\nvidoes: []\n")
    assert "did you mean" in str(read_dataset("here", root)[1][0])


def test_hidden_files_and_pipes_are_nobodys_catalog(write_catalog):
    root = write_catalog({})
    folder = root / "catalog" / "here"
    (folder / ".half-written.yaml").write_text("videos: [")
    (folder / "z.yaml").mkdir()
    os.mkfifo(folder / "y.yaml")
    assert codes(root) == []


def test_a_measurement_that_is_not_whole_is_none(write_catalog):
    root = write_catalog({"frames": 9})
    for row in ({}, {"width": "3"}, MEASURED | {"frames": None}, MEASURED | {"height": "x"}):
        assert read_dataset("here", root, measured={"clip-1": row})[1] == []


def test_warnings_do_not_fail_and_errors_do(write_catalog):
    root = write_catalog({"md_comment": None})

    def validate(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pocus_data.cli", "validate", *words]
        return subprocess.run(command, cwd=root, capture_output=True, text=True)

    done = validate()
    assert done.returncode == 0
    assert ": missing-md-comment: warning: " in done.stdout
    assert json.loads(validate("here", "--json").stdout)[0]["severity"] == "warning"
    write_catalog({"class": "covid19", "patient": "source-1", "license": "MIT License"})
    assert validate().returncode == 1


def test_the_rules_stand_in_the_catalogs_readme():
    readme = (REPOSITORY / "catalog" / "README.md").read_text()
    for code, severity, why in listed():
        assert f"| `{code}` | {severity} | {why} |" in readme
