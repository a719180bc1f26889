"""Define the canonical records: which tables and columns there are, what each means, and when each becomes known.

Times are UTC, to the microsecond; a day is a calendar date. Every fact has *when it happened* and *when it was
recorded*. A row that was edited or withdrawn stays: ``superseded_at`` says from when it no longer stood, and the new
version is another row with the same id and a later ``recorded_at``. So what was on record at a moment t are the rows
with ``recorded_at < t`` and (``superseded_at`` missing or ``superseded_at >= t``): intervals are half-open, and a fact
recorded or withdrawn at the very instant t is not yet seen as such.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

TIME = pa.timestamp("us", tz="UTC")
DAY = pa.date32()
TEXT = pa.string()

REASONS = ("offence", "breach", "bail", "warrant", "recall")
"""Why a person came into custody; only a (suspected) new offence or breach of an order asks for a forecast."""
FORECAST_REASONS = ("offence", "breach")
DISPOSALS = (
    "no_further_action",
    "community_resolution",
    "penalty_notice",
    "caution",
    "diversion",
    "charge",
    "other",
)
ORDER_KINDS = ("prison", "suspended_sentence", "community_order", "bail", "sex_offender_register", "other")
SEXES = ("F", "M", "X")


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its Arrow type, what it means, and whether a row without it is refused.

    ``known`` names the column of the same table that says when its value became known; an empty text means with the
    row itself (``recorded_at``). ``values`` are the codes that it may hold, if the list is closed.
    """

    name: str
    type: pa.DataType
    meaning: str
    required: bool = False
    known: str = ""
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the records: ``key`` identifies a row, together with ``recorded_at`` where rows have versions."""

    name: str
    meaning: str
    key: str
    columns: tuple[Column, ...]
    optional: bool = False

    @property
    def arrow(self) -> pa.Schema:
        """The Arrow schema, with the meaning of each column as metadata."""
        return pa.schema(
            [pa.field(c.name, c.type, not c.required, {"meaning": c.meaning}) for c in self.columns],
            {"table": self.name, "meaning": self.meaning},
        )

    def column(self, name: str) -> Column:
        """Return the column called ``name``."""
        return next(c for c in self.columns if c.name == name)


_RECORDED = Column("recorded_at", TIME, "when this row (this version of it) was put on record", True)
_SUPERSEDED = Column("superseded_at", TIME, "when this version was replaced or withdrawn; empty: it still stands")
_PERSON = Column("person_id", TEXT, "the person", True)

PERSONS = Table(
    "persons",
    "one row a person as the force knows them; a person on record twice has two rows until the two are linked",
    "person_id",
    (
        _PERSON,
        Column("recorded_at", TIME, "when the person was first put on record", True),
        Column("born_on", DAY, "date of birth; empty: not known, and then there is no age and no forecast"),
        Column("sex", TEXT, "sex as recorded; empty: not recorded", values=SEXES),
        Column("ethnicity", TEXT, "ethnicity as the person defined it; empty: not stated. Audit only"),
        Column("died_on", DAY, "day of death, where the force learnt of it; never a feature"),
        Column("moved_on", DAY, "day of moving away, where the force learnt of it; never a feature"),
        Column("postcode_outward", TEXT, "first half of the postcode (geography: off by default); empty: none"),
        Column("mosaic_code", TEXT, "commercial segment of the household (off by default)"),
    ),
)

CUSTODY_EVENTS = Table(
    "custody_events",
    "one row a custody event: a person was brought into custody",
    "custody_id",
    (
        Column("custody_id", TEXT, "the custody event", True),
        _PERSON,
        Column("arrested_at", TIME, "when the person was arrested", True),
        Column("recorded_at", TIME, "when the custody record was opened: the moment of the forecast", True),
        _SUPERSEDED,
        Column("released_at", TIME, "when the person left custody", known="released_at"),
        Column("station", TEXT, "the custody suite"),
        Column("reason", TEXT, "why the person came into custody", True, values=REASONS),
        Column("disposal", TEXT, "how the case was disposed of", known="disposed_at", values=DISPOSALS),
        Column("disposed_at", TIME, "when it was", known="disposed_at"),
        Column("remanded_until", TIME, "end of a remand in custody, if there was one", known="remanded_until"),
        Column("diverted_to", TEXT, "the diversion scheme, if the disposal is a diversion", known="disposed_at"),
    ),
)

OFFENCES = Table(
    "offences",
    "one row an offence of which a person was suspected in a custody event",
    "offence_id",
    (
        Column("offence_id", TEXT, "the offence", True),
        Column("custody_id", TEXT, "the custody event in which the person was held for it", True),
        _PERSON,
        Column("code", TEXT, "Home Office code: recorded crime (8N) or PNC (00806)", True),
        Column("committed_at", TIME, "when it is said to have been committed (the first moment of a span)", True),
        _RECORDED,
        _SUPERSEDED,
        Column("charged_at", TIME, "when the person was charged with it", known="charged_at"),
        Column("proven_at", TIME, "when it was proven (conviction, caution)", known="proven_at"),
    ),
)

INTELLIGENCE = Table(
    "intelligence",
    "one row an intelligence report that names a person; a matter of opinion and of where police look (off by default)",
    "report_id",
    (
        Column("report_id", TEXT, "the report", True),
        _PERSON,
        Column("observed_at", TIME, "when what it reports was seen", True),
        _RECORDED,
        _SUPERSEDED,
    ),
    optional=True,
)

ORDERS = Table(
    "orders",
    "one row an order of a court or the police that a person was under, imprisonment included",
    "order_id",
    (
        Column("order_id", TEXT, "the order", True),
        _PERSON,
        Column("kind", TEXT, "what kind of order", True, values=ORDER_KINDS),
        Column("starts_at", TIME, "first moment of it", True),
        Column("ends_at", TIME, "first moment after it; empty: no end is known"),
        _RECORDED,
        _SUPERSEDED,
    ),
    optional=True,
)

TABLES = (PERSONS, CUSTODY_EVENTS, OFFENCES, INTELLIGENCE, ORDERS)
