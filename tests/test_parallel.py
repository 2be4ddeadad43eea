"""A worker's death costs one item, not the stage."""

import os

from pocus_data.parallel import over_processes


def work(item: int) -> int:
    if item == 3:
        os._exit(1)
    return 10 * item


def killed(item: int) -> int:
    return -item


def test_the_culprit_is_named_and_the_others_finish():
    assert over_processes(work, range(6), "test", killed) == [0, 10, 20, -3, 40, 50]


def test_nothing_to_do():
    assert over_processes(work, [], "test", killed) == []
