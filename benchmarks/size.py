"""How large the core install is: the project and what it needs to score and explain, in an environment of its own.

python -m benchmarks.size
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path


def main() -> None:
    """Install the core at the locked versions into a temporary environment and add up its files."""
    with tempfile.TemporaryDirectory() as folder:
        environment = Path(folder) / "core"
        subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
        python = environment / "bin" / "python"
        before = size(environment)
        locked = [line for line in Path("requirements.lock").read_text("utf-8").splitlines() if "==" in line]
        constraints = Path(folder) / "constraints.txt"
        constraints.write_text("\n".join(line.rstrip(" \\") for line in locked), encoding="utf-8")
        subprocess.run([str(python), "-m", "pip", "install", "-q", "-c", str(constraints), "."], check=True)
        packages = sorted(
            (size(path), path.name) for path in environment.glob("lib/python*/site-packages/*") if path.is_dir()
        )
        print(f"core install: {(size(environment) - before) / 1e6:.0f} MB, of which")
        for number, name in reversed(packages[-8:]):
            print(f"  {number / 1e6:6.0f} MB  {name}")


def size(folder: Path) -> int:
    """Return the bytes of all files below a folder."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    main()
