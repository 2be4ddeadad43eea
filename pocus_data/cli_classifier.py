"""Commands about the networks; thin, as all commands."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from pocus_data.cli_catalog import AsJson, print_json
from pocus_data.errors import EXIT_FINDINGS, PocusError, UsageError

OfDataset = Annotated[str, typer.Option("--dataset", help="Whose networks, such as pocus.")]


def network(
    name: Annotated[str, typer.Argument(help="Such as pocovid-net.")] = "pocovid-net",
    as_json: AsJson = False,
) -> None:
    """Show an architecture: its layers, trainable and frozen parameters."""
    from pocus_data.classifier import networks

    facts = networks.describe(networks.build(name))
    if as_json:
        print_json(facts)
        return
    for layer in facts["layers"]:
        shape = "x".join(str(size) for size in layer["output"])
        mark = "trained" if layer["trainable"] else ""
        print(f"{layer['name']:16}{layer['kind']:24}{shape:>14}{layer['parameters']:>12,} {mark}")
    trained, frozen = facts["trainable_parameters"], facts["frozen_parameters"]
    print(f"{trained:,} trainable and {frozen:,} frozen parameters")


def predict(
    files: Annotated[list[Path], typer.Argument(help="Pictures, videos or DICOM.")],
    dataset: OfDataset = "pocus",
    as_json: AsJson = False,
    explain: Annotated[
        Path | None, typer.Option(help="Folder for Grad-CAM pictures, one a file.")
    ] = None,
) -> None:
    """Average the folds' networks over the frames of each file. Not for clinical use.

    A file that cannot be read is said and passed over; exit status 1 if there was any.
    """
    from pocus_data.classifier.predict import Predictor, in_words
    from pocus_data.params import load_params

    predictor = Predictor(Path("models") / dataset, load_params().sample)
    found, failed = [], False
    for path in files:
        try:
            if not path.is_file():
                raise UsageError(f"{path}: no such file")
            prediction = predictor.predict(path)
        except PocusError as error:
            print(error, file=sys.stderr)
            failed = True
            continue
        found.append(prediction.as_json())
        if not as_json:
            print(in_words(prediction), flush=True)
        if explain:
            explain.mkdir(parents=True, exist_ok=True)
            predictor.explain(prediction).save(explain / f"{path.name}.png")
    if as_json:
        print_json(found)
    print("Research only. Not for clinical use.", file=sys.stderr)
    if failed:
        raise typer.Exit(EXIT_FINDINGS)


def save_network(
    file: Annotated[Path, typer.Argument(help="A .keras or .onnx file to write.")],
    dataset: OfDataset = "pocus",
) -> None:
    """Write the folds' networks as one: a picture in, their mean probabilities out."""
    from pocus_data.classifier.ensemble import export, load_ensemble
    from pocus_data.tables import CLASS_ORDER

    export(load_ensemble(Path("models") / dataset), file)
    print(f"{file}: input 224x224 RGB, 0 to 255; output {', '.join(CLASS_ORDER)}")


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.command()(network)
    app.command()(predict)
    app.command("save-network")(save_network)
