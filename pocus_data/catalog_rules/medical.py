"""Rules of meaning: class, findings, comments and patients do not contradict each other.

Most are warnings: which of two is right is a doctor's to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pocus_data.catalog_rules.registry import ERROR, WARNING, Finding, View, rule
from pocus_data.models import Diagnosis, Symptom
from pocus_data.models import Finding as Seen
from pocus_data.yaml_positions import KeyPath

_NEGATED = (
    r"(?<!\bno )(?<!\bnot )(?<!\bwithout )(?<!\bsigns of )(?<!\bevidence of )(?<!\babsence of )"
    r"(?<!\bpleural )(?<!\bno consolidation or )(?<!\bno effusion or )"
)
_DISEASE = re.compile(
    _NEGATED + r"\b(consolidat\w*|(?:pleural )?effusion\w*|pneumonia|hepati[sz]ation|empyema"
    r"|atelecta\w*|atalectic|cancer|white lung|mass)\b",
    re.IGNORECASE,
)
_NORMAL = re.compile(
    r"(?<!\bno )(?<!\bnot )(?<!\bnot a )(?<!\bnor )\b((?:normal|healthy) lung(?! anymore)"
    r"|no lung us abnormalit\w*|looks healthy|no abnormalit\w*)",
    re.IGNORECASE,
)
_ADVICE = re.compile(
    r"\b(do not use|don'?t use|would(?:n'?t| not|'t) use|not usable|not to use it"
    r"|no usable|this is no lung)\b",
    re.IGNORECASE,
)
# Findings that a healthy lung does not have; single B-lines and A-lines occur in health.
_ILL = (Seen.EFFUSION, Seen.CONSOLIDATION, Seen.AIR_BRONCHOGRAM)
MAY_LOOK_HEALTHY = (Diagnosis.HEALTHY, Diagnosis.UNCERTAIN)
AGE_TOLERANCE_YEARS = 1


def words_against(diagnosis: Diagnosis, text: str) -> str:
    """The first words of a comment that a class excludes; empty if there are none."""
    if diagnosis is Diagnosis.UNCERTAIN:
        return ""
    found = (_DISEASE if diagnosis is Diagnosis.HEALTHY else _NORMAL).search(text)
    return found[0] if found else ""


def findings_against(diagnosis: Diagnosis, findings: Iterable[str]) -> list[str]:
    """The findings that a class excludes."""
    return [name for name in map(str, findings) if diagnosis is Diagnosis.HEALTHY and name in _ILL]


@rule(WARNING)
def missing_md_comment(view: View) -> Iterator[Finding]:
    """A medical doctor has looked at what is used."""
    if view.video.exclude is None and not any(_doctors(view)):
        yield ("id",), "no 'md_comment': no doctor has looked at it"


@rule(ERROR)
def md_comment_drift(view: View) -> Iterator[Finding]:
    """'md_comment' is what the first doctor said: 'md_comments.md1' is the same text."""
    said = view.video.md_comments.md1 if view.video.md_comments else None
    if said != view.video.md_comment:
        yield ("md_comment",), "differs from md_comments.md1; keep one of the two"


@rule(WARNING)
def comment_contradicts_class(view: View) -> Iterator[Finding]:
    """Words of the page and of the doctors fit the class."""
    diagnosis = view.video.diagnosis
    for path, text in _comments(view):
        said = words_against(diagnosis, text)
        if said:
            yield path, f"says '{said}', yet the class is {diagnosis.value}"


@rule(WARNING)
def findings_contradict_class(view: View) -> Iterator[Finding]:
    """Findings and the reviewers' verdict fit the class."""
    diagnosis = view.video.diagnosis
    ill = findings_against(diagnosis, view.video.findings or ())
    if ill:
        yield ("findings",), f"{', '.join(ill)} in a clip whose class is healthy"
    if diagnosis not in MAY_LOOK_HEALTHY and view.video.looks_healthy:
        yield ("looks_healthy",), f"true, yet the class is {diagnosis.value}"


@rule(WARNING)
def advised_against(view: View) -> Iterator[Finding]:
    """What a doctor advises not to use has an 'exclude', or a second look."""
    if view.video.exclude is not None:
        return
    for path, text in _comments(view):
        found = _ADVICE.search(text)
        if found:
            yield path, f"says '{found[0]}'; exclude the entry, or let a doctor look again"


@rule(ERROR)
def uncertain_without_note(view: View) -> Iterator[Finding]:
    """An uncertain class says why in 'class_note'."""
    if view.video.diagnosis is Diagnosis.UNCERTAIN and view.video.class_note is None:
        yield ("class",), "is uncertain; say why in 'class_note'"


@rule(WARNING)
def patient_two_classes(view: View) -> Iterator[Finding]:
    """One patient, one class; two want a doctor's look."""
    patient, mine = view.video.patient, view.video.diagnosis
    if patient is None or mine is Diagnosis.UNCERTAIN:
        return
    kept, where = view.memory.setdefault(patient, (mine, view.place(("class",))))
    if kept is not mine:
        yield ("class",), f"{mine.value}, but {patient} is {kept.value} at {where}"


@rule(WARNING)
def patient_name(view: View) -> Iterator[Finding]:
    """A patient's identifier begins with the source's: numbers of two sources never meet."""
    patient = view.video.patient
    if patient is not None and not patient.startswith(f"{view.source.id}-"):
        yield ("patient",), f"'{patient}' does not begin with '{view.source.id}-'"


@rule(WARNING)
def patient_facts_drift(view: View) -> Iterator[Finding]:
    """One patient has one sex, and one age within a year."""
    video = view.video
    if video.patient is None:
        return
    known = view.memory.setdefault(video.patient, {})
    for name, value in (("sex", video.sex), ("age_years", video.age_years)):
        if value is None:
            continue
        first, where = known.setdefault(name, (value, view.place((name,))))
        apart = value != first if name == "sex" else abs(value - first) > AGE_TOLERANCE_YEARS
        if apart:
            yield (name,), f"{value}, but {video.patient} has {first} at {where}"


@rule(ERROR)
def symptoms_contradict(view: View) -> Iterator[Finding]:
    """Who is asymptomatic has no symptoms."""
    symptoms = view.video.symptoms or ()
    if Symptom.ASYMPTOMATIC in symptoms and len(symptoms) > 1:
        yield ("symptoms",), "asymptomatic, and yet with symptoms"


def _doctors(view: View) -> Iterator[str]:
    for _, text in _comments(view, doctors_only=True):
        yield text


def _comments(view: View, *, doctors_only: bool = False) -> Iterator[tuple[KeyPath, str]]:
    if view.video.web_comment and not doctors_only:
        yield ("web_comment",), view.video.web_comment
    said = view.video.md_comments
    for name in ("md1", "md2", "md3"):
        text = getattr(said, name) if said else None
        if text:
            yield ("md_comment",) if name == "md1" else ("md_comments", name), text
