"""All rules, in the order in which they are applied and listed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pocus_data.catalog_rules import addresses, history, identity, licensing, media, medical
from pocus_data.catalog_rules.registry import RULES, Rule, SourceView, View
from pocus_data.yaml_positions import ERROR, Problem

__all__ = ["RULES", "STRUCTURE", "Checker", "Rule", "SourceView", "View", "listed"]

_MODULES = (identity, licensing, addresses, media, medical, history)

# What is said about a file that cannot be read as a catalog in the first place.
STRUCTURE = {
    "file": "The file can be read, ends in .yaml and is smaller than 8 MB.",
    "encoding": "The file is UTF-8 text without NUL bytes.",
    "yaml": "The file is YAML: spaces for indentation, no anchors and no aliases.",
    "duplicate-key": "A key stands once in its mapping.",
    "schema": "Values are of the right kind: closed vocabularies, numbers, dates, patterns.",
    "unknown-key": "Keys are those of catalog/schema.json.",
    "missing-key": "What every entry needs is there.",
}


def listed() -> list[tuple[str, str, str]]:
    """Every rule's code, severity and what it asks."""
    structure = [(code, ERROR, why) for code, why in STRUCTURE.items()]
    return structure + [(each.code, each.severity, each.why) for each in RULES]


@dataclass
class Checker:
    """Applies all rules to entry after entry; each rule remembers what it must."""

    measured: dict[str, dict[str, Any]] = field(default_factory=dict)
    _memories: dict[str, dict[Any, Any]] = field(default_factory=dict)

    def check(self, view: View) -> Iterator[Problem]:
        """All that is off with one entry, in view of those before it."""
        # What is withdrawn is a tombstone: only its name still counts.
        tombstone = view.video.withdrawn is not None
        view.measured = self.measured.get(view.video.id, {})
        for each in RULES:
            if not each.entries or (tombstone and each.severity != ERROR):
                continue
            view.memory = self._memories.setdefault(each.code, {})
            yield from each.problems(view)

    def check_source(self, view: SourceView) -> Iterator[Problem]:
        """All that is off with the source of one file."""
        for each in RULES:
            if each.sources:
                yield from each.problems(view)
