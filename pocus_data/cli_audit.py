"""Commands that ask where data came from, whether they are sound, and what may be shared."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from pocus_data.cli_catalog import AsJson, print_json
from pocus_data.errors import EXIT_FINDINGS, UsageError

DatasetName = Annotated[str, typer.Argument(help="Such as pocus.")]


def audit(
    dataset: DatasetName,
    as_json: AsJson = False,
    rule: Annotated[list[str] | None, typer.Option(help="Only this rule; may be repeated.")] = None,
) -> None:
    """Apply all rules to the data as it lies on disk; exit 1 on errors."""
    from dataclasses import replace

    from pocus_data import audit as auditing
    from pocus_data.audit_dataset import open_dataset
    from pocus_data.audit_rules.registry import all_rules
    from pocus_data.errors import DataError
    from pocus_data.locks import changed_stages
    from pocus_data.params import load_params

    known = {each.code: each for each in all_rules()}
    for code in rule or ():
        if code not in known:
            raise UsageError(f"--rule {code}: is none of {', '.join(known)}")
    chosen = [known[code] for code in rule or known]
    opened = open_dataset(dataset, load_params().split.group)
    if known["stale"] in chosen:
        try:
            opened = replace(opened, changed=changed_stages(dataset))
        except DataError as error:
            opened = replace(opened, why_not_asked=str(error))
    results = auditing.run_audit(opened, chosen)
    summary = auditing.as_json(results, opened)
    if as_json:
        print_json(summary)
    else:
        for finding in auditing.findings_of(results):
            print(f"{finding.severity}: {finding.rule}: {finding.subject}: {finding.message}")
        for result in results:
            if result.not_checked:
                print(f"not checked: {result.rule.code}: {result.not_checked}", file=sys.stderr)
        counts = summary["findings_by_severity"]
        print(", ".join(f"{count} {level}s" for level, count in counts.items()), file=sys.stderr)
    if summary["findings_by_severity"]["error"]:
        raise typer.Exit(EXIT_FINDINGS)


def trace(
    what: Annotated[str, typer.Argument(help="A frame, a clip, or a PNG file.")],
    as_json: AsJson = False,
) -> None:
    """Lead a frame, a clip or a bare PNG file back to page, licence, doctor and bytes."""
    from pocus_data import lineage

    found = lineage.trace(what)
    if as_json:
        print_json(found)
        return
    for number, each in enumerate(found):
        print("\n" * bool(number) + "\n".join(_lines(each)))


def impact(
    video: Annotated[str, typer.Argument(help="The entry's identifier.")],
    as_json: AsJson = False,
) -> None:
    """List all that was made of a clip: frames, fold, features, networks, metrics, exports."""
    from pocus_data import lineage

    found = lineage.impact(video)
    if as_json:
        print_json(found)
        return
    for each in found:
        frames = each.pop("frames")
        ends = f" ({frames[0]} to {frames[-1]})" if frames else ""
        each["frames"] = f"{len(frames)} of {each.pop('frames_of_all')}{ends}"
        print("\n".join(_lines(each)))


def verify(
    dataset: DatasetName,
    frames: Annotated[int, typer.Option(min=1, help="How many frames, drawn at random.")] = 100,
    everything: Annotated[bool, typer.Option("--all", help="All frames.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Another seed draws other frames.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Derive frames again from their clips' bytes and compare pixels; exit 1 if any differ."""
    from dataclasses import asdict

    from pocus_data.verify import verify as derive

    verdicts = derive(dataset, None if everything else frames, seed)
    off = [verdict for verdict in verdicts if verdict.problem]
    if as_json:
        print_json({"verified": len(verdicts), "problems": [asdict(each) for each in off]})
    else:
        for verdict in off:
            print(f"{verdict.frame_id}: {verdict.problem}")
        print(f"{len(verdicts) - len(off)} of {len(verdicts)} frames are as derived again")
    if off:
        raise typer.Exit(EXIT_FINDINGS)


def export(
    dataset: DatasetName,
    to: Annotated[Path, typer.Option(help="A new folder, or one of an earlier export.")],
    form: Annotated[
        str,
        typer.Option(
            "--format", help="croissant, imagefolder, webdataset, tfrecord or datapackage."
        ),
    ],
    policy: Annotated[
        str, typer.Option(help="open, redistributable, commercial or any.")
    ] = "redistributable",
    rights: Annotated[
        bool, typer.Option("--i-have-the-rights", help="Vouch for what no licence says.")
    ] = False,
) -> None:
    """Write the frames that may be shared, in the shape that others load."""
    from dataclasses import replace

    from pocus_data import cards
    from pocus_data.audit_dataset import open_dataset
    from pocus_data.catalog import load_catalog
    from pocus_data.export import export as write
    from pocus_data.export import select
    from pocus_data.licenses import Policy
    from pocus_data.params import load_params

    if policy not in set(Policy):
        raise UsageError(f"--policy {policy}: is none of {', '.join(Policy)}")
    if policy == Policy.ANY and not rights:
        raise UsageError(
            "--policy any: takes frames that nobody allowed to share; if the rights are yours, "
            "say so: --i-have-the-rights"
        )
    params = load_params()
    opened = open_dataset(dataset, params.split.group)
    version, date = params.dataset_version, params.dataset_date
    now = load_catalog(dataset)
    chosen = select(opened, Policy(policy), version, date, now)
    card = cards.datacard(dataset, params, chosen.reduced, None, None)
    write(replace(chosen, card=card), form, to)
    clips = chosen.frames["video_id"].nunique()
    print(f"{to}: {len(chosen.frames)} frames of {clips} clips, policy '{policy}'")


def release(
    rev: Annotated[str, typer.Argument(help="The last release: a git revision.")],
    write: Annotated[bool, typer.Option("--write", help="Write CHANGELOG-DATA.md.")] = False,
) -> None:
    """Say which version the changes since a release ask for; exit 1 if dataset_version is less."""
    from pocus_data import dataset_diff as differ
    from pocus_data.errors import DataError
    from pocus_data.outputs import write_text
    from pocus_data.params import load_params

    root, params = Path(), load_params()
    changes, unseen = all_changes(rev, None)
    if unseen:
        raise DataError(f"{unseen[0]}; a release wants to see all frames")
    before, now = differ.version_at(rev, root), params.dataset_version
    with_frames = {
        (name, clip)
        for name in params.datasets
        for clip in _with_frames(name, (rev, None), {each.entry for each in changes})
    }
    needed, taken = differ.step_of(changes, with_frames), differ.step_between(before, now)
    print(f"{len(changes)} changes since {rev} ({before}): a {needed} step", file=sys.stderr)
    if differ.STEPS.index(taken) < differ.STEPS.index(needed):
        wanted = differ.next_version(before, needed)
        print(f"params.yaml: dataset_version is {now}; it must be {wanted} or more")
        raise typer.Exit(EXIT_FINDINGS)
    print(f"params.yaml: dataset_version {now} fits")
    if write:
        path = root / differ.CHANGELOG
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        write_text(path, differ.with_notes(text, now, params.dataset_date, changes))
        print(f"{path}: written")


def diff(
    rev_a: Annotated[str, typer.Argument(help="A git revision, such as main or v1.0.0.")],
    rev_b: Annotated[str | None, typer.Argument(help="Another; the files at hand if none.")] = None,
    as_json: AsJson = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="For a pull request.")] = False,
) -> None:
    """Say what changed between two revisions: entries, labels, licences, frames, folds."""
    from pocus_data import catalog_diff

    changes, unseen = all_changes(rev_a, rev_b)
    for reason in unseen:
        # Whoever reviews a pull request has the catalogs, and rarely the data.
        print(f"frames are not compared: {reason}", file=sys.stderr)
    if as_json:
        print_json([change.as_json() for change in changes])
    elif markdown:
        print(catalog_diff.as_markdown(changes))
    else:
        for change in changes:
            print(change)


def _with_frames(name: str, revisions: tuple[str | None, ...], entries: set[str]) -> set[str]:
    """Clips with frames; where nobody here can see them, any entry may have some."""
    from pocus_data import dataset_diff
    from pocus_data.errors import DataError

    try:
        return dataset_diff.clips_with_frames(name, revisions, Path())
    except DataError:
        return entries


def all_changes(rev_a: str, rev_b: str | None) -> tuple[list[Any], list[str]]:
    """Changes of all catalogs, then of the frames of all datasets; and what was not compared."""
    from pocus_data import catalog_diff, dataset_diff
    from pocus_data.catalog import datasets
    from pocus_data.errors import DataError

    root, unseen = Path(), []
    changes = catalog_diff.between(rev_a, rev_b, root)
    for dataset in datasets(root):
        try:
            changes += dataset_diff.frames_between(dataset, rev_a, rev_b, root)
        except DataError as error:
            unseen.append(str(error))
    return changes, unseen


def _lines(values: dict[str, Any], indent: str = "") -> list[str]:
    """Nested values, one a line."""
    lines = []
    for key, value in values.items():
        name = f"{indent}{key.replace('_', ' ')}:"
        if isinstance(value, dict):
            lines += [name, *_lines(value, indent + "  ")]
        elif isinstance(value, list):
            lines.append(f"{name} {', '.join(str(each) for each in value) or 'none'}")
        elif value is not None:
            lines.append(f"{name} {value}")
    return lines


def register(app: typer.Typer) -> None:
    """Offer these commands."""
    for command in (trace, impact, verify, audit, export, diff, release):
        app.command()(command)
