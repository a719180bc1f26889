"""Write plain nested values as TOML: texts, numbers, dates, lists, sections, and lists of sections."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def to_toml(content: Mapping[str, Any], prefix: str = "") -> str:
    """Return ``content`` as TOML text; reading it gives the same values, in the same order."""
    plain = [f"{name} = {_value(v)}" for name, v in content.items() if not _is_block(v)]
    text = "".join(f"{line}\n" for line in plain)
    for name, value in content.items():
        if isinstance(value, Mapping):
            heading = f"\n[{prefix}{name}]\n" if any(not _is_block(v) for v in value.values()) or not value else ""
            text += heading + to_toml(value, f"{prefix}{name}.")
        elif _is_block(value):
            text += "".join(f"\n[[{prefix}{name}]]\n" + to_toml(item, f"{prefix}{name}.") for item in value)
    return text


def _is_block(value: object) -> bool:
    return isinstance(value, Mapping) or (
        isinstance(value, (list, tuple)) and bool(value) and isinstance(value[0], Mapping)
    )


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_value(v) for v in value) + "]"
    return str(value)
