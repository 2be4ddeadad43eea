"""Rule frame-facts."""

from __future__ import annotations

from collections.abc import Iterator

from pocus_data.audit_dataset import Dataset
from pocus_data.audit_rules.registry import Found, Severity, Unit, rule
from pocus_data.tables import records

# What frames.csv repeats of the catalog's entry.
SAME = ("source", "class", "patient", "license", "url")


@rule(
    Severity.ERROR,
    Unit.CLIP,
    title="What frames.csv says of a clip is what the catalog says",
    why="A label or licence changed by hand in a table is one that no source ever stated.",
    fix="change the catalog, never a table, then run 'dvc repro'",
)
def frame_facts(dataset: Dataset) -> Iterator[Found]:
    """Frames whose class, patient, licence, source or page is not their entry's."""
    entries = dataset.index.set_index("video_id")
    said = dataset.frames[["video_id", *SAME]].drop_duplicates()
    said = said[said["video_id"].isin(entries.index)]
    for column in SAME:
        wanted = said["video_id"].map(entries[column])
        for row in records(said[said[column] != wanted]):
            name, got = row["video_id"], row[column]
            entry = entries.loc[name, column]
            message = f"{column} is '{got}' in frames.csv, '{entry}' in the catalog"
            yield Found(name, message, name)
