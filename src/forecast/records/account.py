"""Add up what an examination found: findings, the account of rows, assumptions, thresholds that were passed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence

from forecast.problems import Problem
from forecast.records.examine import Examination
from forecast.records.faults import EXAMPLES, NOTE, REFUSED, SET_ASIDE
from forecast.records.result import CheckResult, Finding, Total
from forecast.records.schema import CUSTODY_EVENTS, PERSONS, Table
from forecast.records.source import RawTable, Source

NEEDED = (PERSONS.name, CUSTODY_EVENTS.name)
"""Tables that no force has empty; of the others a small force may have no row."""
_ORDER = (REFUSED, SET_ASIDE, NOTE)


def add_up(examination: Examination, max_refused: float) -> CheckResult:
    """Return the result of an examination; raise a fault of ours if a row got lost."""
    tables = examination.tables.values()
    findings = tuple(finding for table in tables for finding in _findings(examination, table))
    totals = tuple(_total(examination, table) for table in tables)
    mapping = examination.source.mapping
    passed = tuple(itertools.chain(_empty(totals), _passed(findings, totals, mapping.limits, max_refused)))
    return CheckResult(findings, totals, tuple(_assumptions(examination.source)), passed, mapping.head.ends_before)


def _findings(examination: Examination, table: Table) -> list[Finding]:
    """Return the findings of a table, the gravest first; examples are the first ids in their order."""
    name, key = table.name, table.key
    rows = examination.con.execute(
        f"""WITH these AS (
          SELECT DISTINCT f.row, f.code, severity, col,
            coalesce(t.{key}, 'row ' || abs(f.row + (f.row >= 0)::INT)) AS id
          FROM faults f LEFT JOIN {name} t USING (row) WHERE tbl = $1)
        SELECT code, col, severity, sum(n)::BIGINT, min(id, {EXAMPLES})
        FROM (SELECT code, col, severity, id, count(*) AS n FROM these GROUP BY ALL) GROUP BY ALL""",
        [name],
    ).fetchall()
    found = [Finding(name, code, column, grade, count, tuple(ids)) for code, column, grade, count, ids in rows]
    faults = examination.faults
    for (where, code, column), count in faults.notes.items():
        if where == name:
            found.append(Finding(name, code, column, NOTE, count, tuple(faults.examples[where, code, column])))
    return sorted(found, key=lambda f: (_ORDER.index(f.severity), f.code, f.column))


def _total(examination: Examination, table: Table) -> Total:
    """Return the account of a table's rows."""
    name, rows = table.name, examination.rows[table.name]
    [(accepted, refused, values)] = examination.con.execute(
        f"""SELECT (SELECT count(*) FROM good_{name}), (SELECT count(*) FROM refused_{name}),
          (SELECT count(*) FROM (SELECT DISTINCT row, col FROM faults ANTI JOIN refused_{name} r USING (row)
            WHERE tbl = '{name}' AND severity = 'set aside'))"""
    ).fetchall()
    if accepted + refused != rows:
        raise RuntimeError(f"{name}: {rows} rows came in, {accepted} were accepted and {refused} refused")
    return Total(name, rows, accepted, refused, values)


def _assumptions(source: Source) -> Iterator[str]:
    """Say what was assumed, what was left out, and what is not there."""
    mapping = source.mapping
    yield from source.notes
    yield from mapping.assumptions()
    for name in source.tables:
        if zone := mapping.tables[name].timezone:
            yield f"{name}: times without a zone are read as {zone}."
    if mapping.head.ends_before is None:
        yield "The mapping does not say when the records end (ends_before): only dates after today count as future."
    else:
        yield f"The records end before {mapping.head.ends_before}."
    for raw in source.tables.values():
        if unread := raw.unread():
            yield f"{raw.name}: columns that nothing reads: {', '.join(unread)}."
        if absent := _absent(raw):
            yield f"{raw.name}: columns that are not there, so empty in every row: {', '.join(absent)}."


def _absent(raw: RawTable) -> list[str]:
    mapping, here = raw.mapping, raw.schema.names
    given = {c.name for c in mapping.table.columns if mapping.source(c.name) in here} | set(mapping.constants)
    return [c.name for c in mapping.table.columns if c.name not in given]


def _empty(totals: Sequence[Total]) -> Iterator[Problem]:
    """Yield a problem for each table without which there can be no forecast and that holds no rows."""
    for total in totals:
        if total.table in NEEDED and not total.rows:
            yield Problem("records-empty", table=total.table)


def _passed(
    findings: Sequence[Finding], totals: Sequence[Total], limits: Mapping[str, float], max_refused: float
) -> Iterator[Problem]:
    """Yield a problem for each threshold that was passed."""
    for total in totals:
        if total.quarantined > max_refused * total.rows:
            count, rows, limit = f"{total.quarantined:,}", f"{total.rows:,}", f"{max_refused:.1%}"
            share = f"{total.quarantined / total.rows:.1%}"
            yield Problem(
                "records-too-many-refused", table=total.table, count=count, rows=rows, share=share, limit=limit
            )
    rows_of = {total.table: total.rows for total in totals}
    for f in findings:
        if f.count > limits.get(f.code, 1.0) * rows_of[f.table]:
            share, limit = f"{f.count / rows_of[f.table]:.2%}", f"{limits[f.code]:.2%}"
            yield Problem(
                "records-too-many-of", table=f.table, kind=f.code, count=f"{f.count:,}", share=share, limit=limit
            )
