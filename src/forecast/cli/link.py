"""`forecast data link`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forecast.cli.console import Terminal, overwrite_option, quiet_option, settings_option, table
from forecast.records.linking.thresholds import REVIEW, THRESHOLD
from forecast.settings import data_folder, load_settings

if TYPE_CHECKING:
    from forecast.records.linking.link import LinkResult
    from forecast.records.linking.score import Score, Share

_probability = click.FloatRange(0.1, 1)
_path = click.Path(path_type=Path)


@click.command()
@click.argument("records", type=_path)
@click.option("--out", required=True, type=_path, help="The folder to write: records, and linking beside them.")
@click.option("--identities", type=_path, help="The --out folder of the last load of this force.")
@click.option("--threshold", default=THRESHOLD, show_default=True, type=_probability,
              help="How likely a pair must be one person to be joined.")  # fmt: skip
@click.option("--review", default=REVIEW, show_default=True, type=_probability,
              help="How likely a pair must be to be put up for review.")  # fmt: skip
@click.option("--decisions", type=_path, help="A TOML file of pairs that people decided.")
@click.option("--retrain", is_flag=True, help="Estimate the parameters anew and compare everybody again.")
@click.option("--truth", type=_path, help="A table of nominal_id and true_id to score the linking by.")
@click.option("--mapping", type=_path, help="A TOML file that renames columns and codes of the records.")
@click.option("--ledger", type=_path, help="The ledger of merges and splits; by default in the data folder.")
@overwrite_option
@quiet_option
@settings_option
def link(records: Path, out: Path, ledger: Path | None, quiet: bool, settings_path: Path | None, **asked: Any) -> None:
    """Link the nominals of RECORDS (a folder, or a DuckDB file) into persons with stable ids.

    Give `forecast data check` the folder `records` within --out afterwards.
    """
    from forecast.ledger import Ledger
    from forecast.records.linking.find import Options
    from forecast.records.linking.link import link_people

    kept = Ledger(ledger or data_folder(load_settings(settings_path)) / "linking" / "ledger.jsonl")
    with Terminal(quiet) as progress:
        result = link_people(records, out, kept, Options(**asked), progress)
    click.echo(linked_text(result))
    click.echo(f"\nRecords to check: {out / 'records'}\nFor review: {out / 'linking' / 'review.parquet'}")
    click.echo(f"Ledger: {kept.path}")


def linked_text(result: LinkResult) -> str:
    """Return what a linking found as tables."""
    account = result.account
    nominals, persons, pairs, records = (account[name] for name in ("nominals", "persons", "pairs", "records"))
    rows = [
        ("nominals known", nominals["known"]),
        ("  new in this load", nominals["new"]),
        ("  compared in this load", nominals["compared"]),
        ("  with nothing to compare", nominals["without_identity"]),
        ("persons", persons["known"]),
        ("  of two nominals or more", persons["of_two_or_more"]),
        ("  nominals of the largest", persons["largest"]),
        *((f"likely pairs not joined: {why}", count) for why, count in pairs["not_joined"].items()),
        ("pairs for review", pairs["for_review"]),
        *((f"ledger: {kind}", count) for kind, count in account["changes"].items()),
        ("rows of persons merged into another", records["persons_rows_merged"]),
        *((f"  in {c} they differ: the earliest stands", n) for c, n in records["conflicts_earliest_stands"].items()),
        *((f"rows of {name} that name no nominal", n) for name, n in records["ids_without_nominal"].items()),
        *((f"malformed rows of {name}, kept in linking", n) for name, n in records["malformed_rows"].items()),
        *((f"values of nominals that cannot be read: {c}", n) for c, n in nominals["values_set_aside"].items()),
    ]
    parts = [f"Load {account['load']} of force {account['lineage']}"]
    parts.append(table(("", "count"), [(what, f"{count:,}") for what, count in rows], right=(1,)))
    parts += [f"Left out of {name}: {', '.join(c)}" for name, c in records["columns_left_out"].items()]
    return "\n\n".join([*parts, *([scored_text(result.score)] if result.score else [])])


def scored_text(score: Score) -> str:
    """Return a score as tables: counts, precision and recall; and what was planted."""

    def line(what: str, share: Share) -> tuple[str, ...]:
        shares = [f"{value:.4f}" if value is not None else "-" for value in (share.precision, share.recall)]
        return what, f"{share.true:,}", f"{share.linked:,}", f"{share.right:,}", *shares

    head = ("held against the truth", "true", "linked", "right", "precision", "recall")
    parts = [
        table(
            head,
            [line("pairs of nominals", score.pairs), line("persons of two nominals or more", score.persons)],
            right=(1, 2, 3, 4, 5),
        )
    ]
    for title, counts in (("planted in pairs of one person", score.planted), ("two people alike", score.lookalikes)):
        if counts:
            rows = [(kind, f"{n:,}", f"{linked:,}", f"{linked / n:.3f}") for kind, (n, linked) in counts.items()]
            parts.append(table((title, "pairs", "linked", "share"), rows, right=(1, 2, 3)))
    return "\n\n".join(parts)
