"""Work over all cores that survives a worker's death."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import TypeVar

from tqdm import tqdm

Item = TypeVar("Item")
Result = TypeVar("Result")


def over_processes(
    task: Callable[[Item], Result],
    items: Iterable[Item],
    title: str,
    when_killed: Callable[[Item], Result],
) -> list[Result]:
    """Run ``task`` on every item on all cores; results in order, with a progress bar.

    A decoder that crashes on a broken file, or runs out of memory, takes its process with it. The
    items then unfinished run again, each in a process of its own; ``when_killed`` answers for the
    one that dies there too.
    """
    items = list(items)
    workers = max(1, min(os.cpu_count() or 1, len(items)))
    results: list[Result] = []
    # disable=None: a bar on a terminal, silence in a log.
    with tqdm(total=len(items), desc=title, disable=None) as bar, _pool(workers) as pool:
        futures: list[Future[Result]] = [pool.submit(task, item) for item in items]
        try:
            for item, future in zip(items, futures, strict=True):
                try:
                    results.append(future.result())
                except BrokenProcessPool:
                    results.append(_alone(task, item, when_killed))
                bar.update()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return results


def _alone(
    task: Callable[[Item], Result], item: Item, when_killed: Callable[[Item], Result]
) -> Result:
    with _pool(1) as pool:
        try:
            return pool.submit(task, item).result()
        except BrokenProcessPool:
            return when_killed(item)


def _pool(workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
