"""Stage ``audit``: where every pixel came from, and what is off."""

import sys

from pipelines.common import Params, Paths, run
from pocus_data import attribution, audit, audit_page, cards, croissant, provenance
from pocus_data.audit_dataset import open_dataset
from pocus_data.outputs import read_json, write_json, write_text
from pocus_data.tables import read_predictions, write_csv


def main(paths: Paths, params: Params) -> None:
    """Read all tables; write the findings, the provenance and the cards."""
    reports, name = paths.reports, paths.dataset
    dataset = open_dataset(name, params.split.group)
    results = audit.run_audit(dataset)
    summary = audit.as_json(results, dataset)
    write_json(reports / "audit.json", summary)
    predictions = read_predictions(reports / "predictions.csv")
    audit_page.write_page(results, dataset, predictions, reports / "audit.html")
    table = audit.provenance(dataset)
    write_csv(table, reports / "provenance.csv")
    write_json(reports / "prov.json", provenance.prov_json(dataset))
    metrics, findings = read_json(reports / "metrics.json"), audit.findings_of(results)
    write_text(reports / "datacard.md", cards.datacard(name, params, dataset, findings, metrics))
    used = set(dataset.frames["video_id"])
    credits = attribution.as_markdown(name, dataset.index, used)
    write_text(reports / "ATTRIBUTION.md", credits)
    version, date = params.dataset_version, params.dataset_date
    content = croissant.describe(name, version, date, table, reports / "provenance.csv")
    write_json(reports / "croissant.json", content)
    print(f"audit: {summary['findings_by_severity']}", file=sys.stderr)


if __name__ == "__main__":
    run(main)
