"""Check the records of a force in one pass: find every problem, keep what can be used, lose no row.

Every row is either accepted or lies in quarantine with its codes; a faulty value in an optional column is set aside and
its row stays. `docs/records.md` says what each problem costs, and why.
"""

from __future__ import annotations

import datetime
import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from forecast.files import to_json, whole_folder
from forecast.problems import Problem
from forecast.progress import SILENT, Progress
from forecast.records.account import add_up
from forecast.records.examine import Examination, quoted
from forecast.records.places import is_url
from forecast.records.quarantine import VALUES_FILE, write_accepted, write_refused, write_values
from forecast.records.result import CHECK_FILE, CheckResult
from forecast.records.source import Source, open_records
from forecast.settings import Settings

if TYPE_CHECKING:
    import duckdb

MEMORY_LIMIT = "1GB"
"""Of DuckDB; beyond it sorts and joins go to disk, beside the output."""
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def check_records(
    path: Path | str,
    mapping: Path | None = None,
    *,
    out: Path | None = None,
    quarantine: Path | None = None,
    overwrite: bool = False,
    max_refused: float | None = None,
    settings: Settings | None = None,
    progress: Progress = SILENT,
    today: datetime.date | None = None,
) -> CheckResult:
    """Check the records under ``path``; write accepted rows to ``out`` and the others to ``quarantine``.

    Parameters
    ----------
    path, mapping
        As for :func:`forecast.records.source.open_records`; or the address of a database, as a text, whose tables
        are copied first.
    out
        Gets one canonical Parquet file a table, sorted by person, ``recorded_at`` and key; only if no threshold fails.
    quarantine
        Gets the refused rows with their codes, one file a table, and `values.parquet`; also if a threshold fails.
    overwrite
        Replace an older check in these folders; nothing else is ever replaced.
    max_refused
        Largest share of a table's rows that may be refused; by default the mapping's own, else that of the settings.
    today
        Where the mapping does not say when the records end, nothing may lie after this day (default: now, UTC).

    Returns the findings as data; ``result.problems`` holds the thresholds that were passed. Raises a problem only
    where the records cannot be read at all.
    """
    for folder in (out, quarantine):
        _refuse_to_replace(folder, path, overwrite)
    if out is not None and quarantine is not None:
        _keep_apart(out, quarantine)
    now = today or datetime.datetime.now(datetime.UTC).date()
    with work_folder(quarantine or out) as work, full_disk_told(work), _connected(work, settings) as con:
        source = _opened(path, mapping, work, progress)
        head = source.mapping.head
        examination = Examination(con, source, work, progress)
        examination.stage(head.ends_before or now + datetime.timedelta(days=1))
        examination.run()
        result = add_up(examination, _first_said(max_refused, head.max_refused, (settings or Settings()).max_refused))
        if quarantine is not None:
            _write_quarantine(examination, quarantine, result)
        if out is not None and not result.problems:
            _write_accepted(examination, out, result)
    return result


def _opened(path: Path | str, mapping: Path | None, work: Path, progress: Progress) -> Source:
    if isinstance(path, Path) or not is_url(path):
        return open_records(Path(path), mapping)
    from forecast.records.databases import open_database

    return open_database(path, mapping, work / "copied", progress)


def _first_said(*shares: float | None) -> float:
    return next(share for share in shares if share is not None)


def _write_quarantine(examination: Examination, folder: Path, result: CheckResult) -> None:
    """Write refused rows, values set aside and the account; a table without refused rows has no file."""
    examination.progress.begin("writing the quarantine", len(result.totals))
    with whole_folder(folder) as made:
        for total in result.totals:
            if total.quarantined:
                raw = examination.source.tables[total.table]
                written = write_refused(examination.con, raw, made / f"{total.table}.parquet")
                if written != total.quarantined:
                    raise RuntimeError(f"{total.table}: {written} of {total.quarantined} refused rows were written")
            examination.progress.advance()
        write_values(examination.con, examination.tables, made / VALUES_FILE)
        (made / CHECK_FILE).write_text(to_json(result.as_data()), "utf-8")


def _write_accepted(examination: Examination, folder: Path, result: CheckResult) -> None:
    """Write the accepted rows and the account."""
    examination.progress.begin("writing the accepted records", len(result.totals))
    with whole_folder(folder) as made:
        for table in examination.tables.values():
            write_accepted(examination.con, table, made / f"{table.name}.parquet")
            examination.progress.advance()
        (made / CHECK_FILE).write_text(to_json(result.as_data()), "utf-8")


def _refuse_to_replace(folder: Path | None, source: Path | str, overwrite: bool) -> None:
    """Raise unless the folder is free, or holds an older check that may be replaced."""
    if folder is None or not folder.exists():
        return
    if isinstance(source, Path) and folder.resolve() in (source.resolve(), *source.resolve().parents):
        raise Problem("output-is-input", path=folder)
    if folder.is_dir() and not any(folder.iterdir()):
        return
    if not (folder.is_dir() and (folder / CHECK_FILE).is_file()):
        raise Problem("output-not-check", path=folder)
    if not overwrite:
        raise Problem("output-exists", path=folder)


def _keep_apart(out: Path, quarantine: Path) -> None:
    """Raise if one of the folders lies in the other: each is replaced as a whole."""
    one, two = out.resolve(), quarantine.resolve()
    if one == two or one in two.parents or two in one.parents:
        raise Problem("records-one-folder", out=out, quarantine=quarantine)


@contextmanager
def work_folder(beside: Path | None) -> Iterator[Path]:
    """Yield a folder that only its owner may open, beside the output where there is one: that disk has room."""
    parent = beside.absolute().parent if beside else None
    try:
        if parent is not None:
            parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".records-", dir=parent))
    except OSError as error:
        raise Problem("file-unwritable", path=parent or tempfile.gettempdir(), detail=error.strerror) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def full_disk_told(work: Path) -> Iterator[None]:
    """Raise ``file-unwritable`` where the disk of ``work`` is full, for files of ours or for what DuckDB spills."""
    import duckdb

    try:
        yield
    except OSError as error:  # of other kinds are those of files that are read
        if error.errno not in _FULL:
            raise
        raise _no_room(work, os.strerror(error.errno)) from error
    except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
        if isinstance(error, duckdb.OutOfMemoryException) and "max_temp_directory_size" not in str(error):
            raise
        raise _no_room(work, str(error).partition("\n")[0]) from error


def _no_room(work: Path, detail: str) -> Problem:
    return Problem("file-unwritable", path=work.parent, detail=detail.rstrip("."))


def _connected(work: Path, settings: Settings | None) -> duckdb.DuckDBPyConnection:
    import duckdb

    con = duckdb.connect()
    con.execute(f"SET temp_directory = '{quoted(work / 'spill')}'")
    con.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
    con.execute(f"SET threads = {settings.threads if settings and settings.threads else os.cpu_count() or 1}")
    return con
