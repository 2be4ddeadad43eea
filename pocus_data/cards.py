"""What others read about the dataset: a data card and a Croissant description."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from pocus_data.audit import Dataset, Finding, Severity
from pocus_data.params import Params, Version
from pocus_data.tables import AVAILABLE, FRAME_COLUMNS, PHANTOM
from pocus_data.workcache import file_sha256

PAPER = "https://arxiv.org/abs/2004.12084"
# Croissant 1.0 (MLCommons): http://mlcommons.org/croissant/1.0
_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
_WHOLE = frozenset({"frame_index", "width", "height", "crop_x", "crop_y", "crop_size"})


def croissant(name: str, version: Version, dataset: Dataset, frames_csv: Path) -> dict[str, Any]:
    """The frames table as Croissant; pixels are not in it, so it may always be shared."""
    used = sorted(dataset.frames["license"].unique())
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": f"pocus-data-{name}",
        "description": _description(name, dataset),
        "license": [_license_address(license_id) for license_id in used],
        "url": PAPER,
        "version": version.number,
        "datePublished": version.date,
        "citeAs": "Born et al. 2020, POCOVID-Net, arXiv:2004.12084",
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": "frames-table",
                "name": "frames.csv",
                "description": "One row per frame, with its lineage.",
                "contentUrl": f"../../{frames_csv.as_posix()}",
                "encodingFormat": "text/csv",
                "sha256": file_sha256(frames_csv),
            }
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": "frames",
                "name": "frames",
                "key": {"@id": "frames/frame_id"},
                "field": [_field(column) for column in FRAME_COLUMNS],
            }
        ],
    }


def datacard(
    name: str,
    params: Params,
    dataset: Dataset,
    findings: list[Finding],
    metrics: dict[str, Any],
) -> str:
    """The dataset in prose and tables, as Markdown."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("pocus_data"),
        autoescape=False,  # noqa: S701 - Markdown, from our own tables
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    entries = dataset.index.merge(dataset.videos[["video_id", "status"]], on="video_id")
    return (
        environment.get_template("datacard.md.j2").render(
            name=name,
            params=params,
            phantom=name == PHANTOM,
            description=_description(name, dataset),
            sources=_by(entries, dataset, "source_name"),
            classes=_by(entries, dataset, "class"),
            licenses=_by(entries, dataset, "license"),
            findings={level.value: _of(findings, level) for level in Severity},
            accuracy=metrics["frame"],
            patients=dataset.index.loc[dataset.index["patient"] != "", "patient"].nunique(),
        )
        + "\n"
    )


def _of(findings: list[Finding], level: Severity) -> dict[str, int]:
    rules = pd.Series([f.rule for f in findings if f.severity is level], dtype=object)
    return {str(rule): int(count) for rule, count in rules.value_counts().sort_index().items()}


def _by(entries: pd.DataFrame, dataset: Dataset, column: str) -> list[dict[str, Any]]:
    frames = dataset.frames.merge(dataset.index[["video_id", "source_name"]], on="video_id")
    per_value = frames.groupby(column).size()
    return [
        {
            "value": value,
            "entries": len(rows),
            "available": int((rows["status"] == AVAILABLE).sum()),
            "frames": int(per_value.get(value, 0)),
        }
        for value, rows in entries.groupby(column, sort=True)
    ]


def _description(name: str, dataset: Dataset) -> str:
    clips = dataset.frames["video_id"].nunique()
    if name == PHANTOM:
        kind = "Synthetic lung-ultrasound clips, drawn by a simulated scanner; no patient in it"
    else:
        kind = "Lung point-of-care ultrasound clips published by their sources"
    return f"{kind}: {len(dataset.frames)} frames of {clips} clips. Not for clinical use."


def _license_address(license_id: str) -> str:
    if license_id.startswith("LicenseRef-") or license_id == "NOASSERTION":
        return license_id
    return f"https://spdx.org/licenses/{license_id}.html"


def _field(column: str) -> dict[str, Any]:
    if column == "redistributable":
        kind = "sc:Boolean"
    elif column == "time_s":
        kind = "sc:Float"
    else:
        kind = "sc:Integer" if column in _WHOLE else "sc:Text"
    return {
        "@type": "cr:Field",
        "@id": f"frames/{column}",
        "name": column,
        "dataType": kind,
        "source": {"fileObject": {"@id": "frames-table"}, "extract": {"column": column}},
    }
