"""What a rule of the audit is, and what it says of what it finds."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pocus_data.audit_dataset import Dataset


class Severity(StrEnum):
    """Errors fail the audit; warnings want a person's judgement; notes are for the record."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Unit(StrEnum):
    """What a rule looks at one by one; its score is the share of these without a finding."""

    ENTRY = "entries"
    CLIP = "clips"
    FRAME = "frames"
    GROUP = "patients"
    DATASET = "dataset"


class NotCheckedError(Exception):
    """Raised by a rule that cannot look here; its words say why, and the report repeats them."""


@dataclass(frozen=True)
class Found:
    """One thing that is off, as a rule yields it.

    Attributes
    ----------
    subject : the frame, clip, patient, ... that it is about.
    message : what is off.
    video_id : the clip whose picture shows it, if any.
    severity : where not the rule's.
    about : all that it is about, where that is more than the subject; scores count these.
    """

    subject: str
    message: str
    video_id: str = ""
    severity: Severity | None = None
    about: tuple[str, ...] = ()


Check = Callable[["Dataset"], Iterator[Found]]


@dataclass(frozen=True)
class Rule:
    """A named check: stable code, severity, what it asks, why that matters, how to mend it."""

    code: str
    severity: Severity
    unit: Unit
    title: str
    why: str
    fix: str
    check: Check


def rule(
    severity: Severity, unit: Unit, *, title: str, why: str, fix: str
) -> Callable[[Check], Rule]:
    """Make a function a rule; its code is its name."""

    def make(check: Check) -> Rule:
        code = check.__name__.replace("_", "-")
        return Rule(code, severity, unit, title, why, fix, check)

    return make


@cache
def all_rules() -> tuple[Rule, ...]:
    """The rules of all files of this folder, by code."""
    package = importlib.import_module("pocus_data.audit_rules")
    found = []
    for module in pkgutil.iter_modules(package.__path__):
        content = importlib.import_module(f"{package.__name__}.{module.name}")
        found += [value for value in vars(content).values() if isinstance(value, Rule)]
    return tuple(sorted(found, key=lambda each: each.code))
