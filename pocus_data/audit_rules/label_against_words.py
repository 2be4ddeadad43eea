"""Rule label-against-words."""

from __future__ import annotations

from collections.abc import Iterator

from pocus_data.audit_dataset import Dataset
from pocus_data.audit_rules.registry import Found, Severity, Unit, rule
from pocus_data.catalog_rules.medical import MAY_LOOK_HEALTHY, findings_against, words_against
from pocus_data.models import Diagnosis
from pocus_data.tables import records, split_list

COMMENTS = ("web_comment", "md_comment", "md2_comment", "md3_comment")


@rule(
    Severity.WARNING,
    Unit.ENTRY,
    title="The class fits the comments and the findings",
    why="Where the label and a doctor's words disagree, one of them teaches the network wrong.",
    fix="let a doctor look again; correct 'class' or the comment in the catalog",
)
def label_against_words(dataset: Dataset) -> Iterator[Found]:
    """Comments that name another disease, or health; findings that the class excludes."""
    for row in records(dataset.index[dataset.index["exclude"] == ""]):
        name = row["video_id"]
        if row["class"] not in set(Diagnosis):
            yield Found(name, f"class '{row['class']}' is none of {', '.join(Diagnosis)}", name)
            continue
        diagnosis = Diagnosis(row["class"])
        for column in COMMENTS:
            said = words_against(diagnosis, row[column])
            if said:
                yield Found(name, f"{column} says '{said}', yet the class is {diagnosis}", name)
        ill = findings_against(diagnosis, split_list(row["findings"]))
        if ill:
            yield Found(name, f"{', '.join(ill)} found, yet the class is {diagnosis}", name)
        if row["looks_healthy"] == "True" and diagnosis not in MAY_LOOK_HEALTHY:
            yield Found(name, f"reviewers saw healthy lung, yet the class is {diagnosis}", name)
