"""Tests that cases are made from records without losing one, and that they work like any other described table."""

from __future__ import annotations

import dataclasses
import datetime
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from forecast.outcomes.definition import Definition
from forecast.problems import Problem, Problems
from forecast.records.partitions import iter_people
from forecast.tables import assemble as module
from forecast.tables.assemble import Assembled, assemble, write_cases
from forecast.tables.assembly import Assembly, AssemblyHead, build_assembly, read_assembly
from forecast.tables.description import DeclaredException
from forecast.tables.library import load
from forecast.tables.origin import origin_of
from forecast.tables.reader import open_table, read_cases

SINCE, UNTIL = datetime.date(2008, 1, 1), datetime.date(2018, 1, 1)
WHO = DeclaredException(("age",), "a test", "the tests")


def wanted(**changes: object) -> Assembly:
    head = {"name": "small", "features": "extended", "since": SINCE, "observed_until": UNTIL}
    return Assembly(AssemblyHead(**(head | changes)))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def made(records_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Assembled:
    return write_cases(records_folder, tmp_path_factory.mktemp("cases") / "cases.parquet", wanted())


def test_the_flow_accounts_for_every_row_of_custody_events(made: Assembled, records_folder: Path) -> None:
    events = pq.read_metadata(records_folder / "custody_events.parquet").num_rows
    assert made.steps[0].left == events
    assert events - sum(step.dropped for step in made.steps) == made.rows
    assert made.rows == pq.read_metadata(made.cases).num_rows
    assert 0 < made.rows - made.complete == made.steps[-1].noted
    for before, after in zip(made.steps, made.steps[1:], strict=False):
        assert after.left == before.left - after.dropped


def test_the_cases_are_read_like_any_described_table_and_say_where_they_came_from(made: Assembled) -> None:
    description = load(str(made.description))
    cases, refused = read_cases(description, made.cases)
    assert refused.empty
    assert len(cases) == made.complete
    assert list(cases.outcomes) == ["any", "serious"]
    assert not (cases.outcomes["serious"] & ~cases.outcomes["any"]).any()
    first = next(iter(cases.counts.items()))
    assert first == ("Rows of custody events on record", made.steps[0].left)
    assert set(cases.protected) == {"audit_sex", "audit_age_band", "audit_ethnicity", "audit_diverted", "audit_priors"}
    assert origin_of(made.cases).made["counted"] == "arrest"


def test_nobody_under_18_and_no_moment_outside_the_period_is_a_case(made: Assembled) -> None:
    table = pq.read_table(made.cases, columns=["as_of", "audit_age"]).to_pandas()
    assert table["audit_age"].min() >= 18
    assert table["as_of"].min() >= pd.Timestamp(SINCE, tz="UTC")


def test_no_column_about_later_times_is_a_feature(made: Assembled) -> None:
    description = load(str(made.description))
    later = [name for name in pq.read_schema(made.cases).names if name.startswith("outcome_")]
    assert len(later) == 10
    assert not {f.source for f in description.features} & {*later, "audit_diverted"}
    leaks = {column for block in description.leaks for column in block.columns}
    assert set(later) == leaks | {"outcome_any", "outcome_serious", "outcome_complete"}


def test_cases_without_outcomes_can_be_scored(made: Assembled, tmp_path: Path) -> None:
    table = pq.read_table(made.cases)
    bare = tmp_path / "bare.parquet"
    pq.write_table(table.drop_columns([n for n in table.column_names if n.startswith("outcome_")]), bare)
    reader = open_table(load(str(made.description)), bare, learning=False)
    assert sum(len(chunk.cases) for chunk in reader.chunks(500)) == made.rows


def test_partitions_of_any_size_give_the_same_cases(
    made: Assembled, records_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "iter_people", lambda folder: iter_people(folder, events_each=700))
    again = write_cases(records_folder, tmp_path / "cases.parquet", wanted())
    assert again.steps == made.steps
    pd.testing.assert_frame_equal(pd.read_parquet(again.cases), pd.read_parquet(made.cases), check_exact=True)
    assert origin_of(again.cases) == origin_of(made.cases)


def test_the_same_records_give_the_same_bytes(made: Assembled, records_folder: Path, tmp_path: Path) -> None:
    again = write_cases(records_folder, tmp_path / "cases.parquet", wanted())
    assert again.cases.read_bytes() == made.cases.read_bytes()
    assert again.description.read_bytes() == made.description.read_bytes()


def test_assemble_returns_the_cases_themselves(made: Assembled, records_folder: Path) -> None:
    cases = assemble(records_folder, wanted())
    expected, _ = read_cases(load(str(made.description)), made.cases)
    pd.testing.assert_frame_equal(cases.features, expected.features)
    pd.testing.assert_frame_equal(cases.keys, expected.keys)


def test_the_end_of_the_data_is_what_the_mapping_declared_unless_the_assembly_says_so(
    made: Assembled, records_folder: Path, tmp_path: Path
) -> None:
    declared = write_cases(records_folder, tmp_path / "cases.parquet", wanted(observed_until=None))
    assert (declared.observed_until, declared.known_from) == (UNTIL, "ends_before of the records' mapping")
    assert made.known_from == "the assembly file"


def test_without_a_declaration_the_data_end_after_the_last_recording_and_it_is_said(
    records_folder: Path, tmp_path: Path
) -> None:
    undeclared = tmp_path / "records"
    shutil.copytree(records_folder, undeclared, ignore=shutil.ignore_patterns("check.json"))
    made = write_cases(undeclared, tmp_path / "cases.parquet", wanted(observed_until=None))
    recorded = [
        pq.read_table(undeclared / f"{name}.parquet")["recorded_at"].to_pandas().max()
        for name in ("custody_events", "offences")
    ]
    assert made.observed_until == max(recorded).date() + datetime.timedelta(days=1)
    assert "nobody said it" in made.known_from


def test_the_assembly_file_is_never_replaced_by_the_description(records_folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "ours.toml"
    file.write_text("since = 2008-01-01\n", "utf-8")
    with pytest.raises(Problem) as found:
        write_cases(records_folder, tmp_path / "ours.parquet", read_assembly(file), overwrite=True)
    assert found.value.code == "output-is-input"
    assert file.read_text("utf-8") == "since = 2008-01-01\n"


def test_base_rates_under_other_choices_are_kept_with_the_cases(records_folder: Path, tmp_path: Path) -> None:
    made = write_cases(records_folder, tmp_path / "cases.parquet", wanted(), rates=True)
    rates = origin_of(made.cases).rates
    assert rates == made.rates
    assert rates[0]["choice"] == "as defined: complete windows"
    assert rates[0]["cases"] == made.complete
    by_choice = {row["choice"]: row["any"] for row in rates}
    assert by_choice["counted by proven"] < by_choice["counted by charge"] < by_choice["counted by arrest"]


def test_fewer_windows_are_complete_where_the_data_end_earlier(
    made: Assembled, records_folder: Path, tmp_path: Path
) -> None:
    earlier = write_cases(records_folder, tmp_path / "cases.parquet", wanted(observed_until=datetime.date(2016, 1, 1)))
    assert earlier.complete < made.complete
    assert pq.read_table(earlier.cases)["as_of"].to_pandas().max() < pd.Timestamp("2016-01-01", tz="UTC")


def test_a_proven_outcome_waits_longer_and_the_description_says_so(records_folder: Path, tmp_path: Path) -> None:
    proven = dataclasses.replace(wanted(), definition=Definition(counted="proven"))
    made = write_cases(records_folder, tmp_path / "cases.parquet", proven)
    assert load(str(made.description)).settling_months == 6
    cases, refused = read_cases(load(str(made.description)), made.cases)
    assert refused.empty
    assert cases.keys["as_of"].max() <= pd.Timestamp("2015-07-01")


def test_a_protected_feature_needs_an_exception_and_nothing_is_written_before(
    records_folder: Path, tmp_path: Path
) -> None:
    hart = wanted(features="hart")
    with pytest.raises((Problem, Problems)) as found:
        write_cases(records_folder, tmp_path / "cases.parquet", hart)
    items = getattr(found.value, "items", [found.value])
    assert {item.code for item in items} == {"protected-feature"}
    assert list(tmp_path.iterdir()) == []


def test_a_declared_exception_brings_the_feature_and_is_carried_on(records_folder: Path, tmp_path: Path) -> None:
    allowed = dataclasses.replace(wanted(), exceptions=(WHO,))
    made = write_cases(records_folder, tmp_path / "cases.parquet", allowed)
    description = load(str(made.description))
    assert description.feature("age").always_shown
    assert description.exceptions == (WHO,)
    assert description.head.two_feature == ("age", "arrests")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"since": UNTIL}, "cases-none"),
        ({"features": "hrt"}, "features-set-unknown"),
    ],
    ids=["no case is left", "no such set"],
)
def test_what_cannot_be_assembled_is_a_problem_and_leaves_nothing(
    changes: dict[str, object], code: str, records_folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(Problem) as found:
        write_cases(records_folder, tmp_path / "cases.parquet", wanted(**changes))
    assert found.value.code == code
    assert list(tmp_path.iterdir()) == []


def test_other_outputs_and_outputs_that_exist_are_refused(
    made: Assembled, records_folder: Path, tmp_path: Path
) -> None:
    for out, code in ((tmp_path / "cases.csv", "cases-format"), (made.cases, "output-exists")):
        with pytest.raises(Problem) as found:
            write_cases(records_folder, out, wanted())
        assert found.value.code == code


def test_an_assembly_file_is_read_with_its_definition_and_its_exceptions(tmp_path: Path) -> None:
    path = tmp_path / "assembly.toml"
    path.write_text(
        'features = "hart"\nsince = 2008-01-01\ncounted = "charge"\nhorizon_months = 12\n'
        '[[exceptions]]\ncolumns = ["CustodyAge"]\nreason = "r"\nallowed_by = "a"\n',
        "utf-8",
    )
    read = read_assembly(path)
    assert (read.head.features, read.head.since, read.definition.counted) == ("hart", SINCE, "charge")
    assert read.definition.horizon_months == 12
    assert read.exceptions[0].columns == ("CustodyAge",)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ({"featurs": "hart"}, "toml-unknown-key"),
        ({"counted": "rumour"}, "toml-bad-value"),
        ({"minimum_age": 16}, "toml-missing-key"),
        ({"exceptions": "age"}, "toml-wrong-type"),
        ({"exceptions": [{"columns": ["age"], "reason": "r"}]}, "toml-missing-key"),
    ],
    ids=["unknown key", "unknown definition", "minors without a reason", "exceptions as text", "nobody allowed it"],
)
def test_faults_of_an_assembly_file_are_named(content: dict[str, object], code: str) -> None:
    with pytest.raises(Problem) as found:
        build_assembly(content, "a.toml")
    assert found.value.code == code


def test_ages_are_whole_years_by_the_calendar(made: Assembled, records_folder: Path) -> None:
    table = pq.read_table(made.cases, columns=["person_id", "as_of", "audit_age"]).to_pandas()
    born = pq.read_table(records_folder / "persons.parquet").to_pandas().set_index("person_id")["born_on"]
    for row in table.sample(200, random_state=1).itertuples():
        birth, day = born[row.person_id], row.as_of.date()
        assert row.audit_age == day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
    assert np.isfinite(table["audit_age"]).all()
