"""One pipeline run for all end-to-end tests."""

import pytest

from tests.e2e.clone import QUICK, TARGETS, Clone


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    made = Clone(tmp_path_factory.mktemp("clone"))
    made.set_params(QUICK)
    made.commit()
    made.dvc("repro", *TARGETS)
    return made
