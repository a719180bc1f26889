"""Print docs/reference.md from the code: every command, every key of every TOML file, every scale, every problem."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator
from typing import Any

import click

from forecast.cli import root
from forecast.features.catalogue import SETS, whole_set
from forecast.models.costs import CostsFile
from forecast.models.scales.constants import SCALES, constants
from forecast.outcomes.definition import Definition
from forecast.problems import CATALOGUE
from forecast.records import mapping
from forecast.records.schema import TABLES
from forecast.registry.stages import LiveFile
from forecast.settings import Settings
from forecast.tables import description
from forecast.tables.assembly import AssemblyHead
from forecast.training.experiment import Experiment

SECTIONS = (
    ("Settings", "`forecast.toml` in the working folder, or the file that FORECAST_SETTINGS names.", Settings),
    ("Experiments", "A flat TOML file for `forecast train`; `base` lays it over another one.", Experiment),
    ("Costs", "A TOML file that `costs` of an experiment names (see models.md).", CostsFile),
    (
        "Stages",
        "The files that `forecast stage show` writes (see registry.md); the last three in `live.toml`.",
        LiveFile,
    ),
    ("Record mappings: top", "The plain keys of `records.toml` (see records.md).", mapping.Head),
    ("Record mappings: `[TABLE]`", "The plain keys of one table.", mapping.TableHead),
    ("Assemblies", "A flat TOML file for `forecast features build`, beside `[[exceptions]]`.", AssemblyHead),
    ("Assemblies: outcomes", "In the same file: what counts as an outcome (see outcomes.md).", Definition),
    ("Table descriptions: top", "The plain keys at the top of a description.", description.Head),
    ("`[keys]`", "The columns that name a case, a person and a moment.", description.Keys),
    ("`[features.NAME]`", "A column that a model may use.", description.Feature),
    ("`[outcome]`", "The outcome scale and its window.", description.OutcomeHead),
    ("`[outcome.LEVEL]`", "One level of the scale.", description.Level),
    ("`[audit.NAME]`", "A protected attribute, for audit only.", description.Audit),
    ("`[benchmarks.NAME]`", "Another instrument's score.", description.Benchmark),
    ("`[[cohort]]`", "Which cases count.", description.Condition),
    ("`[[leaks]]` and `[[dropped]]`", "Columns that are not features, and why.", description.Columns),
    ("`[[exceptions]]`", "Who allowed a protected or contested column as a feature.", description.DeclaredException),
    ("`[split]`", "The table's own flag.", description.Split),
)


def rows(schema: Any) -> list[str]:
    """Return a Markdown row for each key of a schema."""
    found = []
    for field in dataclasses.fields(schema):
        if "meaning" in field.metadata:
            found.append(f"| `{field.name}` | {field.metadata['meaning']} | {_default(field)} | {_range(field)} |")
    return found


def _default(field: dataclasses.Field[Any]) -> str:
    if field.default is dataclasses.MISSING:
        return "**needed**"
    value = field.default
    if value in ("", (), None):
        return ""
    return f"`{list(value) if isinstance(value, tuple) else value}`".replace("|", "\\|")


def _range(field: dataclasses.Field[Any]) -> str:
    low, high, allowed = (field.metadata[name] for name in ("low", "high", "allowed"))
    if allowed:
        return ", ".join(f"`{word}`" for word in allowed if word)
    return "" if low is None and high is None else f"{'' if low is None else low} to {'' if high is None else high}"


def _commands() -> list[str]:
    """Return every command with its options."""
    page = ["", "## Commands", "", "`--help` says more of each. Options that most take (`--overwrite`, `--quiet`,"]
    page += ["`--settings PATH`) are left out.", "", "| command | what it does | options |", "|---|---|---|"]
    for name, command in _leaves("forecast", root):
        options = [_option(one) for one in command.params if _own(one)]
        page.append(f"| `{name}` | {_cell(command.get_short_help_str(300))} | {', '.join(options)} |")
    return page


def _leaves(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """Yield the commands that do something, with the words and arguments that call them."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for part in command.list_commands(context):
            below = command.get_command(context, part)
            assert below is not None
            yield from _leaves(f"{name} {part}", below)
        return
    arguments = [one.make_metavar(click.Context(command)) for one in command.params if isinstance(one, click.Argument)]
    yield " ".join([name, *arguments]), command


def _own(parameter: click.Parameter) -> bool:
    """Say whether a parameter is an option that only some commands have."""
    return isinstance(parameter, click.Option) and parameter.name not in ("overwrite", "quiet", "settings_path")


def _option(parameter: click.Parameter) -> str:
    needed = " (needed)" if parameter.required else ""
    return f"`{parameter.opts[0]}`{needed}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _scales() -> list[str]:
    """Return the published scales, their sources and the features that they read."""
    page = ["", "## Published scales", "", "Models of an experiment that are not fitted (see scales.md)."]
    page += ["", "| name | scale | numbers from |", "|---|---|---|"]
    known = [(name, constants(name)) for name in SCALES]
    return page + [f"| `{name}` | {_cell(one['title'])} | {_cell(one['source'])} |" for name, one in known]


def _records() -> list[str]:
    """Return what each table of the records holds."""
    page = ["", "## Records", "", "The canonical form; **needed** columns refuse a row without a value."]
    for table in TABLES:
        page += ["", f"### `{table.name}`", "", f"{table.meaning[0].upper()}{table.meaning[1:]}.", ""]
        page += ["| column | type | meaning | values |", "|---|---|---|---|"]
        for c in table.columns:
            needed = ", **needed**" if c.required else ""
            values = ", ".join(f"`{value}`" for value in c.values)
            page.append(f"| `{c.name}` | {c.type}{needed} | {c.meaning} | {values} |")
    return page


def _features() -> list[str]:
    """Return what each feature of each set is."""
    page = ["", "## Features", "", "`forecast features list NAME` says more of each: when it is known, what it reads."]
    for name in SETS:
        chosen = whole_set(name)
        page += ["", f"### `{name}`", "", chosen.note, ""]
        page += [
            "| feature | what it is | unit | more of it | missing | only by exception |",
            "|---|---|---|---|---|---|",
        ]
        page += [
            f"| `{f.name}` | {f.phrase} | {f.unit} | {f.direction} | {f.missing} | {f.protected} |"
            for f in chosen.features
        ]
    return page


def main() -> None:
    """Print the page."""
    page = [
        "# Every command, key and problem",
        "",
        "Written by `make reference` from the code; do not edit.",
        *_commands(),
    ]
    for title, text, schema in SECTIONS:
        page += [
            "",
            f"## {title}",
            "",
            text,
            "",
            "| key | meaning | default | values |",
            "|---|---|---|---|",
            *rows(schema),
        ]
    page += [*_scales(), *_records(), *_features()]
    page += ["", "## Problems", "", "| code | what was found | what to do next |", "|---|---|---|"]
    for code, entry in sorted(CATALOGUE.items()):
        cells = (entry.sentence, entry.next_step)
        page.append(f"| `{code}` | {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    sys.stdout.write("\n".join(page) + "\n")


if __name__ == "__main__":
    main()
