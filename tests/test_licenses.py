"""What licences allow; nobody may redistribute on a guess."""

import pytest

from pocus_data.catalog import load_catalog
from pocus_data.licenses import (
    NOASSERTION,
    Policy,
    permits,
    problem_with,
    read_described,
    terms_of,
)
from tests.conftest import REPOSITORY

DESCRIBED = read_described(REPOSITORY / "catalog" / "licenses.yaml")


@pytest.mark.parametrize(
    ("license_id", "crops", "commercial"),
    [
        ("CC0-1.0", True, True),
        ("CC-BY-4.0", True, True),
        ("CC-BY-NC-SA-3.0", True, False),
        ("CC-BY-NC-ND-4.0", False, False),
        (NOASSERTION, False, None),
        ("LicenseRef-PMC-COVID-19", False, None),
        ("Apache-2.0", False, None),
    ],
)
def test_terms(license_id, crops, commercial):
    terms = terms_of(license_id, DESCRIBED)
    assert terms.crops_redistributable is crops
    assert terms.commercial is commercial


ASKED = ("any", "redistributable", "commercial", "open")


@pytest.mark.parametrize(
    ("license_id", "works", "crops"),
    [
        ("CC-BY-4.0", ASKED, ASKED),
        ("CC-BY-NC-SA-4.0", ASKED[:2], ASKED[:2]),
        ("CC-BY-ND-4.0", ASKED[:3], ASKED[:1]),
        ("CC-BY-NC-ND-4.0", ASKED[:2], ASKED[:1]),
        (NOASSERTION, ASKED[:1], ASKED[:1]),
        ("LicenseRef-PMC-COVID-19", ASKED[:1], ASKED[:1]),
    ],
)
def test_policies_take_works_and_their_crops(license_id, works, crops):
    terms = terms_of(license_id, DESCRIBED)
    assert [each for each in ASKED if permits(terms, Policy(each))] == list(works)
    assert [each for each in ASKED if permits(terms, Policy(each), derived=True)] == list(crops)


def test_a_no_derivatives_work_may_be_fetched_but_no_crop_of_it_passed_on():
    terms = terms_of("CC-BY-NC-ND-4.0")
    assert terms.fetch and terms.redistribute and terms.derive is False
    assert terms_of(NOASSERTION).fetch is None


def test_the_real_catalogs_selections():
    catalog = load_catalog("pocus", REPOSITORY)
    sizes = {each: len(catalog.select(Policy(each))) for each in ASKED}
    # 375 entries: 177 that nobody has answered for, nine under the emergency permission; CC-BY 68.
    assert sizes == {"any": 375, "redistributable": 189, "commercial": 68, "open": 68}
    no_derivatives = [each for each in catalog.entries if "-ND-" in catalog.license_of(*each)]
    crops = catalog.select(Policy.REDISTRIBUTABLE, derived=True)
    assert len(no_derivatives) == 4 and len(crops) == 185
    assert not {video.id for _, video in crops} & {video.id for _, video in no_derivatives}


def test_share_alike_and_attribution_are_read_from_the_name():
    assert terms_of("CC-BY-SA-4.0").share_alike and terms_of("CC-BY-SA-4.0").attribution
    assert not terms_of("CC-BY-4.0").share_alike


@pytest.mark.parametrize("license_id", ["CC-BY-4.0", NOASSERTION, *DESCRIBED])
def test_known_licences_pass(license_id):
    assert problem_with(license_id, DESCRIBED) is None


def test_a_misspelt_licence_gets_a_suggestion():
    assert "did you mean CC-BY-NC-SA-4.0?" in problem_with("CC BY-NC-SA 4.0", DESCRIBED)
