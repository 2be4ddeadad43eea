"""The results page stands alone and reads on a phone."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
from dvclive.live import Live

from pocus_data.classifier import optimism
from pocus_data.classifier.evaluate import evaluate
from pocus_data.classifier.metrics import Bootstrap
from pocus_data.report import headline, read_curves, write_model_card, write_plots, write_report
from pocus_data.splits import certificate
from tests.classifier.made_up import known_of, predictions
from tests.test_splits import NONE_NEAR

PROTOCOL = {
    "recipe": "paper",
    "hidden_units": 64,
    "learning_rate": 1e-4,
    "epochs": 2,
    "batch_size": 16,
    "seed": 1,
    "precision": {"features": "float32", "train": "float32"},
    "augmentations": 2,
    "split": {"group": "patient", "folds": 4, "shuffle_labels": False},
}


def make(folder: Path, dataset: str = "pocus", shuffled: bool = False) -> Path:
    table = predictions()
    split = PROTOCOL["split"] | {"shuffle_labels": shuffled}
    bootstrap = Bootstrap(50, 1)
    metrics = evaluate(table, known_of(table), PROTOCOL | {"split": split}, bootstrap)
    metrics["split"] = certificate(table, NONE_NEAR)
    both = optimism.summarise(table, bootstrap)
    kinds = {optimism.LAST: both, optimism.BEST_ON_TEST: both}
    metrics["optimism"] = dict.fromkeys(optimism.GROUPS, kinds)
    training = pd.DataFrame({"step": [1, 2], "loss_fold0": [1.0, 0.5]})
    write_plots(table, metrics, training, folder / "plots")
    write_report(dataset, metrics, folder / "plots", folder / "report.html")
    write_model_card(dataset, metrics, folder / "modelcard.md")
    assert "knowing only the source" in headline(metrics)
    return folder / "report.html"


def test_the_page_loads_nothing_from_afar(tmp_path):
    text = make(tmp_path).read_text()
    assert "http" not in text.replace("http-equiv", "")
    assert text.count("data:image/png;base64,") == 6


def test_banners_say_what_kind_of_data_it_is(tmp_path):
    real = make(tmp_path / "a").read_text()
    assert "Real ultrasound" in real and "Synthetic." not in real
    synthetic = make(tmp_path / "b", "phantom").read_text()
    assert "Synthetic." in synthetic and "No patient was scanned" in synthetic
    control = make(tmp_path / "c", shuffled=True).read_text()
    assert "Control run." in control
    for text in (real, synthetic, control):
        assert "not for clinical use" in text


def test_the_same_results_give_the_same_bytes(tmp_path):
    one, two = make(tmp_path / "one"), make(tmp_path / "two")
    assert one.read_bytes() == two.read_bytes()
    for name in ("roc.png", "confusion.png", "training.png", "roc.csv", "confusion_frame.csv"):
        first = (one.parent / "plots" / name).read_bytes()
        assert first == (two.parent / "plots" / name).read_bytes(), name


@pytest.mark.browser
@pytest.mark.parametrize("width", [360, 1200])
def test_in_a_browser(tmp_path, width):
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    page_file = make(tmp_path)
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": width, "height": 800})
        problems: list[str] = []
        page.on("console", lambda message: problems.append(message.text))
        page.on("requestfailed", lambda request: problems.append(request.url))
        page.goto(page_file.as_uri())
        wide = page.evaluate("document.documentElement.scrollWidth")
        broken = page.evaluate("[...document.images].filter(i => !i.naturalWidth).length")
        heading = page.inner_text("h1")
        browser.close()
    assert heading == "POCOVID-Net on pocus: results"
    assert problems == [] and broken == 0
    assert wide <= width


def test_the_model_card_says_what_it_is_not(tmp_path):
    make(tmp_path)
    card = (tmp_path / "modelcard.md").read_text()
    assert "Not a medical device, not for clinical use." in card
    for part in ("Intended use", "Data", "Metrics", "Limits"):
        assert f"\n## {part}\n" in card
    assert "*control, frames: Source only*" in card


def test_curves_are_read_as_they_were_logged(tmp_path):
    with Live(str(tmp_path), save_dvc_exp=False, dvcyaml=None, report=None) as live:
        for fold, epoch in ((0, 1), (0, 2), (1, 1), (1, 2)):
            live.step = epoch
            live.log_metric(f"fold{fold}/loss", 1 / (fold + epoch))
    curves = read_curves(tmp_path)
    assert list(curves.columns) == ["step", "loss_fold0", "loss_fold1"]
    assert curves["loss_fold1"].tolist() == pytest.approx([1 / 2, 1 / 3])


def test_the_other_recipe_is_told_as_it_is(tmp_path):
    choice = {"strength": 0.001, "inner_balanced_accuracy": {}, "temperature": {}}
    best = PROTOCOL | {"recipe": "best", "chosen": {"0": choice, "1": choice}}
    metrics = evaluate(predictions(), known_of(predictions()), best, Bootstrap(50, 1))
    metrics["split"] = certificate(predictions(), NONE_NEAR)
    both = optimism.summarise(predictions(), Bootstrap(50, 1))
    kinds = {optimism.LAST: both, optimism.BEST_ON_TEST: both}
    metrics["optimism"] = dict.fromkeys(optimism.GROUPS, kinds)
    training = pd.DataFrame({"step": [1, 2], "inner_balanced_accuracy_fold0": [0.7, 0.8]})
    write_plots(predictions(), metrics, training, tmp_path / "plots")
    write_report("pocus", metrics, tmp_path / "plots", tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text()
    assert "0.001, 0.001" in text and "logistic regression" in text
