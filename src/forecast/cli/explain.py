"""`forecast explain`: one case, or how steady reasons are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from forecast.cli.console import overwrite_option, settings_option
from forecast.cli.explained import explained_text, whole_text
from forecast.cli.stability import stability
from forecast.problems import Problem
from forecast.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forecast.models.bundle import ModelBundle
    from forecast.scoring.whole_case import WholeCase
    from forecast.settings import Settings

__all__ = ["case", "explain", "explained_text"]

CASE = "case"
SET_FORM, CHANGE_FORM = "COLUMN=VALUE", "TABLE:ID:COLUMN=VALUE"
file_type = click.Path(path_type=Path)


class CaseByDefault(click.Group):
    """A group that explains a case where the first argument names no other job."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the name of the job where it is left out; a bundle that is called like a job is written ./NAME."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = [CASE, *args]
        return super().parse_args(ctx, args)


@click.group(cls=CaseByDefault)
def explain() -> None:
    r"""Say why a forecast is what it is.

    \b
    forecast explain BUNDLE FILE --id ID

    explains one case of a table, or of a folder of accepted records; `forecast explain case --help` lists what it
    writes and how it corrects a fact.
    """


@explain.command(CASE, short_help="Explain one case: BUNDLE FILE --id ID. This word may be left out.")
@click.argument("bundle", type=file_type)
@click.argument("file", type=file_type)
@click.option(
    "--id", "case_id", required=True, help="The case's id, as it stands in the key column; of records, custody."
)
@click.option("--sheet", type=file_type, help="Write the sheet for the person and their solicitor: .html or .pdf.")
@click.option("--picture", type=file_type, help="Write the bars of the case: .svg or .png.")
@click.option("--json", type=file_type, help="Write everything as data: .json.")
@click.option(
    "--set", "changes", multiple=True, metavar=SET_FORM, help="A table: forecast again with a value put right."
)
@click.option("--without", metavar="RECORD_ID", help="Records: forecast again as if the record were not this person's.")
@click.option("--change", metavar=CHANGE_FORM, help="Records: forecast again with a value of a record put right.")
@click.option("--quarantine", type=file_type, help="Records: the folder of refused rows, if it is not beside them.")
@click.option("--mapping", type=file_type, help="Records: the TOML file that renames columns of refused rows.")
@overwrite_option
@settings_option
def case(
    *,
    bundle: Path,
    file: Path,
    case_id: str,
    changes: Sequence[str],
    without: str | None,
    change: str | None,
    quarantine: Path | None,
    mapping: Path | None,
    overwrite: bool,
    settings_path: Path | None,
    **written: Path | None,
) -> None:
    """Print the forecast of one case of FILE and its reasons, which add up to the figure shown.

    FILE is a table of cases, or a folder of accepted records; then the id is that of a custody event, and people with
    a refused row have no forecast, as in `forecast score`. A correction changes nothing on record: both forecasts are
    shown.
    """
    from forecast.models.bundle import load_bundle
    from forecast.registry.expiry import notes_on_use
    from forecast.scoring.whole_case import check_outputs, write_outputs

    outputs = {name: path for name in ("sheet", "picture", "json") if (path := written[name]) is not None}
    check_outputs(outputs, file, overwrite=overwrite)
    settings = load_settings(settings_path)
    loaded = load_bundle(bundle, threads=settings.threads)
    for note in notes_on_use(loaded, settings):
        click.echo(f"Note: {note}", err=True)
    corrections = (changes, without, change)
    found = _found(loaded, file, case_id, settings, corrections, refused=(quarantine, mapping))
    write_outputs(found, outputs)
    click.echo(whole_text(found))
    for path in outputs.values():
        click.echo(f"Written: {path}", err=True)


def _found(
    bundle: ModelBundle,
    file: Path,
    case_id: str,
    settings: Settings,
    corrections: tuple[Sequence[str], str | None, str | None],
    *,
    refused: tuple[Path | None, Path | None],
) -> WholeCase:
    """Return the case of a table or of records, corrected where that is asked for."""
    from forecast.scoring.whole_case import case_of_records, case_of_table

    changes, without, change = corrections
    if without is not None and change is not None:
        raise Problem("correction-one", first="--without", second="--change")
    if file.is_dir():
        if changes:
            raise _not_here("--set", "a table", file, "a folder of records", "--change or --without")
        named = None if change is None else _change(change)
        return case_of_records(
            bundle, file, case_id, settings, without=without, change=named, quarantine=refused[0], mapping=refused[1]
        )
    for option, given in (("--without", without), ("--change", change)):
        if given is not None:
            raise _not_here(option, "a folder of records", file, "no folder", "--set")
    for option, path in zip(("--quarantine", "--mapping"), refused, strict=True):
        if path is not None:
            raise Problem("score-records-option", option=option, path=file)
    return case_of_table(bundle, file, case_id, settings, _sets(changes))


def _not_here(option: str, wanted: str, path: Path, found: str, instead: str) -> Problem:
    return Problem("correction-not-here", option=option, wanted=wanted, path=path, found=found, instead=instead)


def _sets(changes: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for column, value in map(_set, changes):
        if column in found:
            raise Problem("correction-twice", option="--set", column=column)
        found[column] = value
    return found


def _set(text: str) -> tuple[str, str]:
    column, sign, value = text.partition("=")
    if not sign or not column.strip():
        raise Problem("correction-form", option="--set", text=text, form=SET_FORM)
    return column.strip(), value


def _change(text: str) -> tuple[str, str, str, str]:
    """Return table, id, column and value; an id may hold colons."""
    left, sign, value = text.partition("=")
    table, _, rest = left.partition(":")
    record, colon, column = rest.rpartition(":")
    if not (sign and colon and table and record and column):
        raise Problem("correction-form", option="--change", text=text, form=CHANGE_FORM)
    return table, record, column, value


explain.add_command(stability)
