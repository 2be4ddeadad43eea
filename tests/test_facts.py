"""Nothing lost, nothing guessed: every cell of the published tables is in the catalog or ledger."""

import json
import math
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import pandas as pd
import pytest

from pocus_data.catalog import load_catalog, read_dataset
from pocus_data.catalog_rules.identity import slug, stem_of
from pocus_data.models import Diagnosis, Finding, Media, Published, Source, Symptom, Video
from tests.conftest import REPOSITORY

FACTS = Path(__file__).parent / "facts"
LEDGER = REPOSITORY / "catalog" / "pocus" / "RESOLUTIONS.md"
FILES = sorted((REPOSITORY / "catalog" / "pocus").glob("*.yaml"))
SHEET, APPENDIX = "dataset_metadata_2021.csv", "appendix_a.csv"
HOSTED, WEB, WINDOWS = "hosted_files.csv", "web_downloads_2021.csv", "crop_2021.json"
HOST = "https://raw.githubusercontent.com/jannisborn/covid19_ultrasound/master/data/"


class Entry(NamedTuple):
    source: Source
    video: Video
    license: str


def read(name: str) -> list[dict[str, str]]:
    table = pd.read_csv(FACTS / name, dtype=str, keep_default_na=False)
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def ledger() -> dict[tuple[str, str, str, str], str]:
    """What was decided about single cells, by table, row, column and what was published."""
    decided = {}
    for line in LEDGER.read_text().splitlines():
        cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) == 5 and cells[0].endswith((".csv", ".json")):
            table, row, column, cell, decision = cells
            decided[table, row.strip("`"), column, cell.strip("`")] = decision
    return decided


def words() -> dict[tuple[str, str], tuple[str, int]]:
    """What words of the sheet mean, by column and word, and in how many rows they stand."""
    text = LEDGER.read_text().split("## Words")[1].split("\n## ")[0]
    found = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) == 4 and cells[3].isdecimal():
            word = "" if cells[1] == "(empty)" else cells[1].strip("`")
            found[cells[0], word] = (cells[2], int(cells[3]))
    return found


@pytest.fixture(scope="module")
def entries() -> dict[str, Entry]:
    catalog = load_catalog("pocus", REPOSITORY)
    return {
        video.id: Entry(source, video, catalog.license_of(source, video))
        for source, video in catalog.entries
    }


def one(text: str | None) -> str:
    return " ".join((text or "").split())


def holds(entry: Entry, decision: str) -> bool:
    """Whether an entry is as a decision says: ``field: value…`` or ``no field…``."""
    if decision.startswith(("no hosted download", "read as No")):
        return not hosted_here(entry)
    if decision.startswith("hosted download kept"):
        return hosted_here(entry)
    fields = {*Video.model_fields, "class"}
    if (match := re.match(r"no (\w+)", decision)) and match[1] in fields:
        return value_of(entry, match[1]) is None
    if (match := re.match(r"(\w+): (.+)", decision)) and match[1] in fields:
        value = value_of(entry, match[1])
        said = match[2]
        return said == str(value) or re.match(rf"{re.escape(str(value))}[,;:]", said) is not None
    return True


def value_of(entry: Entry, field: str) -> Any:
    if field == "license":
        return entry.license
    if field == "license_url":
        return entry.video.license_url or (
            None if entry.video.license else entry.source.license_url
        )
    return getattr(entry.video, "diagnosis" if field == "class" else field)


def comment(field: str) -> Callable[[str, Entry], bool]:
    return lambda cell, entry: (
        one(cell) == one(getattr(entry.video.md_comments, field) if entry.video.md_comments else "")
    )


def flag(values: str, word: Finding | Symptom) -> Callable[[str, Entry], bool]:
    def check(cell: str, entry: Entry) -> bool:
        listed = getattr(entry.video, values)
        return (word in (listed or ())) == (cell == "1")

    return check


def address(cell: str, entry: Entry) -> bool:
    """The cell is made of the page, its name for the clip, the credit and the DOI: no word more."""
    left = one(cell)
    video = entry.video
    name = video.video_name or ""
    from_file = "name in video name"
    assert from_file not in left or slug(name) in video.id
    for part in (video.url, name, entry.source.credit, entry.source.doi, from_file):
        left = left.replace(part, "", 1) if part else left
    return not left.replace("(DOI: https://doi.org/", "").strip(" (),-")


def location(cell: str, entry: Entry) -> bool:
    """Every word of the folder's name is told by something in the entry."""
    video = entry.video
    told = {video.probe.value, f"pocus_{video.media.value}s", "data", entry.source.id}
    if video.exclude:
        told |= {"not used", "not_to_use", "not_to_use (nina local)"}
        told |= {"not used - " + video.exclude.partition(": ")[2].lower()}
    if video.diagnosis is Diagnosis.UNCERTAIN:
        told.add("label_uncertain")
    if any("data_with_artifacts" in remark for remark in video.remarks):
        told.add("data_with_artifacts")
    marked = "not" in cell.lower()
    return {part.lower() for part in cell.split("/")} <= told and marked == bool(video.exclude)


def rate(cell: str, entry: Entry) -> bool:
    if entry.video.media is Media.IMAGE:
        return cell in ("25", "n/a") and entry.video.frame_rate_hz is None
    measured = entry.video.frame_rate_hz
    if cell == "n/a" or measured is None:
        return cell == "n/a" and measured is None
    return int(cell) in {math.floor(measured), round(measured)}


def interface(cell: str, entry: Entry) -> bool:
    video = entry.video
    if one(cell).lower() in {"yes", "no"}:
        return video.lung_abdomen_interface is (one(cell).lower() == "yes")
    kept = " ".join([video.patient_history or "", video.class_note or "", *video.remarks])
    return one(cell) in kept


def web_comment(cell: str, entry: Entry) -> bool:
    said = one(entry.video.web_comment)
    if not cell.lower().startswith("see filename"):
        return one(cell) == said
    in_name = said.removesuffix(cell[len("see filename") :])
    return slug(in_name) != "" and entry.video.id.endswith(slug(in_name))


def date(cell: str, entry: Entry) -> bool:
    return entry.video.added is not None and cell == entry.video.added.strftime("%d.%m.%y")


def hosted_here(entry: Entry) -> bool:
    return any(url.startswith(HOST) for url in entry.video.downloads)


SHEET_COLUMNS: dict[str, Callable[[str, Entry], bool]] = {
    "Date added": date,
    "Current location": location,
    "Filename": lambda cell, entry: cell == stem_of(entry.video.file),
    "URL (Video Name)": address,
    "Label": lambda cell, entry: False,
    "License": lambda cell, entry: False,
    "LinkToLicense": lambda cell, entry: cell == value_of(entry, "license_url"),
    "ChangesMade": lambda cell, entry: cell == entry.video.changes_made,
    "InThisRepo": lambda cell, entry: cell == ("Yes" if hosted_here(entry) else "No"),
    "Type": lambda cell, entry: cell.lower() == entry.video.media,
    "Probe": lambda cell, entry: cell == entry.video.probe,
    "DOI": lambda cell, entry: not cell or cell.endswith(entry.source.doi or "?"),
    "Source ID": lambda cell, entry: (
        (not cell and not entry.source.sheet_numbers)
        or int(cell or 0) in entry.source.sheet_numbers
    ),
    "Comments from web site": web_comment,
    "Title": lambda cell, entry: one(cell) == (entry.source.title or ""),
    "Comments first medical doctor (MD1)": comment("md1"),
    "MD2": comment("md2"),
    "MD3": comment("md3"),
    "Framerate": rate,
    "Resolution": lambda cell, entry: re.sub(r"\s", "", cell) == entry.video.resolution,
    "Length (frames)": lambda cell, entry: cell == str(entry.video.frames),
    "Gender": lambda cell, entry: False,
    "Age": lambda cell, entry: cell == f"{entry.video.age_years or 0:g}" and cell != "0",
    "Patient ID / Name": lambda cell, entry: entry.video.patient == f"{entry.source.id}-{cell}",
    "Lung /abdomen interface": lambda cell, entry: not cell or interface(cell, entry),
    "Preconditions / Comments about patient": lambda cell, entry: (
        one(cell) in (entry.video.patient_history or "")
    ),
    "Area according to DEGUM": lambda cell, entry: cell == str(entry.video.scan_area or ""),
    "Unnamed: 27": lambda cell, entry: cell in " ".join(entry.video.remarks),
    "Effusion": flag("findings", Finding.EFFUSION),
    "Consolidations": flag("findings", Finding.CONSOLIDATION),
    "B-lines": flag("findings", Finding.B_LINES),
    "A-lines": flag("findings", Finding.A_LINES),
    "Pleural line irregularities": flag("findings", Finding.PLEURAL_IRREGULARITY),
    "Air bronchogram": flag("findings", Finding.AIR_BRONCHOGRAM),
    "Healthy": lambda cell, entry: (
        {"1": True, "0": False, "": None}[cell] is entry.video.looks_healthy
    ),
    "Fever": flag("symptoms", Symptom.FEVER),
    "Cough": flag("symptoms", Symptom.COUGH),
    "Respiratory problems": flag("symptoms", Symptom.RESPIRATORY_PROBLEMS),
    "Headache": flag("symptoms", Symptom.HEADACHE),
    "Loss of smell/taste": flag("symptoms", Symptom.LOSS_OF_SMELL_OR_TASTE),
    "Fatigue": flag("symptoms", Symptom.FATIGUE),
    "Sore throat": flag("symptoms", Symptom.SORE_THROAT),
    "Asymptomatic": flag("symptoms", Symptom.ASYMPTOMATIC),
    "Other": lambda cell, entry: cell in " ".join(entry.video.remarks),
}


def entry_of_row(row: dict[str, str], entries: dict[str, Entry]) -> Entry:
    name = row["Filename"]
    found = [
        entry
        for entry in entries.values()
        if stem_of(entry.video.file) == name and entry.video.probe == row["Probe"]
    ]
    # A row that stands under another name than its own is in the ledger.
    decision = ledger().get((SHEET, name, "Filename", name), "")
    renamed = entries.get(decision.partition(":")[0])
    if renamed and not found:
        return renamed
    assert len(found) == 1, name
    return found[0]


def test_every_cell_of_the_2021_sheet(entries):
    decided, meant = ledger(), words()
    rows = read(SHEET)
    assert set(rows[0]) == set(SHEET_COLUMNS)
    lost, seen, used = [], Counter(), set()
    for row in rows:
        entry = entry_of_row(row, entries)
        assert "2021-02" in entry.video.releases
        for column, check in SHEET_COLUMNS.items():
            cell = row[column]
            seen[column, cell] += 1
            key = (SHEET, row["Filename"], column, one(cell))
            if key in decided:
                used.add(key)
                sound = holds(entry, decided[key])
            elif (column, cell) in meant:
                sound = holds(entry, meant[column, cell][0])
            else:
                sound = check(cell, entry)
            if not sound:
                lost.append((row["Filename"], column, cell))
    assert lost == []
    listed = {key for key in decided if key[0] == SHEET and key[2] in SHEET_COLUMNS}
    assert listed - used == set()
    assert {key: count for key, (_, count) in meant.items()} == {key: seen[key] for key in meant}


def test_each_row_is_one_entry_and_each_entry_a_row(entries):
    named = Counter(entry_of_row(row, entries).video.id for row in read(SHEET))
    assert set(named.values()) == {1} and set(named) == set(entries)
    assert len(entries) == 375


APPENDIX_COLUMNS: dict[str, Callable[[Published], str]] = {
    "filename": lambda said: said.file or "",
    "url": lambda said: said.url or "",
    "video_name": lambda said: said.video_name or "",
    "web_comment": lambda said: said.web_comment or "",
    "md_comment": lambda said: said.md_comment or "",
    "frame_rate_hz": lambda said: f"{said.frame_rate_hz or 0:.1f}",
    "resolution": lambda said: said.resolution or "",
    "n_frames": lambda said: str(said.frames or ""),
}


def in_2020(entry: Entry) -> Published:
    """What the paper's list says of an entry: its own fields, but for those kept apart."""
    names = Published.model_fields
    now = {name: getattr(entry.video, name) for name in names}
    apart = entry.video.as_published.get("2020-05", Published()).model_dump(exclude_none=True)
    return Published(**now | apart)


def test_every_cell_of_the_papers_list(entries):
    rows = read(APPENDIX)
    assert set(rows[0]) == set(APPENDIX_COLUMNS)
    listed = {
        in_2020(entry).file: entry
        for entry in entries.values()
        if "2020-05" in entry.video.releases
    }
    assert set(listed) == {row["filename"] for row in rows} and len(rows) == 63
    for row in rows:
        said = in_2020(listed[row["filename"]])
        for column, text in APPENDIX_COLUMNS.items():
            # An empty cell, or one that points to the file's name, says nothing to keep.
            if one(row[column]) not in ("", "name in video name"):
                assert one(row[column]) == text(said), (row["filename"], column)


def test_every_hosted_file(entries):
    by_address = {url: entry for entry in entries.values() for url in entry.video.downloads}
    rows = read(HOSTED)
    for row in rows:
        video = by_address[HOST + quote(row["path"])].video
        assert (row["sha256"], int(row["bytes"])) == (video.sha256, video.bytes)
        assert (row["container"], row["codec"]) == (video.container, video.codec)
        assert f"{row['width']}x{row['height']}" == video.resolution
        assert int(row["frames"]) == video.frames
        assert video.media is Media.IMAGE or float(row["fps"]) == video.frame_rate_hz
    pinned = {video.sha256 for _, video, _ in entries.values() if video.sha256}
    assert pinned == {row["sha256"] for row in rows}
    unseen = [
        url for url in by_address if url.startswith(HOST) and not by_address[url].video.sha256
    ]
    assert len(unseen) == 4


def test_every_direct_download_and_window(entries):
    decided = ledger()

    def entry_at(path: str) -> Entry:
        linear = path.endswith("linear/Reg-nephropocus.gif")
        name = "reg-nephropocus-linear" if linear else slug(stem_of(path.rsplit("/", 1)[-1]))
        return entries[name]

    for row in read(WEB):
        video = entry_at(row["path"]).video
        instead = decided.get((WEB, row["path"], "url", row["url"]), row["url"])
        assert video.downloads[0] in instead
        assert (video.yt_dlp_format or "") == row["format"]
        assert bool(video.yt_dlp_format) == (row["fetch_with"] == "yt-dlp")
    for path, ((y, x, size), (start, stop)) in json.loads((FACTS / WINDOWS).read_text()).items():
        video = entry_at(path).video
        assert video.crop is not None
        assert (video.crop.x, video.crop.y, video.crop.size) == (x, y, size)
        if video.media is Media.VIDEO:
            assert video.trim is not None
            assert (video.trim.start, video.trim.stop) == (start, stop)
        else:
            assert video.trim is None
            assert (WINDOWS, path, "trim", f"[{start}, {stop}]") in decided


def test_the_ledger_lists_each_contradiction_that_the_rules_see():
    text = LEDGER.read_text()
    wanted = {"comment-contradicts-class", "findings-contradict-class", "advised-against"}
    catalog_files = {path.name: path.read_text().splitlines() for path in FILES}
    for problem in read_dataset("pocus", REPOSITORY)[1]:
        if problem.rule in wanted:
            lines = catalog_files[Path(problem.file).name][: problem.line]
            entry = next(line for line in reversed(lines) if line.startswith("- id: "))
            assert f"| {entry.removeprefix('- id: ')} | `{problem.rule}` |" in text


def test_uncertain_classes_have_a_reason_and_stay_out_of_training(entries):
    params = (REPOSITORY / "params.yaml").read_text()
    uncertain = [video for _, video, _ in entries.values() if video.diagnosis == "uncertain"]
    assert len(uncertain) == 49 and all(video.class_note for video in uncertain)
    assert "class: [covid19, bacterial_pneumonia, healthy]" in params
