"""Rules of licences: each entry says what may be done with it, in words that machines know."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pocus_data import licenses
from pocus_data.catalog_rules.registry import ERROR, WARNING, Finding, SourceView, View, rule


@rule(ERROR, sources=True)
def license(view: View | SourceView) -> Iterator[Finding]:
    """A licence is an SPDX identifier, NOASSERTION, or described in catalog/licenses.yaml."""
    stated = view.video.license if isinstance(view, View) else view.source.license
    message = stated and licenses.problem_with(stated, view.described)
    if message:
        yield ("license",), message


@rule(WARNING, sources=True)
def license_url(view: View | SourceView) -> Iterator[Finding]:
    """A Creative Commons address names the licence that the entry has."""
    own = view.video if isinstance(view, View) else view.source
    license_id = own.license or view.source.license
    named = re.search(r"creativecommons\.org/licenses/([a-z-]+)/(\d\.\d)", own.license_url or "")
    if named and f"CC-{named[1].upper()}-{named[2]}" != license_id:
        yield (
            ("license_url",),
            f"is the address of CC-{named[1].upper()}-{named[2]}, not of {license_id}",
        )
