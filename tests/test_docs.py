"""Documentation is part of the build."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from forecast.cli import COMMANDS, root

REPOSITORY = Path(__file__).parent.parent
PAGES = [REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
TEXT = {".py", ".md", ".toml", ".sh", ".html", ".css", ".txt", ".lock", ""}


def tracked_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [REPOSITORY / name for name in listed.stdout.split("\n") if name and (REPOSITORY / name).is_file()]


def test_the_reference_page_is_what_the_code_says():
    script = REPOSITORY / "tools" / "reference.py"
    written = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True).stdout
    assert (REPOSITORY / "docs" / "reference.md").read_text("utf-8") == written, "run: make reference"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_forecast_command_shown_in_a_page_exists(page: Path):
    for command in re.findall(r"`?forecast ([a-z-]+)(?: ([a-z-]+)(?![\w/.]))?", page.read_text("utf-8")):
        if command[0] in COMMANDS:
            group = root.get_command(None, command[0])  # type: ignore[arg-type]
            if hasattr(group, "commands") and command[1]:
                assert command[1] in group.commands, f"{page.name}: forecast {' '.join(command)}"


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_is_named_in_the_readme_or_the_docs(name: str):
    assert any(f"forecast {name}" in page.read_text("utf-8") for page in PAGES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_between_pages_leads_somewhere(page: Path):
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
        if not target.startswith(("http:", "https:")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_table_of_the_docs_works_as_shown(tmp_path: Path):
    from forecast.tables.library import load
    from forecast.tables.reader import read_cases

    blocks = re.findall(r"```(\w*)\n(.*?)```", (REPOSITORY / "docs" / "tables.md").read_text("utf-8"), re.DOTALL)
    (tmp_path / "bail.csv").write_text(next(text for kind, text in blocks if kind == ""), "utf-8")
    (tmp_path / "bail.toml").write_text(next(text for kind, text in blocks if kind == "toml"), "utf-8")
    cases, refused = read_cases(load(str(tmp_path / "bail.toml")), tmp_path / "bail.csv")
    assert len(cases) == 2
    assert refused.empty
    assert cases.features["years_old"].tolist() == [23.5, 28.0]


def test_no_file_names_this_machine_or_a_package_index():
    home = str(Path.home())
    indexes = ("pypi" + ".org", "files." + "pythonhosted", "--" + "index-url", "extra-" + "index")
    for path in tracked_files():
        if path.suffix in TEXT:
            text = path.read_text("utf-8", errors="replace")
            assert str(REPOSITORY) + "/" not in text, path
            assert home + "/" not in text, path
            found = [word for word in indexes if word in text and path.name != "test_docs.py"]
            assert not found, (path, found)


def test_no_text_promises_what_a_person_will_do():
    barred = re.compile(r"\bwill re-?offend\b|\d+ ?% accura", re.IGNORECASE)
    shown = [p for p in tracked_files() if p.suffix in {".py", ".md", ".toml", ".html"} and "tests" not in p.parts]
    for path in shown:
        assert not barred.search(path.read_text("utf-8")), path
