"""What the repository promises to others' tools."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from pocus_data.catalog import datasets
from pocus_data.classifier.metrics import CLASS_METRICS
from pocus_data.counts import count
from pocus_data.figures import in_words
from tests.conftest import REPOSITORY

STAGES = (
    *("index", "download", "crop", "sample", "split"),
    *("weights", "features", "train", "optimism", "evaluate", "audit", "export"),
)


def tracked() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    return listed.stdout.split("\n")[:-1]


def test_the_citation_is_valid():
    tool = Path(sys.executable).with_name("cffconvert")
    done = subprocess.run([tool, "--validate"], cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_stage_is_there_and_thin():
    stages = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text())["stages"]
    assert tuple(stages) == STAGES
    for name in STAGES:
        module = REPOSITORY / "pipelines" / f"{name}.py"
        assert len(module.read_text().splitlines()) <= 60, name
        if name != "weights":
            assert stages[name]["matrix"] == {"dataset": "${datasets}"}


# What only says how, not what: a change there does not change an output.
PLUMBING = {"errors", "outputs", "parallel", "params", "workcache", "classifier.backend"}
# Whose modules are found by looking, not by importing: a stage depends on the folder, and on all
# that its modules need.
FOLDERS = {"audit_rules.registry": "audit_rules", "export": "export_formats"}


def imported_by(path: Path) -> set[str]:
    """Modules of the library that a file needs, directly or through others."""
    found: set[str] = set()
    queue = [path]
    while queue:
        for node in ast.walk(ast.parse(queue.pop().read_text())):
            if not isinstance(node, ast.ImportFrom) or not node.module:
                continue
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            for name in names:
                module = name.removeprefix("pocus_data.")
                file = REPOSITORY / "pocus_data" / (module.replace(".", "/") + ".py")
                known = module in found or module in PLUMBING
                if name.startswith("pocus_data.") and file.exists() and not known:
                    found.add(module)
                    queue.append(file)
                    if module in FOLDERS:
                        queue += (REPOSITORY / "pocus_data" / FOLDERS[module]).glob("*.py")
    return found


def as_dependency(module: str) -> str:
    """How a stage lists a module: its file, or the folder that is looked through."""
    folder = module.split(".")[0]
    return (
        f"pocus_data/{folder if folder in FOLDERS.values() else module.replace('.', '/') + '.py'}"
    )


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_depends_on_all_the_code_it_runs(name):
    stage = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text())["stages"][name]
    listed = {dep for dep in stage["deps"] if dep.startswith(("pocus_data/", "pipelines/"))}
    code = {dep for dep in listed if "/templates/" not in dep}
    wanted = {as_dependency(each) for each in imported_by(REPOSITORY / "pipelines" / f"{name}.py")}
    assert code == wanted | {f"pipelines/{name}.py"}


def test_params_name_the_datasets_of_the_catalog():
    params = yaml.safe_load((REPOSITORY / "params.yaml").read_text())
    assert params["datasets"] == datasets(REPOSITORY)


def test_no_module_outgrows_its_room():
    for path in [*REPOSITORY.glob("pocus_data/**/*.py"), *REPOSITORY.glob("pipelines/*.py")]:
        assert len(path.read_text().splitlines()) <= 305, path


def test_the_lock_has_hashes_and_no_hosts():
    lock = (REPOSITORY / "requirements.lock").read_text()
    assert "http" not in re.sub(r"^[a-z].*", "", lock, flags=re.MULTILINE)
    for block in re.split(r"\n(?=[a-zA-Z])", lock):
        assert "--hash=sha256:" in block, block[:60]


def test_no_video_and_no_frame_of_a_patient_is_tracked():
    media = re.compile(r"\.(mp4|mov|avi|gif|mpe?g|jpe?g|png|dcm|npy|keras|h5)$", re.IGNORECASE)
    allowed = re.compile(
        r"^(docs/(phantom|preview)\.png|reports/(phantom|pocus)/plots/[a-z_]+\.png)$"
    )
    strangers = [name for name in tracked() if media.search(name) and not allowed.match(name)]
    assert strangers == []


def test_the_readme_gives_the_committed_results():
    readme = (REPOSITORY / "README.md").read_text()
    metrics = json.loads((REPOSITORY / "reports/pocus/metrics.json").read_text())
    for level in ("frame", "video_mean", "video_vote"):
        shown = [in_words(metrics[level], name) for name in ("accuracy", "balanced_accuracy")]
        shown += [in_words(metrics[level]["covid19"], name) for name in CLASS_METRICS[:2]]
        assert f"| {' | '.join(shown)} |" in readme, level
    assert in_words(metrics["by"]["source"]["pocusatlas"], "accuracy") in readme
    for control in metrics["controls"].values():
        assert in_words(control["frame"], "accuracy") in readme
    assert metrics["protocol"]["split"]["group"] == "patient"


def test_the_readme_counts_the_catalog():
    readme = (REPOSITORY / "README.md").read_text()
    counted = count("pocus", ("class",), None, REPOSITORY)
    total = counted["total"]
    shown = f"{total['entries']} entries, {total['videos']} videos and {total['images']} pictures"
    assert shown in readme
    assert f"of the catalog's {total['videos']} videos" in readme
    for row in counted["groups"]:
        numbers = " | ".join(str(row[name]) for name in ("videos", "images", "patients"))
        assert f"| `{row['class']}` | {numbers} |" in readme


@pytest.mark.parametrize("target", ["help", "demo", "test", "lint", "format", "bench", "clean"])
def test_make_offers(target):
    listed = subprocess.run(["make", "help"], cwd=REPOSITORY, capture_output=True, text=True)
    assert f"make {target}" in listed.stdout
