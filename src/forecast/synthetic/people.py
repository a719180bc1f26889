"""Draw the latent people of the synthetic force: who they are, where they live, how much and until when they offend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from forecast.synthetic import codes as c
from forecast.synthetic.codes import Bools, Floats, Ints, People
from forecast.synthetic.groups import CLUSTERS, RHYTHMS
from forecast.synthetic.parameters import Parameters

FIRST_BIRTH, LAST_BIRTH = c.seconds("1931-01-01"), c.seconds("2008-01-01")
YOUNGEST, OLDEST = 10.0, 85.0
_RAREST = 1e-9  # a hazard of nothing is one that never strikes


@dataclass(frozen=True)
class Latent:
    """Latent people, one place each in every array; ``lives`` is what the kernels read. Days are from 1970."""

    male: Bools
    born_day: Ints
    area: Ints
    ethnicity: Ints
    frailty: Floats
    died_day: Ints
    moved_day: Ints
    lives: People

    def __len__(self) -> int:
        return len(self.frailty)


def draw_people(people: int, seed: int, p: Parameters) -> Latent:
    """Draw about ``people * latent_people`` people, all cohorts of birth alike, so that the force is steady."""
    rng = np.random.default_rng([seed, 1])
    n = max(round(people * p.latent_people), 20)
    born_day = rng.integers(int(FIRST_BIRTH / c.DAY), int(LAST_BIRTH / c.DAY), n)
    area = rng.integers(0, len(p.deprivation), n)
    male = rng.random(n) < p.male
    frailty = rng.gamma(p.frailty_shape, 1 / p.frailty_shape, n)
    born = born_day * c.DAY
    starts = born + _onset(rng, n, p) * c.YEAR
    hazard = p.desistance * np.exp(p.desistance_spread * rng.standard_normal(n))
    desists = np.minimum(
        starts + rng.exponential(1.0, n) / np.maximum(hazard, _RAREST) * c.YEAR, born + OLDEST * c.YEAR
    )
    died, moved = (
        born + _death_age(rng, n, p) * c.YEAR,
        starts + rng.exponential(1.0, n) / max(p.moving, _RAREST) * c.YEAR,
    )
    place = np.exp(p.deprivation_effect * np.array(p.deprivation))
    rate = frailty * np.where(male, 1.0, p.female_rate) * (place / place.mean())[area]
    taste = np.exp(p.taste_spread * rng.standard_normal((n, len(CLUSTERS))) - p.taste_spread**2 / 2)
    lives = People(
        born=born.astype(float),
        starts=starts,
        desists=desists,
        leaves=np.minimum(died, moved),
        rate=p.arrests_per_year / c.YEAR * rate,
        exposure=np.array(p.exposure)[area],
        taste=taste,
    )
    ethnicity = _ethnicity(rng, lives.exposure, p)
    return Latent(
        male, born_day, area, ethnicity, frailty, _days(died), _days(np.where(moved < died, moved, np.inf)), lives
    )


def _days(times: Floats) -> Ints:
    """Return the days that these times fall on; what never happens lies far ahead."""
    return (np.minimum(times, 1e11) // c.DAY).astype(np.int64)


def _onset(rng: np.random.Generator, n: int, p: Parameters) -> Floats:
    """Draw ages of onset from a density that is linear between its knots."""
    ages = np.linspace(max(p.onset_ages[0], YOUNGEST), p.onset_ages[-1], 2_000)
    total = np.cumsum(np.interp(ages, p.onset_ages, p.onset_density))
    drawn: Floats = np.interp(rng.random(n) * total[-1], total, ages)
    return drawn


def _death_age(rng: np.random.Generator, n: int, p: Parameters) -> Floats:
    """Draw ages of death after onset of offending is possible, from a hazard that grows exponentially (Gompertz)."""
    growth = max(p.death_growth, 1e-6)
    at_ten = p.death * np.exp(growth * (YOUNGEST - 40.0))
    drawn: Floats = YOUNGEST + np.log1p(growth * rng.exponential(1.0, n) / max(at_ten, _RAREST)) / growth
    return drawn


def _ethnicity(rng: np.random.Generator, exposure: Floats, p: Parameters) -> Ints:
    """Draw ethnicity by where a person lives; it has no other part in the force's world."""
    shares = np.array(p.ethnicity_shares)
    minority = shares[1:].sum() / shares.sum()
    odds = minority / (1 - minority) * np.exp(p.minority_by_exposure * exposure)
    other = rng.choice(np.arange(1, len(shares)), len(exposure), p=shares[1:] / shares[1:].sum())
    return np.where(rng.random(len(exposure)) < odds / (1 + odds), other, 0)


def rules(seed: int, p: Parameters) -> Any:
    """Return the parameters as the kernels read them."""
    season, week = _season(p), _week(p)
    age = np.interp(np.arange(121) + 0.5, p.curve_ages, p.curve)
    groups = {
        name: np.array([getattr(g, name) for g in p.groups], dtype=float)
        for name in ("share", "arrest", "historic", "charge", "prison", "prison_days")
    }
    days = np.arange(np.datetime64(c.FIRST_DAY), np.datetime64("2019-01-01"))
    return c.Rules(
        **groups,
        low_level=np.array([int(g.low_level) for g in p.groups]),
        rhythm=np.array([RHYTHMS.index(g.rhythm) for g in p.groups]),
        cluster=np.array([CLUSTERS.index(g.cluster) for g in p.groups]),
        month=days.astype("datetime64[M]").astype(np.int64) % 12,
        season=season,
        week=week,
        bound=float((season.max(axis=1) * week.max(axis=1)).max() * age.max()),
        age=age,
        exposure_effect=p.exposure_effect,
        repeat_group=p.repeat_group,
        violence_escalation=p.violence_escalation,
        habit=p.habit,
        excitement=p.excitement,
        excitement_days=p.excitement_days,
        further=p.further_offences,
        breach_share=p.breach_share,
        bail_return=p.bail_return,
        warrant=p.warrant,
        recall=p.recall,
        remand=p.remand,
        proven=p.proven,
        prison_priors=p.prison_priors,
        diversion=p.diversion,
        diversion_effect=p.diversion_effect,
        seed=seed,
    )


def _season(p: Parameters) -> Floats:
    """Return the rate of each rhythm in each month, mean 1; only night offences have a season."""
    night = np.array(p.season_night)
    return np.stack([night / night.mean(), np.ones(12), np.ones(12)])


def _week(p: Parameters) -> Floats:
    """Return the rate of each rhythm in each hour from Monday 00:00, mean 1.

    A night belongs to the day on which it begins, so the small hours of Sunday are those of Saturday night.
    """
    hour, day = np.arange(168) % 24, np.arange(168) // 24
    evening_of = np.where(hour < 6, (day - 1) % 7, day)
    weekend = np.isin(evening_of, (4, 5)) & ((hour < 6) | (hour >= 18))
    night = np.array(p.hours_night)[hour] * np.where(weekend, p.weekend_nights, 1.0)
    rows = np.stack([night, np.array(p.hours_day)[hour], np.array(p.hours_flat)[hour]])
    relative: Floats = rows / rows.mean(axis=1, keepdims=True)
    return relative
