"""The dataset in Croissant 1.1 (http://mlcommons.org/croissant/1.1), with its RAI vocabulary."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from pocus_data.tables import PHANTOM
from pocus_data.workcache import file_sha256

PAPER = "https://arxiv.org/abs/2004.12084"
_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "parentField": "cr:parentField",
    "path": "cr:path",
    "prov": "http://www.w3.org/ns/prov#",
    "rai": "http://mlcommons.org/croissant/RAI/",
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
_RAI = {
    "dataCollection": "Clips that others published, listed in a catalog with page, licence and"
    " checksum; see README.md and the catalog itself.",
    "dataCollectionType": "Secondary data",
    "dataCollectionMissingData": "Clips whose address is dead or whose licence keeps them back are"
    " not here; the catalog lists them with the reason.",
    "dataPreprocessingProtocol": "A square window was cut around the scan and frames were sampled"
    " by time (after Born et al. 2020); pixels are otherwise as decoded.",
    "dataAnnotationProtocol": "The class is what the publishing source states; up to three medical"
    " doctors commented on clips of the 2021 release afterwards.",
    "dataBiases": "Most sources show one disease on one machine: the source alone predicts the"
    " class better than chance. Few patients have COVID-19.",
    "dataLimitations": "Not a sample of any population. Clips of one patient resemble each other;"
    " keep the folds as they are.",
    "dataUseCases": "Research on methods. Not for clinical use.",
    "dataSocialImpact": "A classifier that learned the machine instead of the disease would fail"
    " on patients; results need the controls that the project reports.",
    "personalSensitiveInformation": "Images of patients' lungs without names; sex and age are left"
    " out here. Text burned into pictures is searched for, not excluded.",
    "dataReleaseMaintenancePlan": "Versions follow SemVer; a withdrawn clip leaves with the next"
    " version, and the catalog keeps a tombstone.",
}


def describe(
    name: str, version: str, date: str, table: pd.DataFrame, csv: Path, archive: Path | None = None
) -> dict[str, Any]:
    """A table of frames, and, with an archive, the pictures that it names.

    Parameters
    ----------
    table : what ``csv`` holds; it has columns frame_id, license and video_id, and file_name and
        split where there is an archive.
    csv, archive : files on disk beside the description; their checksums are taken from there.
    """
    used = sorted(str(license_id) for license_id in table["license"].unique())
    head = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": [
            "http://mlcommons.org/croissant/1.1",
            "http://mlcommons.org/croissant/RAI/1.0",
        ],
        "name": f"pocus-data-{name}",
        "description": describe_in_words(name, table),
        "license": [_license_address(license_id) for license_id in used],
        "url": PAPER,
        "version": version,
        "datePublished": date,
        "citeAs": "Born et al. 2020, POCOVID-Net, arXiv:2004.12084",
        **{f"rai:{key}": text for key, text in _rai(name).items()},
        **({} if name == PHANTOM else {"prov:wasDerivedFrom": PAPER}),
    }
    files = [_file("frames-table", csv, "text/csv")]
    sets = [_records(table, archive is not None)]
    if archive is not None:
        files += [
            _file("frames-archive", archive, "application/x-tar"),
            {
                "@type": "cr:FileSet",
                "@id": "pictures",
                "name": "pictures",
                "containedIn": {"@id": "frames-archive"},
                "encodingFormat": "image/png",
                "includes": "*/*.png",
            },
        ]
        sets.insert(0, _splits(table))
    return head | {"distribution": files, "recordSet": sets}


def describe_in_words(name: str, table: pd.DataFrame) -> str:
    """One sentence: what, and how many frames of how many clips."""
    if name == PHANTOM:
        kind = "Synthetic lung-ultrasound clips, drawn by a simulated scanner; no patient in it"
    else:
        kind = "Lung point-of-care ultrasound clips published by their sources"
    count = f"{len(table)} frames of {table['video_id'].nunique()} clips"
    return f"{kind}: {count}. Not for clinical use."


def _rai(name: str) -> dict[str, str]:
    if name != PHANTOM:
        return _RAI
    return _RAI | {
        "dataCollection": "Drawn by a program.",
        "dataCollectionType": "Synthetic data",
        "dataCollectionMissingData": "Nothing is missing.",
        "dataAnnotationProtocol": "The class is what the program was told to draw.",
        "dataBiases": "Whatever the program's author thought of a lung.",
        "dataLimitations": "It says nothing about disease.",
        "personalSensitiveInformation": "None: nobody was scanned.",
    }


def _file(identifier: str, path: Path, encoding: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": identifier,
        "name": path.name,
        "contentUrl": path.name,
        "contentSize": f"{path.stat().st_size} B",
        "encodingFormat": encoding,
        "sha256": file_sha256(path),
    }


def _splits(table: pd.DataFrame) -> dict[str, Any]:
    names = sorted(str(split) for split in table["split"].unique())
    return {
        "@type": "cr:RecordSet",
        "@id": "splits",
        "name": "splits",
        "description": "Folds of a cross-validation: one tests, the others train; see the data card"
        " for what they keep apart. outside_folds holds what no fold tests.",
        "dataType": "cr:Split",
        "key": {"@id": "splits/name"},
        "field": [
            {"@type": "cr:Field", "@id": "splits/name", "name": "name", "dataType": "sc:Text"},
        ],
        "data": [{"splits/name": split} for split in names],
    }


def _records(table: pd.DataFrame, pictures: bool) -> dict[str, Any]:
    fields = [_field(str(column)) for column in table.columns]
    if pictures:
        for field in fields:
            if field["name"] == "split":
                field["references"] = {"field": {"@id": "splits/name"}}
                field["dataType"] = ["sc:Text", "cr:Split"]
            if field["name"] == "file_name":
                field["references"] = field["source"]
                field["source"] = {
                    "fileSet": {"@id": "pictures"},
                    "extract": {"fileProperty": "fullpath"},
                    # What is a path becomes text, to be compared with the table's.
                    "transform": {"regex": "(.+)"},
                }
        fields.append(
            {
                "@type": "cr:Field",
                "@id": "frames/image",
                "name": "image",
                "description": "The frame, lossless.",
                "dataType": "sc:ImageObject",
                "source": {
                    "fileSet": {"@id": "pictures"},
                    "extract": {"fileProperty": "content"},
                },
            }
        )
    return {
        "@type": "cr:RecordSet",
        "@id": "frames",
        "name": "frames",
        "description": "One row per frame, with its lineage.",
        "key": {"@id": "frames/frame_id"},
        "field": fields,
    }


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


def _license_address(license_id: str) -> str:
    if license_id.startswith("LicenseRef-") or license_id == "NOASSERTION":
        return license_id
    return f"https://spdx.org/licenses/{license_id}.html"
