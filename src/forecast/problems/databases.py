"""Word the problems of databases."""

from __future__ import annotations

from forecast.problems.entry import Entry

ENTRIES: dict[str, Entry] = {
    "database-address": Entry(
        "{place} is not an address of a database: {detail}.",
        "Write it like postgresql://user@host:5432/name, with characters such as @ / : # % in a password as %40 and so "
        "on; docs/databases.md has examples.",
    ),
    "database-variable": Entry(
        "The environment variable {name}, from which the address of the database is read, {found}.",
        "Set it to an address such as postgresql://user@host/name, or give the address itself.",
    ),
    "database-driver": Entry(
        "{place}: there is no driver for this kind of database: {detail}.",
        "Install SQLAlchemy's driver for it (docs/databases.md), or check how the address begins.",
    ),
    "database-unreachable": Entry(
        "{place} cannot be reached: {detail}.",
        "Check host, port and name of the database, and that it accepts connections from here.",
    ),
    "database-login": Entry(
        "{place} refused the login: {detail}.",
        "Check user and password (PGPASSWORD, or a password file, keeps it out of the command).",
    ),
    "database-table-missing": Entry(
        "{place} holds no table '{table}' that this user can see.",
        "Check the name (SCHEMA.TABLE outside the search path; capitals count); `file` in a mapping of records is it. "
        "{hint}",
    ),
    "database-no-table": Entry(
        "{place} names a database, but no table in it.", "Put the table behind a '#': {place}#SCHEMA.TABLE."
    ),
    "database-not-table": Entry(
        "{place}: '{table}' is not the name of a table.",
        "Write TABLE or SCHEMA.TABLE, odd names in double quotes; a query can be read from, never written to.",
    ),
    "database-permission": Entry(
        "{place} does not let this user do that: {detail}.",
        "Ask for the rights that docs/databases.md lists; no more are needed.",
    ),
    "database-column-type": Entry(
        "{place}: the column '{column}' is of type {found}, which cannot be read.",
        "Leave it out, or convert it, in a query or a view.",
    ),
    "database-not-query": Entry(
        "{place}: the query of [{table}] does not begin with SELECT or WITH.",
        "Write one query that gives the rows of the table; comments stand behind its first word.",
    ),
    "database-column-twice": Entry(
        "{place}: the query gives two columns called '{column}'.", "Name them apart in the query (AS)."
    ),
    "database-column-missing": Entry("{place} has no column '{column}' to put its rows in order by.", "{hint}"),
    "database-failed": Entry(
        "{place} could not do what was asked: {detail}.", "Mend the cause that the database names, and try again."
    ),
    "database-lost": Entry(
        "The connection to {place} was lost {tries} times: {detail}. Nothing was kept of what had been copied.",
        "Try again when the database can be reached; each run copies everything from one moment.",
    ),
    "database-table-exists": Entry(
        "{place} exists already.",
        "Choose another table, or add --overwrite to replace its rows once all of the new ones are there.",
    ),
    "database-table-other": Entry(
        "{place} has other columns than the scores ({columns}), so its rows are not replaced.",
        "Choose another table, or drop this one by hand.",
    ),
    "database-write-lost": Entry(
        "The connection to {place} was lost while the scores were being written: {detail}. The table is as it was.",
        "Run the same again.",
    ),
    "database-commit-unknown": Entry(
        "The connection to {place} was lost at the very end: {detail}. The table holds all of the new scores or none.",
        "Run the same again with --overwrite: the same scores written twice are there once.",
    ),
    "records-query": Entry(
        "{path}: [{table}] gives a query, which only a database other than a DuckDB file can be asked.",
        "Name a file or table with the key file, or read from the address of a database.",
    ),
    "records-query-and-file": Entry("{path}: [{table}] gives both a file and a query.", "Leave one of the two."),
}
