"""Rule near-duplicate."""

from __future__ import annotations

from collections.abc import Iterator

from pocus_data.audit_dataset import Dataset
from pocus_data.audit_rules.registry import Found, Severity, Unit, rule
from pocus_data.tables import records


@rule(
    Severity.WARNING,
    Unit.CLIP,
    title="No two clips show the same pictures",
    why="A copy under another name, licence or label; across folds it flatters every score.",
    fix="exclude one, or give both the same 'patient'; of two licences the stricter holds",
)
def near_duplicate(dataset: Dataset) -> Iterator[Found]:
    """Pairs that agree in a frame's look, though their bytes differ."""
    sha256 = dataset.had.set_index("video_id")["sha256"]
    entries = dataset.index.set_index("video_id")
    known = set(entries.index)
    for pair in records(dataset.near):
        one, other, bits = pair["one"], pair["other"], pair["bits"]
        if sha256.get(one) == sha256.get(other) or not {one, other} <= known:
            continue
        a, b = entries.loc[one], entries.loc[other]
        said = [
            f"{name} {a[column] or 'unknown'} and {b[column] or 'unknown'}"
            for column, name in (("license", "licences"), ("class", "classes"))
            if a[column] != b[column]
        ]
        # Clips of one patient may well resemble each other; those of two may not.
        if a["patient"] and a["patient"] == b["patient"] and not said:
            continue
        if a["patient"] != b["patient"] or not a["patient"]:
            both = a["patient"] and b["patient"]
            said.insert(0, "catalogued as two patients" if both else "patients are not known")
        across = dataset.folds_of((one, other)) > 1
        said += ["in two folds"] if across else []
        message = f"show the same pictures ({bits} of 256 bits differ); {'; '.join(said)}"
        severity = Severity.ERROR if across else None
        yield Found(f"{one}, {other}", message, one, severity, (one, other))
