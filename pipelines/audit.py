"""Stage ``audit``: where every pixel came from, and what is off."""

import json
import sys

from pipelines.common import Paths, load_params, run
from pocus_data import audit, cards


def main(paths: Paths) -> None:
    """Read all tables; write ``audit.json``, ``provenance.csv`` and the cards."""
    version = load_params("version")
    dataset = audit.open_dataset(paths.dataset, load_params("split")["group"])
    findings = audit.run_audit(dataset)
    metrics = json.loads((paths.reports / "metrics.json").read_text())
    summary = audit.as_json(findings, dataset)
    _write_json(summary, paths, "audit.json")
    table = audit.provenance(dataset)
    table.to_csv(paths.reports / "provenance.csv", index=False, lineterminator="\n")
    card = cards.datacard(paths.dataset, version, dataset, findings, metrics)
    (paths.reports / "datacard.md").write_text(card, encoding="utf-8")
    frames_csv = paths.data / "frames.csv"
    croissant = cards.croissant(paths.dataset, version, dataset, frames_csv)
    _write_json(croissant, paths, "croissant.json")
    print(f"audit: {summary['findings_by_severity']}", file=sys.stderr)


def _write_json(content: object, paths: Paths, name: str) -> None:
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    (paths.reports / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    run(main)
