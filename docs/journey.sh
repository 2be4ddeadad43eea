#!/usr/bin/env bash
# Plays the journey of one contributed clip in a copy of this repository, on the synthetic dataset,
# and prints it as CONTRIBUTING.md shows it; draws the preview where the first argument says. Run from the repository's top, with .venv active.
set -euo pipefail

picture=${1:+$(realpath -m "$1")}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
git clone --quiet . "$folder/pocus-data"
cd "$folder/pocus-data"
export POCUS_CACHE="$folder/cache" HOME="$folder" COLUMNS=100
python - "$folder/Mayfield_Right-Base.mp4" <<'PYTHON'
import sys
from pathlib import Path

from pocus_data import phantom

spec = phantom.ClipSpec("healthy", 77, 1, frames=60, frame_rate_hz=25, width=320, height=300)
phantom.render(spec.url, Path(sys.argv[1]))
PYTHON
dvc repro --quiet sample@phantom 2>/dev/null
git add --all && git -c user.name=x -c user.email=x@y.z commit --quiet --allow-empty --message built

play() {
  echo "\$ $*" | sed "s#$folder#~#g"
  eval "$*" 2>&1 | sed "s#$folder#~#g" | grep -vE '^$|git add|To track|To enable|autostage|dvc push|^(user|sys)' || true
  echo
}

play pocus-data add '~/Mayfield_Right-Base.mp4' --dataset phantom --source mayfield \
  --source-name '"Mayfield Hospital"' --class healthy --license CC-BY-4.0 --patient 1 \
  --comment '"A-lines, normal sliding"' --page https://example.org/scans/1 --date 2026-11-22 \
  --preview preview.png
play cat catalog/phantom/mayfield.yaml
play pocus-data validate phantom
play pocus-data diff HEAD
play time dvc repro --quiet sample@phantom
play dvc diff --targets data/phantom/videos data/phantom/frames
play pocus-data withdraw mayfield-right-base --reason '"asked for by the patient"' --date 2026-11-22
play dvc repro --quiet sample@phantom
play grep mayfield data/phantom/videos.csv
play dvc diff --targets data/phantom/videos data/phantom/frames
[ -z "$picture" ] || cp preview.png "$picture"
