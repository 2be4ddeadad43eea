"""Contributing a clip: measured, compared, written whole, and refused in one line."""

import contextlib
import os
import pty
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import imageio_ffmpeg
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pydicom.data import get_testdata_file

from pocus_data import catalog_edit, phantom
from pocus_data.catalog import load_catalog, read_dataset
from pocus_data.errors import CatalogError, UsageError
from pocus_data.workcache import file_sha256
from pocus_data.yaml_positions import parse_yaml
from tests.conftest import CLIP, REPOSITORY

FLAGS = ("--dataset", "here", "--class", "healthy", "--license", "CC-BY-4.0")
Run = subprocess.CompletedProcess[str]


@pytest.fixture
def house(write_catalog) -> Path:
    """A repository with one entry, and the parameters that commands read."""
    root = write_catalog({})
    (root / "params.yaml").write_text((REPOSITORY / "params.yaml").read_text())
    return root


@pytest.fixture
def pocus_data(house) -> Callable[..., Run]:
    def run(*words: str) -> Run:
        command = [sys.executable, "-m", "pocus_data.cli", *words]
        return subprocess.run(command, cwd=house, capture_output=True, text=True, timeout=120)

    return run


def add(pocus_data: Callable[..., Run], what: Path | str, *words: str) -> Run:
    return pocus_data("add", str(what), "--source", "source", *FLAGS, *words)


def entries(root: Path) -> dict[str, dict]:
    text = (root / "catalog/here/source.yaml").read_text()
    return {video["id"]: video for video in yaml.safe_load(text)["videos"]}


def test_a_file_becomes_a_measured_pinned_entry(house, pocus_data, mp4):
    before = (house / "catalog/here/source.yaml").read_text()
    words = ("--patient", "7", "--comment", "A-lines", "--page", "https://example.org/7")
    done = add(pocus_data, mp4, *words, "--date", "2026-01-02", "--preview", "look.png")
    assert done.returncode == 0, done.stderr
    assert "added clip (convex probe); now run 'dvc repro'" in done.stdout
    assert "only this machine has its bytes" in done.stderr
    new = entries(house)["clip"]
    assert new["sha256"] == file_sha256(mp4) and new["bytes"] == mp4.stat().st_size
    assert (new["container"], new["codec"]) == ("mov", "h264")
    assert (new["resolution"], new["frames"], new["frame_rate_hz"]) == ("160x160", 26, 25.0)
    assert new["patient"] == "source-7" and new["md_comment"] == "A-lines"
    assert set(new["crop"]) == {"x", "y", "size"} and "license" not in new
    assert (house / "look.png").read_bytes().startswith(b"\x89PNG")
    # What stood there stands there still, byte for byte.
    assert (house / "catalog/here/source.yaml").read_text().startswith(before)
    assert read_dataset("here", house)[1] == []


def test_an_address_is_kept_as_the_download(house, pocus_data, mp4, server):
    url = server.give("/files/Scan%20(1).mp4", mp4.read_bytes())
    done = add(pocus_data, url, "--license", "CC-BY-NC-4.0")
    assert done.returncode == 0, done.stderr
    new = entries(house)["scan-1"]
    assert new["file"] == "Scan (1).mp4" and new["downloads"] == [url]
    assert new["license"] == "CC-BY-NC-4.0"


def test_a_new_source_gets_a_file(house, pocus_data, mp4):
    words = ("--source", "mayfield", "--source-name", "Mayfield", "--source-kind", "hospital")
    done = pocus_data("add", str(mp4), *words, *FLAGS, "--page", "https://example.org")
    assert done.returncode == 0, done.stderr
    text = (house / "catalog/here/mayfield.yaml").read_text()
    assert text.startswith("# yaml-language-server: $schema=../schema.json\n")
    catalog = load_catalog("here", house)
    assert {source.name for source, _ in catalog.entries} == {"Here", "Mayfield"}
    assert {catalog.license_of(*entry) for entry in catalog.entries} == {"CC-BY-4.0"}


def test_a_still_picture(house, pocus_data, tmp_path):
    picture = tmp_path / "Still 1.png"
    Image.effect_noise((120, 100), 60).save(picture)
    assert add(pocus_data, picture).returncode == 0
    new = entries(house)["still-1"]
    assert new["media"] == "image" and new["frames"] == 1 and "frame_rate_hz" not in new


def test_dicom_clips_and_pictures(house, pocus_data):
    # Files of ultrasound machines that come with pydicom.
    for name in ("examples_ybr_color.dcm", "examples_rgb_color.dcm"):
        done = add(pocus_data, get_testdata_file(name))
        assert done.returncode == 0, done.stderr
    clip, still = (entries(house)[f"examples-{name}-color"] for name in ("ybr", "rgb"))
    assert (clip["container"], clip["codec"]) == ("dicom", "JPEGBaseline8Bit")
    assert (clip["media"], clip["frames"], clip["frame_rate_hz"]) == ("video", 30, 30.0)
    assert clip["bytes"] == Path(get_testdata_file("examples_ybr_color.dcm")).stat().st_size
    assert (still["media"], still["resolution"]) == ("image", "320x240")


def coded_anew(source: Path, target: Path) -> Path:
    tool = imageio_ffmpeg.get_ffmpeg_exe()
    smaller = ("-vf", "scale=iw*3/4:-2", "-c:v", "libx264", "-crf", "32")
    command = [tool, "-y", "-loglevel", "error", "-i", str(source), *smaller, str(target)]
    subprocess.run(command, check=True)
    return target


def as_downloaded(house: Path, name: str, path: Path) -> None:
    """What the download stage would have left of an entry."""
    folder = house / "data/here"
    folder.mkdir(parents=True)
    (folder / path.name).write_bytes(path.read_bytes())
    (folder / "videos.csv").write_text(
        f"video_id,status,path,sha256\n{name},available,data/here/{path.name},{file_sha256(path)}\n"
    )


def test_duplicates_by_bytes_and_by_look_are_refused(house, pocus_data, mp4, tmp_path):
    assert add(pocus_data, mp4).returncode == 0
    before = (house / "catalog/here/source.yaml").read_bytes()
    same = add(pocus_data, mp4, "--id", "another")
    assert same.returncode == 1 and "the same bytes are here/clip" in same.stderr
    as_downloaded(house, "clip", mp4)
    anew = coded_anew(mp4, tmp_path / "anew.mp4")
    alike = add(pocus_data, anew)
    assert alike.returncode == 1 and "anew.mp4: looks like here/clip" in alike.stderr
    assert (house / "catalog/here/source.yaml").read_bytes() == before
    other = tmp_path / "other.mp4"
    phantom.render(phantom.ClipSpec(**{**CLIP.__dict__, "patient": 8}).url, other)
    assert add(pocus_data, other).returncode == 0
    assert add(pocus_data, anew, "--allow-alike").returncode == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--class", "healty"), "--class healty: is one of covid19"),
        (("--license", "CC BY 4.0"), "did you mean CC-BY-4.0?"),
        (("--probe", "round"), "--probe round: is one of convex, linear"),
        (("--source", "The Source"), "write it as 'the-source'"),
        (("--dataset", "there"), "no dataset 'there' under catalog/; there is: here"),
        (("--crop", "1,2"), "write it as x,y,size"),
        (("--crop", "100,100,100"), "leaves the 160x160 frame"),
        (("--date", "today"), "write it as YYYY-MM-DD"),
    ],
)
def test_a_mistake_in_the_options_is_one_line_and_exit_2(house, pocus_data, mp4, words, said):
    before = (house / "catalog/here/source.yaml").read_bytes()
    done = add(pocus_data, mp4, *words)
    assert done.returncode == 2 and said in done.stderr and done.stderr.count("\n") == 1
    assert (house / "catalog/here/source.yaml").read_bytes() == before


def test_what_only_a_person_knows_must_be_given(house, pocus_data, mp4):
    done = pocus_data("add", str(mp4), "--dataset", "here", "--source", "source")
    assert done.returncode == 2 and "give --class, --license" in done.stderr
    done = add(pocus_data, "nowhere.mp4")
    assert done.returncode == 2 and "nowhere.mp4: no such file" in done.stderr


def test_on_a_terminal_a_person_is_asked(house, mp4):
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "pocus_data.cli", "add", str(mp4), "--dataset", "here"]
    process = subprocess.Popen(command, cwd=house, stdin=follower, stdout=follower, stderr=follower)
    # Source, class, licence; patient, doctor's words, page; then the crop shown.
    for answer in ("source", "healthy", "CC-BY-4.0", "9", "A-lines", "", "y"):
        os.write(leader, f"{answer}\n".encode())
    assert process.wait(timeout=60) == 0
    assert entries(house)["clip"]["patient"] == "source-9"
    said = os.read(leader, 100_000).decode()
    assert "Add it with this crop?" in said and "Traceback" not in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<!DOCTYPE html><p>Not found", "a web page, not a video"),
        (b"", "empty file"),
        (b"just words", "not a video or image"),
    ],
)
def test_what_is_no_video_adds_nothing(house, pocus_data, server, tmp_path, content, said):
    before = (house / "catalog/here/source.yaml").read_bytes()
    path = tmp_path / "bad.mp4"
    path.write_bytes(content)
    for what in (path, server.give("/bad.mp4", content)):
        done = add(pocus_data, what)
        assert done.returncode == 1 and done.stderr.count("\n") == 1
        assert said in done.stderr and "nothing was added" in done.stderr
    gone = add(pocus_data, f"{server.url}/gone.mp4")
    assert gone.returncode == 1 and "HTTP 404" in gone.stderr
    assert (house / "catalog/here/source.yaml").read_bytes() == before


def test_an_address_that_never_ends(house, pocus_data, server):
    params = (house / "params.yaml").read_text()
    (house / "params.yaml").write_text(params.replace("max_s: 1800 ", "max_s: 1 "))

    def drip(handler):
        handler.send_response(200)
        handler.end_headers()
        with contextlib.suppress(OSError):
            for _ in range(600):
                handler.wfile.write(b"x")
                time.sleep(0.05)

    server.answers["/endless.mp4"] = drip
    done = add(pocus_data, f"{server.url}/endless.mp4")
    assert done.returncode == 1 and "not done after 1 seconds" in done.stderr


def test_a_half_written_catalog_is_left_alone(house, pocus_data, mp4):
    file = house / "catalog/here/source.yaml"
    file.write_text(file.read_text() + "- id: clip-2\n  fi")
    before = file.read_bytes()
    done = add(pocus_data, mp4)
    assert done.returncode == 1 and "catalog/here/source.yaml:" in done.stderr
    assert "Traceback" not in done.stderr and file.read_bytes() == before


def test_a_catalog_that_cannot_be_written(house, pocus_data, mp4):
    file = house / "catalog/here/source.yaml"
    before = file.read_bytes()
    with read_only(house / "catalog/here"):
        done = add(pocus_data, mp4)
    assert done.returncode == 1 and "cannot be written" in done.stderr
    assert done.stderr.count("\n") == 1 and file.read_bytes() == before


@contextlib.contextmanager
def read_only(folder: Path):
    """Mount a folder read-only where that is allowed, else take the right to write from it."""
    mounts = (["mount", "--bind", folder, folder], ["mount", "-o", "remount,ro,bind", folder])
    mounted = all(subprocess.run(m, capture_output=True).returncode == 0 for m in mounts)
    if not mounted:
        folder.chmod(0o555)
    try:
        probe = folder / "probe"
        with contextlib.suppress(OSError):
            probe.write_text("")
        if probe.exists():
            probe.unlink()
            pytest.skip("this user may write to read-only folders")
        yield
    finally:
        if mounted:
            subprocess.run(["umount", folder], check=True)
        else:
            folder.chmod(0o755)


def test_two_people_add_the_same_clip_at_once(house, mp4):
    command = [sys.executable, "-m", "pocus_data.cli", "add", str(mp4), "--source", "source"]
    both = [
        subprocess.Popen([*command, *FLAGS], cwd=house, stdout=-1, stderr=-1, text=True)
        for _ in range(2)
    ]
    said = [process.communicate(timeout=120)[1] for process in both]
    assert sorted(process.returncode for process in both) == [0, 1], said
    assert set(entries(house)) == {"clip-1", "clip"}
    assert len(load_catalog("here", house)) == 2


def test_withdraw_leaves_a_tombstone(house, pocus_data, mp4):
    before = (house / "catalog/here/source.yaml").read_text()
    words = ("--reason", "the patient asked for it", "--date", "2026-02-03")
    done = pocus_data("withdraw", "clip-1", *words)
    assert done.returncode == 0, done.stderr
    after = (house / "catalog/here/source.yaml").read_text()
    assert after.startswith(before)
    tomb = load_catalog("here", house).entries[0][1].withdrawn
    assert str(tomb.date) == "2026-02-03" and tomb.reason == "the patient asked for it"
    again = pocus_data("withdraw", "clip-1", *words)
    assert again.returncode == 2 and "is withdrawn since 2026-02-03" in again.stderr
    unknown = pocus_data("withdraw", "clip-2", *words)
    assert unknown.returncode == 2 and "did you mean 'clip-1'?" in unknown.stderr


KEPT = """\
# A comment before all.
source: {id: s, name: "S",   kind: test}   # aside

videos:   # the list
  # about the first
  - id: one   # aside
    file: 'one.mp4'
    md_comment: >-
      folded
      words

    # inside the first
    patient: s-1
  # about the second
  - id: two
    findings: [ a_lines,b_lines ]

# at the end
"""


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_comments_order_quotes_and_line_ends_stay(newline):
    text = KEPT.replace("\n", newline)
    added = catalog_edit.append_entry(text, {"id": "three", "releases": ["2020-05"]})
    assert added == text.replace(
        f"b_lines ]{newline}",
        f"b_lines ]{newline}{newline}  - id: three{newline}    releases: [2020-05]{newline}",
    )
    fields = catalog_edit.add_fields(text, "one", {"exclude": "dark"})
    assert fields == text.replace(f"s-1{newline}  #", f"s-1{newline}    exclude: dark{newline}  #")
    without_end = text[: text.index("# at the end")].rstrip()
    assert yaml.safe_load(catalog_edit.append_entry(without_end, {"id": "x"}))["videos"][2] == {
        "id": "x"
    }


words = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1)
values = st.one_of(
    words, st.integers(-(10**15), 10**15), st.booleans(), st.lists(words, max_size=3)
)


@given(
    st.lists(st.dictionaries(words, values, max_size=4), min_size=1, max_size=4),
    st.dictionaries(st.sampled_from(["file", "web_comment", "findings", "crop"]), values),
)
def test_any_entry_can_be_appended_to_any_list(before, new):
    text = yaml.safe_dump({"videos": before}, allow_unicode=True)
    after = catalog_edit.append_entry(text, {"id": "new"} | new)
    assert after.startswith(text)
    assert yaml.safe_load(after)["videos"] == [*before, {"id": "new"} | new]


def read(text: str) -> list[dict]:
    """The entries as the catalog's own reader sees them."""
    return parse_yaml(text.encode(), "it").value["videos"]


LAYOUTS = {
    "dash alone": "-\n  id: alpha\n  file: a.mp4\n",
    "note behind the dash": "- # a note\n  id: alpha\n  file: a.mp4\n",
    "wide": "  -   id: alpha\n      file: a.mp4\n",
    "one line": "- {id: alpha, file: a.mp4}\n",
    "tab": "- id:\talpha\n  file: a.mp4\n",
}


@pytest.mark.parametrize("first", LAYOUTS.values(), ids=LAYOUTS)
def test_the_tombstone_stands_on_the_right_grave(first):
    column = len(first.splitlines()[0]) - len(first.splitlines()[0].lstrip())
    second = "- id: beta\n  file: b.mp4\n".replace("\n  ", "\n" + " " * column + "  ")
    text = f"videos:\n{first}{' ' * column}{second}"
    added = read(catalog_edit.append_entry(text, {"id": "gamma"}))
    assert [video["id"] for video in added] == ["alpha", "beta", "gamma"]
    if "{" in first:
        with pytest.raises(UsageError, match="'alpha' is written on one line"):
            catalog_edit.add_fields(text, "alpha", {"exclude": "x"})
        return
    changed = read(catalog_edit.add_fields(text, "alpha", {"exclude": "x"}))
    assert changed[0] == {"id": "alpha", "file": "a.mp4", "exclude": "x"}
    assert changed[1] == {"id": "beta", "file": "b.mp4"}


def test_a_layout_that_would_lose_a_byte_is_refused():
    text = "videos:\n- id: a\n  web_comment: |+\n    kept\n\n\n"
    with pytest.raises(UsageError, match="too unusual to change safely"):
        catalog_edit.add_fields(text, "a", {"exclude": "x"})


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--id", "Bad ID"), "--id Bad ID: "),
        (("--page", "notaurl"), "--url notaurl: "),
        (("--release", "foo"), "--release"),
        (("--patient", "é"), "--patient 'é'"),
        (("--date", "2099-01-01"), "is before 2000 or in the future"),
        (("--source", "new", "--source-url", "foo"), "--source-url foo: "),
        (("--class", "uncertain"), "say why with --class-note"),
        (("--preview", "x.xyz"), "name a .png file"),
        (("--preview", "/nowhere/x.png"), "name a .png file"),
        (("--dataset", "d" * 300), "no dataset 'ddd"),
    ],
)
def test_a_mistaken_option_is_named(house, pocus_data, mp4, words, said):
    done = add(pocus_data, mp4, *words)
    assert done.returncode == 2 and said in done.stderr and done.stderr.count("\n") == 1
    assert set(entries(house)) == {"clip-1"}


@pytest.mark.parametrize(
    "name", ["肺.mp4", "%.mp4", "a b'c\"d#e%20.mp4", "n" * 190 + ".mp4", "no-ending", "x.y.zz"]
)
def test_names_of_all_kinds(house, pocus_data, mp4, tmp_path, name):
    path = tmp_path / "files" / name
    path.parent.mkdir()
    path.write_bytes(mp4.read_bytes())
    done = add(pocus_data, path)
    if name in ("肺.mp4", "%.mp4"):
        assert done.returncode == 2 and "choose one: --id" in done.stderr
        done = add(pocus_data, path, "--id", "lung")
    assert done.returncode == 0, done.stderr
    (new,) = set(entries(house)) - {"clip-1"}
    assert entries(house)[new]["file"].startswith(name)


@pytest.mark.parametrize(
    "address", ["http://[::1/x.mp4", "http://127.0.0.1:9/a.mp4%00", "http://127.0.0.1:9/%FF.mp4"]
)
def test_addresses_that_are_none(pocus_data, address):
    done = add(pocus_data, address)
    assert done.returncode in (1, 2) and done.stderr.count("\n") == 1


def test_an_address_that_is_there_already(house, pocus_data, mp4, server, write_catalog):
    url = server.give("/a.mp4", mp4.read_bytes())
    write_catalog({"downloads": [url], "crop": {"x": 0, "y": 0, "size": 99}})
    done = add(pocus_data, url)
    assert done.returncode == 1 and "the same address is here/clip-1" in done.stderr
    secret = url.replace("http://", "http://me:secret@")
    done = add(pocus_data, secret)
    assert done.returncode == 1 and "password-in-url" in done.stderr
    assert len(entries(house)) == 1


def test_a_new_entrys_warnings_are_said(pocus_data, mp4):
    done = add(pocus_data, mp4)
    assert done.returncode == 0 and "missing-md-comment: warning:" in done.stderr


@pytest.mark.parametrize("comment", ["no", "yes", "1:30", "012", "null", "- x", "a: b # c", "é"])
def test_words_stay_words(house, pocus_data, mp4, comment):
    assert add(pocus_data, mp4, "--comment", comment).returncode == 0
    assert entries(house)["clip"]["md_comment"] == comment


def test_a_cache_that_cannot_be_made(house, pocus_data, mp4, monkeypatch):
    monkeypatch.setenv("POCUS_CACHE", "/dev/null/cache")
    for done in (add(pocus_data, mp4), pocus_data("withdraw", "clip-1", "--reason", "x")):
        assert done.returncode == 1 and done.stderr.count("\n") == 1, done.stderr


def test_another_datasets_mistake_does_not_hinder_a_withdrawal(house, pocus_data):
    (house / "catalog" / "aaa").mkdir()
    (house / "catalog" / "aaa" / "b.yaml").write_text("videos: [")
    assert pocus_data("withdraw", "clip-1", "--reason", " ").returncode == 2
    assert pocus_data("withdraw", "clip-1", "--reason", "x").returncode == 0


def test_one_frame_of_a_gif_is_a_picture(house, pocus_data, tmp_path):
    Image.effect_noise((120, 100), 60).save(tmp_path / "one.gif")
    assert add(pocus_data, tmp_path / "one.gif").returncode == 0
    assert entries(house)["one"]["media"] == "image"


@pytest.mark.parametrize(
    "text", ["videos: [{id: a}]\n", "videos: []\n", "source: {}\n", "videos: 3\n", "- 1\n"]
)
def test_a_list_that_has_no_place_for_an_entry(text):
    with pytest.raises(UsageError, match="'videos' is"):
        catalog_edit.append_entry(text, {"id": "b"})


def test_text_that_is_no_yaml():
    with pytest.raises(CatalogError, match=r"^the file:2:1: yaml: "):
        catalog_edit.append_entry("videos: [", {"id": "b"})
