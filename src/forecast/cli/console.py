"""What the commands share: a progress listener for the terminal, options, small tables."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Self

import click

settings_option = click.option(
    "--settings", "settings_path", type=click.Path(path_type=Path), help="A settings file; ./forecast.toml by default."
)
overwrite_option = click.option("--overwrite", is_flag=True, help="Replace an output that exists, once all is done.")
quiet_option = click.option("--quiet", is_flag=True, help="Show no progress.")
part_option = click.option(
    "--part", type=click.Choice(["train", "test"]), help="Only rows that the table's own flag marks so."
)
day_type = click.DateTime(formats=["%Y-%m-%d"])
observed_option = click.option(
    "--observed-until", type=day_type, help="First day that FILE's data do not cover, if later than before."
)


class Terminal:
    """Shows progress on standard error: one line that moves where there is a terminal, else a line a stretch."""

    def __init__(self, quiet: bool = False) -> None:
        self.quiet = quiet
        self.moving = sys.stderr.isatty()
        self.label, self.done, self.shown = "", 0, 0.0
        self.total: int | None = None
        self.started = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def begin(self, label: str, total: int | None = None) -> None:
        """Start a stretch of work."""
        self.close()
        self.label, self.total, self.done, self.started = label, total, 0, time.monotonic()
        if not self.quiet and not self.moving:
            click.echo(f"  {label} ...", err=True)
        self._show(force=True)

    def advance(self, units: int = 1) -> None:
        """Report more as done; the line moves at most five times a second."""
        self.done += units
        self._show(force=False)

    def close(self) -> None:
        """End the last stretch."""
        if self.label and self.moving and not self.quiet:
            self._show(force=True)
            click.echo("", err=True)
        self.label = ""

    def _show(self, *, force: bool) -> None:
        now = time.monotonic()
        if self.quiet or not self.moving or not self.label or (now - self.shown < 0.2 and not force):
            return
        self.shown = now
        click.echo(f"\r  {self.label}: {self._state(now - self.started)}\033[K", err=True, nl=False)

    def _state(self, seconds: float) -> str:
        if not self.total:
            return f"{self.done:,} in {seconds:.0f} s" if self.done else "..."
        share = min(self.done / self.total, 1.0)
        bar = "#" * round(24 * share) + "." * (24 - round(24 * share))
        left = f", about {seconds / share - seconds:.0f} s left" if 0 < share < 1 else f", {seconds:.0f} s"
        return f"[{bar}] {100 * share:3.0f} %{left}"


def table(header: Sequence[str], rows: Iterable[Sequence[object]], right: Sequence[int] = ()) -> str:
    """Return rows as a table of plain text; columns at the positions ``right`` are set to the right."""
    texts = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in [list(header), *texts]) for i in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        set_out = (c.rjust(w) if i in right else c.ljust(w) for i, (c, w) in enumerate(zip(cells, widths, strict=True)))
        return "  ".join(set_out).rstrip()

    return "\n".join([line(list(header)), line(["-" * w for w in widths]), *(line(row) for row in texts)])


def interval(value: float | None, low: float | None, high: float | None, digits: int = 3) -> str:
    """Return a figure with its 95 % interval."""
    if value is None:
        return "-"
    spread = "" if low is None or high is None else f" ({low:.{digits}f} to {high:.{digits}f})"
    return f"{value:.{digits}f}{spread}"
