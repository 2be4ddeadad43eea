"""What a rule is, and what it gets to look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pocus_data.licenses import Terms
from pocus_data.models import Source, Video
from pocus_data.yaml_positions import ERROR, WARNING, Document, KeyPath, Problem

__all__ = ["ERROR", "RULES", "WARNING", "Finding", "Rule", "SourceView", "View", "rule"]

# The field that is off, as a path within the entry or the source, and what is off.
Finding = tuple[KeyPath, str]


@dataclass
class SourceView:
    """A file's source as the rules see it."""

    source: Source
    document: Document
    described: dict[str, Terms]

    @property
    def prefix(self) -> KeyPath:
        """Where its fields stand in the file."""
        return ("source",)


@dataclass
class View:
    """One entry as the rules see it.

    Attributes
    ----------
    measured : the entry's row of ``videos.csv`` when its file has been measured, else empty.
    described : licences of ``catalog/licenses.yaml``.
    memory : what this rule has kept of earlier entries; its own, empty at the start.
    """

    source: Source
    video: Video
    document: Document
    index: int
    described: dict[str, Terms]
    measured: dict[str, Any] = field(default_factory=dict)
    memory: dict[Any, Any] = field(default_factory=dict)

    @property
    def prefix(self) -> KeyPath:
        """Where its fields stand in the file."""
        return ("videos", self.index)

    @property
    def key(self) -> tuple[str, int]:
        """Which entry this is."""
        return self.document.file, self.index

    def place(self, path: KeyPath = ()) -> str:
        """``file:line`` of a field, for messages about other entries."""
        line = self.document.position((*self.prefix, *path))[0]
        return f"{self.document.file}:{line}"


@dataclass(frozen=True)
class Rule:
    """A named check of entries, of sources, or of both; ``why`` is its documentation."""

    code: str
    severity: str
    check: Callable[[Any], Iterator[Finding]]
    entries: bool
    sources: bool

    @property
    def why(self) -> str:
        """What the rule asks, in one line."""
        return " ".join((self.check.__doc__ or "").split())

    def problems(self, view: View | SourceView) -> Iterator[Problem]:
        """Apply the rule to one entry or source."""
        for path, message in self.check(view):
            where = (*view.prefix, *path)
            yield view.document.problem(where, self.code, message, self.severity)


RULES: list[Rule] = []
Check = Callable[[Any], Iterator[Finding]]


def rule(severity: str, *, entries: bool = True, sources: bool = False) -> Callable[[Check], Check]:
    """Register a function as a rule, named after it, of entries, sources or both."""

    def register(check: Check) -> Check:
        code = check.__name__.replace("_", "-")
        RULES.append(Rule(code, severity, check, entries, sources))
        return check

    return register
