"""JSON for jsonb columns."""

import json
from typing import Any


def to_json(value: Any) -> str:
    """Compact JSON.

    Raises:
        TypeError: the value holds something JSON cannot say.
        ValueError: a number is NaN or infinite.
    """
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
