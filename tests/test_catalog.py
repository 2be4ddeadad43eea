"""The catalog says what is wrong with it, and where."""

from pathlib import Path

import pytest

from pocus_data.catalog import datasets, load_catalog, read_dataset
from pocus_data.errors import CatalogError, UsageError
from pocus_data.index import write_index
from pocus_data.tables import read_index
from tests.conftest import ENTRY, REPOSITORY

SHA = "0" * 64


def problems(root: Path) -> list[str]:
    return [str(problem) for problem in read_dataset("here", root)[1]]


def test_the_synthetic_catalog_is_clean_and_the_real_one_has_no_errors():
    assert read_dataset("phantom", REPOSITORY)[1] == []
    assert {problem.severity for problem in read_dataset("pocus", REPOSITORY)[1]} == {"warning"}


def test_a_good_entry_is_read(write_catalog):
    root = write_catalog({"sha256": SHA, "bytes": 1, "crop": {"x": 1, "y": 2, "size": 99}})
    ((source, video),) = load_catalog("here", root).entries
    assert (source.id, video.id, video.diagnosis) == ("source", "clip-1", "healthy")
    assert video.md_comment == video.md_comments.md1 == "A-lines"
    assert datasets(root) == ["here"]


@pytest.mark.parametrize(
    ("video", "said"),
    [
        ({"clas": "healthy"}, "unknown-key: unknown key 'clas'; did you mean 'class'?"),
        ({"class": "covid"}, "(did you mean 'covid19'?)"),
        ({"id": "Clip 1"}, "schema: 'id'"),
        ({"sha256": "abc"}, "schema: 'sha256'"),
        ({"downloads": ["file:///etc/passwd"]}, "schema: 'downloads.0'"),
        ({"file": "../secret"}, "schema: 'file'"),
        ({"frame_rate_hz": -1}, "schema: 'frame_rate_hz'"),
        ({"crop": {"x": -1, "y": 0, "size": 9}}, "schema: 'crop.x'"),
        ({"trim": {"start": 5, "stop": 5}}, "must be greater than start"),
        ({"frames": True}, "schema: 'frames'"),
        ({"frames": "83"}, "schema: 'frames'"),
        ({"added": 1587081600}, "write the day as YYYY-MM-DD"),
        ({"findings": ["b-line"]}, "schema: 'findings.0'"),
        ({"license": "CC BY-NC 4.0"}, "did you mean CC-BY-NC-4.0?"),
        ({"license": "LicenseRef-Mine"}, "not described in catalog/licenses.yaml"),
    ],
)
def test_a_planted_defect_is_named_with_its_place(write_catalog, video, said):
    (problem,) = problems(write_catalog(video))
    assert problem.startswith("catalog/here/source.yaml:")
    assert said in problem


def test_the_line_is_that_of_the_value(write_catalog):
    root = write_catalog({}, {"id": "clip-2", "media": "film"})
    (problem,) = problems(root)
    line = int(problem.split(":")[1])
    text = (root / "catalog/here/source.yaml").read_text().splitlines()
    assert text[line - 1].strip() == "media: film"


def test_two_entries_with_one_id_or_checksum(write_catalog):
    found = problems(write_catalog(*[{"sha256": SHA, "bytes": 1}] * 2))
    assert len(found) == 2
    assert "duplicate-id" in found[0] and "duplicate-sha256" in found[1]
    assert "already used at catalog/here/source.yaml:" in found[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("source:\n\tid: x\n", "yaml: "),
        ("source: {id: x", "yaml: "),
        ("a: 1\na: 2\nvideos: []\n", "duplicate-key: 'a' is already set on line 1"),
        (b"source: \xff\n", "encoding: byte 8 is not UTF-8"),
        ("a: 1\nb: \x00\n", "encoding: a NUL byte"),
        ("", "schema: the file is empty"),
        ("- 1\n", "schema: a catalog file is a mapping"),
        ("source: &a {id: x}\nvideos: *a\n", "yaml: "),
        ("source: !!python/object:os.system {}\nvideos: []\n", ""),
        ("source: {name: !!bool maybe}\nvideos: []\n", "yaml: cannot be read"),
        ("source: {name: !!timestamp x}\nvideos: []\n", "yaml: cannot be read"),
        ("a: " + "[" * 3000 + "]" * 3000, "yaml: nested too deeply"),
        ("[" * 200_000, "yaml: nested too deeply"),
        ("- " * 200_000, "yaml: nested too deeply"),
        ("\n".join(" " * depth + "a:" for depth in range(400)), "yaml: nested too deeply"),
        ("source: {name: !!int ''}\nvideos: []\n", "yaml: cannot be read"),
        ("source: {name: !!float ''}\nvideos: []\n", "yaml: cannot be read"),
        ("source: {id: 0x" + "f" * 6000 + "}\nvideos: []\n", "more than 15 digits"),
        ("source: &a {id: s}\nvideos: []\n", "yaml: an anchor '&a'"),
        ("source: {id: s}\nvideos: 3\n", "a list 'videos'"),
        ("source: null\nvideos: null\n", "a list 'videos'"),
    ],
)
def test_malformed_yaml_is_one_line(write_catalog, text, said):
    found = problems(write_catalog(text=text))
    assert found
    assert all("\n" not in problem for problem in found)
    assert said in "; ".join(found)


def test_brackets_in_texts_are_no_nesting(write_catalog):
    assert problems(write_catalog({"web_comment": "[" * 99 + " and {{{ " * 40})) == []


def test_every_problem_is_collected(write_catalog):
    root = write_catalog({"class": "covid"}, {"id": "clip-2", "probe": "round"})
    with pytest.raises(CatalogError) as caught:
        load_catalog("here", root)
    assert len(caught.value.problems) == 2


def test_a_file_that_would_be_overlooked(write_catalog):
    root = write_catalog({})
    (root / "catalog/here/other.yml").write_text("videos: []")
    assert problems(root) == [
        "catalog/here/other.yml:1:1: file: is not read; rename it to end in .yaml"
    ]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "- a",
            "LicenseRef-X: yes please",
            "LicenseRef-X: {derive: perhaps}",
            "a: [",
            "X:\n\t- 1",
        ),
        "CC-BY-NC-ND-4.0: {derive: true, redistribute: true}",
        "LicenseRef-X: {redistrbute: true}",
    ],
)
def test_a_malformed_licence_file(write_catalog, text):
    root = write_catalog({})
    (root / "catalog/licenses.yaml").write_text(text)
    with pytest.raises(CatalogError, match=r"^catalog/licenses\.yaml:\d+:\d+: "):
        read_dataset("here", root)


def test_a_dataset_that_does_not_exist(write_catalog):
    with pytest.raises(UsageError, match=r"no dataset 'there' .* there is: here"):
        load_catalog("there", write_catalog({}))


def test_the_index_depends_on_values_alone(write_catalog, tmp_path):
    root = write_catalog({"id": "b"}, {"id": "a"})
    write_index(load_catalog("here", root), tmp_path / "one.csv")
    file = root / "catalog/here/source.yaml"
    file.write_text("# a comment\n\n" + file.read_text())
    write_index(load_catalog("here", root), tmp_path / "two.csv")
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
    table = read_index(tmp_path / "one.csv")
    assert list(table["video_id"]) == ["a", "b"]
    assert set(table["license"]) == {"CC-BY-4.0"} and table["redistributable"].all()
    assert set(table["class"]) == {ENTRY["class"]}
