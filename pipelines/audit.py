"""Stage ``audit``: where every pixel came from, and what is off."""

import json
import sys

from pipelines.common import Params, Paths, run
from pocus_data import audit, cards
from pocus_data.outputs import write_json, write_text
from pocus_data.tables import write_csv


def main(paths: Paths, params: Params) -> None:
    """Read all tables; write ``audit.json``, ``provenance.csv`` and the cards."""
    reports, name = paths.reports, paths.dataset
    dataset = audit.open_dataset(name, params.split.group)
    findings = audit.run_audit(dataset)
    summary = audit.as_json(findings, dataset)
    write_json(reports / "audit.json", summary)
    write_csv(audit.provenance(dataset), reports / "provenance.csv")
    metrics = json.loads((reports / "metrics.json").read_text())
    write_text(reports / "datacard.md", cards.datacard(name, params, dataset, findings, metrics))
    frames_csv = paths.data / "frames.csv"
    content = cards.croissant(name, params.version, dataset, frames_csv)
    write_json(reports / "croissant.json", content)
    print(f"audit: {summary['findings_by_severity']}", file=sys.stderr)


if __name__ == "__main__":
    run(main)
