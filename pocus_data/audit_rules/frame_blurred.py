"""Rule frame-blurred."""

from __future__ import annotations

from collections.abc import Iterator

from pocus_data.audit_dataset import Dataset
from pocus_data.audit_rules.registry import Found, Severity, Unit, rule

# See audit_survey.sharpness_of. 137 of one mirror's 138 clips have 0.025 to 0.53, the last 0.005;
# frames blurred with a Gaussian of 2 % of their side have 0.0007 to 0.003.
BLURRED = 0.015


@rule(
    Severity.WARNING,
    Unit.CLIP,
    title="Clips are sharp",
    why="A clip enlarged or coded until its texture is gone no longer shows B-lines or pleura.",
    fix="find a better rendition, or exclude it with the reason",
)
def frame_blurred(dataset: Dataset) -> Iterator[Found]:
    """Clips whose median frame has hardly any fine detail."""
    for name, value in dataset.survey.groupby("video_id")["sharpness"].median().items():
        if value < BLURRED:
            message = f"sharpness {value:.3f}; sharp clips have {BLURRED} or more"
            yield Found(str(name), message, str(name))
