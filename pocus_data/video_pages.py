"""Clips that a page plays rather than serves: fetched by yt-dlp, in a process of its own."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

from pocus_data import hosts
from pocus_data.errors import FetchError
from pocus_data.params import Download


def download(url: str, rendition: str, target: Path, settings: Download) -> None:
    """Bring one rendition of a page's video to ``target``.

    Parameters
    ----------
    rendition : yt-dlp's name of it, such as ``134``.

    Raises
    ------
    FetchError
        if yt-dlp is not installed, or does not bring it.
    """
    if importlib.util.find_spec("yt_dlp") is None:
        raise FetchError("a video page needs yt-dlp; run: pip install 'pocus-data[web]'")
    command = [sys.executable, "-m", "yt_dlp", "--ignore-config", "--no-playlist", "--quiet"]
    command += ["--no-warnings", "--no-cache-dir", "--no-part", "--no-mtime", "--no-exec"]
    command += ["--retries", str(settings.retries), "--socket-timeout", str(settings.timeout_s)]
    command += ["--max-filesize", str(settings.max_bytes), "--format", rendition]
    # A name with '%' would be a pattern; '--' ends the options before the address.
    command += ["--output", str(target).replace("%", "%%"), "--", url]
    try:
        with hosts.turn(url, settings):
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=settings.max_s, check=False
            )
    except subprocess.TimeoutExpired:
        raise FetchError(f"not done after {settings.max_s:g} seconds") from None
    if done.returncode or not target.is_file():
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        said = " ".join(lines[-1].split())[:200] if lines else "nothing came"
        raise FetchError(f"yt-dlp: {said}")
