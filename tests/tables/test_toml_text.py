"""Tests that TOML text says what was to be written."""

from __future__ import annotations

import datetime
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.tables.library import shipped
from forecast.tables.toml_text import to_toml

names = st.from_regex(r"[a-z][a-z0-9_]{0,6}", fullmatch=True)
plain = st.one_of(
    st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20),
    st.integers(-(10**6), 10**6),
    st.booleans(),
    st.dates(datetime.date(1900, 1, 1)),
    st.lists(st.sampled_from(["", "a", 'say "b"', "back\\slash"]), max_size=3),
)
sections = st.dictionaries(names, plain, max_size=3)


@given(st.dictionaries(names, st.one_of(plain, sections, st.lists(sections, min_size=1, max_size=2)), max_size=4))
def test_what_is_written_reads_back_the_same(content: dict[str, Any]) -> None:
    read = tomllib.loads(to_toml(content))
    assert read == content
    assert list(read) == [
        *(k for k, v in content.items() if not _block(v)),
        *(k for k, v in content.items() if _block(v)),
    ]


def _block(value: object) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))


@pytest.mark.parametrize("name", list(shipped()))
def test_a_shipped_description_survives(name: str) -> None:
    content = tomllib.loads(shipped()[name].read_text("utf-8"))
    assert tomllib.loads(to_toml(content)) == content
