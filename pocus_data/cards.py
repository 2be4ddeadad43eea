"""The data card: the dataset in prose and tables, for people and for dataset hubs.

Headings after Gebru et al. 2021, "Datasheets for Datasets"; front matter as Hugging Face reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jinja2
import pandas as pd

from pocus_data.audit import Finding
from pocus_data.audit_dataset import Dataset
from pocus_data.audit_rules.registry import Severity
from pocus_data.croissant import describe_in_words
from pocus_data.index import WITHDRAWN
from pocus_data.params import Params
from pocus_data.tables import AVAILABLE, PHANTOM

# The hub's words for how many samples there are.
_LARGEST = "10M<n<100M"
_SIZES = (
    *((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K")),
    *((1_000_000, "100K<n<1M"), (10_000_000, "1M<n<10M")),
)


def datacard(
    name: str,
    params: Params,
    dataset: Dataset,
    findings: list[Finding] | None,
    metrics: Mapping[str, Any] | None,
) -> str:
    """Render the card as Markdown; of findings and metrics that it is not given it is silent."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("pocus_data"),
        autoescape=False,  # noqa: S701 - Markdown, from our own tables
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    entries = dataset.index.merge(dataset.videos[["video_id", "status"]], on="video_id", how="left")
    folds = dataset.folds
    return (
        environment.get_template("datacard.md.j2").render(
            name=name,
            params=params,
            phantom=name == PHANTOM,
            size=next((words for most, words in _SIZES if len(dataset.frames) < most), _LARGEST),
            description=describe_in_words(name, dataset.frames),
            sources=_by(entries, dataset, "source_name"),
            classes=_by(entries, dataset, "class"),
            licenses=_by(entries, dataset, "license"),
            findings=None
            if findings is None
            else {level.value: _of(findings, level) for level in Severity},
            accuracy=metrics["frame"] if metrics else None,
            control=metrics["controls"]["source_only"]["frame"] if metrics else None,
            patients=dataset.index.loc[dataset.index["patient"] != "", "patient"].nunique(),
            withdrawn=int(dataset.index["exclude"].str.startswith(WITHDRAWN).sum()),
            in_folds=len(folds),
            groups=folds["group"].nunique(),
            shareable=int(dataset.frames["redistributable"].sum()),
        )
        + "\n"
    )


def _of(findings: list[Finding], level: Severity) -> dict[str, int]:
    rules = pd.Series([f.rule for f in findings if f.severity is level], dtype=object)
    return {str(rule): int(count) for rule, count in rules.value_counts().sort_index().items()}


def _by(entries: pd.DataFrame, dataset: Dataset, column: str) -> list[dict[str, Any]]:
    frames = dataset.frames.drop(columns=["class", "license"]).merge(
        dataset.index[["video_id", "source_name", "class", "license"]], on="video_id"
    )
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
