"""The ``pocus-data`` command: thin; each verb calls the library and prints."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from pocus_data import cli_audit, cli_catalog, cli_classifier
from pocus_data.errors import EXIT_FINDINGS, PocusError

app = typer.Typer(
    help="Curate, version and audit an open lung-ultrasound dataset.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

cli_catalog.register(app)
cli_audit.register(app)
cli_classifier.register(app)


@app.command()
def phantom(
    patients: Annotated[int, typer.Option(min=1, help="Synthetic patients.")] = 18,
    clips: Annotated[int, typer.Option(min=1, help="Clips of each patient.")] = 2,
    seed: Annotated[int, typer.Option(help="Another seed draws other patients.")] = 1,
    sheet: Annotated[Path | None, typer.Option(help="Draw a contact sheet there instead.")] = None,
) -> None:
    """Print a catalog of synthetic clips, as in catalog/phantom/phantom.yaml."""
    from pocus_data.phantom_catalog import contact_sheet, draw_specs, to_yaml

    if sheet is not None:
        contact_sheet(seed=seed).save(sheet)
        return
    print(to_yaml(draw_specs(patients, clips, seed)), end="")


def main() -> None:
    """Entry point: a user's mistake is one line and an exit code, never a traceback."""
    try:
        app()
    except PocusError as error:
        print(error, file=sys.stderr)
        raise SystemExit(error.exit_code) from None
    except BrokenPipeError:
        # Whoever read our output has seen enough; Python must not complain when it ends.
        sys.stdout = None
        raise SystemExit(0) from None
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        print(f"{place}{error.strerror or error}", file=sys.stderr)
        raise SystemExit(EXIT_FINDINGS) from None


if __name__ == "__main__":
    main()
