"""Stage ``export``: what may be shared, in the shape that others load."""

import sys
from dataclasses import replace

from pipelines.common import Params, Paths, run
from pocus_data import cards
from pocus_data.audit_dataset import open_dataset
from pocus_data.export import NothingToShareError, export, select
from pocus_data.licenses import Policy
from pocus_data.outputs import read_json


def main(paths: Paths, params: Params) -> None:
    """Write ``exports/D/<format>`` for each format of ``export.formats``."""
    name, policy = paths.dataset, Policy(params.export.policy)
    folder = paths.exports
    folder.mkdir(parents=True, exist_ok=True)
    dataset = open_dataset(name, params.split.group)
    metrics = read_json(paths.reports / "metrics.json")
    try:
        chosen = select(dataset, policy, params.dataset_version, params.dataset_date)
    except NothingToShareError as error:
        # A dataset of which nothing may be shared is no mistake.
        print(f"export: {error}", file=sys.stderr)
        return
    card = cards.datacard(name, params, chosen.reduced, None, metrics)
    chosen = replace(chosen, card=card)
    for form in params.export.formats:
        export(chosen, form, folder / form)
    print(f"export: {len(chosen.frames)} frames under policy '{policy}'", file=sys.stderr)


if __name__ == "__main__":
    run(main)
