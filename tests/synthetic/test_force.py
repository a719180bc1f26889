"""The synthetic force holds together: its schema, its times, its faults on purpose, and the truth behind it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from forecast.problems import Problem
from forecast.records.schema import DISPOSALS, FORECAST_REASONS, ORDER_KINDS, REASONS, TABLES
from forecast.records.taxonomy import load_taxonomy
from forecast.synthetic import codes as c
from forecast.synthetic.events import KINDS
from forecast.synthetic.force import Force, make_force, write_force
from forecast.synthetic.groups import GROUPS
from forecast.synthetic.lives import live
from forecast.synthetic.offences import UNMAPPED
from forecast.synthetic.parameters import load_parameters
from forecast.synthetic.people import draw_people

END = pd.Timestamp("2018-01-01", tz="UTC")
START = pd.Timestamp("1985-01-01", tz="UTC")


@pytest.fixture(scope="module")
def force() -> Force:
    return make_force(people=1_500, seed=1)


@pytest.fixture(scope="module")
def events(force: Force) -> pd.DataFrame:
    return force.records.custody_events.to_pandas()


@pytest.fixture(scope="module")
def offences(force: Force) -> pd.DataFrame:
    return force.records.offences.to_pandas()


@pytest.fixture(scope="module")
def persons(force: Force) -> pd.DataFrame:
    return force.records.persons.to_pandas()


@pytest.fixture(scope="module")
def with_event(events: pd.DataFrame, offences: pd.DataFrame) -> pd.DataFrame:
    """Offences beside their custody events."""
    return offences.merge(events, on="custody_id", suffixes=("", "_event"))


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_tables_have_the_canonical_schema(force: Force, table) -> None:
    made = getattr(force.records, table.name)
    assert made.schema.equals(table.arrow)
    assert made.num_rows > 100
    for column in table.columns:
        assert not column.required or made[column.name].null_count == 0
        assert not column.values or set(made[column.name].unique().to_pylist()) <= {*column.values, None}


def test_numbers_of_the_kernels_are_places_in_the_schema() -> None:
    assert [REASONS[i] for i in (c.OFFENCE, c.BREACH_ARREST, c.BAIL, c.WARRANT, c.RECALL)] == [
        "offence", "breach", "bail", "warrant", "recall",
    ]  # fmt: skip
    numbers = (c.NO_ACTION, c.RESOLUTION, c.PENALTY, c.CAUTION, c.DIVERSION, c.CHARGE, c.OTHER)
    assert tuple(DISPOSALS[i] for i in numbers) == DISPOSALS
    assert [KINDS[i] for i in (c.PRISON, c.SUSPENDED, c.COMMUNITY, c.BAIL_ORDER, c.REGISTER)] == list(KINDS)
    assert set(KINDS) <= set(ORDER_KINDS)
    assert (GROUPS[c.VIOLENCE_SERIOUS], GROUPS[c.SEXUAL]) == ("violence_serious", "sexual")
    assert (GROUPS[c.ROBBERY], GROUPS[c.BREACH]) == ("robbery", "breach_justice")


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    def hashes(name: str, seed: int) -> dict[str, str]:
        write_force(tmp_path / name, people=300, seed=seed)
        files = sorted((tmp_path / name).rglob("*.parquet"))
        return {str(f.relative_to(tmp_path / name)): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}

    first, again, other = hashes("a", 5), hashes("b", 5), hashes("c", 6)
    assert first == again
    assert len(first) == 7
    assert all(first[name] != other[name] for name in first)


def test_lives_do_not_depend_on_the_size_of_a_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    p = load_parameters()
    latent = draw_people(400, 2, p)
    whole = live(latent, 2, p)
    monkeypatch.setattr("forecast.synthetic.lives._OFFENCES", 4_000)
    monkeypatch.setattr("forecast.synthetic.lives._SLAB", 1_000)
    parts = live(latent, 2, p)
    assert all(np.array_equal(getattr(whole, name), getattr(parts, name)) for name in ("events", "offences", "orders"))


def test_what_is_written_is_what_was_made(tmp_path: Path) -> None:
    made, summary = make_force(300, 4), write_force(tmp_path / "force", 300, 4)
    for name, rows in summary.rows.items():
        assert pq.read_metadata(tmp_path / "force" / name).num_rows == rows
    assert pq.read_table(tmp_path / "force" / "offences.parquet").equals(made.records.offences)
    assert pq.read_table(tmp_path / "force" / "truth" / "persons.parquet").equals(made.true_persons)


def test_a_folder_that_exists_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(Problem) as caught:
        write_force(tmp_path, people=10**9)
    assert caught.value.code == "output-exists"


def test_overwrite_replaces_a_force_but_never_another_folder(tmp_path: Path) -> None:
    write_force(tmp_path / "force", people=100, seed=1)
    assert write_force(tmp_path / "force", people=100, seed=2, overwrite=True).seed == 2
    (tmp_path / "force" / "truth" / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(Problem) as caught:
        write_force(tmp_path / "force", people=10**9, overwrite=True)
    assert caught.value.code == "output-not-force"
    assert (tmp_path / "force" / "truth" / "notes.txt").exists()


def test_no_id_stands_twice_but_for_versions_of_an_offence(force: Force, offences: pd.DataFrame) -> None:
    for table in TABLES:
        ids = getattr(force.records, table.name)[table.key]
        assert table.name == "offences" or len(ids.unique()) == len(ids)
    versions = offences[offences.duplicated("offence_id", keep=False)].groupby("offence_id")
    assert len(versions) > 50
    for _, pair in versions:
        assert len(pair) == 2
        old, new = (pair.iloc[i] for i in (0, 1))
        assert old["superseded_at"] == new["recorded_at"] > old["recorded_at"]
        assert pd.isna(new["superseded_at"])
    assert offences["superseded_at"].notna().sum() == len(versions)


def test_nothing_was_recorded_before_it_happened_or_after_the_end(force: Force) -> None:
    happened = {
        "custody_events": "arrested_at",
        "offences": "committed_at",
        "intelligence": "observed_at",
        "orders": "starts_at",
    }
    for name, column in happened.items():
        table = getattr(force.records, name).to_pandas()
        assert (table[column] <= table["recorded_at"]).all(), name
        assert (table["recorded_at"] < END).all(), name


def test_what_became_known_after_the_end_is_missing(events: pd.DataFrame, offences: pd.DataFrame) -> None:
    for table, columns in (
        (events, ("released_at", "disposed_at", "remanded_until")),
        (offences, ("charged_at", "proven_at", "superseded_at")),
    ):
        for column in columns:
            assert (table[column].dropna() < END).all(), column
    assert (events["disposal"].isna() == events["disposed_at"].isna()).all()


def test_custody_is_opened_within_the_hour_and_left_later(events: pd.DataFrame) -> None:
    opened = (events["recorded_at"] - events["arrested_at"]).dt.total_seconds() / 60
    assert opened.between(5, 60).all()
    assert events["arrested_at"].min() >= START
    left = events.dropna(subset="released_at")
    assert (left["released_at"] > left["recorded_at"]).all()
    assert (left["released_at"] - left["arrested_at"] <= pd.Timedelta(hours=72)).all()
    decided = events.dropna(subset="disposed_at")
    assert (decided["disposed_at"] > decided["recorded_at"]).all()


def test_stays_in_custody_do_not_overlap(force: Force, events: pd.DataFrame) -> None:
    true_id = force.true_persons.to_pandas().dropna(subset="person_id").set_index("person_id")["true_id"]
    ordered = events.assign(true_id=events["person_id"].map(true_id)).sort_values(["true_id", "arrested_at"])
    same = ordered["true_id"].eq(ordered["true_id"].shift())
    assert (ordered["arrested_at"] >= ordered["released_at"].shift())[same].all()


def test_nobody_is_arrested_in_prison_or_on_remand(force: Force, events: pd.DataFrame) -> None:
    """Unless they come under two nominals, of which records do not know that they are one."""
    orders = force.records.orders.to_pandas()
    prison = orders[orders["kind"] == "prison"][["person_id", "starts_at", "ends_at"]]
    remand = events.dropna(subset="remanded_until")[["person_id", "released_at", "remanded_until"]]
    remand = remand.set_axis(prison.columns, axis=1)
    kept = events[["person_id", "custody_id", "arrested_at"]].merge(pd.concat([prison, remand]), on="person_id")
    inside = (kept["arrested_at"] > kept["starts_at"]) & (kept["arrested_at"] < kept["ends_at"] - pd.Timedelta("1min"))
    assert len(kept) > 1_000
    assert not inside.any()


def test_true_offending_stops_in_prison(force: Force) -> None:
    orders = force.records.orders.to_pandas()
    prison = orders[orders["kind"] == "prison"]
    names = force.true_persons.to_pandas().dropna(subset="person_id")[["person_id", "true_id"]]
    prison = prison.merge(names, on="person_id")[["true_id", "starts_at", "ends_at"]]
    done = force.true_offences.to_pandas()[["true_id", "committed_at", "offence_id"]].merge(prison, on="true_id")
    within = (done["committed_at"] > done["starts_at"]) & (done["committed_at"] < done["ends_at"])
    # further offences of a later event may be dated back by up to 60 days, and are not drawn by the process
    assert within.mean() < 0.002


def test_every_offence_belongs_to_an_event_of_the_same_person(with_event: pd.DataFrame, offences: pd.DataFrame) -> None:
    assert len(with_event) == len(offences)
    assert (with_event["person_id"] == with_event["person_id_event"]).all()
    assert (with_event["committed_at"] <= with_event["arrested_at"]).all()


def test_events_have_the_offences_that_their_reason_asks_for(events: pd.DataFrame, offences: pd.DataFrame) -> None:
    held = events["custody_id"].isin(offences["custody_id"])
    without = events["reason"].isin(["warrant", "recall"])
    assert (held == ~without).all()
    count = offences.drop_duplicates("offence_id").groupby("custody_id").size()
    asked = events[events["reason"].isin(FORECAST_REASONS)]["custody_id"]
    assert 1.32 < count[asked].mean() < 1.45


def test_the_leading_offence_is_recorded_with_the_event_and_few_others_late(with_event: pd.DataFrame) -> None:
    first = with_event.sort_values(["offence_id", "recorded_at"]).drop_duplicates("offence_id")
    lead = first.drop_duplicates("custody_id")
    assert (lead["recorded_at"] == lead["recorded_at_event"]).all()
    further = first[first.duplicated("custody_id")]
    late = further["recorded_at"] > further["recorded_at_event"]
    assert 0.02 < late.mean() < 0.055
    delay = (further["recorded_at"] - further["recorded_at_event"])[late]
    assert delay.max() > pd.Timedelta(days=30)


def test_a_breach_is_of_an_order_in_force(force: Force, with_event: pd.DataFrame) -> None:
    first = with_event.sort_values(["offence_id", "recorded_at"]).drop_duplicates("offence_id")
    lead = first[first["reason"] == "breach"].drop_duplicates("custody_id")
    lead = lead[(lead["code"] != UNMAPPED) & (lead["arrested_at"] > START + pd.Timedelta(days=4_000))]
    assert {load_taxonomy().lookup(code).group for code in lead["code"].unique()} == {"breach_justice"}
    names = force.true_persons.to_pandas().dropna(subset="person_id").set_index("person_id")["true_id"]
    orders = force.records.orders.to_pandas()
    both = lead.assign(t=lead["person_id"].map(names)).merge(orders.assign(t=orders["person_id"].map(names)), on="t")
    licence = pd.Timedelta(days=366)
    lasts = both["ends_at"] + licence * (both["kind"] == "prison").astype(int)
    under = both[(both["starts_at"] <= both["committed_at"]) & (both["committed_at"] < lasts)]
    assert lead["custody_id"].isin(under["custody_id"]).mean() > 0.97  # an order may come from a trial under way


def test_a_return_on_bail_repeats_an_old_offence(force: Force, with_event: pd.DataFrame) -> None:
    back = with_event[with_event["reason"] == "bail"]
    assert ((back["arrested_at"] - back["committed_at"]) > pd.Timedelta(days=3)).mean() > 0.95
    known = force.true_offences["offence_id"].drop_null()
    assert not pc.any(pc.is_in(pa.array(back["offence_id"]), known.combine_chunks())).as_py()


def test_some_arrests_are_for_an_offence_from_before_an_earlier_event(with_event: pd.DataFrame) -> None:
    """Without these, pseudo-reoffending could not be told from reoffending."""
    asked = with_event[with_event["reason"].isin(FORECAST_REASONS)]
    event = asked.groupby(["person_id", "custody_id"]).agg(
        latest=("committed_at", "max"), at=("arrested_at", "first"), on=("recorded_at_event", "first")
    )
    event = event.reset_index().sort_values(["person_id", "at"])
    before = event.groupby("person_id")["on"].shift()
    assert 0.005 < (event["latest"] < before).mean() < 0.06


def test_charges_and_proof_come_after_the_record_and_only_for_some(with_event: pd.DataFrame) -> None:
    charged = with_event.dropna(subset="charged_at")
    assert (charged["charged_at"] > charged["recorded_at_event"]).all()
    both = charged.dropna(subset="proven_at")
    assert (both["proven_at"] > both["charged_at"]).all()
    assert 0.3 < with_event["charged_at"].notna().mean() < 0.7
    wait = (both["proven_at"] - both["charged_at"]).dt.days
    assert 30 < wait.median() < 120


def test_diversion_begins_in_2015_and_is_for_adults_with_a_few_priors(
    events: pd.DataFrame, persons: pd.DataFrame
) -> None:
    diverted = events[events["disposal"] == "diversion"]
    assert len(diverted) > 30
    assert diverted["arrested_at"].min() >= pd.Timestamp("2015-01-01", tz="UTC")
    assert (diverted["diverted_to"] == "checkpoint-like").all()
    assert events["diverted_to"].notna().sum() == len(diverted)
    born = pd.to_datetime(diverted["person_id"].map(persons.set_index("person_id")["born_on"]), utc=True)
    age = (diverted["arrested_at"] - born).dt.days / 365.25
    assert (age.dropna() > 17).all()


def test_diversion_lowers_offending_as_its_parameter_says() -> None:
    """With everybody eligible diverted and no offending after it, fewer arrests are left than without an effect."""
    p = replace(load_parameters(), diversion=1.0)
    latent = draw_people(1_500, 3, p)

    def later(effect: float) -> int:
        arrested = live(latent, 3, replace(p, diversion_effect=effect)).events[:, c.E_ARRESTED]
        return int((arrested >= c.seconds("2016-01-01")).sum())

    def earlier(effect: float) -> int:
        arrested = live(latent, 3, replace(p, diversion_effect=effect)).events[:, c.E_ARRESTED]
        return int((arrested < c.DIVERSION_START).sum())

    assert later(0.0) < 0.85 * later(1.0)
    assert earlier(0.0) == earlier(1.0)


def test_faults_come_as_often_as_the_parameters_say(
    force: Force, persons: pd.DataFrame, offences: pd.DataFrame
) -> None:
    truth = force.true_persons.to_pandas().dropna(subset="person_id").set_index("person_id")
    assert 0.10 < persons["ethnicity"].isna().mean() < 0.15
    assert 0.035 < persons["postcode_outward"].isna().mean() < 0.065
    assert 0.003 < (offences["code"] == UNMAPPED).mean() < 0.007
    assert 0.003 < offences["superseded_at"].notna().mean() < 0.007
    twice = truth["true_id"].value_counts()
    assert 0.017 < (twice == 2).mean() < 0.033
    once = truth["true_id"].map(twice) == 1
    born = persons.set_index("person_id")["born_on"]
    assert 0 < (born[once] != truth["born_on"][once]).mean() < 0.005


def test_reports_have_many_zeros_a_mean_of_two_and_follow_exposure(force: Force) -> None:
    truth = force.true_persons.to_pandas().dropna(subset="person_id").drop_duplicates("true_id")
    count = force.records.intelligence.to_pandas()["person_id"].value_counts()
    truth["reports"] = truth["person_id"].map(count).fillna(0)
    assert 1.5 < truth["reports"].mean() < 2.5
    assert (truth["reports"] == 0).mean() > 0.45
    assert truth["reports"].max() >= 22
    often = truth["police_exposure"] > truth["police_exposure"].median()
    assert truth["reports"][often].mean() > 1.2 * truth["reports"][~often].mean()


def test_records_miss_most_true_offending_and_less_of_it_where_police_look(force: Force) -> None:
    true = force.true_offences.to_pandas()
    true["known"] = true["offence_id"].notna()
    person = force.true_persons.to_pandas().drop_duplicates("true_id").set_index("true_id")["police_exposure"]
    exposure = true["true_id"].map(person)
    assert exposure.notna().all()
    assert 0.25 < true["known"].mean() < 0.6
    assert true["known"][exposure > 0.5].mean() > 1.15 * true["known"][exposure < -0.5].mean()


def test_ethnicity_has_no_effect_on_offending_but_follows_exposure(force: Force) -> None:
    people = force.true_persons.to_pandas().drop_duplicates("true_id")
    minority = people["ethnicity"] != "White"
    assert abs(people["frailty"][minority].mean() / people["frailty"][~minority].mean() - 1) < 0.25
    seen = people.dropna(subset="person_id")
    assert 0.09 < (seen["ethnicity"] != "White").mean() < 0.15
    often = people["police_exposure"] > 0.5
    assert minority[often].mean() > 1.8 * minority[~often].mean()


def test_nobody_has_a_record_after_death_or_moving_away(force: Force, events: pd.DataFrame) -> None:
    truth = force.true_persons.to_pandas().dropna(subset="person_id").set_index("person_id")
    gone = pd.to_datetime(truth[["died_on", "moved_on"]].stack(), utc=True).groupby(level=0).min()
    last = events.groupby("person_id")["arrested_at"].max()
    both = pd.concat([gone.rename("gone"), last.rename("last")], axis=1).dropna()
    assert len(both) > 200
    assert (both["last"] < both["gone"] + pd.Timedelta(days=1)).all()


def test_the_force_learns_of_deaths_more_often_than_of_moves(force: Force, persons: pd.DataFrame) -> None:
    truth = force.true_persons.to_pandas().dropna(subset="person_id").set_index("person_id")
    known = persons.set_index("person_id")
    died, moved = truth["died_on"].notna() & truth["moved_on"].isna(), truth["moved_on"].notna()
    assert known["died_on"][died].notna().mean() > 0.8
    assert 0.3 < known["moved_on"][moved].notna().mean() < 0.5


def test_a_wildly_active_world_stays_within_its_bounds() -> None:
    """Compiled code does not check bounds, so no parameter may make a life outgrow its room."""
    usual = load_parameters()
    free = tuple(replace(group, prison=0.0) for group in usual.groups)
    p = replace(usual, arrests_per_year=20.0, habit=10.0, moving=0.0, desistance=0.0, groups=free)
    lives = live(draw_people(2, 1, p), 1, p)
    offences = np.bincount(lives.offences[:, c.O_PERSON])
    assert 4_000 < offences.max() < 6_000
    assert (lives.events[:, c.E_PERSON] >= 0).all()


def test_a_minute_force_has_all_its_tables() -> None:
    made = make_force(people=1, seed=1)
    assert made.records.persons.num_rows >= 0
    assert made.records.custody_events.schema.equals(TABLES[1].arrow)
