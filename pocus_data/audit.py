"""The audit: whether every pixel leads back to a page, a licence and a checksum.

The rules stand in ``audit_rules``, one small file each. A rule never stops the others; what it
cannot read is itself a finding, and what it cannot look at is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from pocus_data.audit_dataset import Dataset
from pocus_data.audit_rules.registry import (
    Found,
    NotCheckedError,
    Rule,
    Severity,
    Unit,
    all_rules,
)


@dataclass(frozen=True)
class Finding:
    """One thing that is off: which rule says so, about what, and how to mend it."""

    rule: str
    severity: Severity
    subject: str
    message: str
    fix: str
    video_id: str
    about: tuple[str, ...] = ()


@dataclass(frozen=True)
class Result:
    """What one rule found, of how many things it looked at; or why it could not look."""

    rule: Rule
    looked_at: int
    findings: tuple[Finding, ...]
    not_checked: str = ""

    @property
    def score(self) -> float | None:
        """Share of what was looked at that has no finding; ``None`` where nothing was."""
        if self.not_checked or not max(self.looked_at, len(self.findings)):
            return None
        off = {name for finding in self.findings for name in finding.about or (finding.subject,)}
        return max(0.0, 1 - len(off) / max(self.looked_at, len(off)))


def run_audit(dataset: Dataset, rules: Sequence[Rule] | None = None) -> list[Result]:
    """Apply every rule, or those given."""
    counts = _counts(dataset)
    return [_apply(rule, dataset, counts[rule.unit]) for rule in rules or all_rules()]


def findings_of(results: list[Result]) -> list[Finding]:
    """All findings, sorted by severity, rule and subject."""
    rank = list(Severity)
    found = [finding for result in results for finding in result.findings]
    return sorted(found, key=lambda f: (rank.index(f.severity), f.rule, f.subject, f.message))


def as_json(results: list[Result], dataset: Dataset) -> dict[str, Any]:
    """``audit.json``: how much was looked at, each rule's score, and each finding."""
    findings = findings_of(results)
    count = {level.value: sum(f.severity is level for f in findings) for level in Severity}
    return {
        "checked": {
            "entries": len(dataset.index),
            "videos": len(dataset.had),
            "frames": len(dataset.frames),
        },
        "findings_by_severity": count,
        "rules": [
            {
                "rule": result.rule.code,
                "severity": result.rule.severity,
                "title": result.rule.title,
                "why": result.rule.why,
                "unit": result.rule.unit,
                "looked_at": result.looked_at,
                "findings": len(result.findings),
                "score": None if result.score is None else round(result.score, 4),
                "not_checked": result.not_checked,
            }
            for result in results
        ],
        "findings": [asdict(finding) for finding in findings],
    }


def provenance(dataset: Dataset) -> pd.DataFrame:
    """One row per frame: from its pixels to its page, licence, bytes and doctors' notes."""
    of_frame = dataset.frames.drop(columns=["redistributable"]).rename(
        columns={"sha256": "pixels_sha256", "url": "page"}
    )
    of_video = dataset.videos[["video_id", "url_used"]].drop_duplicates("video_id")
    comments = ["md_comment", "md2_comment", "md3_comment"]
    of_entry = dataset.index[["video_id", "source_name", "license_url", *comments]]
    of_entry = of_entry.drop_duplicates("video_id")
    folds = dataset.folds[["frame_id", "fold"]].drop_duplicates("frame_id")
    table = of_frame.merge(of_video, on="video_id", how="left")
    table = table.merge(of_entry, on="video_id", how="left")
    return table.merge(folds, on="frame_id", how="left").sort_values("frame_id", kind="stable")


def _apply(rule: Rule, dataset: Dataset, looked_at: int) -> Result:
    found: list[Finding] = []
    try:
        for each in rule.check(dataset):
            found.append(_finding(rule, each))
    except NotCheckedError as reason:
        return Result(rule, looked_at, (), str(reason))
    # Tables edited by hand may hold anything; one rule's stumbling must not hide the others' finds.
    except Exception as error:
        said = str(error).strip().splitlines()
        why = f"{type(error).__name__}: {said[0]}" if said else type(error).__name__
        message = f"could not look to the end, the tables are not sound ({why})"
        found.append(_finding(rule, Found(rule.code, message, severity=Severity.ERROR)))
    return Result(rule, looked_at, tuple(dict.fromkeys(found)))


def _finding(rule: Rule, found: Found) -> Finding:
    severity = found.severity or rule.severity
    return Finding(
        rule.code, severity, found.subject, found.message, rule.fix, found.video_id, found.about
    )


def _counts(dataset: Dataset) -> dict[Unit, int]:
    return {
        Unit.ENTRY: len(dataset.index),
        Unit.CLIP: len(dataset.had),
        Unit.FRAME: len(dataset.frames),
        Unit.GROUP: dataset.folds["group"].nunique(),
        Unit.DATASET: 1,
    }
