"""Benchmarks are scripts beside each other: their folder is where Python looks for them."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
