"""How long the command line takes to say what it can do, over bare Python, as a ratio and a difference.

python -m benchmarks.startup
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

RUNS = 15


def seconds(arguments: list[str]) -> float:
    """Return the wall time of one process."""
    started = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    return time.perf_counter() - started


def main() -> None:
    """Run bare Python, the import and `--help` in turn, and print medians."""
    commands = {
        "python -c pass": ["-c", "pass"],
        "import forecast": ["-c", "import forecast"],
        "forecast --help": ["-c", "from forecast.cli import main; main(['--help'])"],
    }
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(RUNS):
        for name, arguments in commands.items():
            taken[name].append(seconds(arguments))
    bare = statistics.median(taken["python -c pass"])
    print("| command | median s | over bare Python, s | ratio |\n|---|---|---|---|")
    for name, values in taken.items():
        median = statistics.median(values)
        print(f"| {name} | {median:.3f} | {median - bare:+.3f} | {median / bare:.1f} |")


if __name__ == "__main__":
    main()
