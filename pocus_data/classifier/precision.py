"""Number formats: bfloat16 where the processor computes in it, float32 elsewhere."""

from __future__ import annotations

from pathlib import Path

# Processor flags, as Linux names them, of units that multiply bfloat16.
_FLAGS = frozenset({"avx512_bf16", "amx_bf16"})


def resolve(wanted: str) -> str:
    """``bfloat16`` or ``float32``; ``auto`` asks the processor."""
    if wanted != "auto":
        return wanted
    return "bfloat16" if _has_bfloat16() else "float32"


def keras_policy(precision: str) -> str:
    """Name of the Keras dtype policy that computes in ``precision`` and keeps float32 weights."""
    return "mixed_bfloat16" if precision == "bfloat16" else "float32"


def _has_bfloat16() -> bool:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return False
    flags = next((line for line in lines if line.startswith("flags")), "")
    return bool(_FLAGS & set(flags.split()))
