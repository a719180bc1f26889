"""Word the problems of files, folders, settings and everything else that is written as TOML."""

from __future__ import annotations

from forecast.problems.entry import Entry

ENTRIES: dict[str, Entry] = {
    # Files and folders
    "file-missing": Entry(
        "{path} does not exist.",
        "Check the path; a data set's own file is looked for under FORECAST_DATA or data/.",
    ),
    "file-empty": Entry("{path} holds no rows.", "Give a file with a header and at least one row."),
    "file-encoding": Entry(
        "{path} is not UTF-8 text (first fault near byte {offset}).",
        "Save the file as UTF-8 and try again, for example: iconv -f WINDOWS-1252 -t UTF-8 FILE > NEW.",
    ),
    "file-format": Entry(
        "{path} cannot be read as {expected}: {detail}.",
        "Give a CSV file (.csv, .csv.gz) or a Parquet file (.parquet).",
    ),
    "file-long-row": Entry(
        "{path} has a row of more than {size} bytes.",
        'Look for a quote (") that is not closed: all text after it counts as one field.',
    ),
    "file-open-quote": Entry(
        "{path} ends inside a quoted field.",
        'Look for a quote (") that is not closed: the rows after it cannot be told apart.',
    ),
    "file-unwritable": Entry(
        "{path} cannot be written: {detail}.", "Choose a folder that you may write to and that has space."
    ),
    "output-exists": Entry(
        "{path} exists already.", "Choose another name, or add --overwrite to replace it when the run succeeds."
    ),
    "output-not-bundle": Entry(
        "{path} is not a model bundle, so it is not replaced.", "Choose another name for --out, or remove it by hand."
    ),
    "output-not-force": Entry(
        "{path} holds other things than a synthetic force, so it is not replaced.",
        "Choose another folder, or remove it by hand.",
    ),
    "model-needs-set": Entry(
        "{path}: the model '{model}' reads the set of features '{set}', which the table does not hold: it has {known}.",
        'Build the cases with that set too (features = "extended+{set}"), or leave the model out.',
    ),
    "model-needs-time": Entry(
        "{path}: the model '{model}' learns from cases whose outcome was not complete when a test began; "
        'split = "{split}" knows of no such day.',
        'Use split = "time" or "rolling", or leave the model out.',
    ),
    "output-not-answers": Entry(
        "{path} holds other things than answers to a challenge, so it is not replaced.",
        "Choose another folder, or remove it by hand.",
    ),
    "challenge-nobody": Entry(
        "{path}: nobody is left to forecast in {round}: {trained} people were fitted on, {refused} rows were refused.",
        "Give a file of people other than the training people; `forecast data describe nij:{round}` names the columns.",
    ),
    "output-not-check": Entry(
        "{path} is not the folder of an older check of records, so it is not replaced.",
        "Choose another folder, or remove it by hand.",
    ),
    "output-format": Entry("{path}: scores are written as Parquet.", "Give --out a name that ends in .parquet."),
    "output-is-folder": Entry("{path} is a folder.", "Choose another name for --out, or remove it by hand."),
    "output-is-input": Entry("{path} is both the input and the output.", "Choose another name for --out."),
    # Settings, experiments and table descriptions (TOML)
    "toml-syntax": Entry("{path} is not valid TOML: {detail}.", "Mend that line; strings need quotes, dates do not."),
    "toml-unreadable": Entry("{path} cannot be read: {detail}.", "Give the path of a TOML file that you may read."),
    "toml-unknown-key": Entry("{path}: unknown key '{key}'.", "{hint}"),
    "toml-missing-key": Entry("{path}: the key '{key}' is missing.", "Add it: {meaning}"),
    "toml-wrong-type": Entry("{path}: '{key}' must be {expected}, but is {found}.", "Correct the value."),
    "toml-bad-value": Entry("{path}: '{key}' is {found}, which is not one of: {allowed}.", "{hint}"),
    "toml-version": Entry(
        "{path} is written in format {found}; this version reads formats up to {newest}.",
        "Upgrade the package, or write the file in format {newest}.",
    ),
    "setting-range": Entry(
        "{path}: '{key}' is {found}, outside the range {low} to {high}.", "Choose a value in the range."
    ),
    "table-unknown": Entry(
        "There is no table description called '{name}'.",
        "Give the path of a TOML file, or one of the shipped ones: {known}.",
    ),
    "variant-unknown": Entry("{path} has no variant '{variant}'.", "Choose one of: {known} (written as NAME:VARIANT)."),
    "column-twice": Entry(
        "{path}: the column '{column}' is declared as {first} and as {second}.", "Leave one of the two declarations."
    ),
    "protected-feature": Entry(
        "{path}: '{column}' is {what}, and is used as a feature without a declared exception.",
        "Move it to [audit], or add an [[exceptions]] block with columns, reason and allowed_by.",
    ),
    "no-features": Entry("{path} declares no feature.", "Add at least one [features.NAME] block."),
}
