"""What is gone is asked for once, not with every new entry; a person may ask again."""

from collections import Counter

import pandas as pd
import pytest

from pocus_data.download import download_all
from pocus_data.params import Download
from pocus_data.tables import CATALOG_COLUMNS

SETTINGS = Download(retries=0, timeout_s=2, pause_s=0, allow_private=True)


@pytest.fixture
def build(tmp_path, server):
    """Run the download stage for some names; returns statuses and what the server was asked."""

    def run(*names: str, settings: Download = SETTINGS) -> tuple[list[str], Counter]:
        server.asked.clear()
        rows = [
            dict.fromkeys(CATALOG_COLUMNS, "")
            | {"video_id": name, "file": f"{name}.mp4", "downloads": f"{server.url}/{name}"}
            | {"bytes": None}
            for name in names
        ]
        found = download_all(pd.DataFrame(rows), tmp_path / "videos", settings)
        return [row["status"] for row in found], Counter(server.asked)

    return run


def test_a_new_entry_does_not_ask_for_what_was_gone(build, server, mp4):
    assert build("gone", "away") == (["unavailable"] * 2, Counter({"/gone": 1, "/away": 1}))
    server.give("/new", mp4.read_bytes())
    statuses, asked = build("gone", "away", "new")
    assert statuses == ["unavailable", "unavailable", "available"]
    assert asked == Counter({"/new": 1})
    # It is still known two entries later, and its reason is the server's.
    server.give("/newer", mp4.read_bytes() + b" ")
    assert build("gone", "away", "new", "newer")[1] == Counter({"/newer": 1})


def test_a_run_with_nothing_new_asks_again(build, server, mp4):
    assert build("gone", "away")[0] == ["unavailable"] * 2
    server.give("/gone", mp4.read_bytes())
    statuses, asked = build("gone", "away")
    assert statuses == ["available", "unavailable"] and set(asked) == {"/gone", "/away"}


def test_so_does_one_with_other_places_or_much_later(build, server, mp4):
    build("gone")
    other = SETTINGS.model_copy(update={"mirrors": ("/nowhere",), "mirror_of": server.url})
    assert build("gone", "away", settings=other)[1] == Counter({"/gone": 1, "/away": 1})
    at_once = SETTINGS.model_copy(update={"retry_after_h": 0})
    assert build("gone", "new", settings=at_once)[1] == Counter({"/gone": 1, "/new": 1})
