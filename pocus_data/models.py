"""What one file of the catalog may say: the models behind ``catalog/schema.json``."""

from __future__ import annotations

import datetime
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from pocus_data.licenses import NOASSERTION


class Diagnosis(StrEnum):
    """What the clip shows (the catalog's ``class``), as stated by its source."""

    COVID19 = "covid19"
    BACTERIAL_PNEUMONIA = "bacterial_pneumonia"
    VIRAL_PNEUMONIA = "viral_pneumonia"
    HEALTHY = "healthy"
    UNCERTAIN = "uncertain"


class Media(StrEnum):
    """Whether an entry is a clip or a still picture."""

    VIDEO = "video"
    IMAGE = "image"


class Probe(StrEnum):
    """Shape of the transducer."""

    CONVEX = "convex"
    LINEAR = "linear"


class Finding(StrEnum):
    """Closed vocabulary of sonographic findings."""

    EFFUSION = "effusion"
    CONSOLIDATION = "consolidation"
    B_LINES = "b_lines"
    A_LINES = "a_lines"
    PLEURAL_IRREGULARITY = "pleural_irregularity"
    AIR_BRONCHOGRAM = "air_bronchogram"


class Symptom(StrEnum):
    """Closed vocabulary of what the patient was recorded to suffer from."""

    FEVER = "fever"
    COUGH = "cough"
    RESPIRATORY_PROBLEMS = "respiratory_problems"
    HEADACHE = "headache"
    LOSS_OF_SMELL_OR_TASTE = "loss_of_smell_or_taste"
    FATIGUE = "fatigue"
    SORE_THROAT = "sore_throat"
    ASYMPTOMATIC = "asymptomatic"


class Sex(StrEnum):
    """The patient's sex, as recorded."""

    FEMALE = "female"
    MALE = "male"


Identifier = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
WebAddress = Annotated[str, Field(pattern=r"^https?://[^\s]+$")]
Download = Annotated[str, Field(pattern=r"^(https?://|phantom:)[^\s]+$")]
Release = Annotated[str, Field(pattern=r"^\d{4}-\d{2}$")]
Resolution = Annotated[str, Field(pattern=r"^[1-9]\d{0,5}x[1-9]\d{0,5}$")]
Rate = Annotated[float, Field(gt=0, strict=True)]
Count = Annotated[int, Field(gt=0, strict=True)]
Pixel = Annotated[int, Field(ge=0, strict=True)]


def _no_number(value: Any) -> Any:
    """A day is written YYYY-MM-DD: a number would be taken for seconds since 1970."""
    if isinstance(value, int | float):
        raise ValueError("write the day as YYYY-MM-DD")
    return value


Day = Annotated[datetime.date, BeforeValidator(_no_number)]
Words = Annotated[str, Field(min_length=1, pattern=r"\S")]


class Entry(BaseModel):
    """What all parts of the catalog share: no unknown keys, no change after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Crop(Entry):
    """A square window, in pixels from the top left corner of the frame."""

    x: Pixel = Field(description="left edge")
    y: Pixel = Field(description="top edge")
    size: Count = Field(description="width and height")


class Trim(Entry):
    """The part of a clip to use: frames ``start`` up to, not including, ``stop``."""

    start: Pixel = Field(description="first frame, counted from 0")
    stop: Count = Field(description="the frame after the last")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.stop <= self.start:
            raise ValueError(f"stop ({self.stop}) must be greater than start ({self.start})")
        return self


class MdComments(Entry):
    """What each of the reviewing medical doctors said, in their own words."""

    md1: Words | None = Field(None, description="the first doctor")
    md2: Words | None = Field(None, description="the second doctor")
    md3: Words | None = Field(None, description="the third doctor")


class Published(Entry):
    """What an earlier release said of an entry, where it differs from the entry's own fields."""

    file: Words | None = Field(None, description="its file name there")
    url: WebAddress | None = Field(None, description="the page named there")
    video_name: Words | None = Field(None, description="the name given there")
    frame_rate_hz: Rate | None = Field(None, description="the frame rate given there, in hertz")
    resolution: Resolution | None = Field(None, description="width x height there, in pixels")
    frames: Count | None = Field(None, description="the number of frames there")
    web_comment: Words | None = Field(None, description="the page's words, as quoted there")
    md_comment: Words | None = Field(None, description="the first doctor's words there")


class Withdrawal(Entry):
    """The tombstone of an entry that nothing may be made of any more."""

    date: Day = Field(description="the day it was withdrawn")
    reason: Words = Field(description="why")


class Source(Entry):
    """Who published the clips of one file."""

    id: Identifier = Field(description="stable, [a-z0-9-]; the file's name without .yaml")
    name: Words = Field(description="what people call it")
    url: WebAddress | None = Field(None, description="its home page")
    kind: Words = Field(description="educational platform, hospital, journal article, ...")
    credit: Words | None = Field(None, description="how the data were credited to it, word by word")
    accessed: Day | None = Field(None, description="the day it was looked at")
    license: str = Field(
        NOASSERTION, description="default of its clips: SPDX id, NOASSERTION or LicenseRef-..."
    )
    license_url: WebAddress | None = Field(None, description="where that licence stands")
    doi: str | None = Field(None, description="of the article, without https://doi.org/")
    title: Words | None = Field(None, description="title of the article")
    sheet_numbers: tuple[int, ...] = Field(
        (), description="the 'Source ID's that the 2021 release's sheet gives it"
    )


class Video(Entry):
    """One clip or still picture of the catalog."""

    id: Identifier = Field(description="stable and unique over the dataset; names frames, folders")
    file: str = Field(
        min_length=1,
        pattern=r"^[^/\\\x00]+$",
        description="the historical file name; its ending says the format",
    )
    url: WebAddress | None = Field(None, description="the page a person can check")
    video_name: Words | None = Field(None, description="what that page calls it")
    title: Words | None = Field(None, description="title of the article, where not the source's")
    doi: str | None = Field(None, description="of the article, where not the source's")
    downloads: tuple[Download, ...] = Field(
        (), description="addresses of the bytes, best first: http(s)://... or phantom:..."
    )
    archives: tuple[WebAddress, ...] = Field(
        (), description="archived copies of the bytes, tried after the downloads"
    )
    yt_dlp_format: str | None = Field(None, description="the rendition yt-dlp is to fetch")
    sha256: Sha256 | None = Field(None, description="of the bytes; absent until once fetched")
    bytes: Count | None = Field(None, description="size of the file")
    container: Words | None = Field(None, description="the format, as ffmpeg names it, or dicom")
    codec: Words | None = Field(None, description="the coding, as ffmpeg or DICOM names it")
    diagnosis: Diagnosis = Field(alias="class", description="what it shows, as its source states")
    class_note: Words | None = Field(None, description="why the class is uncertain")
    media: Media = Field(description="video or image")
    probe: Probe = Field(description="shape of the transducer")
    patient: Identifier | None = Field(None, description="<source>-<number>; absent when unknown")
    license: str | None = Field(None, description="where not the source's")
    license_url: WebAddress | None = Field(None, description="where not the source's")
    frame_rate_hz: Rate | None = Field(None, description="frames per second")
    resolution: Resolution | None = Field(None, description="width x height in pixels")
    frames: Count | None = Field(None, description="length of the clip in frames")
    sex: Sex | None = Field(None, description="of the patient; absent when unknown")
    age_years: float | None = Field(None, ge=0, le=120, strict=True, description="of the patient")
    symptoms: tuple[Symptom, ...] | None = Field(
        None, description="of the patient; empty when asked and none, absent when not asked"
    )
    patient_history: Words | None = Field(None, description="history and preconditions")
    scan_area: int | None = Field(
        None, ge=1, le=6, strict=True, description="chest area, DEGUM's numbers"
    )
    lung_abdomen_interface: bool | None = Field(
        None, strict=True, description="whether it is in view"
    )
    web_comment: Words | None = Field(None, description="what the page says")
    md_comment: Words | None = Field(None, description="what the first medical doctor said")
    md_comments: MdComments | None = Field(None, description="what each doctor said")
    findings: tuple[Finding, ...] | None = Field(
        None, description="empty when looked for and none, absent when nobody looked"
    )
    looks_healthy: bool | None = Field(
        None, strict=True, description="whether the reviewers saw healthy lung"
    )
    changes_made: Words | None = Field(None, description="what the 2021 release did to the file")
    remarks: tuple[Words, ...] = Field((), description="what else a curator should know")
    added: Day | None = Field(None, description="the day it entered the list")
    releases: tuple[Release, ...] = Field(
        (), description="2020-05: the paper's list; 2021-02: the 2021 release's sheet"
    )
    as_published: dict[Release, Published] = Field(
        {}, description="what an earlier release said differently"
    )
    crop: Crop | None = Field(None, description="square window; found when absent")
    trim: Trim | None = Field(None, description="frames to use; all when absent")
    exclude: Words | None = Field(None, description="why it is not used; it stays for the record")
    withdrawn: Withdrawal | None = Field(None, description="its tombstone")

    @model_validator(mode="before")
    @classmethod
    def _first_doctor(cls, raw: Any) -> Any:
        """``md_comment`` and ``md_comments.md1`` are one: either stands for both."""
        if not isinstance(raw, dict):
            return raw
        all_said = raw.get("md_comments")
        if isinstance(raw.get("md_comment"), str) and not isinstance(all_said, dict):
            return raw | {"md_comments": {"md1": raw["md_comment"]}} if all_said is None else raw
        if isinstance(all_said, dict) and raw.get("md_comment") is None and all_said.get("md1"):
            return raw | {"md_comment": all_said["md1"]}
        return raw


class CatalogFile(Entry):
    """One source and its videos."""

    source: Source = Field(description="who published them")
    videos: list[Video] = Field(description="its clips and pictures, in a human order")


SCHEMA_FILE = "schema.json"


def json_schema() -> dict[str, Any]:
    """JSON Schema of one catalog file, for editors to complete and check from."""
    schema = CatalogFile.model_json_schema()
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A catalog file"}
    return head | {key: value for key, value in schema.items() if key != "title"}
