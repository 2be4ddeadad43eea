"""A worker's death costs one item, not the stage."""

import os

from pocus_data.parallel import over_processes, threads_each


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


def test_the_dearest_begin_first_and_results_keep_their_order():
    assert over_processes(work, [1, 5, 2], "test", killed, cost=float) == [10, 50, 20]


def test_processes_share_the_cores():
    alone = threads_each()
    shared = over_processes(threads, range(64), "test", killed)
    assert alone == os.cpu_count() and set(shared) == {1}


def threads(_: int) -> int:
    return threads_each()
