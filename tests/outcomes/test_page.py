"""The page about outcomes names all that there is."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from forecast.outcomes.definition import Definition
from tests.outcomes.worlds import NOON, event, outcomes_of, world

PAGE = (Path(__file__).parents[2] / "docs" / "outcomes.md").read_text("utf-8")
KEYS = PAGE.split("## Choosing a definition")[1]


@pytest.mark.parametrize("column", outcomes_of(world([event("A", NOON)])).to_table().column_names)
def test_every_column_is_explained(column: str):
    assert f"`{column}`" in PAGE


@pytest.mark.parametrize("field", fields(Definition), ids=lambda field: field.name)
def test_every_key_is_explained_with_its_default(field):
    [line] = [line for line in KEYS.splitlines() if line.startswith(f"| `{field.name}` |")]
    default = line.split("|")[2].strip().strip("`").replace("'", '"')
    shown = list(field.default) if isinstance(field.default, tuple) else field.default
    assert default == (f'"{shown}"' if isinstance(shown, str) else str(shown).replace("'", '"'))
