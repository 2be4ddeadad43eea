"""The dataset's provenance in W3C PROV (https://www.w3.org/TR/prov-dm/), as PROV-JSON."""

from __future__ import annotations

import json
from typing import Any

from prov.model import ProvDocument

from pocus_data.audit_dataset import Dataset
from pocus_data.tables import records

NAMESPACE = "https://w3id.org/pocus-data/"


def prov_json(dataset: Dataset) -> dict[str, Any]:
    """Entities for pages, files, windows and frames; activities for the stages between them.

    Every frame was derived from its clip's file, by sampling; every file from its page, by
    download, and is attributed to its source. There are no times: the same data, the same document.
    """
    document = ProvDocument()
    document.set_default_namespace(NAMESPACE)
    document.add_namespace("dct", "http://purl.org/dc/terms/")
    for stage in ("download", "crop", "sample"):
        document.activity(f"stage/{stage}")
    entries = dataset.index.set_index("video_id", drop=False)
    cut = dataset.frames.dropna(subset=["crop_x", "crop_y", "crop_size", "frame_index"])
    boxes = {
        str(row["video_id"]): (int(row["crop_x"]), int(row["crop_y"]), int(row["crop_size"]))
        for row in records(cut.drop_duplicates("video_id"))
    }
    used = set(boxes) & set(entries.index)
    for source in sorted({str(entries.loc[name, "source"]) for name in used}):
        document.agent(f"source/{source}")
    for row in records(dataset.had[dataset.had["video_id"].isin(used)]):
        _file(document, row, dict(entries.loc[row["video_id"]]), boxes[row["video_id"]])
    for frame in records(cut[cut["video_id"].isin(used)]):
        _frame(document, frame)
    content: dict[str, Any] = json.loads(document.serialize(format="json") or "{}")
    return _sorted(content)


def _file(
    document: ProvDocument, row: dict[str, Any], entry: dict[str, Any], box: tuple[int, int, int]
) -> None:
    name = row["video_id"]
    file = document.entity(
        f"file/{name}",
        {"sha256": row["sha256"], "dct:license": entry["license"], "dct:source": row["url_used"]},
    )
    window = document.entity(f"window/{name}", dict(zip(("x", "y", "size"), box, strict=True)))
    document.wasGeneratedBy(file, "stage/download", identifier=f"fetched/{name}")
    document.wasAttributedTo(file, f"source/{entry['source']}", identifier=f"made/{name}")
    document.wasGeneratedBy(window, "stage/crop", identifier=f"cut/{name}")
    document.wasDerivedFrom(window, file, identifier=f"seen/{name}")
    if entry["url"]:
        page = document.entity(f"page/{name}", {"dct:identifier": entry["url"]})
        document.wasDerivedFrom(file, page, identifier=f"published/{name}")


def _frame(document: ProvDocument, frame: dict[str, Any]) -> None:
    name = frame["frame_id"]
    entity = document.entity(
        f"frame/{name}",
        {"sha256_of_pixels": frame["sha256"], "frame_index": int(frame["frame_index"])},
    )
    document.wasGeneratedBy(entity, "stage/sample", identifier=f"sampled/{name}")
    document.wasDerivedFrom(entity, f"file/{frame['video_id']}", identifier=f"from/{name}")
    document.wasDerivedFrom(entity, f"window/{frame['video_id']}", identifier=f"within/{name}")


def _sorted(content: dict[str, Any]) -> dict[str, Any]:
    return json.loads(json.dumps(content, sort_keys=True))  # type: ignore[no-any-return]
