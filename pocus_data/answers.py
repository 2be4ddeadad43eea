"""What a person says of a new entry, judged before anything is fetched."""

from __future__ import annotations

import datetime
import re
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pocus_data import crop, licenses
from pocus_data.catalog import CATALOG_FOLDER, load_catalog
from pocus_data.catalog_rules.history import EARLIEST
from pocus_data.catalog_rules.identity import slug
from pocus_data.crop import Window
from pocus_data.errors import UsageError
from pocus_data.measurement import ProbeResult
from pocus_data.models import Diagnosis, Probe, Source, Video


def check_answers(answers: dict[str, Any], dataset: str, root: Path) -> None:
    """Refuse words that the catalog would not take, before anything is fetched.

    Raises
    ------
    UsageError
        naming the first of them and what it may be.
    CatalogError
        if the catalog itself has errors, which are to be mended first.
    """
    load_catalog(dataset, root)
    for name, words in (("class", Diagnosis), ("probe", Probe)):
        known = [word.value for word in words]
        if answers[name] not in known:
            raise UsageError(f"--{name} {answers[name]}: is one of {', '.join(known)}")
    described = licenses.read_described(root / CATALOG_FOLDER / "licenses.yaml")
    wrong = licenses.problem_with(answers["license"], described)
    if wrong:
        raise UsageError(f"--license: {wrong}")
    source = answers["source"]
    if slug(source) != source:
        raise UsageError(f"--source '{source}': write it as '{slug(source)}'")
    if answers.get("patient"):
        number = slug(answers["patient"])
        if not number:
            raise UsageError(f"--patient '{answers['patient']}': a number, or letters a to z")
        mine = number.startswith(f"{source}-")
        answers["patient"] = number if mine else f"{source}-{number}"
    if answers["class"] == Diagnosis.UNCERTAIN.value and not answers.get("class_note"):
        raise UsageError("--class uncertain: say why with --class-note")
    given = {name: value for name, value in answers.items() if value is not None}
    given = {"id": "to-be-named", "file": "to be named", "media": "video"} | given
    given.pop("source")
    try:
        Video.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        option = str(first["loc"][0]).replace("_", "-").replace("releases", "release")
        raise UsageError(f"--{option} {first['input']}: {first['msg']}") from error


def check_source(head: dict[str, Any]) -> None:
    """Refuse what cannot be said of a new source, before anything is fetched.

    Raises
    ------
    UsageError
        naming the first of its options that is wrong.
    """
    try:
        Source.model_validate({key: value for key, value in head.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(f"--source-{first['loc'][0]} {first['input']}: {first['msg']}") from error


def day_of(text: str | None) -> datetime.date:
    """A day written YYYY-MM-DD; today when there is none.

    Raises
    ------
    UsageError
        if it is no such day.
    """
    today = datetime.date.today()
    try:
        day = datetime.date.fromisoformat(text) if text else today
    except ValueError:
        raise UsageError(f"--date {text}: write it as YYYY-MM-DD") from None
    if not EARLIEST <= day <= today + datetime.timedelta(days=1):
        raise UsageError(f"--date {day}: is before 2000 or in the future")
    return day


def window_from(text: str | None, probe: ProbeResult, proposed: Window | None) -> Window | None:
    """The window that a person chose as ``x,y,size``, else the one proposed.

    Raises
    ------
    UsageError
        if it is malformed or leaves the frame.
    """
    if text is None:
        return proposed
    match = re.fullmatch(r"(\d+),(\d+),(\d+)", text.replace(" ", ""))
    if not match:
        raise UsageError(f"--crop {text}: write it as x,y,size in pixels")
    window = Window(*map(int, match.groups()))
    against = crop.reason_against(window, probe.width, probe.height)
    if against:
        raise UsageError(f"--crop: {against}")
    return window
