"""Read flat, commented TOML files into frozen dataclasses; hold the settings of an installation.

A flat file has keys and values, no sections. The dataclass is the schema: its field types are checked,
its defaults are the defaults, and the ``metadata`` of a field made by :func:`key` says what the key means
and which values it takes. An unknown key is a problem that names the nearest valid one.
"""

from __future__ import annotations

import dataclasses
import datetime
import os
import tomllib
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from forecast.problems import Problem, nearest, raise_all

T = TypeVar("T")


def key(
    meaning: str,
    default: Any = dataclasses.MISSING,
    *,
    low: float | None = None,
    high: float | None = None,
    allowed: tuple[str, ...] = (),
) -> Any:
    """Declare a key of a flat file: what it means, its default, its range or its allowed words."""
    metadata = {"meaning": meaning, "low": low, "high": high, "allowed": allowed}
    return dataclasses.field(default=default, metadata=metadata)


def read_toml(path: Path) -> dict[str, Any]:
    """Return the content of a TOML file, or raise the problem that says why it cannot be read."""
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError as error:
        raise Problem("file-missing", path=path) from error
    except UnicodeDecodeError as error:
        raise Problem("file-encoding", path=path, offset=error.start) from error
    except tomllib.TOMLDecodeError as error:
        raise Problem("toml-syntax", path=path, detail=error) from error
    except OSError as error:
        raise Problem("toml-unreadable", path=path, detail=error.strerror) from error


def from_mapping(schema: type[T], values: Mapping[str, Any], path: object) -> T:
    """Build a frozen dataclass from a mapping, or raise all the problems found in it.

    ``path`` is only named in messages.
    """
    fields = {f.name: f for f in dataclasses.fields(schema)}  # type: ignore[arg-type]
    hints = typing.get_type_hints(schema)
    found: list[Problem] = []
    ready: dict[str, Any] = {}
    for name, value in values.items():
        if name not in fields:
            found.append(Problem("toml-unknown-key", path=path, key=name, hint=nearest(name, fields)))
            continue
        try:
            ready[name] = _checked(fields[name], hints[name], value, path)
        except Problem as problem:
            found.append(problem)
    for name, field in fields.items():
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if required and name not in values:
            found.append(Problem("toml-missing-key", path=path, key=name, meaning=field.metadata.get("meaning", name)))
    raise_all(found)
    return schema(**ready)


def _checked(field: dataclasses.Field[Any], hint: Any, value: Any, path: object) -> Any:
    ready = _typed(field.name, hint, value, path)
    low, high, allowed = (field.metadata.get(name) for name in ("low", "high", "allowed"))
    if allowed and ready not in allowed and not (isinstance(ready, tuple) and set(ready) <= set(allowed)):
        hint_text = nearest(str(ready), allowed)
        raise Problem(
            "toml-bad-value", path=path, key=field.name, found=repr(value), allowed=", ".join(allowed), hint=hint_text
        )
    too_low = low is not None and ready is not None and not ready >= low  # nan is in no range
    if too_low or (high is not None and ready is not None and not ready <= high):
        raise Problem(
            "setting-range",
            path=path,
            key=field.name,
            found=ready,
            low="any" if low is None else low,
            high="any" if high is None else high,
        )
    return ready


_WORDS = {
    str: "a text in quotes",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    datetime.date: "a date like 2026-11-20, without quotes",
    Path: "a path in quotes",
}


def _typed(name: str, hint: Any, value: Any, path: object) -> Any:
    """Return ``value`` as the annotated type, or raise ``toml-wrong-type``."""
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):  # only `X | None` is used
        if value is None:  # never from TOML, but Python callers may say it
            return None
        hint = next(part for part in typing.get_args(hint) if part is not type(None))
        return _typed(name, hint, value, path)
    if origin is tuple:
        if isinstance(value, (list, tuple)):
            return tuple(_typed(name, typing.get_args(hint)[0], item, path) for item in value)
        raise Problem("toml-wrong-type", path=path, key=name, expected="a list in [ ]", found=repr(value))
    if hint is float and type(value) is int:
        return float(value)
    if hint is Path and isinstance(value, (str, Path)):
        return Path(value)
    if hint is datetime.date and isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        return value
    if type(value) is hint:
        return value
    raise Problem("toml-wrong-type", path=path, key=name, expected=_WORDS[hint], found=repr(value))


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """The settings of an installation; `forecast.toml` in the working folder, or FORECAST_SETTINGS, overrides them."""

    data_folder: Path = key("where local data lies; FORECAST_DATA wins over it", Path("data"))
    models_folder: Path = key("where trained models and the tracking store lie", Path("models"))
    threads: int = key("threads for LightGBM; 0 means all cores", 0, low=0, high=1024)
    chunk_rows: int = key("rows read, scored and written at a time", 50_000, low=1_000, high=1_000_000)
    score_events: int = key("custody events in a part of a scoring run on records", 25_000, low=100, high=1_000_000)
    bootstrap_replicates: int = key("person-bootstrap replicates behind each interval", 500, low=50, high=20_000)
    max_refused: float = key("share of a table's rows that may be refused before a check fails", 0.02, low=0, high=1)
    small_group_cases: int = key("groups with fewer cases are 'too few to judge'", 100, low=1, high=100_000)
    small_group_events: int = key("groups with fewer events or non-events are too", 20, low=1, high=100_000)
    reasons_shown: int = key("reasons shown with a forecast, at most", 6, low=1, high=20)
    points_a_lot: float = key("points in 100 from which a reason moves the forecast 'a lot'", 8.0, low=0.1, high=100)
    points_some: float = key("points in 100 from which it moves it 'some'", 4.0, low=0.1, high=100)
    texts: Path | None = key("a force's own file of texts, laid over the English ones of explanations", None)
    disclosure_contact: str = key("whom a person asks who wants to challenge a forecast, as the sheet prints it", "")
    suspicious_auc: float = key(
        "a single column that ranks outcomes better than this is suspicious", 0.75, low=0.5, high=1
    )
    suspicious_cases: int = key(
        "cases in a block or value before an extreme base rate is suspicious", 50, low=5, high=10_000
    )
    model_expiry_months: int = key("months from its registration until a model expires", 12, low=1, high=60)
    model_expiry_warn_days: int = key("days before that date from which every use warns", 60, low=0, high=365)
    model_expiry_grace_days: int = key("days after that date for which it may still be used", 30, low=0, high=180)
    gate_slope_low: float = key("a model with a lower calibration slope is not promoted", 0.9, low=0, high=1)
    gate_slope_high: float = key("a model with a higher calibration slope is not promoted", 1.1, low=1, high=10)
    gate_group_gap: float = key(
        "a model is not promoted if forecast and outcome of a group differ by more than this", 0.05, low=0, high=1
    )
    gate_group_cases: int = key(
        "groups with fewer cases close the gate only if their whole interval lies beyond that",
        400,
        low=20,
        high=100_000,
    )
    shadow_least_rows: int = key("rows that must have been scored in shadow, at least", 100, low=1, high=10_000_000)
    shadow_months: int = key("months scored and unseen by officers before a model may be live", 3, low=3, high=60)


def load_settings(path: Path | None = None) -> Settings:
    """Return the settings from ``path``, else FORECAST_SETTINGS, else ./forecast.toml, else the defaults."""
    named = path or (Path(os.environ["FORECAST_SETTINGS"]) if os.environ.get("FORECAST_SETTINGS") else None)
    if named is None:
        named = Path("forecast.toml")
        if not named.exists():
            return Settings()
    return from_mapping(Settings, read_toml(named), named)


def data_folder(settings: Settings) -> Path:
    """Return the folder of local data: FORECAST_DATA if set, else the setting."""
    return Path(os.environ.get("FORECAST_DATA") or settings.data_folder)
