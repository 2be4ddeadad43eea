"""Rules of the record: dates, releases, and texts that survived their journey."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from itertools import groupby

from pocus_data.catalog_rules.registry import ERROR, WARNING, Finding, SourceView, View, rule
from pocus_data.yaml_positions import KeyPath

# The web was younger before; a date beyond is a typing mistake.
EARLIEST = datetime.date(2000, 1, 1)
_BROKEN = re.compile("[\x00-\x08\x0b-\x1f\x7f\ufffd]|\u00c3[\u00a0-\u00bf]|\u00e2\u20ac")
_TEXTS = ("video_name", "web_comment", "class_note", "patient_history", "changes_made", "exclude")


@rule(ERROR, sources=True)
def date_range(view: View | SourceView) -> Iterator[Finding]:
    """Dates are not before 2000 and not in the future."""
    dates: list[tuple[KeyPath, datetime.date | None]] = []
    if isinstance(view, View):
        dates.append((("added",), view.video.added))
        if view.video.withdrawn is not None:
            dates.append((("withdrawn", "date"), view.video.withdrawn.date))
    else:
        dates.append((("accessed",), view.source.accessed))
    # A day that has begun somewhere on Earth may not have begun here.
    latest = datetime.date.today() + datetime.timedelta(days=1)
    for path, day in dates:
        if day is not None and not EARLIEST <= day <= latest:
            yield path, f"{day} is before 2000 or in the future"


@rule(ERROR)
def as_published_release(view: View) -> Iterator[Finding]:
    """What a release said differently is of a release that lists the entry."""
    for release in view.video.as_published:
        if release not in view.video.releases:
            yield ("as_published", release), f"'{release}' is not among the entry's releases"


@rule(ERROR)
def repeated_value(view: View) -> Iterator[Finding]:
    """A list has each of its values once."""
    for name in ("downloads", "findings", "symptoms", "releases"):
        values = sorted(getattr(view.video, name) or ())
        for value, same in groupby(values):
            if len(list(same)) > 1:
                yield (name,), f"'{value}' stands twice"


@rule(WARNING)
def damaged_text(view: View) -> Iterator[Finding]:
    """Texts hold no control characters and no letters of a wrong encoding."""
    video = view.video
    texts: list[tuple[KeyPath, str | None]] = [((name,), getattr(video, name)) for name in _TEXTS]
    texts += [(("remarks", number), text) for number, text in enumerate(video.remarks)]
    if video.md_comments is not None:
        said = video.md_comments.model_dump().items()
        texts += [(("md_comments", name), text) for name, text in said]
    for path, text in texts:
        found = _BROKEN.search(text) if text else None
        if found:
            yield path, f"has {found[0]!r}: letters were damaged on the way; retype them"
