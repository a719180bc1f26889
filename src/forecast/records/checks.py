"""Say what may be wrong with rows that could be read: one short SQL query a check.

Each query yields ``row`` (and ``found``, what the value was) of a staged table. Checks look at all staged rows, the
refused ones too, so that one pass finds everything; where a row is judged by *other* rows, only rows that were not
refused count (views `good_...`), so that one fault does not breed others. Times are UTC without a zone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from forecast.records.faults import NOTE, REFUSED, SET_ASIDE
from forecast.records.schema import FORECAST_REASONS, OFFENCES, PERSONS, Table

YOUNGEST, OLDEST = 10, 110
"""Ages at arrest that are possible; ten is the age of criminal responsibility in England and Wales."""
LONGEST_STAY = "96 HOURS"
"""The longest detention without charge (Police and Criminal Evidence Act 1984): where no release is on record."""


@dataclass(frozen=True, slots=True)
class Check:
    """A problem, the table and column it lies in, what it costs, and the query of its rows."""

    table: str
    code: str
    severity: str
    column: str
    query: str


def own(table: Table) -> Iterator[Check]:
    """Yield the checks of a table's rows by themselves: the order of their times."""
    name, columns = table.name, {c.name for c in table.columns}
    happened = next((c for c in ("arrested_at", "committed_at", "observed_at") if c in columns), "")
    if happened:
        yield _rows(name, "record-before-it-happened", REFUSED, "recorded_at", f"recorded_at < {happened}")
    if "superseded_at" in columns:
        yield _rows(name, "record-superseded-early", REFUSED, "superseded_at", "superseded_at < recorded_at")
    if "ends_at" in columns:
        yield _rows(name, "record-ends-early", REFUSED, "ends_at", "ends_at < starts_at")
    for column in columns & {"released_at", "disposed_at", "remanded_until"}:
        yield _rows(name, "record-before-arrest", SET_ASIDE, column, f"{column} < arrested_at")
    for column in columns & {"charged_at", "proven_at"}:
        yield _rows(name, "record-before-offence", SET_ASIDE, column, f"{column} < committed_at")


def _rows(table: str, code: str, severity: str, column: str, condition: str) -> Check:
    query = f"SELECT row, {column}::VARCHAR AS found FROM {table} WHERE {condition}"
    return Check(table, code, severity, column, query)


def repeated(table: Table) -> Iterator[Check]:
    """Yield the checks of rows that share their key: copies, contradictions, versions that overlap.

    Needs the table `many_...` of keys that stand in more than one row (:func:`many`).
    """
    name, key = table.name, table.key
    if table is PERSONS:
        yield from _same_person()
        return
    content = ", ".join(c.name for c in table.columns)
    groups = f"""
      SELECT row, kinds, first FROM (
        SELECT row, min(row) OVER same AS first, count(DISTINCT ({content})) OVER same AS kinds, count(*) OVER same AS n
        FROM {name} JOIN many_{name} USING ({key}) WHERE recorded_at IS NOT NULL
        WINDOW same AS (PARTITION BY {key}, recorded_at)) WHERE n > 1"""
    yield Check(name, "record-duplicate", REFUSED, "", f"SELECT row FROM ({groups}) WHERE kinds = 1 AND row <> first")
    yield Check(name, "record-duplicate-differs", REFUSED, key, f"SELECT row FROM ({groups}) WHERE kinds > 1")
    yield Check(
        name,
        "record-versions-overlap",
        REFUSED,
        "superseded_at",
        f"""
      WITH versions AS (
        SELECT DISTINCT {key}, recorded_at, superseded_at FROM {name} JOIN many_{name} USING ({key})),
      following AS (
        SELECT *, lead(recorded_at) OVER (PARTITION BY {key} ORDER BY recorded_at) AS next FROM versions)
      SELECT row FROM {name} WHERE {key} IN (
        SELECT {key} FROM following WHERE next > recorded_at AND coalesce(superseded_at > next, true))""",
    )
    if name == "custody_events":
        query = f"""SELECT row FROM {name} WHERE {key} IN (
          SELECT {key} FROM {name} JOIN many_{name} USING ({key}) GROUP BY 1 HAVING count(DISTINCT person_id) > 1)"""
        yield Check(name, "record-person-changed", REFUSED, "person_id", query)


def many(table: Table) -> str:
    """Return the statement that makes the table of keys that stand in more than one row."""
    return f"""CREATE TABLE many_{table.name} AS SELECT {table.key} FROM {table.name}
      WHERE {table.key} IS NOT NULL GROUP BY 1 HAVING count(*) > 1"""


def following(table: Table, rows: str) -> str:
    """Return the statement that makes the table of rows that have a later version, and when ``next`` was recorded."""
    return f"""CREATE TABLE following_{table.name} AS
      WITH versions AS (
        SELECT *, lead(recorded_at) OVER (PARTITION BY {table.key} ORDER BY recorded_at) AS next
        FROM (SELECT DISTINCT {table.key}, recorded_at FROM {rows} WHERE recorded_at IS NOT NULL))
      SELECT row, next FROM {rows} JOIN versions USING ({table.key}, recorded_at) WHERE next IS NOT NULL"""


def _same_person() -> Iterator[Check]:
    """A person has one row: the earliest stays, without the values on which the rows disagree."""
    content = ", ".join(c.name for c in PERSONS.columns)
    ranked = f"""
      SELECT *, count(DISTINCT ({content})) OVER same AS kinds,
        row_number() OVER (PARTITION BY person_id ORDER BY recorded_at NULLS LAST, row) AS place
      FROM persons JOIN many_persons USING (person_id) WINDOW same AS (PARTITION BY person_id)"""
    for code, kinds in (("record-duplicate", "= 1"), ("record-person-differs", "> 1")):
        yield Check("persons", code, REFUSED, "", f"SELECT row FROM ({ranked}) WHERE place > 1 AND kinds {kinds}")
    for column in [c.name for c in PERSONS.columns if not c.required]:
        query = f"""SELECT row, found FROM (
          SELECT row, {column}::VARCHAR AS found, place, min({column}) OVER w <> max({column}) OVER w AS differ
          FROM ({ranked}) WINDOW w AS (PARTITION BY person_id)) WHERE place = 1 AND differ"""
        yield Check("persons", "record-values-differ", SET_ASIDE, column, query)


def orphans(table: Table) -> Iterator[Check]:
    """Yield the checks of rows whose person, or event, is not there or was itself refused.

    Needs `lost_...`, the rows for which no good person (or event) is there, as :func:`lost` makes it.
    """
    event = table is OFFENCES
    column, other = ("custody_id", "custody_events") if event else ("person_id", "persons")
    absent, refused = (
        ("record-no-event", "record-event-refused") if event else ("record-no-person", "record-person-refused")
    )
    query = f"SELECT row, {column} AS found FROM lost_{table.name} t {{}} JOIN {other} o USING ({column})"
    yield Check(table.name, absent, REFUSED, column, query.format("ANTI"))
    yield Check(table.name, refused, REFUSED, column, query.format("SEMI"))


def lost(table: Table) -> str:
    """Return the statement that makes the table of rows without a good person, or without a good event."""
    if table is OFFENCES:
        return "CREATE TABLE lost_offences AS SELECT row, custody_id FROM held WHERE event_person IS NULL"
    return f"""CREATE TABLE lost_{table.name} AS
      SELECT row, person_id FROM {table.name} ANTI JOIN good_persons p USING (person_id) WHERE person_id IS NOT NULL"""


TAXONOMY = Check(
    "offences",
    "record-offence-unknown",
    REFUSED,
    "code",
    "SELECT row, code AS found FROM offences WHERE code IN (SELECT code FROM unknown_codes)",
)

STAYS = """CREATE OR REPLACE TABLE stays AS
  WITH versions AS (
    SELECT e.row, custody_id, person_id, p.row AS person, arrested_at, reason, e.recorded_at AS opened_at,
      CASE WHEN released_at >= arrested_at THEN released_at END AS released_at
    FROM good_custody_events e JOIN good_persons p USING (person_id))
  SELECT * FROM versions ANTI JOIN many_custody_events m USING (custody_id)
  UNION ALL
  SELECT max(row), custody_id, min(person_id), min(person), max(arrested_at), arg_max(reason, row),
    min(opened_at), max(released_at)
  FROM versions SEMI JOIN many_custody_events m USING (custody_id) GROUP BY custody_id"""
"""The custody events that were not refused, one row each, whatever their versions.

``person`` is a row of persons; ``opened_at`` is when the first version was recorded: the moment of the forecast.
"""

HELD = f"""CREATE TABLE held AS
  SELECT o.row, custody_id, o.person_id, s.person_id AS event_person, committed_at, s.arrested_at,
    coalesce(s.released_at, s.arrested_at + INTERVAL {LONGEST_STAY}) AS ended_at
  FROM offences o LEFT JOIN stays s USING (custody_id) WHERE custody_id IS NOT NULL AND
    (s.custody_id IS NULL OR o.person_id <> s.person_id OR committed_at > s.arrested_at)"""
"""The few offences that do not simply belong to an accepted event of their person, committed before its arrest."""

HELD_WRONGLY = (
    Check(
        "offences",
        "record-other-person",
        REFUSED,
        "person_id",
        "SELECT row, person_id AS found FROM held WHERE person_id <> event_person",
    ),
    Check(
        "offences",
        "record-committed-later",
        REFUSED,
        "committed_at",
        "SELECT row, committed_at::VARCHAR AS found FROM held WHERE committed_at > ended_at",
    ),
    Check(
        "offences",
        "record-committed-in-custody",
        NOTE,
        "committed_at",
        "SELECT row FROM held WHERE committed_at > arrested_at AND committed_at <= ended_at",
    ),
)

ARRESTS = """CREATE TABLE arrests AS
  SELECT p.row, born_on, died_on, first, last, recorded_at, opened_at FROM good_persons p JOIN (
    SELECT person AS row, min(arrested_at) AS first, max(arrested_at) AS last, min(opened_at) AS opened_at
    FROM stays GROUP BY 1) s USING (row)"""
"""The persons that were not refused, with their first and last arrest and when their first event was recorded."""

# Events of one person in one minute under several ids: few, so that what is costly is only asked of them.
SAME_MINUTE = """CREATE OR REPLACE TABLE same_minute AS
  WITH minutes AS (
    SELECT person, date_trunc('minute', arrested_at) AS minute FROM stays GROUP BY ALL HAVING count(*) > 1)
  SELECT * FROM good_custody_events WHERE custody_id IN (
    SELECT custody_id FROM stays s JOIN minutes m
    ON s.person = m.person AND date_trunc('minute', s.arrested_at) = m.minute)"""
DUPLICATE_EVENT = Check(
    "custody_events",
    "record-duplicate-event",
    REFUSED,
    "custody_id",
    """WITH latest AS (
    SELECT * FROM same_minute QUALIFY row_number() OVER (PARTITION BY custody_id ORDER BY recorded_at DESC, row) = 1),
  held AS (
    SELECT custody_id, string_agg(code || committed_at::VARCHAR, ',' ORDER BY code, committed_at) AS offences
    FROM (SELECT DISTINCT custody_id, code, committed_at FROM offences)
    WHERE custody_id IN (SELECT custody_id FROM latest) GROUP BY 1),
  copies AS (
    SELECT custody_id, row_number() OVER (
      PARTITION BY person_id, arrested_at, released_at, station, reason, disposal, disposed_at, remanded_until,
        diverted_to, offences ORDER BY recorded_at, custody_id) AS place
    FROM latest LEFT JOIN held USING (custody_id))
  SELECT row FROM same_minute WHERE custody_id IN (SELECT custody_id FROM copies WHERE place > 1)""",
)


def persons_by_events(ahead: int) -> Iterator[Check]:
    """Yield the checks of dates of birth and death against arrests.

    ``ahead``: by how many seconds local days begin before those of UTC, at most; an arrest just after local midnight
    then never makes a right date look wrong. Refused events do not count.
    """
    first, last = f"(first + INTERVAL {ahead} SECONDS)::DATE", "last::DATE"
    wrong = (
        ("record-born-after-arrest", "born_on", f"born_on > {first}"),
        (
            "record-under-10",
            "born_on",
            f"born_on <= {first} AND born_on + INTERVAL {YOUNGEST} YEARS > {first}",
        ),
        ("record-over-110", "born_on", f"born_on + INTERVAL {OLDEST + 1} YEARS <= {last}"),
        ("record-died-before-arrest", "died_on", f"died_on < {last}"),
    )
    for code, column, condition in wrong:
        query = f"""SELECT row, {column}::VARCHAR AS found FROM arrests WHERE {condition}"""
        yield Check("persons", code, SET_ASIDE, column, query)


_REASONS = ", ".join(f"'{reason}'" for reason in FORECAST_REASONS)
NOTES = (
    Check("persons", "record-no-birth", NOTE, "born_on", "SELECT row FROM good_persons WHERE born_on IS NULL"),
    Check(
        "persons",
        "record-same-person",
        NOTE,
        "",
        """SELECT unnest(rows) AS row FROM (SELECT list(row) AS rows FROM good_persons
        WHERE born_on IS NOT NULL AND sex IS NOT NULL AND postcode_outward IS NOT NULL
        GROUP BY born_on, sex, ethnicity, postcode_outward, mosaic_code HAVING count(*) > 1)""",
    ),
    Check(
        "custody_events",
        "record-no-offence",
        NOTE,
        "",
        f"""SELECT row FROM stays ANTI JOIN good_offences o USING (custody_id) WHERE reason IN ({_REASONS})""",
    ),
    # Only the first version of an offence counts: a later one corrects what was known already.
    Check(
        "offences",
        "record-offence-after-opening",
        NOTE,
        "recorded_at",
        """WITH late AS (
          SELECT o.row, offence_id, o.recorded_at FROM good_offences o JOIN stays s USING (custody_id)
          WHERE o.recorded_at > opened_at),
        several AS (
          SELECT offence_id, min(recorded_at) AS first FROM good_offences SEMI JOIN many_offences m USING (offence_id)
          GROUP BY 1)
        SELECT row FROM late LEFT JOIN several USING (offence_id) WHERE recorded_at = coalesce(first, recorded_at)""",
    ),
    Check(
        "persons",
        "record-person-later",
        NOTE,
        "recorded_at",
        "SELECT row FROM arrests WHERE recorded_at > opened_at",
    ),
    Check("custody_events", "record-same-minute", NOTE, "arrested_at", "SELECT row FROM same_minute"),
    Check(
        "custody_events",
        "record-stays-overlap",
        NOTE,
        "released_at",
        """SELECT row FROM good_custody_events WHERE custody_id IN (
          SELECT custody_id FROM stays QUALIFY arrested_at < max(released_at) OVER (PARTITION BY person
            ORDER BY arrested_at, custody_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING))""",
    ),
    Check(
        "custody_events",
        "record-disposal-undated",
        NOTE,
        "disposed_at",
        "SELECT row FROM good_custody_events WHERE disposal IS NOT NULL AND disposed_at IS NULL",
    ),
)
