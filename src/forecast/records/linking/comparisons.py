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
    import splink.comparison_level_library as cl
    from splink import SettingsCreator
    from splink.blocking_rule_library import CustomRule
    from splink.comparison_library import CustomComparison

    def field(name: str, *levels: Any) -> Any:
        return CustomComparison(
            output_column_name=name,
            comparison_levels=[cl.NullLevel(name), *levels, cl.ElseLevel().configure(label_for_charts="different")],
        )

    def same(name: str, *, weighed: bool = False) -> Any:
        level = cl.ExactMatchLevel(name, term_frequency_adjustments=weighed)
        return level.configure(label_for_charts="the same")

    def custom(sql: str, label: str) -> Any:
        return cl.CustomLevel(sql).configure(label_for_charts=label)

    def near(name: str, likeness: float, label: str) -> Any:
        return cl.JaroWinklerLevel(name, likeness).configure(label_for_charts=label)

    parts = " + ".join(
        f"(substr(born_l, {i}, {n}) = substr(born_r, {i}, {n}))::int" for i, n in ((1, 4), (6, 2), (9, 2))
    )
    days = "abs(date_diff('day', try_cast(born_l as date), try_cast(born_r as date))) <= 366"
    fields = [
        field(
            "forename",
            same("forename", weighed=True),
            custom("root_l = root_r", "a short form"),
            near("forename", 0.88, "nearly the same"),
        ),
        field(
            "other",
            same("other"),
            custom("substr(other_l, 1, 1) = substr(other_r, 1, 1)", "the same first letter"),
        ),
        field(
            "surname",
            same("surname", weighed=True),
            cl.DamerauLevenshteinLevel("surname", 1).configure(label_for_charts="one letter differs"),
            near("surname", 0.88, "nearly the same"),
        ),
        field(
            "born",
            same("born"),
            custom("turned_l = born_r", "day and month exchanged"),
            cl.DamerauLevenshteinLevel("born", 1).configure(label_for_charts="one figure differs"),
            custom(f"{parts} >= 2", "two of day, month and year agree"),
            custom(days, "within a year"),
        ),
        field("sex", same("sex")),
        field("sector", same("sector"), custom("outward_l = outward_r", "the same first half")),
        field("pnc", same("pnc")),
    ]
    creator = SettingsCreator(
        link_type="dedupe_only",
        comparisons=fields,
        blocking_rules_to_generate_predictions=[*(block(b) for b in BLOCKS), CustomRule(TURNED)],
        unique_id_column_name="nominal_id",
        retain_matching_columns=True,
        linker_uid="forecast",
    )
    made: dict[str, Any] = creator.create_settings_dict("duckdb")
    return made


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
