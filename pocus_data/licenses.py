"""What a licence allows.

Catalog licences are SPDX identifiers (https://spdx.org/licenses), ``NOASSERTION`` where the
source states none, or a ``LicenseRef-…`` described in ``catalog/licenses.yaml``.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from license_expression import get_spdx_licensing

from pocus_data.errors import CatalogError
from pocus_data.yaml_positions import read_yaml

NOASSERTION = "NOASSERTION"


@dataclass(frozen=True)
class Terms:
    """What the holder of a copy may do with it; ``None`` reads "nobody has said"."""

    fetch: bool | None
    derive: bool | None
    redistribute: bool | None
    commercial: bool | None
    attribution: bool | None
    share_alike: bool | None

    @property
    def crops_redistributable(self) -> bool:
        """Whether a crop or frame (a derived work) may be passed on; unknown counts as no."""
        return permits(self, Policy.REDISTRIBUTABLE, derived=True)


UNKNOWN = Terms(None, None, None, None, None, None)


def terms_of(license_id: str, described: dict[str, Terms] | None = None) -> Terms:
    """Terms of a catalog licence.

    Creative Commons identifiers spell their own terms (BY attribution, NC non-commercial,
    ND no derivatives, SA share-alike; https://creativecommons.org/share-your-work/cclicenses).
    A licence that is neither Creative Commons nor in ``described`` is unknown: nobody may
    redistribute on a guess.
    """
    if described and license_id in described:
        return described[license_id]
    if license_id.startswith("CC0-"):
        return Terms(True, True, True, True, attribution=False, share_alike=False)
    if license_id.startswith("CC-BY"):
        parts = set(license_id.split("-"))
        return Terms(
            fetch=True,
            derive="ND" not in parts,
            redistribute=True,
            commercial="NC" not in parts,
            attribution=True,
            share_alike="SA" in parts,
        )
    return UNKNOWN


class Policy(StrEnum):
    """Which entries a selection takes, by what their licences allow."""

    ANY = "any"
    REDISTRIBUTABLE = "redistributable"
    OPEN = "open"
    COMMERCIAL = "commercial"


def permits(terms: Terms, policy: Policy, *, derived: bool = False) -> bool:
    """Whether a policy takes a work under these terms.

    ``redistributable`` asks that copies may be passed on; ``commercial`` that they may also be
    sold; ``open`` that they may be changed besides, as the Open Definition
    (https://opendefinition.org/od/2.1) asks. With ``derived`` it is a crop or frame that is
    to be passed on: then every policy but ``any`` asks that derived works be allowed. Whatever
    nobody has said counts as no.
    """
    if policy is Policy.ANY:
        return True
    asked = [terms.redistribute]
    if policy in (Policy.COMMERCIAL, Policy.OPEN):
        asked.append(terms.commercial)
    if derived or policy is Policy.OPEN:
        asked.append(terms.derive)
    return all(answer is True for answer in asked)


@cache
def spdx_ids() -> frozenset[str]:
    """All licence identifiers of the SPDX list."""
    symbols = get_spdx_licensing().known_symbols.items()
    return frozenset(
        name
        for name, symbol in symbols
        if not symbol.is_exception and not name.startswith("LicenseRef-")
    )


def problem_with(license_id: str, described: dict[str, Terms]) -> str | None:
    """Why ``license_id`` cannot stand in the catalog, or ``None`` if it can."""
    if license_id == NOASSERTION or license_id in described or license_id in spdx_ids():
        return None
    if license_id.startswith("LicenseRef-"):
        return f"'{license_id}' is not described in catalog/licenses.yaml; describe it there"
    return f"'{license_id}' is not an SPDX id{_hint(license_id, tuple(described))}"


@cache
def _hint(license_id: str, described: tuple[str, ...]) -> str:
    pool = {name.lower(): name for name in (*spdx_ids(), *described, NOASSERTION)}
    as_spdx = license_id.replace(" ", "-").lower()
    close = difflib.get_close_matches(as_spdx, pool, n=1, cutoff=0.6)
    return f"; did you mean {pool[close[0]]}?" if close else "; see https://spdx.org/licenses"


def read_described(path: Path) -> dict[str, Terms]:
    """``LicenseRef-…`` terms from ``catalog/licenses.yaml``; empty when the file is absent.

    Raises
    ------
    CatalogError
        if the file is no mapping of identifiers to what they allow.
    """
    if not path.exists():
        return {}
    document = read_yaml(path, f"{path.parent.name}/{path.name}")
    described: dict[str, Terms] = {}
    content = document.value if isinstance(document.value, dict) else {}
    if document.value is not None and content is not document.value:
        document.problems.append(document.problem((), "schema", "must map identifiers to terms"))
    for license_id, entry in content.items():
        message = _misdescribed(license_id, entry)
        if message:
            document.problems.append(document.problem((license_id,), "schema", message))
        else:
            described[license_id] = Terms(**{name: entry.get(name) for name in _ANSWERS})
    if document.problems:
        raise CatalogError([str(problem) for problem in sorted(document.problems)])
    return described


_ANSWERS = tuple(Terms.__dataclass_fields__)


def _misdescribed(license_id: str, entry: Any) -> str:
    if not license_id.startswith("LicenseRef-"):
        # What an SPDX licence allows is not this file's to say.
        return f"'{license_id}': only a LicenseRef-… is described here"
    if not isinstance(entry, dict):
        return f"'{license_id}' must map {', '.join(_ANSWERS)} to true, false or null"
    for name, value in entry.items():
        if name in {"name", "url", "note"}:
            continue
        if name not in _ANSWERS:
            close = difflib.get_close_matches(name, _ANSWERS, n=1)
            return f"unknown key '{name}'" + (f"; did you mean '{close[0]}'?" if close else "")
        if not isinstance(value, bool | None):
            return f"'{license_id}': '{name}' is true, false or null"
    return ""
