"""The schema that editors check from is the models', and every catalog file follows it."""

import json

import jsonschema
import pytest
import yaml

from pocus_data.models import Entry, json_schema
from tests.conftest import REPOSITORY

CATALOG = REPOSITORY / "catalog"
FILES = sorted(CATALOG.glob("*/*.yaml"))


def as_editors_see(text: str) -> object:
    """YAML as JSON: dates are text."""
    return json.loads(json.dumps(yaml.safe_load(text), default=str))


def test_the_committed_schema_is_the_models():
    assert json.loads((CATALOG / "schema.json").read_text()) == json_schema()


def test_every_field_is_described():
    definitions = json_schema()["$defs"]
    for model in Entry.__subclasses__():
        if model.__name__ != "CatalogFile":
            for name, field in definitions[model.__name__]["properties"].items():
                assert field.get("description"), (model.__name__, name)
    readme = (CATALOG / "README.md").read_text()
    for model in ("Source", "Video"):
        for name in definitions[model]["properties"]:
            assert f"| `{name}` |" in readme


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_file_names_the_schema_and_follows_it(path):
    text = path.read_text()
    assert text.startswith("# yaml-language-server: $schema=../schema.json\n")
    jsonschema.Draft7Validator(json_schema()).validate(as_editors_see(text))


@pytest.mark.parametrize(
    "change", [("class: covid19", "class: covid"), ("media: video", "medium: video")]
)
def test_a_mistake_does_not_follow_it(change):
    text = (CATALOG / "pocus" / "grepmed.yaml").read_text().replace(*change)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(json_schema()).validate(as_editors_see(text))
