"""Tests of what importing the package loads and gives."""

from __future__ import annotations

import inspect

import pytest

import forecast
from tests.helpers import run_python


def test_importing_the_package_loads_nothing_beyond_the_standard_library():
    code = (
        "import sys\nbefore = set(sys.modules)\nimport forecast\n"
        "new = {m.split('.')[0] for m in set(sys.modules) - before}\n"
        "print(sorted(new - set(sys.stdlib_module_names) - {'forecast'}))"
    )
    assert run_python(code).stdout.strip() == "[]"


@pytest.mark.parametrize("name", forecast.__all__)
def test_every_public_name_is_there_and_explained(name: str):
    found = getattr(forecast, name)
    assert name.startswith("__") or inspect.getdoc(found)
    assert name in dir(forecast)


def test_public_names_resolve_in_a_fresh_interpreter_whatever_their_order():
    code = "import forecast\nfor name in reversed(forecast.__all__): getattr(forecast, name)\nprint('all')"
    done = run_python(code)
    assert done.stdout.strip() == "all", done.stderr


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nonsense"):
        forecast.nonsense  # noqa: B018


def test_scoring_needs_no_package_of_the_training_extra(tmp_path):
    code = (
        "import sys\n"
        "for name in ('sklearn', 'mlflow', 'matplotlib', 'jinja2'): sys.modules[name] = None\n"
        "import forecast.scoring.batch, forecast.scoring.one, forecast.models.bundle\n"
        "import forecast.cli.score, forecast.cli.explain\n"
        "print('none needed')"
    )
    done = run_python(code)
    assert done.stdout.strip() == "none needed", done.stderr
