"""Who made what, under which licence, and what was changed: as licences ask to be told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from pocus_data.licenses import NOASSERTION
from pocus_data.tables import records

SPDX = "https://spdx.org/licenses/{}.html"
CHANGES = "cropped to a square and sampled as single frames"


def attribution_of(entry: dict[str, Any]) -> str:
    """One line for one catalog entry: title, author, page, licence, changes.

    Creative Commons asks for these (https://wiki.creativecommons.org/wiki/Recommended_practices
    _for_attribution: title, author, source, licence).
    """
    title = entry["video_name"] or entry["title"] or entry["file"]
    page = f"https://doi.org/{entry['doi']}" if entry["doi"] else entry["url"]
    parts = [f'"{title}" by {entry["source_name"]}', page, entry["license"]]
    before = f"the 2021 release: {entry['changes_made']}; " if entry["changes_made"] else ""
    return f"{', '.join(part for part in parts if part)}; {before}{CHANGES}"


def as_markdown(name: str, index: pd.DataFrame, used: set[str]) -> str:
    """``ATTRIBUTION.md``: the clips of each source that a collection holds.

    Parameters
    ----------
    index : ``catalog.csv``.
    used : identifiers of the clips that have frames in the collection.
    """
    lines = [f"# Who made the clips of {name}", "", f"All were {CHANGES}.", ""]
    kept = index[index["video_id"].isin(used)]
    for (source, source_name), rows in kept.groupby(["source", "source_name"], sort=True):
        lines += [f"## {source_name or source}", ""]
        for (license_id, address), same in _by_license(rows):
            named = license_id == NOASSERTION or license_id.startswith("LicenseRef-")
            address = address or ("" if named else SPDX.format(license_id))
            where = f" ({address})" if address else ""
            lines += [f"Licence: {license_id}{where}", ""]
            lines += [_line(entry) for entry in records(same.sort_values("video_id"))]
            lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _by_license(rows: pd.DataFrame) -> Iterator[tuple[tuple[str, str], pd.DataFrame]]:
    for (license_id, address), same in rows.groupby(["license", "license_url"], sort=True):
        yield (str(license_id), str(address)), same


def _line(entry: dict[str, Any]) -> str:
    title = entry["video_name"] or entry["title"] or entry["file"]
    links = [f"https://doi.org/{entry['doi']}"] if entry["doi"] else []
    links += [entry["url"]] if entry["url"] else []
    pages = "".join(f", <{link}>" for link in links)
    before = f"; the 2021 release: {entry['changes_made']}" if entry["changes_made"] else ""
    return f"- `{entry['video_id']}`: {' '.join(title.split())}{pages}{before}"
