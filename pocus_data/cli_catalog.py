"""Commands that read and write the catalog; thin, as all commands."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pocus_data.errors import EXIT_FINDINGS, UsageError

if TYPE_CHECKING:
    from pocus_data.contribute import Measured
    from pocus_data.crop import Window

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def print_json(content: Any) -> None:
    """Print for programs."""
    print(json.dumps(content, indent=2, ensure_ascii=False, default=str))


def validate(
    dataset: Annotated[str | None, typer.Argument(help="One dataset; all when left out.")] = None,
    as_json: AsJson = False,
    rules: Annotated[bool, typer.Option("--rules", help="List the rules instead.")] = False,
) -> None:
    """Check the catalog; print each problem as file:line:column: rule: message.

    Exit status 1 if there is any error; warnings are for a person to judge.
    """
    from dataclasses import asdict

    from pocus_data.catalog import datasets, read_dataset, read_measured
    from pocus_data.yaml_positions import ERROR

    if rules:
        _list_rules(as_json)
        return
    names = [dataset] if dataset else datasets()
    if not names:
        raise UsageError("no dataset under catalog/; run this in the repository")
    read = {name: read_dataset(name, measured=read_measured(name)) for name in names}
    problems = sorted(problem for _, found in read.values() for problem in found)
    errors = sum(problem.severity == ERROR for problem in problems)
    if as_json:
        print_json([asdict(problem) for problem in problems])
    else:
        for problem in problems:
            print(problem)
        count = sum(len(catalog) for catalog, _ in read.values())
        said = f"{count} entries, {errors} errors, {len(problems) - errors} warnings"
        print(said, file=sys.stderr)
    if errors:
        raise typer.Exit(EXIT_FINDINGS)


def _list_rules(as_json: bool) -> None:
    from pocus_data.catalog_rules.every import listed

    if as_json:
        print_json([{"rule": c, "severity": s, "why": w} for c, s, w in listed()])
        return
    for code, severity, why in listed():
        print(f"{code:28}{severity:9}{why}")


def add(
    file_or_url: Annotated[str, typer.Argument(help="A file of this machine, or its address.")],
    dataset: Annotated[str, typer.Option(help="Such as pocus.")] = "pocus",
    source: Annotated[str | None, typer.Option(help="Whose it is: a file's name, or new.")] = None,
    diagnosis: Annotated[str | None, typer.Option("--class", help="Such as covid19.")] = None,
    license_id: Annotated[
        str | None, typer.Option("--license", help="SPDX id, NOASSERTION or LicenseRef-....")
    ] = None,
    probe: Annotated[str, typer.Option(help="convex or linear.")] = "convex",
    patient: Annotated[str | None, typer.Option(help="Number of the patient there.")] = None,
    comment: Annotated[str | None, typer.Option(help="What a medical doctor says.")] = None,
    web_comment: Annotated[str | None, typer.Option(help="What the page says.")] = None,
    page: Annotated[str | None, typer.Option(help="The page a person can check.")] = None,
    class_note: Annotated[str | None, typer.Option(help="Why the class is uncertain.")] = None,
    entry_id: Annotated[str | None, typer.Option("--id", help="Made of the file's name.")] = None,
    release: Annotated[list[str] | None, typer.Option(help="A release that lists it.")] = None,
    crop: Annotated[str | None, typer.Option(help="x,y,size; found when left out.")] = None,
    preview: Annotated[Path | None, typer.Option(help="Where to draw the window.")] = None,
    source_name: Annotated[str | None, typer.Option(help="Of a new source.")] = None,
    source_url: Annotated[str | None, typer.Option(help="Of a new source.")] = None,
    source_kind: Annotated[str, typer.Option(help="Of a new source.")] = "contribution",
    allow_alike: Annotated[bool, typer.Option(help="Though another clip looks alike.")] = False,
    date: Annotated[str | None, typer.Option(help="YYYY-MM-DD; today when left out.")] = None,
) -> None:
    """Add a clip to the catalog: measure it, compare it, write its entry, check the whole.

    What only a person knows is asked for on a terminal, and must be given as options elsewhere.
    """
    from pocus_data import answers as said
    from pocus_data import catalog_write, contribute
    from pocus_data.params import load_params

    root = Path()
    given = {"source": source, "class": diagnosis, "license": license_id}
    optional = {"patient": patient, "md_comment": comment, "url": page, "class_note": class_note}
    answers = _answers(given, optional)
    answers |= {"probe": probe, "web_comment": web_comment}
    answers |= {"id": entry_id, "releases": release, "added": said.day_of(date)}
    said.check_answers(answers, dataset, root)
    head = {"id": answers["source"], "name": source_name, "url": source_url, "kind": source_kind}
    head |= {"name": source_name or answers["source"], "license": answers["license"]}
    said.check_source(head)
    found = contribute.measure(file_or_url, load_params().download)
    print(contribute.in_words(found))
    unseen = contribute.refuse_duplicates(found, root, allow_alike=allow_alike)
    for missing in unseen:
        print(f"not compared by look: {missing}")
    window = said.window_from(crop, found.probe, found.window)
    where = preview or contribute.preview_path(found)
    entry = contribute.entry_of(found, answers, window)
    contribute.save_preview(found, window, where)
    _confirm(found, window, where)
    path, warnings = catalog_write.add_entry(dataset, head, entry, root)
    for warning in warnings:
        print(warning, file=sys.stderr)
    print(f"{path}: added {entry['id']} ({entry['probe']} probe); now run 'dvc repro'")
    if found.url is None:
        print("only this machine has its bytes: give them an address and list it", file=sys.stderr)


_QUESTIONS = {
    "source": "Source (a file's name in the catalog, or a new one)",
    "class": "Class (covid19, bacterial_pneumonia, viral_pneumonia, healthy, uncertain)",
    "license": "Licence (SPDX id, NOASSERTION when nobody has stated one)",
    "patient": "Patient's number at the source (empty when unknown)",
    "md_comment": "What a medical doctor says (empty when none has looked)",
    "url": "Page where a person can check it (empty when there is none)",
    "class_note": "Why the class is uncertain",
}


def _answers(needed: dict[str, Any], optional: dict[str, Any]) -> dict[str, Any]:
    """Ask on a terminal for what was not given; elsewhere name the options that lack."""
    lacking = [name for name, value in needed.items() if not value]
    if lacking and not sys.stdin.isatty():
        options = ", ".join(f"--{name}" for name in lacking)
        raise UsageError(f"add: only a person knows these; give {options}")
    answers = {name: value or typer.prompt(_QUESTIONS[name]) for name, value in needed.items()}
    for name, value in optional.items():
        ask = lacking and not value and (name != "class_note" or answers["class"] == "uncertain")
        asked = typer.prompt(_QUESTIONS[name], default="", show_default=False) if ask else ""
        answers[name] = value or asked or None
    return answers


def _confirm(found: Measured, window: Window | None, where: Path) -> None:
    said = f"{window.x},{window.y},{window.size}" if window else "none: the clip is black"
    print(f"crop: {said}; drawn in {where}")
    if sys.stdin.isatty() and sys.stdout.isatty():
        typer.launch(str(where))
        if not typer.confirm("Add it with this crop?", default=True):
            raise UsageError(f"{found.file}: not added; choose the window with --crop x,y,size")


def withdraw(
    video: Annotated[str, typer.Argument(help="The entry's identifier.")],
    reason: Annotated[str, typer.Option(help="Why; it stays on the tombstone.")],
    date: Annotated[str | None, typer.Option(help="YYYY-MM-DD; today when left out.")] = None,
) -> None:
    """Put a tombstone on an entry; the next 'dvc repro' removes all that was made of it."""
    from pocus_data import answers as said
    from pocus_data import catalog_write

    if not reason.strip():
        raise UsageError("--reason: say why; it stays on the tombstone")
    path = catalog_write.withdraw_entry(video, reason, said.day_of(date), Path())
    print(f"{path}: withdrew {video}; now run 'dvc repro' and commit")
    print(
        "older versions still hold it: 'dvc gc --workspace' clears DVC's cache, with --cloud the"
        " remote too; delete .cache, the work cache, with them"
    )


def pin(dataset: Annotated[str, typer.Argument(help="Such as pocus.")]) -> None:
    """Write checksum and size of what was downloaded into entries that have none yet."""
    from pocus_data import catalog_write

    pinned = catalog_write.pin_entries(dataset, Path())
    for name in pinned:
        print(name)
    print(f"{len(pinned)} entries pinned", file=sys.stderr)


def links(
    dataset: Annotated[str, typer.Argument(help="Such as pocus.")],
    date: Annotated[str | None, typer.Option(help="YYYY-MM-DD; today when left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """Ask for every address of the catalog, and append what became of it to links/DATASET.csv."""
    from pocus_data import answers as said
    from pocus_data import links as link_rot
    from pocus_data.params import load_params

    day = said.day_of(date)
    rows = link_rot.check(dataset, day, load_params().download, Path())
    if as_json:
        print_json(rows)
        return
    print(f"{'source':32}" + "".join(f"{state:>12}" for state in link_rot.STATES))
    for source, states in link_rot.by_source(rows).items():
        print(f"{source:32}" + "".join(f"{count or '':>12}" for count in states.values()))
    path = link_rot.ledger_path(dataset, Path())
    print(f"{len(rows)} addresses; appended to {path}", file=sys.stderr)


def schema() -> None:
    """Print the JSON Schema of a catalog file, as in catalog/schema.json."""
    from pocus_data.models import json_schema

    print_json(json_schema())


def stats(
    dataset: Annotated[str, typer.Argument(help="Such as pocus.")],
    by: Annotated[
        list[str] | None, typer.Option(help="class, source, license, probe, media or release.")
    ] = None,
    release: Annotated[str | None, typer.Option(help="Such as 2020-05.")] = None,
    chart: Annotated[Path | None, typer.Option(help="Draw bars there (PNG or SVG).")] = None,
    as_json: AsJson = False,
) -> None:
    """Count videos, images, patients and frames; --by may be given several times."""
    from pocus_data import counts

    counted = counts.count(dataset, tuple(by or ["class"]), release, Path())
    if chart is not None:
        counts.draw(counted, chart)
    if as_json:
        print_json(counted)
    else:
        counts.show(counted)


def register(app: typer.Typer) -> None:
    """Offer these commands."""
    for command in (validate, add, withdraw, pin, links, stats, schema):
        app.command()(command)
