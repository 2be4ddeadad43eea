"""Downloads under random faults and random kill -9: `python -m benchmarks.faults [FILES]`.

Worker processes fetch pinned and unpinned files from a server that answers most requests with
some fault, and are killed again and again. Counts files wrongly accepted and files lost: both
must be 0.
"""

from __future__ import annotations

import collections
import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from benchmarks.faulty_server import FAULTS, ONLY_A_CHECKSUM_TELLS, body_of, serve
from pocus_data.errors import FetchError
from pocus_data.fetch import Wanted, fetch, remember
from pocus_data.params import Download

FILES, WORKERS, FAULTS_A_FILE, ROUNDS = 1000, 4, 4, 40
SETTINGS = Download(
    timeout_s=0.5, retries=3, retry_wait_s=0.01, max_wait_s=2, pause_s=0, per_host=8
)


def wanted(url: str, name: str) -> Wanted:
    """Every other file is pinned by checksum and size."""
    if int(name.split(".")[0]) % 2:
        return Wanted((f"{url}/{name}",), suffix=".mp4")
    body = body_of(name)
    return Wanted((f"{url}/{name}",), hashlib.sha256(body).hexdigest(), len(body), ".mp4")


def work(url: str, names: list[str]) -> None:
    """Fetch files until each is had; print the name of each as it is."""
    for _ in range(ROUNDS):
        left = []
        for name in names:
            try:
                got = fetch(wanted(url, name), SETTINGS)
            except FetchError:
                left.append(name)
                continue
            if not wanted(url, name).sha256:
                remember(got)
            print(f"{name} {got.sha256}", flush=True)
        names = left
    raise SystemExit(len(names) > 0)


def main() -> None:
    """Run the drill and print its counts as a Markdown table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else FILES
    names = [f"{number}.mp4" for number in range(count)]
    faults: collections.Counter[str] = collections.Counter()
    given: collections.Counter[str] = collections.Counter()
    lock, rng = threading.Lock(), random.Random(1)  # noqa: S311 - a drill

    def choose(name: str) -> str:
        with lock:
            if given[name] >= FAULTS_A_FILE or rng.random() < 0.2:
                return ""
            unpinned = int(name.split(".")[0]) % 2
            kinds = [kind for kind in FAULTS if not unpinned or kind not in ONLY_A_CHECKSUM_TELLS]
            kind = rng.choice(kinds)
            given[name] += 1
            faults[kind] += 1
            return kind

    server, url = serve(choose)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["POCUS_CACHE"] = folder
        said, kills = drill(url, names, rng)
        server.shutdown()
        took_s = time.perf_counter() - started
        wrong, lost = judge(names, said)
    print("| files | faults given | kinds of fault | kill -9 | wrongly accepted | lost | seconds |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    row = (len(names), sum(faults.values()), len(faults), kills, wrong, lost, f"{took_s:.0f}")
    print(f"| {' | '.join(map(str, row))} |")
    if wrong or lost:
        raise SystemExit(1)


def drill(url: str, names: list[str], rng: random.Random) -> tuple[set[str], int]:
    """Workers fetch, and are killed at random; returns what they said they had, and the kills."""
    said: set[str] = set()
    kills = 0
    shares = [names[worker::WORKERS] for worker in range(WORKERS)]
    running = {index: start(url, share) for index, share in enumerate(shares)}
    lives = dict.fromkeys(running, 0)
    while running:
        time.sleep(rng.uniform(0.2, 1.0))
        for index, process in list(running.items()):
            if process.poll() is not None:
                said |= heard(process)
                del running[index]
                if process.returncode:
                    raise SystemExit(f"a worker gave up: exit {process.returncode}")
            elif lives[index] < 60 and rng.random() < 0.15:
                process.send_signal(signal.SIGKILL)
                process.wait()
                said |= heard(process)
                kills, lives[index] = kills + 1, lives[index] + 1
                had = {line.split()[0] for line in said}
                running[index] = start(url, [name for name in shares[index] if name not in had])
    return said, kills


def start(url: str, names: list[str]) -> subprocess.Popen[str]:
    """A worker in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.faults", "--work", url]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    process.stdin.write("\n".join(names))
    process.stdin.close()
    return process


def heard(process: subprocess.Popen[str]) -> set[str]:
    """The whole lines that a worker printed."""
    assert process.stdout is not None
    return {
        line.strip() for line in process.stdout.read().splitlines(keepends=True) if "\n" in line
    }


def judge(names: list[str], said: set[str]) -> tuple[int, int]:
    """Files accepted with other bytes than the true ones, and files had but there no more."""
    truth = {name: hashlib.sha256(body_of(name)).hexdigest() for name in names}
    had = dict(line.split() for line in said)
    wrong = sum(digest != truth[name] for name, digest in had.items())
    lost = 0
    for name in names:
        blob = Path(os.environ["POCUS_CACHE"]) / "downloads" / truth[name][:2] / truth[name]
        if not blob.is_file():
            lost += 1
        elif hashlib.sha256(blob.read_bytes()).hexdigest() != truth[name]:
            wrong += 1
    folder = Path(os.environ["POCUS_CACHE"]) / "downloads"
    strangers = {path.name for path in folder.rglob("*") if len(path.name) == 64}
    return wrong + len(strangers - set(truth.values())), lost


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        work(sys.argv[2], sys.stdin.read().split())
    else:
        main()
