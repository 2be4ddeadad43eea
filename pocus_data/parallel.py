"""Work over all cores, in workers that a hostile file can kill but not take the rest with.

Each task has a limit of time and memory. The kernel keeps both, so that they hold inside a
decoder's own code too.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from functools import partial
from multiprocessing import get_context
from typing import Any, TypeVar

from tqdm import tqdm

from pocus_data.workcache import NotMadeError, only_known

try:
    import resource
except ImportError:  # pragma: no cover - systems without POSIX limits decode unguarded
    resource = None  # type: ignore[assignment]

Item = TypeVar("Item")
Result = TypeVar("Result")


# Far above what any clip of an hour takes; a decoder that needs more is caught in a trap.
LIMIT_S = 300
LIMIT_BYTES = 4 << 30
# How many processes share the cores; one is alone until a pool says otherwise.
_sharing = 1


def threads_each() -> int:
    """How many threads a process may use so that all of them together fill the cores."""
    return max(1, (os.cpu_count() or 1) // _sharing)


def over_processes(
    task: Callable[[Item], Result],
    items: Iterable[Item],
    title: str,
    when_killed: Callable[[Item], Result],
    limit_s: float = LIMIT_S,
    cost: Callable[[Item], float] | None = None,
    cached: bool = False,
) -> list[Result]:
    """Run ``task`` on every item on all cores; results in order, with a progress bar.

    Where ``cost`` ranks the items, the dearest begin first, so that none is left for the end. A
    task that is ``cached`` does all that is dear or dangerous through the work cache: what that
    has is taken from it at once, without a process.

    A decoder that crashes on a broken file, hangs, or runs out of memory takes its process with it.
    The items then unfinished run again, each in a process of its own; ``when_killed`` answers for
    the one that dies there too.
    """
    items = list(items)
    # disable=None: a bar on a terminal, silence in a log.
    with tqdm(total=len(items), desc=title, disable=None) as bar:
        results: dict[int, Result] = {}
        for number, item in enumerate(items if cached else ()):
            with suppress(NotMadeError), only_known():
                results[number] = task(item)
                bar.update()
        order = [number for number in range(len(items)) if number not in results]
        if cost:
            order.sort(key=lambda number: -cost(items[number]))
        if order:
            guarded = partial(_within_time, task, limit_s)
            results |= _in_pool(guarded, items, order, when_killed, bar)
    return [results[number] for number in range(len(items))]


def _in_pool(
    task: Callable[[Item], Result],
    items: list[Item],
    order: list[int],
    when_killed: Callable[[Item], Result],
    bar: Any,
) -> dict[int, Result]:
    results: dict[int, Result] = {}
    with _pool(min(os.cpu_count() or 1, len(order))) as pool:
        futures: list[Future[Result]] = [pool.submit(task, items[number]) for number in order]
        try:
            for number, future in zip(order, futures, strict=True):
                item = items[number]
                try:
                    results[number] = future.result()
                except BrokenProcessPool:
                    results[number] = _alone(task, item, when_killed)
                except MemoryError:
                    results[number] = when_killed(item)
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
        except (BrokenProcessPool, MemoryError):
            return when_killed(item)


def _pool(workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(
        workers, get_context("spawn"), initializer=_prepare, initargs=(workers,)
    )


def _within_time(task: Callable[[Item], Result], limit_s: float, item: Item) -> Result:
    if not hasattr(signal, "setitimer"):
        return task(item)
    # Without a handler in Python, the kernel ends the process even inside a decoder's loop.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, limit_s)
    try:
        return task(item)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _prepare(sharing: int) -> None:
    """What a new worker does first."""
    global _sharing
    _sharing = sharing
    _limit_memory()


def _limit_memory() -> None:
    if resource is None:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    # What is mapped already, libraries most of it, does not count.
    limit = _mapped_bytes() + LIMIT_BYTES
    if hard == resource.RLIM_INFINITY or limit < hard:
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


def _mapped_bytes() -> int:
    try:
        with open("/proc/self/statm") as stream:  # noqa: PTH123 - no file of the user's
            return int(stream.read().split()[0]) * resource.getpagesize()
    except OSError:
        return LIMIT_BYTES
