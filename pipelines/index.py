"""Stage ``index``: the validated catalog as one canonical table."""

from pipelines.common import Params, Paths, run
from pocus_data.catalog import load_catalog
from pocus_data.index import write_index


def main(paths: Paths, _: Params) -> None:
    """Read ``catalog/D``, write ``data/D/catalog.csv``."""
    write_index(load_catalog(paths.dataset), paths.data / "catalog.csv")


if __name__ == "__main__":
    run(main)
