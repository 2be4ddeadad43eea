"""Rules of licences: each entry says what may be done with it, in words that machines know."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pocus_data import licenses
from pocus_data.catalog_rules.registry import ERROR, WARNING, Finding, View, rule


@rule(ERROR)
def license(view: View) -> Iterator[Finding]:
    """A licence is an SPDX identifier, NOASSERTION, or described in catalog/licenses.yaml."""
    for path, license_id in _stated(view):
        message = licenses.problem_with(license_id, view.described)
        if message:
            yield path, message


@rule(WARNING)
def license_url(view: View) -> Iterator[Finding]:
    """A Creative Commons address names the licence that the entry has."""
    url = view.video.license_url or (None if view.video.license else view.source.license_url)
    license_id = view.video.license or view.source.license
    named = re.search(r"creativecommons\.org/licenses/([a-z-]+)/(\d\.\d)", url or "")
    if named and f"CC-{named[1].upper()}-{named[2]}" != license_id:
        path = ("license_url",) if view.video.license_url else ("source", "license_url")
        yield path, f"is the address of CC-{named[1].upper()}-{named[2]}, not of {license_id}"


def _stated(view: View) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if view.video.license is not None:
        yield ("license",), view.video.license
    if view.memory.setdefault(view.document.file, view.index) == view.index:
        yield ("source", "license"), view.source.license
