"""Rule one-picture."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pocus_data.audit_dataset import Dataset
from pocus_data.audit_rules.registry import Found, Severity, Unit, rule
from pocus_data.tables import records, split_list

_A_FILE = re.compile(r"\.(jpe?g|png|gif|mp4|mov|avi|webp|tiff?)(\?.*)?$", re.IGNORECASE)


@rule(
    Severity.WARNING,
    Unit.ENTRY,
    title="Each entry is a picture of its own",
    why="Several entries cut from one picture are one observation, counted more than once.",
    fix="give each its crop or trim, and all of them one patient, so that a fold keeps them",
)
def one_picture(dataset: Dataset) -> Iterator[Found]:
    """Addresses of one file that several entries name."""
    of_address: dict[str, list[str]] = {}
    for row in records(dataset.index):
        page = [row["url"]] if _A_FILE.search(row["url"]) else []
        for address in dict.fromkeys([*split_list(row["downloads"]), *page]):
            of_address.setdefault(address, []).append(row["video_id"])
    patients = dataset.index.set_index("video_id")["patient"]
    for address, names in sorted(of_address.items()):
        if len(names) > 1:
            known = {patients[name] for name in names}
            tail = "" if len(known) == 1 and "" not in known else "; not catalogued as one patient"
            message = f"all are cut from {address}{tail}"
            yield Found(", ".join(names), message, names[0], about=tuple(names))
