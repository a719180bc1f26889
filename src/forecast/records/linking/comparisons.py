"""Say in Splink's terms which nominals are compared, and how far two of them agree in each field."""

from __future__ import annotations

from typing import Any

BLOCKS: tuple[tuple[str, ...], ...] = (
    ("pnc",),
    ("born",),
    ("surname", "root"),
    ("surname", "substr(forename, 1, 1)", "substr(born, 1, 4)"),
    ("root", "sector", "substr(born, 1, 4)"),
)
"""Two nominals are compared if they agree on all of any of these; and if day and month of their birth are exchanged."""
TURNED = "l.turned = r.born and substr(l.surname, 1, 2) = substr(r.surname, 1, 2)"


def settings() -> dict[str, Any]:
    """Return Splink's settings before anything is estimated."""
    from splink import SettingsCreator
    from splink.blocking_rule_library import CustomRule

    creator = SettingsCreator(
        link_type="dedupe_only",
        comparisons=[*_names(), _birth(), *_others()],
        blocking_rules_to_generate_predictions=[*(block(b) for b in BLOCKS), CustomRule(TURNED)],
        unique_id_column_name="nominal_id",
        retain_matching_columns=True,
        linker_uid="forecast",
    )
    made: dict[str, Any] = creator.create_settings_dict("duckdb")
    return made


def _names() -> list[Any]:
    forename = (
        _same("forename", weighed=True),
        _custom("root_l = root_r", "a short form"),
        _near("forename", 0.88, "nearly the same"),
    )
    other = (_same("other"), _custom("substr(other_l, 1, 1) = substr(other_r, 1, 1)", "the same first letter"))
    surname = (
        _same("surname", weighed=True),
        _slip("surname", "one letter differs"),
        _near("surname", 0.88, "nearly the same"),
    )
    return [_field("forename", *forename), _field("other", *other), _field("surname", *surname)]


def _birth() -> Any:
    parts = " + ".join(
        f"(substr(born_l, {i}, {n}) = substr(born_r, {i}, {n}))::int" for i, n in ((1, 4), (6, 2), (9, 2))
    )
    days = "abs(date_diff('day', try_cast(born_l as date), try_cast(born_r as date))) <= 366"
    return _field(
        "born",
        _same("born"),
        _custom("turned_l = born_r", "day and month exchanged"),
        _slip("born", "one figure differs"),
        _custom(f"{parts} >= 2", "two of day, month and year agree"),
        _custom(days, "within a year"),
    )


def _others() -> list[Any]:
    return [
        _field("sex", _same("sex")),
        _field("sector", _same("sector"), _custom("outward_l = outward_r", "the same first half")),
        _field("pnc", _same("pnc")),
    ]


def _field(name: str, *levels: Any) -> Any:
    """Return the comparison of a field: not known, the levels from the closest on, different."""
    import splink.comparison_level_library as cl
    from splink.comparison_library import CustomComparison

    different = cl.ElseLevel().configure(label_for_charts="different")
    return CustomComparison(output_column_name=name, comparison_levels=[cl.NullLevel(name), *levels, different])


def _same(name: str, *, weighed: bool = False) -> Any:
    import splink.comparison_level_library as cl

    level = cl.ExactMatchLevel(name, term_frequency_adjustments=weighed)
    return level.configure(label_for_charts="the same")


def _custom(sql: str, label: str) -> Any:
    import splink.comparison_level_library as cl

    return cl.CustomLevel(sql).configure(label_for_charts=label)


def _near(name: str, likeness: float, label: str) -> Any:
    import splink.comparison_level_library as cl

    return cl.JaroWinklerLevel(name, likeness).configure(label_for_charts=label)


def _slip(name: str, label: str) -> Any:
    import splink.comparison_level_library as cl

    return cl.DamerauLevenshteinLevel(name, 1).configure(label_for_charts=label)


def labels(trained: dict[str, Any]) -> dict[str, dict[int, str]]:
    """Return what each level of each field's comparison is called."""
    said: dict[str, dict[int, str]] = {}
    for comparison in trained["comparisons"]:
        levels = comparison["comparison_levels"]
        last = sum(not level.get("is_null_level", False) for level in levels) - 1
        names = [level["label_for_charts"] for level in levels if not level.get("is_null_level", False)]
        said[comparison["output_column_name"]] = {-1: "not known"} | {last - i: name for i, name in enumerate(names)}
    return said


def block(columns: tuple[str, ...]) -> Any:
    """Return the rule that two nominals agree on all of ``columns``."""
    from splink import block_on

    return block_on(*columns)
