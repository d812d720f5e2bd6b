"""Evidence as JSON can carry it: plain numbers; what is not finite is None, never NaN."""

import math
from typing import Any  # Any: any evidence a rule may write

import numpy as np


def plain(value: Any) -> Any:
    """numpy scalars and arrays, tuples and mappings as plain Python; NaN and inf as None."""
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
