"""What licences allow; nobody may redistribute on a guess."""

import pytest

from pocus_data.licenses import NOASSERTION, problem_with, read_described, terms_of
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


def test_share_alike_and_attribution_are_read_from_the_name():
    assert terms_of("CC-BY-SA-4.0").share_alike and terms_of("CC-BY-SA-4.0").attribution
    assert not terms_of("CC-BY-4.0").share_alike


@pytest.mark.parametrize("license_id", ["CC-BY-4.0", NOASSERTION, *DESCRIBED])
def test_known_licences_pass(license_id):
    assert problem_with(license_id, DESCRIBED) is None


def test_a_misspelt_licence_gets_a_suggestion():
    assert "did you mean CC-BY-NC-SA-4.0?" in problem_with("CC BY-NC-SA 4.0", DESCRIBED)
