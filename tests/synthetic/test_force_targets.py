"""The force lands on its targets: base rates, priors, ages, mix, concentration, seasons; models can learn from it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecast.records.records import Records
from forecast.synthetic.force import make_force
from forecast.synthetic.groups import GROUPS
from tests.synthetic.outcomes_by_hand import moments

BANDS = {"0": (0, 0), "1-2": (1, 2), "3-10": (3, 10), "11+": (11, 10_000)}
ANY = {"0": (0.25, 0.33), "1-2": (0.45, 0.55), "3-10": (0.65, 0.73), "11+": (0.75, 0.83)}


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=[1, 2, 3])
def records(request: pytest.FixtureRequest) -> Records:
    """The whole force."""
    return make_force(people=45_000, seed=request.param).records


@pytest.fixture(scope="module")
def six_years(records: Records) -> pd.DataFrame:
    """All forecast moments of 2008-13."""
    return moments(records, "2008-01-01", "2014-01-01")


@pytest.fixture(scope="module")
def cases(six_years: pd.DataFrame) -> pd.DataFrame:
    """All forecast moments of 2008-12."""
    return six_years[six_years["recorded_at"] < "2013-01-01"].reset_index(drop=True)


def test_there_are_about_as_many_events_and_people_as_asked_for(records: Records, cases: pd.DataFrame) -> None:
    arrested = records.custody_events["arrested_at"].to_pandas()
    events = arrested.between("2008-01-01", "2012-12-31 23:59:59").sum()
    assert 98_000 < len(cases) < events < 110_000
    assert cases["person_id"].nunique() == pytest.approx(45_000, rel=0.12)


@pytest.mark.parametrize("least", [0, 18], ids=["all", "adults"])
def test_base_rates_are_12_48_40(cases: pd.DataFrame, least: float) -> None:
    of = cases[cases["age"] >= least] if least else cases
    high, some = of["serious"].mean(), of["any"].mean()
    assert (high, some - high, 1 - some) == pytest.approx((0.12, 0.48, 0.40), abs=0.015)


@pytest.mark.parametrize("band", BANDS)
def test_more_come_back_the_more_priors_they_have(cases: pd.DataFrame, band: str) -> None:
    low, high = BANDS[band]
    assert ANY[band][0] < cases["any"][cases["priors"].between(low, high)].mean() < ANY[band][1]


def test_first_timers_are_18_to_26_in_100_events(cases: pd.DataFrame) -> None:
    assert 0.18 < (cases["priors"] == 0).mean() < 0.26


def test_the_share_of_many_priors_is_steady(six_years: pd.DataFrame) -> None:
    share = (six_years["priors"] >= 11).groupby(six_years["recorded_at"].dt.year).mean()
    assert np.abs(share - share.mean()).max() < 0.02
    assert abs(np.polyfit(share.index, share, 1)[0]) < 0.006


def test_sex_and_age_are_those_of_arrestees(cases: pd.DataFrame) -> None:
    assert 0.835 < (cases["sex"].dropna() == "M").mean() < 0.855
    age = np.histogram(cases["age"].dropna(), [10, 18, 21, 25, 35, 45, 120])[0] / cases["age"].notna().sum()
    assert age == pytest.approx([0.085, 0.095, 0.13, 0.31, 0.22, 0.16], abs=0.025)


def test_the_mix_of_offences_is_that_of_its_time(cases: pd.DataFrame) -> None:
    mix = {name: float((cases["group"] == number).mean()) for number, name in enumerate(GROUPS)}
    violence = mix["violence_serious"] + mix["violence_injury"] + mix["violence_noinjury"]
    drugs, burglary = mix["drugs_possession"] + mix["drugs_supply"], mix["burglary_dwelling"] + mix["burglary_other"]
    assert violence == pytest.approx(0.33, abs=0.03)
    assert mix["theft"] == pytest.approx(0.23, abs=0.03)
    assert mix["public_order"] == pytest.approx(0.10, abs=0.02)
    assert mix["criminal_damage"] == pytest.approx(0.09, abs=0.02)
    assert (drugs, burglary) == pytest.approx((0.09, 0.06), abs=0.02)
    assert min(mix.values()) > 0.005


def test_events_are_concentrated_among_few_people(cases: pd.DataFrame) -> None:
    counts = cases["person_id"].value_counts()
    shares = np.histogram(counts, [1, 2, 3, 6, 11, 10_000])[0] / len(counts)
    assert shares == pytest.approx([0.55, 0.17, 0.17, 0.07, 0.04], abs=0.03)
    top = counts.nlargest(round(0.04 * len(counts))).sum() / counts.sum()
    assert 0.2 < top < 0.35


def test_reasons_and_long_stays_come_as_often_as_they_should(records: Records) -> None:
    events = records.custody_events.to_pandas()
    share = events["reason"].value_counts(normalize=True)
    assert 0.04 < share["bail"] < 0.06
    assert 0.02 < share["warrant"] + share["recall"] < 0.04
    long = (events["remanded_until"] - events["arrested_at"]) > pd.Timedelta(days=30)
    assert 0.02 < long.mean() < 0.08


def test_violence_peaks_in_summer_december_and_weekend_nights_and_theft_does_not(records: Records) -> None:
    offences = records.offences.to_pandas()
    violent = offences[offences["code"].isin(["00806", "00801", "10501", "8N"])]["committed_at"]
    theft = offences[offences["code"] == "04600"]["committed_at"]

    def summer(times: pd.Series) -> float:
        month = times.dt.month.value_counts().sort_index() / [31, 28.25, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        return float(month[[6, 7, 8, 12]].mean() / month[[1, 2, 3, 4, 10, 11]].mean())

    def nights(times: pd.Series) -> float:
        evening = times - pd.Timedelta(hours=6)
        return float(((evening.dt.day_of_week.isin([4, 5])) & (evening.dt.hour >= 12)).mean())

    assert 1.08 < summer(violent) < 1.2
    assert summer(theft) == pytest.approx(1.0, abs=0.03)
    assert nights(violent) > 0.25 > 0.15 > nights(theft)


def test_the_world_can_be_learnt_and_not_wholly(cases: pd.DataFrame) -> None:
    """A boosted model of a few plain features, fitted on other people, ranks as well as models of real forces do."""
    lightgbm, metrics = pytest.importorskip("lightgbm"), pytest.importorskip("sklearn.metrics")
    of = cases.assign(male=cases["sex"] == "M", since=_years_since(cases))
    columns = ["priors", "age", "male", "since", "group"]
    held_out = pd.util.hash_array(of["person_id"].to_numpy(dtype=object)) % 3 == 0
    model = lightgbm.LGBMClassifier(n_estimators=120, learning_rate=0.06, num_leaves=15, n_jobs=1, verbose=-1)
    model.fit(of[columns][~held_out].astype(float), of["any"][~held_out])
    score = model.predict_proba(of[columns][held_out].astype(float))[:, 1]
    assert 0.72 < metrics.roc_auc_score(of["any"][held_out], score) < 0.79


def _years_since(cases: pd.DataFrame) -> pd.Series:
    """Years since the moment before within 2008-12, missing for the first one there."""
    gap = cases["recorded_at"] - cases.groupby("person_id")["recorded_at"].shift()
    return gap.dt.days / 365.25
