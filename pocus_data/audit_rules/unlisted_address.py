"""Rule unlisted-address."""

from __future__ import annotations

from collections.abc import Iterator

from pocus_data.audit_dataset import Dataset
from pocus_data.audit_rules.registry import Found, Severity, Unit, rule
from pocus_data.tables import records, split_list


@rule(
    Severity.ERROR,
    Unit.CLIP,
    title="A file came from an address that its entry lists",
    why="Bytes from elsewhere have a licence and a page that nobody wrote down.",
    fix="add the address to the entry's downloads, or run 'dvc repro'",
)
def unlisted_address(dataset: Dataset) -> Iterator[Found]:
    """Clips whose url_used is none of their entry's."""
    entries = dataset.index.set_index("video_id")
    for row in records(dataset.had[dataset.had["video_id"].isin(entries.index)]):
        entry = entries.loc[row["video_id"]]
        listed = split_list(entry["downloads"]) + split_list(entry["archives"])
        if row["url_used"] not in listed:
            message = f"came from {row['url_used'] or 'nowhere'}, which its entry does not list"
            yield Found(row["video_id"], message, row["video_id"])
