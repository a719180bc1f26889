"""Word the problems of the records of a force, outcomes, features, and the cases made from them."""

from __future__ import annotations

from forecast.problems.entry import Entry

ENTRIES: dict[str, Entry] = {
    # Records of a force
    "records-orphans": Entry(
        "{count} rows of {table} have a {column} that no row of the records stands for.",
        "Check the records first (forecast data check), which sets such rows aside with their reasons.",
    ),
    # Outcomes
    "outcome-definition": Entry(
        "The outcome definition contradicts itself: {detail}.",
        "Correct the definition; docs/outcomes.md lists its keys.",
    ),
    "outcome-nothing-complete": Entry(
        "No outcome window is complete: the data end at {data_end}, the first of {count} windows at {closes}.",
        "Give data that reach that far, take earlier custody events, or shorten horizon_months.",
    ),
    "outcome-horizon": Entry(
        "Weights at {months} months were asked of outcomes that were followed for {horizon} months.",
        "Ask for at most {horizon} months, or lengthen horizon_months.",
    ),
    "taxonomy-rule": Entry(
        "{path}: {detail}.",
        "Mend the file; its form is explained at the top of the shipped offences.toml.",
    ),
    "offence-unknown": Entry(
        "'{offence}' is not an offence code that the taxonomy {version} knows.",
        "Check the code (leading zeros are part of a PNC code: 00806, not 806), map it, or add it to the taxonomy.",
    ),
    "records-table-missing": Entry(
        "{path} holds no table '{table}'.",
        'Add it, or name its file in records.toml: [TABLE] with file = "...".',
    ),
    "records-column-missing": Entry(
        "{path}: the column '{column}', which {description} needs, is not there.",
        "Export it, or say in [{table}.columns] of records.toml what it is called. {hint}",
    ),
    "records-not-folder": Entry(
        "{path} is neither a folder nor a DuckDB file.",
        "Give the folder that holds the tables, or a DuckDB file.",
    ),
    "records-database": Entry(
        "{path} is a DuckDB file that cannot be opened: {detail}.",
        "Close the program that is writing to it, or export the tables as CSV or Parquet files in a folder.",
    ),
    "records-empty": Entry(
        "{table} holds no rows; the export probably failed. Nothing was accepted.",
        "Export it again, and check that the mapping names the right file.",
    ),
    "records-table-twice": Entry(
        "The table {table} is there twice: {first} and {second}.",
        "Leave one of them, or name the right one in records.toml with the key file.",
    ),
    "records-header-twice": Entry(
        "{path}: the column '{column}' stands twice in the header.", "Rename one of the two, or leave it out."
    ),
    "records-column-type": Entry(
        "{path}: the column '{column}' is of type {found}, which cannot be read as {wanted}.",
        "Export it as text or as a date or timestamp, or name another column in records.toml.",
    ),
    "records-timezone": Entry(
        "{path}: times in the column '{column}' name no time zone, and none is declared.",
        'Add timezone = "Europe/London" (or "UTC", if that is what they are) at the top of records.toml.',
    ),
    "records-zone-unknown": Entry("There is no time zone called '{zone}'.", "{hint}"),
    "records-time-format": Entry(
        "{key} is '{found}', which is no way to write times: {detail}.",
        "Write it like '%d/%m/%Y %H:%M' (strptime), or leave it out for ISO 8601.",
    ),
    "records-too-many-refused": Entry(
        "{table}: {count} of {rows} rows are refused ({share}); at most {limit} may be. Nothing was accepted.",
        "Mend the causes that the table of problems names, or raise max_refused in records.toml and say why there.",
    ),
    "records-too-many-of": Entry(
        "{table}: {count} rows have the problem {kind} ({share}); at most {limit} may. Nothing was accepted.",
        "Mend the cause, or raise the share in [limits] of records.toml and say why there.",
    ),
    "records-one-folder": Entry(
        "{out} and {quarantine} are the same folder, or one lies in the other.",
        "Give --out and --quarantine a folder of their own.",
    ),
    "records-not-canonical": Entry(
        "{path} is not in canonical form: {detail}.",
        "Run `forecast data check` on the records first and use the folder that it writes with --out.",
    ),
    # Features
    "features-set-unknown": Entry("There is no feature set called '{name}'.", "{hint}"),
    "features-sets-clash": Entry(
        "The sets '{first}' and '{second}' both have a feature '{column}' and mean different things by it.",
        "Join sets that agree, or make two tables of cases.",
    ),
    "features-allowed-unsigned": Entry(
        "The exception for {columns} does not say why, or by whom it was allowed.", "Give a reason and a name."
    ),
    "features-allowed-unknown": Entry(
        "The feature set '{set}' has no feature '{column}' to allow.",
        "{hint} `forecast features list {set}` shows all of them.",
    ),
    "features-unknown-codes": Entry(
        "Offence codes that are not in the taxonomy: {count}, for example {examples}; no code is ever guessed.",
        "Check the records first (forecast data check), which sets such rows aside, or add the codes to the taxonomy.",
    ),
    # Cases made from records
    "features-leak": Entry(
        "The feature '{feature}' saw the future: at {count} of {checked} moments it differs from {against}; at custody "
        "event {custody} it is {full}, and {known} from what was known.",
        "Do not train with it: correct what it reads, or leave it out, and prove again.",
    ),
    "cases-none": Entry(
        "The records in {path} give no case: {steps}.",
        "Check the period (since, before), minimum_age and the reasons for custody in the records.",
    ),
    "cases-format": Entry("{path}: cases are written as Parquet.", "Give --out a name that ends in .parquet."),
}
