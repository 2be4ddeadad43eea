"""Each rule finds its planted defect and nothing on clean data."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import mlcroissant
import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageDraw, ImageFilter

from pocus_data import audit, burned_in, croissant, near_duplicates, splits
from pocus_data.audit_dataset import Dataset, open_dataset
from pocus_data.audit_rules import registry, source_tells_class
from pocus_data.audit_rules.registry import Severity
from pocus_data.dataset import load_frames
from pocus_data.errors import DataError, UsageError
from pocus_data.png import pixels_sha256, read_png
from pocus_data.tables import read_frames_table
from pocus_data.workcache import file_sha256
from tests.built import build
from tests.test_examinations import recorded


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("built")
    build(root)
    return root


@pytest.fixture
def dataset(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """A copy of it that a test may spoil, as the working directory."""
    root = tmp_path / "copy"
    shutil.copytree(built, root)
    monkeypatch.chdir(root)
    # What was decoded once for all tests is known to each of them.
    monkeypatch.setenv("POCUS_CACHE", str(root / "cache"))
    return open_dataset("phantom", "patient", changed={})


def findings(dataset: Dataset, *codes: str) -> list[audit.Finding]:
    rules = [rule for rule in registry.all_rules() if not codes or rule.code in codes]
    return audit.findings_of(audit.run_audit(dataset, rules))


def test_a_clean_dataset_has_no_finding(dataset):
    results = audit.run_audit(dataset)
    assert audit.findings_of(results) == []
    assert [result.rule.code for result in results if result.not_checked] == []
    summary = audit.as_json(results, dataset)
    assert summary["checked"] == {"entries": 6, "videos": 6, "frames": len(dataset.frames)}
    assert len(summary["rules"]) > 25
    assert {each["score"] for each in summary["rules"]} == {1.0}


def test_rules_are_small_files_that_say_why():
    rules = registry.all_rules()
    folder = Path(registry.__file__).parent
    files = {path.stem.replace("_", "-") for path in folder.glob("*.py")}
    assert {rule.code for rule in rules} == files - {"--init--", "registry"}
    for rule in rules:
        assert rule.title and rule.why.endswith(".") and rule.fix and rule.check.__doc__
        path = folder / f"{rule.code.replace('-', '_')}.py"
        assert len(path.read_text().splitlines()) < 80


def test_every_frame_leads_back_to_page_licence_and_bytes(dataset):
    table = audit.provenance(dataset)
    assert len(table) == len(dataset.frames)
    wanted = ["pixels_sha256", "video_sha256", "url_used", "license", "source_name", "md_comment"]
    assert (table[wanted].fillna("") != "").all().all()


def spoil_png(dataset: Dataset) -> Dataset:
    path = Path(dataset.frames["path"].iloc[0])
    Image.fromarray(np.zeros((9, 9), dtype=np.uint8)).save(path)
    return dataset


def lose_png(dataset: Dataset) -> Dataset:
    Path(dataset.frames["path"].iloc[0]).unlink()
    return dataset


def add_png(dataset: Dataset) -> Dataset:
    first = Path(dataset.frames["path"].iloc[0])
    shutil.copy(first, first.with_name("stranger.png"))
    return dataset


def spoil_video(dataset: Dataset) -> Dataset:
    path = Path(dataset.videos["path"].iloc[0])
    path.unlink()
    path.write_bytes(b"other bytes")
    return dataset


def edit(table: str, column: str, value: object, rows: slice = slice(0, 1)):
    def change(dataset: Dataset) -> Dataset:
        changed = getattr(dataset, table).copy()
        changed.loc[changed.index[rows], column] = value
        return replace(dataset, **{table: changed})

    change.__name__ = f"{table}.{column}"
    return change


def repaint(draw: Callable[[Image.Image], Image.Image], clips: int = 1):
    """Paint all frames of the first clips anew, and put their digests into the table."""

    def change(dataset: Dataset) -> Dataset:
        frames = dataset.frames.copy()
        names = list(dict.fromkeys(frames["video_id"]))[:clips]
        for row in frames.index[frames["video_id"].isin(names)]:
            path = Path(frames.loc[row, "path"])
            picture = draw(Image.fromarray(read_png(path)))
            path.unlink()
            picture.save(path)
            frames.loc[row, "sha256"] = pixels_sha256(np.asarray(picture))
        return replace(dataset, frames=frames)

    return change


def darken(dataset: Dataset) -> Dataset:
    return repaint(lambda picture: picture.point(lambda level: level // 100))(dataset)


def blur(dataset: Dataset) -> Dataset:
    return repaint(lambda picture: picture.filter(ImageFilter.GaussianBlur(6)))(dataset)


def freeze(dataset: Dataset) -> Dataset:
    first = Image.fromarray(read_png(Path(dataset.frames["path"].iloc[0])))
    return repaint(lambda _: first)(dataset)


def copy_clip(dataset: Dataset) -> Dataset:
    """The second clip shows what the first does, coded anew and smaller."""
    frames = dataset.frames.copy()
    first, second, *_ = dict.fromkeys(frames["video_id"])
    ours, theirs = (frames[frames["video_id"] == name] for name in (first, second))
    for source, target in zip(ours["path"], theirs["path"], strict=False):
        picture = Image.open(source).resize((150, 150))
        Path(target).unlink()
        picture.save(target)
        row = frames.index[frames["path"] == target]
        frames.loc[row, "sha256"] = pixels_sha256(np.asarray(picture))
    return replace(dataset, frames=frames)


def same_frame(dataset: Dataset) -> Dataset:
    frames = dataset.frames.copy()
    source, target = frames["path"].iloc[0], frames["path"].iloc[-1]
    Path(target).unlink()
    shutil.copy(source, target)
    frames.loc[frames.index[-1], "sha256"] = frames["sha256"].iloc[0]
    return replace(dataset, frames=frames)


def small_window(dataset: Dataset) -> Dataset:
    crops = dataset.crops.copy()
    crops.loc[crops.index[0], ["x", "y", "size"]] = [0, 0, 70]
    return replace(dataset, crops=crops)


def separate_sources(dataset: Dataset) -> Dataset:
    """Every class from a source of its own."""
    frames = dataset.frames.assign(source=dataset.frames["class"])
    return replace(dataset, frames=frames)


def no_attribution(dataset: Dataset) -> Dataset:
    index = dataset.index.assign(license="CC-BY-4.0", url="", doi="")
    return replace(dataset, index=index)


def cut_from_one(dataset: Dataset) -> Dataset:
    index = dataset.index.copy()
    index.loc[index.index[:2], "downloads"] = "https://example.org/two-in-one.png"
    return replace(dataset, index=index)


def forget_entry(dataset: Dataset) -> Dataset:
    return replace(dataset, videos=dataset.videos.iloc[1:])


ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE


@pytest.mark.parametrize(
    ("spoil", "rule", "severity"),
    [
        (edit("frames", "video_id", "nobody"), "orphan-frame", ERROR),
        (edit("videos", "status", "unavailable"), "orphan-frame", ERROR),
        (edit("frames", "video_sha256", ""), "lineage-gap", ERROR),
        (edit("frames", "class", "covid19", slice(0, 999)), "frame-facts", ERROR),
        (edit("frames", "frame_id", "phantom-1", slice(0, 2)), "identifier-twice", ERROR),
        (edit("frames", "frame_index", None), "lineage-gap", ERROR),
        (edit("index", "class", "covid"), "label-against-words", WARNING),
        (add_png, "unlisted-file", ERROR),
        (spoil_png, "frame-checksum", ERROR),
        (lose_png, "frame-checksum", ERROR),
        (spoil_video, "video-checksum", ERROR),
        (edit("index", "sha256", "0" * 64), "video-checksum", ERROR),
        (edit("frames", "video_sha256", "0" * 64, slice(0, 999)), "video-checksum", ERROR),
        (edit("videos", "url_used", "https://example.org/x.mp4"), "unlisted-address", ERROR),
        (edit("index", "license", ""), "license-missing", ERROR),
        (edit("index", "license", "as you like"), "license-missing", ERROR),
        (edit("index", "license", "NOASSERTION"), "license-unknown", WARNING),
        (edit("frames", "license", "NOASSERTION", slice(0, 999)), "license-policy", ERROR),
        (edit("index", "license", "CC-BY-NC-ND-4.0"), "no-derivatives", WARNING),
        (no_attribution, "attribution-missing", WARNING),
        (edit("folds", "fold", 7), "patient-across-folds", ERROR),
        (edit("index", "patient", "phantom-1", slice(0, 2)), "patient-two-classes", WARNING),
        (same_frame, "exact-duplicate", WARNING),
        (edit("videos", "sha256", "0" * 64, slice(0, 2)), "exact-duplicate", WARNING),
        (copy_clip, "near-duplicate", WARNING),
        (cut_from_one, "one-picture", WARNING),
        (edit("index", "md_comment", "Healthy lung.", slice(0, 9)), "label-against-words", WARNING),
        (edit("index", "findings", "effusion", slice(0, 9)), "label-against-words", WARNING),
        (edit("index", "looks_healthy", "True", slice(0, 9)), "label-against-words", WARNING),
        (edit("index", "frame_rate_hz", 99.0), "catalog-drift", WARNING),
        (edit("index", "resolution", "1x1"), "catalog-drift", WARNING),
        (edit("index", "frames", 999), "catalog-drift", WARNING),
        (small_window, "crop-cuts-scan", WARNING),
        (separate_sources, "source-tells-class", WARNING),
        (darken, "frame-dark", WARNING),
        (freeze, "clip-frozen", WARNING),
        (blur, "frame-blurred", WARNING),
        (edit("crops", "reason", "too small"), "not-used", NOTE),
        (edit("videos", "reason", "excluded: duplicate"), "not-used", NOTE),
        (forget_entry, "not-used", WARNING),
        (edit("frames", "video_id", "nobody", slice(0, 999)), "no-frames", WARNING),
        (lambda dataset: replace(dataset, changed={"sample@phantom": "changed"}), "stale", ERROR),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_a_planted_defect_is_found(dataset, spoil, rule, severity):
    found = findings(spoil(dataset), rule)
    # Of a pair in two folds the finding is graver.
    worse = Severity.ERROR if rule.endswith("duplicate") else severity
    assert {each.severity for each in found} & {severity, worse}
    assert all(each.rule == rule and each.fix for each in found)


def burn_in(dataset: Dataset, words: str, place: tuple[int, int]) -> Dataset:
    """Write words into the picture that stands for the first clip."""
    path = Path(dataset.videos["path"].iloc[0]).with_suffix(".png")
    canvas = Image.new("RGB", (640, 480))
    canvas.paste(Image.fromarray(read_png(Path(dataset.frames["path"].iloc[0]))), (200, 200))
    ImageDraw.Draw(canvas).text(place, words, fill="white", font_size=26)
    canvas.save(path)
    videos = dataset.videos.copy()
    videos.loc[videos.index[0], ["path", "sha256", "width", "height"]] = [
        *(path.as_posix(), f"{words}{place}".encode().hex()[:64].ljust(64, "0")),
        *canvas.size,
    ]
    crops = dataset.crops.copy()
    crops.loc[crops.index[0], ["x", "y", "size"]] = [200, 200, 240]
    return vouched(replace(dataset, videos=videos, crops=crops))


def vouched(dataset: Dataset) -> Dataset:
    """With the first clip's file as it is now called the one that was fetched."""
    videos = dataset.videos.copy()
    videos.loc[videos.index[0], "file_sha256"] = file_sha256(Path(videos["path"].iloc[0]))
    return replace(dataset, videos=videos)


@pytest.mark.skipif(burned_in.reader() is None, reason="rapidocr is not installed")
@pytest.mark.parametrize(
    ("words", "place", "said"),
    [
        ("HOSPITAL 12.03.2020", (30, 40), "outside the window"),
        ("LEFT LUNG", (240, 230), "stands in its frames"),
        ("Depth 12 cm", (30, 40), ""),
    ],
)
def test_burned_in_text_is_read(dataset, words, place, said):
    found = findings(burn_in(dataset, words, place), "burned-in-text")
    first = dataset.videos["video_id"].iloc[0]
    assert [each.subject for each in found] == [first] * bool(said)
    assert all(said in each.message for each in found)


def test_without_a_reader_the_audit_says_that_nobody_looked(dataset, monkeypatch):
    monkeypatch.setattr("pocus_data.audit_rules.burned_in_text.reader", lambda: None)
    rules = [rule for rule in registry.all_rules() if rule.code == "burned-in-text"]
    result = audit.run_audit(dataset, rules)[0]
    assert "rapidocr is not installed" in result.not_checked and result.score is None


def test_furniture_in_the_window(dataset):
    spoilt = burn_in(dataset, "........", (30, 40))
    crops = spoilt.crops.copy()
    crops.loc[crops.index[0], ["x", "y", "size"]] = [0, 0, 480]
    picture = Image.open(spoilt.videos["path"].iloc[0])
    ImageDraw.Draw(picture).ellipse((150, 150, 470, 470), fill="gray")
    ImageDraw.Draw(picture).rectangle((20, 20, 90, 60), fill="white")
    picture.save(spoilt.videos["path"].iloc[0])
    videos = spoilt.videos.copy()
    videos.loc[videos.index[0], "frames"] = 1
    found = findings(vouched(replace(spoilt, crops=crops, videos=videos)), "crop-keeps-furniture")
    assert [each.subject for each in found] == [videos["video_id"].iloc[0]]


def test_tags_that_may_identify(dataset):
    path = Path(dataset.videos["path"].iloc[0]).with_suffix(".jpg")
    exif = Image.Exif()
    exif[0x013B], exif[0x0110] = "Dr. Example", "Scanner 9"
    Image.new("L", (64, 64)).save(path, exif=exif)
    videos = dataset.videos.copy()
    videos.loc[videos.index[0], "path"] = path.as_posix()
    found = findings(vouched(replace(dataset, videos=videos)), "identifying-metadata")
    assert [each.message for each in found] == ["Artist: Dr. Example; Model: Scanner 9"]


@pytest.mark.parametrize(("folds", "severity"), [((0, 0), WARNING), ((0, 1), ERROR)])
def test_clips_recorded_within_minutes_of_two_patients(dataset, folds, severity):
    videos, table = dataset.videos.copy(), dataset.folds.copy()
    first, second = dataset.videos["video_id"].iloc[:2]
    for row, (name, when) in enumerate([(first, "143518"), (second, "143532")]):
        path = Path(videos["path"].iloc[row])
        other = recorded(path, path.with_name(f"{name}-timed.avi"), f"Date:20200825, Time:{when}")
        videos.loc[videos.index[row], ["path", "file_sha256"]] = [
            *(other.as_posix(), file_sha256(other)),
        ]
        table.loc[table["video_id"] == name, "fold"] = folds[row]
    (found,) = findings(replace(dataset, videos=videos, folds=table), "one-examination")
    assert found.severity is severity and found.about == (first, second)
    assert found.message.startswith("recorded within 14 s, catalogued as 2 patients")


def test_the_worst_of_duplicates_is_one_in_two_folds(dataset):
    spoilt = copy_clip(dataset)
    one, other, *_ = dict.fromkeys(spoilt.frames["video_id"])
    folds = spoilt.folds.copy()
    folds.loc[folds["video_id"] == one, "fold"] = 0
    folds.loc[folds["video_id"] == other, "fold"] = 1
    found = findings(replace(spoilt, folds=folds), "near-duplicate")
    assert [each.severity for each in found] == [Severity.ERROR]
    assert "in two folds" in found[0].message
    # Looked at as it lies on disk, not as the table says.
    assert len(near_duplicates.frame_hashes(spoilt.frames).frames) == len(spoilt.frames)


def test_a_catalog_ahead_of_the_data_does_not_stop_the_audit(dataset):
    ahead = replace(dataset, index=dataset.index.iloc[1:], crops=dataset.crops.iloc[1:])
    found = {each.rule for each in findings(ahead)}
    assert {"orphan-frame", "no-frames"} & found


def test_a_rule_that_stumbles_says_so_and_the_others_go_on(dataset):
    broken = replace(dataset, crops=dataset.crops.drop(columns="reason"))
    results = audit.run_audit(broken)
    found = audit.findings_of(results)
    assert {each.rule for each in found} == {"no-frames", "not-used"}
    assert all(each.severity is ERROR for each in found)
    assert all("could not look to the end" in each.message for each in found)


@pytest.mark.parametrize("table", ["catalog.csv", "videos.csv", "crops.csv"])
def test_rows_that_stand_twice(dataset, table):
    path = Path("data/phantom") / table
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines, lines[1], ""]))
    opened = open_dataset("phantom", "patient", changed={})
    found = findings(opened)
    assert [(each.rule, each.message) for each in found] == [
        ("identifier-twice", f"stands more than once in {table}")
    ]


def test_a_swapped_clip_is_not_looked_into(dataset):
    """What is seen in a file is remembered under its digest: it must be that file's."""
    clips = [Path(path) for path in dataset.videos["path"]]
    clips[0].unlink()
    shutil.copy(clips[1], clips[0])
    shutil.rmtree("cache")
    assert {each.rule for each in findings(dataset)} == {"video-checksum"}
    assert clips[0].stem not in set(dataset.windows["video_id"])


def test_the_confound_score():
    def score(*pairs: str) -> float:
        table = pd.DataFrame([pair.split() for pair in pairs], columns=["source", "class"])
        return source_tells_class.confound_score(table)

    assert score("a x", "a x", "b y", "b y") == 1
    assert score("a x", "a y", "a x", "a y") == 0
    # One patient alone is guessed from all others.
    assert score("a x", "a x", "b x", "c y") == 0.5
    many = [f"s{number % 50} {'xyz'[number % 3]}" for number in range(20_000)]
    assert score(*many) < 1 / 3 + 0.1


def test_a_table_edited_by_hand(dataset):
    frames_csv = Path("data/phantom/frames.csv")
    frames_csv.write_text(frames_csv.read_text().replace("frame_id", "id", 1))
    with pytest.raises(DataError, match=r"frames\.csv: its columns are not those"):
        open_dataset("phantom", "patient")
    frames_csv.write_text("")
    with pytest.raises(DataError, match=r"frames\.csv: is no table"):
        open_dataset("phantom", "patient")


@pytest.mark.parametrize("wrong", ["1.5", "x", "inf"])
def test_a_number_edited_by_hand_is_named_and_the_audit_goes_on(dataset, wrong):
    path = Path("data/phantom/frames.csv")
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    table.loc[3, "frame_index"] = wrong
    table.to_csv(path, index=False)
    found = findings(open_dataset("phantom", "patient", changed={}))
    assert {each.rule for each in found} == {"unreadable-cell", "lineage-gap"}
    said = {each.rule: f"{each.subject}: {each.message}" for each in found}
    assert said["unreadable-cell"] == f"{path}:5: '{wrong}' is no number for 'frame_index'"
    with pytest.raises(DataError, match=f"frames.csv:5: '{wrong}' is no number"):
        read_frames_table(path)


def test_croissant_loads_in_its_own_library(dataset):
    folder = Path("reports/phantom")
    table = audit.provenance(dataset)
    table.to_csv(folder / "provenance.csv", index=False)
    content = croissant.describe("phantom", "1.2.3", "2026-01-02", table, folder / "provenance.csv")
    path = folder / "croissant.json"
    path.write_text(json.dumps(content))
    loaded = mlcroissant.Dataset(jsonld=str(path))
    assert not loaded.metadata.ctx.issues.errors
    rows = list(loaded.records("frames"))
    assert len(rows) == len(dataset.frames)
    assert rows[0]["frames/frame_id"].decode() == table["frame_id"].iloc[0]


def test_load_frames(dataset, built):
    everything = load_frames("phantom", root=".")
    test, train = (load_frames("phantom", fold=0, split=name) for name in ("test", "train"))
    assert len(test) + len(train) == len(everything)
    assert not set(test["patient"]) & set(train["patient"])
    pictures, numbers = next(iter(test.to_tf(side=32).batch(4)))
    assert pictures.shape == (4, 32, 32, 3) and numbers.shape == (4,)
    with pytest.raises(UsageError, match="needs a fold"):
        load_frames("phantom", split="train")
    with pytest.raises(UsageError, match="fold 9 is none of"):
        load_frames("phantom", fold=9, split="test")
    with pytest.raises(UsageError, match="split 'validation'"):
        load_frames("phantom", fold=0, split="validation")


def test_selection_reaches_the_catalog(dataset):
    frames = dataset.frames
    chosen = splits.select_frames(frames, dataset.index, {"class": ["healthy"]})
    assert set(chosen["class"]) == {"healthy"}
    assert isinstance(chosen, pd.DataFrame)
