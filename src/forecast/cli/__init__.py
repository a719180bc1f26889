"""The command `forecast`: one command per job, each of which parses, calls one function and prints.

Command modules are imported only when they are called, so that `forecast --help` is quick.
Exit status: 0 done; 2 the user can mend it (a problem from `problems.py`); 1 a fault of ours.
"""

from __future__ import annotations

import importlib
import signal
import sys
from typing import Any

import click

from forecast._version import __version__
from forecast.problems import Problem, Problems

COMMANDS = {
    "demo": ("forecast.cli.demo:demo", "Go the whole way on a synthetic force, to a report to look at."),
    "data": ("forecast.cli.data:data", "Fetch, describe, check and make data."),
    "features": (
        "forecast.cli.features:features",
        "List features, build cases from records, prove that nothing leaks.",
    ),
    "train": ("forecast.cli.train:train", "Test and fit models as an experiment file says; write a bundle."),
    "tune": ("forecast.cli.tune:tune", "Look for better options of an experiment's model."),
    "evaluate": ("forecast.cli.evaluate:evaluate", "Evaluate a bundle on a table with outcomes; write the report."),
    "score": ("forecast.cli.score:score", "Score records or a table of cases, with reasons."),
    "explain": ("forecast.cli.explain:explain", "Explain one case; measure how steady reasons are."),
    "study": ("forecast.cli.study:study", "Ask what if: how much history is enough, what does policing change?"),
    "challenge": ("forecast.cli.challenge:challenge", "Answer public challenges, beside published tables."),
    "models": ("forecast.cli.models:models", "Show a bundle; register, compare, promote; say which model was live."),
    "stage": ("forecast.cli.stage:stage", "Lead a model through its stages; sign them."),
    "retrain": ("forecast.cli.retrain:retrain", "Train a challenger on the newest data and hold it to the gate."),
    "tracking": ("forecast.cli.tracking:tracking", "Open the page of tracked runs."),
}


class LazyGroup(click.Group):
    """A group that knows its commands' names and one-line helps, and imports a command when it is called."""

    def __init__(self, *arguments: Any, lazy: dict[str, tuple[str, str]] | None = None, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.lazy = lazy or {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order of a working day."""
        return [*self.lazy, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module and return the command."""
        if cmd_name not in self.lazy:
            return super().get_command(ctx, cmd_name)
        module, _, name = self.lazy[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self.lazy.items()])


@click.group(cls=LazyGroup, lazy=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="forecast")
def root() -> None:
    """Forecast the risk of further offending, evaluate it honestly, explain it; to support a person's decision."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; problems go to standard error with what to do next, and exit with status 2."""
    # Ended from outside, a command still clears away what it had half-written.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        root.main(args=arguments, standalone_mode=False)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except click.Abort:
        click.echo("Stopped; nothing was left half-written.", err=True)
        sys.exit(130)
    except Problem as problem:
        _print_problems([problem])
    except Problems as problems:
        _print_problems(list(problems.items))


def _print_problems(problems: list[Problem]) -> None:
    for problem in problems:
        click.echo(f"{click.style('problem', fg='yellow')} [{problem.code}] {problem.sentence}", err=True)
        click.echo(f"   next: {problem.next_step}", err=True)
    if len(problems) > 1:
        click.echo(f"{len(problems)} problems.", err=True)
    sys.exit(2)
