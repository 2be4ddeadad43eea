"""What changed in the catalog between two versions of the repository, in words."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pocus_data.catalog import CATALOG_FOLDER
from pocus_data.errors import CatalogError, UsageError
from pocus_data.yaml_positions import parse_yaml

# Words for the fields whose names alone say too little.
_WORDS = {"license": "licence", "md_comment": "MD comment", "added": "date added"}
_LONGEST = 90
_LICENSES = "licenses.yaml"
# GitHub takes comments of 65,536 characters.
_MOST_ROWS = 200
# Fields of a source that its entries inherit: a change there is a change of each of them.
_INHERITED = ("license", "license_url", "doi", "title")


@dataclass(frozen=True, order=True)
class Change:
    """One field of one entry that differs; for a whole entry, ``field`` is empty."""

    dataset: str
    entry: str
    kind: str
    field: str = ""
    before: str | None = None
    after: str | None = None

    def __str__(self) -> str:
        if self.kind in {"added", "removed"}:
            return f"{self.dataset}: {self.kind} {self.entry} ({self.after or self.before})"
        return f"{self.dataset}: {self.in_words()}"

    def in_words(self) -> str:
        """``licence of cov-atlas-44: NOASSERTION → CC-BY-NC-4.0``."""
        name = _WORDS.get(self.field, self.field.replace("_", " "))
        before, after = (_shown(value) for value in (self.before, self.after))
        return f"{name} of {self.entry}: {before} → {after}"

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)


def between(rev_a: str, rev_b: str | None, root: Path) -> list[Change]:
    """Every difference of the catalogs at two git revisions, sorted by dataset and entry.

    Parameters
    ----------
    rev_b : another revision, or ``None`` for the files at hand.

    Raises
    ------
    UsageError
        if this is no git repository, or has no such revision.
    CatalogError
        if a catalog file of one of them is no YAML.
    """
    before, after = _things(_at_revision(rev_a, root)), _things(_read(rev_b, root))
    changes = []
    for key in sorted(before.keys() | after.keys()):
        dataset, name = key
        old, new = before.get(key), after.get(key)
        if old is None or new is None:
            kind, entry = ("added", new) if old is None else ("removed", old)
            said = _summary(entry or {})
            changes.append(
                Change(dataset, name, kind, before=None, after=said)
                if kind == "added"
                else Change(dataset, name, kind, before=said)
            )
            continue
        for field in sorted(old.keys() | new.keys()):
            if old.get(field) != new.get(field):
                values = (old.get(field), new.get(field))
                changes.append(Change(dataset, name, "changed", field, *values))
    return changes


def as_markdown(changes: list[Change]) -> str:
    """A pull request's comment: counts first, then a table for each dataset."""
    if not changes:
        return "### Catalog\n\nNo entry changed."
    lines = ["### Catalog", ""]
    per_dataset: dict[str, list[Change]] = defaultdict(list)
    for change in changes:
        per_dataset[change.dataset].append(change)
    for dataset, its in per_dataset.items():
        entries = {kind: {c.entry for c in its if c.kind == kind} for kind in _KINDS}
        counted = ", ".join(f"{len(entries[kind])} {kind}" for kind in _KINDS if entries[kind])
        lines += [f"**{dataset}**: {counted}", "", "| entry | what | before | after |"]
        lines += ["| --- | --- | --- | --- |"]
        for change in its[:_MOST_ROWS]:
            what = change.field.replace("_", " ") or change.kind
            cells = (f"`{change.entry}`", what, _cell(change.before), _cell(change.after))
            lines.append(f"| {' | '.join(cells)} |")
        if len(its) > _MOST_ROWS:
            lines.append(f"\n… and {len(its) - _MOST_ROWS} more: `pocus-data diff` lists them all.")
        lines.append("")
    return "\n".join(lines).rstrip()


def file_at(revision: str, name: str, root: Path) -> bytes:
    """One file of a git revision.

    Raises
    ------
    UsageError
        if there is no such revision or file, or no git.
    """
    if revision.startswith("-"):
        raise UsageError(f"'{revision}' is no git revision")
    command = ["git", "show", f"{revision}:{name}"]
    try:
        return subprocess.run(command, cwd=root, capture_output=True, check=True).stdout
    except FileNotFoundError:
        raise UsageError("this needs git; install it") from None
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().splitlines()
        raise UsageError(
            f"no {name} at revision '{revision}': {said[-1] if said else 'git'}"
        ) from None


_KINDS = ("added", "removed", "changed", "frames")


def _read(revision: str | None, root: Path) -> dict[str, bytes]:
    if revision is not None:
        return _at_revision(revision, root)
    folder = root / CATALOG_FOLDER
    files = [*folder.glob("*/*.yaml"), folder / _LICENSES]
    found = [path for path in files if path.is_file() and not path.name.startswith(".")]
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in found}


def _at_revision(revision: str, root: Path) -> dict[str, bytes]:
    if revision.startswith("-"):
        raise UsageError(f"'{revision}' is no git revision")
    command = ["git", "archive", "--format=tar", revision, "--", CATALOG_FOLDER.as_posix()]
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, check=False)
    except FileNotFoundError:
        raise UsageError("diff needs git; install it") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise UsageError(f"no catalog at revision '{revision}': {said[-1] if said else 'git'}")
    found = {}
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        for member in archive.getmembers():
            stream = archive.extractfile(member) if member.isfile() else None
            _, _, name = member.name.partition("/")
            listed = (name.count("/") == 1 and name.endswith(".yaml")) or name == _LICENSES
            if listed and stream and "/." not in member.name:
                found[member.name] = stream.read()
    return found


def _things(files: dict[str, bytes]) -> dict[tuple[str, str], dict[str, str]]:
    """Entries, sources and licences by dataset and name; their fields as text.

    What a source says of all its entries is filled in, so that a change there shows at each.
    """
    things: dict[tuple[str, str], dict[str, str]] = {}
    for name, raw in files.items():
        content = _parsed(name, raw)
        if name.endswith(f"/{_LICENSES}"):
            for license_id, terms in content.items():
                fields = terms if isinstance(terms, dict) else {"terms": terms}
                things["licences", str(license_id)] = _texts(fields)
            continue
        dataset = name.split("/")[1]
        source: Any = content.get("source")
        source = source if isinstance(source, dict) else {}
        said = {key: value for key, value in source.items() if key not in (*_INHERITED, "id")}
        things[dataset, f"source {source.get('id')}"] = _texts(said)
        inherited = {key: source[key] for key in _INHERITED if key in source}
        videos = content.get("videos")
        for video in videos if isinstance(videos, list) else []:
            if isinstance(video, dict) and "id" in video:
                fields = inherited | {"source": source.get("id")} | video
                things[dataset, str(video["id"])] = _texts(fields)
    return things


def _parsed(name: str, raw: bytes) -> dict[str, Any]:
    document = parse_yaml(raw, name)
    # Older revisions may have aliases, which only say a value again.
    unreadable = [each for each in document.problems if "alias" not in each.message]
    if unreadable:
        raise CatalogError([str(problem) for problem in unreadable])
    return document.value if isinstance(document.value, dict) else {}


def _texts(fields: dict[str, Any]) -> dict[str, str]:
    return {key: _as_text(value) for key, value in fields.items() if key != "id"}


def _as_text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_as_text(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return ", ".join(_as_text(inner) for inner in value) or "none"
    return " ".join(str(value).split())


def _summary(entry: dict[str, str]) -> str:
    return ", ".join(entry[key] for key in ("class", "media", "source", "license") if key in entry)


def _shown(value: str | None) -> str:
    if value is None:
        return "nothing"
    return value if len(value) <= _LONGEST else f"{value[: _LONGEST - 1]}…"


def _cell(value: str | None) -> str:
    return "" if value is None else _shown(value).replace("|", "\\|")
