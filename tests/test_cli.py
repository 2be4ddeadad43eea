"""Commands answer in one line, with the right exit code, and are documented."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from pocus_data.cli import app
from tests.conftest import REPOSITORY


def run(*words: str, cwd: Path = REPOSITORY) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pocus_data.cli", *words],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=300,
    )


COMMANDS = sorted(get_command(app).commands)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_stands_in_the_readme(name):
    assert get_command(app).commands[name].help
    assert f"pocus-data {name}" in (REPOSITORY / "README.md").read_text()


def test_validate_the_repository():
    done = run("validate")
    assert done.returncode == 0 and "411 entries, 0 errors" in done.stderr
    assert all(": warning: " in line for line in done.stdout.splitlines())


def test_validate_reports_and_fails(write_catalog):
    root = write_catalog({"clas": "x"})
    done = run("validate", "here", cwd=root)
    assert done.returncode == 1
    assert done.stdout.startswith("catalog/here/source.yaml:")
    listed = json.loads(run("validate", "here", "--json", cwd=root).stdout)
    assert listed[0]["rule"] == "unknown-key" and listed[0]["line"] > 1


@pytest.mark.parametrize(
    ("words", "said", "code"),
    [
        (["validate", "nowhere"], "no dataset 'nowhere'", 2),
        (["network", "resnet"], "no network 'resnet'", 2),
        (["audit", "nowhere"], "catalog.csv: missing; run 'dvc repro'", 1),
    ],
)
def test_mistakes_are_one_line(words, said, code):
    done = run(*words)
    assert done.returncode == code
    assert said in done.stderr and done.stderr.count("\n") == 1


def test_outside_a_repository(tmp_path):
    done = run("audit", "phantom", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("params.yaml:1:1: file: cannot be read: No such file")
    done = run("validate", cwd=tmp_path)
    assert done.returncode == 2 and "run this in the repository" in done.stderr


def test_network_shows_the_papers_numbers():
    facts = json.loads(run("network", "--json").stdout)
    assert facts["trainable_parameters"] == 2_392_963
    assert "2,392,963 trainable and 12,355,008 frozen" in run("network").stdout


def test_phantom_prints_a_catalog():
    done = run("phantom", "--patients", "3", "--clips", "1", "--seed", "9")
    assert done.stdout.count("\n- id: phantom-") == 3
