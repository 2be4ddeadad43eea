"""What a rule is, and what it gets to look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pocus_data.licenses import Terms
from pocus_data.models import Source, Video
from pocus_data.yaml_positions import ERROR, WARNING, Document, KeyPath, Problem

__all__ = ["ERROR", "RULES", "WARNING", "Finding", "Rule", "View", "rule"]

# The field that is off, as a path within the entry or the source, and what is off.
Finding = tuple[KeyPath, str]


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

    def place(self, path: KeyPath = ()) -> str:
        """``file:line`` of a field, for messages about other entries."""
        line = self.document.position(("videos", self.index, *path))[0]
        return f"{self.document.file}:{line}"


@dataclass(frozen=True)
class Rule:
    """A named check; ``why`` is its function's documentation."""

    code: str
    severity: str
    check: Callable[[View], Iterator[Finding]]

    @property
    def why(self) -> str:
        """What the rule asks, in one line."""
        return " ".join((self.check.__doc__ or "").split())

    def problems(self, view: View) -> Iterator[Problem]:
        """Apply the rule to one entry."""
        for path, message in self.check(view):
            where = ("videos", view.index, *path) if path[:1] != ("source",) else path
            yield view.document.problem(where, self.code, message, self.severity)


RULES: list[Rule] = []


def rule(
    severity: str,
) -> Callable[[Callable[[View], Iterator[Finding]]], Callable[[View], Iterator[Finding]]]:
    """Register a function as a rule, named after it."""

    def register(
        check: Callable[[View], Iterator[Finding]],
    ) -> Callable[[View], Iterator[Finding]]:
        RULES.append(Rule(check.__name__.replace("_", "-"), severity, check))
        return check

    return register
