"""Hold every problem that a user can meet: its code, what was found, and what to do next.

Code raises :class:`Problem` (one) or :class:`Problems` (all that one pass found) and never writes a
sentence of its own, so that the command line, the tests and the documentation share one wording.
The command line prints them and exits with status 2; any other exception is a fault of ours (status 1).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """A kind of problem: ``sentence`` says what was found and where, ``next_step`` what to do."""

    sentence: str
    next_step: str


CATALOGUE: dict[str, Entry] = {
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
    # The content of a table
    "column-missing": Entry(
        "{path}: the column '{column}', which {description} needs, is not there.",
        "Add the column or correct its name in the description. {hint}",
    ),
    "columns-missing": Entry(
        "{path}: {count} of the {needed} columns that {description} needs are not there: {names}. "
        "The file has: {here}.",
        "{unlike}Check that it is the right file, and that 'delimiter' in the description is the file's own.",
    ),
    "rows-refused": Entry(
        "{path}: {count} rows refused: {meaning} Column '{column}', for example {examples}.",
        "Mend the rows or the description; to go on without them set allow_refused (train) or --allow-refused.",
    ),
    "no-rows-left": Entry(
        "{path}: no row is left of {read} after {steps}.", "Check the cohort conditions of the description."
    ),
    "outcome-constant": Entry(
        "{path}: the outcome '{level}' is the same ({value}) in all {count} rows.",
        "A model needs both people with and without the outcome; check the outcome's column and values.",
    ),
    "outcome-rare": Entry(
        "{path}: the outcome '{level}' happened in {count} of {total} rows; at least {needed} of each kind are needed.",
        "Give more cases, or leave that level out of the scale.",
    ),
    "outcome-missing": Entry(
        "{path}: no outcome column is there (wanted: {columns}).",
        "Training and evaluation need outcomes; to score without them use `forecast score`.",
    ),
    "feature-all-missing": Entry(
        "{path}: the feature '{column}' has no value in any row.",
        "Leave it out of the description, or check the column and the 'missing' tokens.",
    ),
    "no-split-column": Entry(
        '{path}: the description says nothing about {wanted}, which split = "{split}" needs.',
        'Add it to the description, or do without (split = "folds", no --part).',
    ),
    "model-other-catalogue": Entry(
        "{path}: {count} of the model's features were computed in another way than in the cases it was fitted on "
        "({names}): {why}.",
        "Build the cases with the version that the model's cases were built with, or train the model anew on these.",
    ),
    "rolling-overlap": Entry(
        "{path}: each fold would be tested for {months} months, and the next begins after {every}: cases would be "
        "tested twice.",
        "Give test_months = {every} or fewer, or a larger origins_every_months.",
    ),
    "rolling-replicate": Entry(
        '{path}: replicate repeats one published split, and split = "rolling" has many.',
        'Leave replicate out, or give split = "time".',
    ),
    "fold-empty": Entry(
        "The fold '{fold}' has {count} {part} cases, and {needed} are needed.",
        "There are cases from {begin} to before {end} and an outcome takes {months} months: let test_from lie after "
        "{first} and test_before not after {end}, or learn from a longer history (history_months).",
    ),
    "fold-history": Entry(
        "The fold '{fold}' has {count} training cases, and {needed} are needed: of the {history} months before "
        "its test begins, an outcome takes {months} months, with an embargo of {embargo} days.",
        "history_months must be more than the window of {months} months and the embargo; 0 learns from all there is.",
    ),
    "overlapping-chosen": Entry(
        "{path}: '{model}' knows outcomes of the test period, so what a test says of it is no evidence.",
        "Put it under beside, and choose another model; for a forecast that people use it is never the one.",
    ),
    "overlapping-time": Entry(
        "{path}: '{model}' repeats an overlap of training outcomes with a test period; split = \"{split}\" has no such "
        "period, or several.",
        'Use split = "time", or leave the model out.',
    ),
    "fold-outcome-rare": Entry(
        "The fold '{fold}' has {count} of {total} {part} cases {kind} the outcome '{level}', and {needed} are needed.",
        "Begin later (test_from), learn from a longer history (history_months), test for longer, or give more cases; "
        "`forecast train --plan` draws the folds.",
    ),
    "censored-unknown": Entry(
        "{path}: cases whose outcome is not complete can be used only where the description says when outcomes "
        "happened and until when they were seen; it lacks {wanted}.",
        "Add what it lacks, or do without models that learn from such cases (-ipcw).",
    ),
    "split-empty": Entry(
        "The split leaves {count} rows to {part}, and {needed} are needed.",
        "Choose another split or another date; `forecast train --plan` shows the folds.",
    ),
    "key-reserved": Entry(
        "{path}: the case's key is called '{column}', and so is a column that scores are written to.",
        "Rename the column in the file.",
    ),
    "two-feature-missing": Entry(
        "{path}: the two-feature model needs to know which columns hold age and number of priors.",
        'Give it both: two_feature = ["AGE COLUMN", "PRIORS COLUMN"] in the description; for cases made from records, '
        "an [[exceptions]] block for the feature age in the assembly file, which `forecast features build --assembly` "
        'reads. Or do without it: beside = ["base-rate"] in the experiment, and another model than "two-feature".',
    ),
    # Rows (also the codes in refused.parquet)
    "row-malformed": Entry(
        "The row has {found} fields where the header has {expected}.", "Check quotes and separators."
    ),
    "row-key-missing": Entry("The key '{column}' is empty.", "Give each case its key."),
    "row-duplicate-id": Entry(
        "The id in '{column}' stands in more than one row, and nobody can tell which is the right one.",
        "Keep one row a case.",
    ),
    "row-not-a-number": Entry(
        "'{column}' holds {found} where a number should be.",
        "Correct the value.",
    ),
    "row-out-of-range": Entry(
        "'{column}' is {found}, outside the declared range (from {low}, to {high}).",
        "Correct the value, or low and high.",
    ),
    "row-unknown-category": Entry(
        "'{column}' holds {found}, which neither the description nor the training data know.",
        "Correct the value, or add it to the description and train again.",
    ),
    "row-value-missing": Entry("'{column}' is empty, and the description requires it.", "Fill it in."),
    "row-not-a-date": Entry(
        "'{column}' holds {found}, which is not a date of the form YYYY-MM-DD.",
        "Correct the value.",
    ),
    "row-outcome-missing": Entry("The outcome '{column}' is empty.", "Fill it in, or leave the row out."),
    "row-outcome-in-future": Entry(
        "The outcome in '{column}' is dated after the data end ({until}).", "Correct the date or observed_until."
    ),
    "row-outcome-before": Entry(
        "The outcome in '{column}' is dated before the forecast.", "An outcome must lie at or after as_of."
    ),
    "row-outcome-after-window": Entry(
        "The outcome in '{column}' is dated after the outcome window of {months} months.",
        "It is no outcome of this window: correct the outcome or the date.",
    ),
    "row-outcome-undated": Entry(
        "The outcome happened, but '{column}' does not say when.",
        "Fill in the date, or leave the key 'date' out of the description.",
    ),
    "row-outcome-order": Entry(
        "The outcome '{column}' happened although the lower level did not.",
        "Levels are cumulative: a serious outcome is also any outcome.",
    ),
    "row-follow-up-incomplete": Entry(
        "The outcome window of {months} months ends after the data do ({until}).",
        'Leave these cases to the cohort conditions, or set follow_up = "as published" and say why.',
    ),
    "row-under-18": Entry(
        "The person is, or may be, under {age} ('{column}'), and gets no forecast.",
        "Decide without a forecast; a force that may forecast for them sets minimum_age with a reason.",
    ),
    "row-age-missing": Entry(
        "'{column}' is empty, so it cannot be told whether the person is {age} or older; there is no forecast.",
        "Fill in the age, or decide without a forecast.",
    ),
    "row-outside-cohort": Entry(
        "The case is outside the cohort that the model was made for ({why}).",
        "Do not use this model for it; a description for another cohort may fit.",
    ),
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
    # Rows of records (also the codes in quarantine)
    "record-malformed": Entry(
        "The line has more or fewer fields than the header.", "Check quotes and separators; the line is kept as it was."
    ),
    "record-key-missing": Entry("The key '{column}' is empty.", "Give each row its id."),
    "record-value-missing": Entry("'{column}' is empty, and a row is of no use without it.", "Fill it in."),
    "record-unreadable": Entry(
        "'{column}' holds something that is no time, no day or no text that can be read without loss.",
        "Correct the value, or say in records.toml how times and days are written (time_format, date_format).",
    ),
    "record-code-unlisted": Entry(
        "'{column}' holds a code that is not in the closed list.",
        "Say in [TABLE.values.{column}] of records.toml which of the listed codes it means.",
    ),
    "record-clock-gap": Entry(
        "'{column}' holds a local time that never was: the clocks had gone forward.",
        "Correct it, or check that timezone in records.toml is the zone in which the times were written.",
    ),
    "record-clock-repeated": Entry(
        "'{column}' holds a local time that the clocks showed twice; the earlier is taken for what happened, the later "
        "for what was recorded or ended.",
        "Export times with their offset from UTC, if the hour matters.",
    ),
    "record-day-only": Entry(
        "'{column}' holds days without a time; what they say counts as known when the day was over.",
        "Export the time too, if the records system has it.",
    ),
    "record-date-impossible": Entry(
        "'{column}' lies before 1900 or after 2099.",
        "Correct it; a date that stands for 'none' belongs among the missing tokens of records.toml, or left empty.",
    ),
    "record-in-future": Entry(
        "'{column}' lies after the end of the records.", "Correct it, or correct ends_before in records.toml."
    ),
    "record-duplicate": Entry(
        "The row is a copy of another one, which was kept.", "Nothing, unless there are many: then check the export."
    ),
    "record-duplicate-differs": Entry(
        "Rows with the same id, recorded at the same time, contradict each other; nobody can tell which is right.",
        "Keep the right one; a correction needs a later recorded_at.",
    ),
    "record-person-differs": Entry(
        "Another row of the same person says something else; the earliest row was kept, without the values on which "
        "the rows disagree.",
        "Give each person one row, with what is right.",
    ),
    "record-values-differ": Entry(
        "Rows of the same person disagree about '{column}'.", "Find out which is right; until then it is empty."
    ),
    "record-versions-overlap": Entry(
        "An older version of the row still stood when a newer one was recorded.",
        "End each version (superseded_at) no later than the next one was recorded; if the export does not say when "
        "versions ended, set close_versions = true for the table in records.toml.",
    ),
    "record-person-changed": Entry(
        "Versions of one custody event name different people.", "Correct it: an event belongs to one person."
    ),
    "record-superseded-early": Entry(
        "The row was superseded before it was recorded.", "Correct superseded_at or recorded_at."
    ),
    "record-before-it-happened": Entry(
        "The row was recorded before what it tells had happened.",
        "Correct one of the two times; check that both are in the same time zone.",
    ),
    "record-before-arrest": Entry("'{column}' lies before the arrest.", "Correct it; until then it is empty."),
    "record-before-offence": Entry("'{column}' lies before the offence.", "Correct it; until then it is empty."),
    "record-ends-early": Entry("The order ends before it starts.", "Correct starts_at or ends_at."),
    "record-no-person": Entry("No row of persons has this person_id.", "Add the person, or correct the id."),
    "record-person-refused": Entry("The row of the person was refused.", "Mend that row."),
    "record-no-event": Entry("No row of custody_events has this custody_id.", "Add the event, or correct the id."),
    "record-event-refused": Entry("The row of the custody event was refused.", "Mend that row."),
    "record-other-person": Entry(
        "The offence names another person than its custody event.", "Correct the person_id or the custody_id."
    ),
    "record-offence-unknown": Entry(
        "The offence code is not in the taxonomy.",
        "Map it to a Home Office code in [offences.values.code] of records.toml; it is never guessed.",
    ),
    "record-committed-later": Entry(
        "The offence was committed after the person had left the custody in which they were held for it.",
        "Correct committed_at or the custody_id.",
    ),
    "record-committed-in-custody": Entry(
        "The offence was committed between arrest and release.",
        "Nothing, if it was in custody; else correct committed_at.",
    ),
    "record-duplicate-event": Entry(
        "The event is a copy of another one of this person, under another id, down to the time of arrest and the "
        "offences; the first on record was kept.",
        "Remove the copy.",
    ),
    "record-same-minute": Entry(
        "The person was arrested twice in one minute, and the two events differ.", "Check that both happened."
    ),
    "record-stays-overlap": Entry(
        "The person was arrested again before being released.",
        "Check the release, and whether two people share one id.",
    ),
    "record-same-person": Entry(
        "Another id has the same birth date, sex, ethnicity and postcode: it may be one person on record twice.",
        "Compare the two; nothing is merged by itself.",
    ),
    "record-born-after-arrest": Entry(
        "The date of birth lies after an arrest.", "Correct it; until then the person has no age, and no forecast."
    ),
    "record-under-10": Entry(
        "By the date of birth the person was arrested before the age of 10.",
        "Correct it; until then the person has no age, and no forecast.",
    ),
    "record-over-110": Entry(
        "By the date of birth the person was arrested after the age of 110.",
        "Correct it; until then the person has no age, and no forecast.",
    ),
    "record-died-before-arrest": Entry(
        "The day of death lies before an arrest.", "Correct it; until then it is empty."
    ),
    "record-no-birth": Entry(
        "The person has no date of birth, so no age and no forecast.", "Fill it in if it is known."
    ),
    "record-no-offence": Entry(
        "A custody event for an offence or a breach has no offence.", "Add the offence, or correct the reason."
    ),
    "record-offence-after-opening": Entry(
        "The offence was recorded after the custody record was opened: at the moment of the forecast it is not known, "
        "so it is not among the presenting offences.",
        "If there are many, check whether recorded_at is the time at which each offence was keyed in.",
    ),
    "record-person-later": Entry(
        "The person was recorded after the record of their first custody event was opened.",
        "Check whether recorded_at of persons is when they were first put on record, or when the row was last changed.",
    ),
    "record-disposal-undated": Entry(
        "There is a disposal but no time of it, so it never counts as known.", "Fill in disposed_at."
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
    # Experiments and training
    "model-unknown": Entry("There is no model called '{name}'.", "Choose from: {known}."),
    "fold-without-outcome": Entry(
        "Fold {fold} has {count} people with the outcome '{level}'.", "Use fewer folds or more cases."
    ),
    # Costs of errors
    "costs-shape": Entry(
        "{path}: the cost matrix has {found}; the outcome's {wanted} levels need {wanted} rows of {wanted}.",
        "Give a row for each band and in it a cost for each outcome, both from the lowest up.",
    ),
    "costs-not-number": Entry(
        "{path}: the cost in row {row}, column {column} is {found}.", "Write a number of 0 or more."
    ),
    "costs-negative": Entry(
        "{path}: the cost in row {row}, column {column} is {found}; a cost is never negative.",
        "Write 0 for what costs nothing, and more for what is worse.",
    ),
    "costs-diagonal": Entry(
        "{path}: in column {column}, being right costs {right}, and being wrong (row {row}) only {wrong}.",
        "Let the right band of each outcome cost less than every other band in its column; usually it costs 0.",
    ),
    "costs-order": Entry(
        "{path}: in column {column}, row {far} is further from right than row {near}, but costs {less} instead of at "
        "least {cost}.",
        "Let being further wrong cost at least as much; check that rows are bands and columns outcomes, lowest first.",
    ),
    "costs-band-never": Entry(
        "{path}: row {row} never costs less than row {other}, whatever follows, so nobody could be in its band.",
        "Let each band be the cheapest for some outcome: its own.",
    ),
    "costs-bands": Entry(
        "{path}: the bands are {found}, and those of the outcome are {wanted}.",
        "Write the matrix for these bands, in this order.",
    ),
    "costs-half-signed": Entry(
        "{path}: the costs are signed by halves: {missing} is missing.",
        "A signature says who (signed_by), when (signed_on) and why (reason); leave all three out while nobody has "
        "signed, or give all three.",
    ),
    "costs-target": Entry(
        "The target '{name}' is {found}, which is not {wanted}.", "Correct it; for example {example}."
    ),
    "costs-no-errors": Entry(
        "No ratio of errors can be had from these cases: {detail}.",
        "Take cases that have outcomes of every level, and a forecast that differs between people.",
    ),
    "costs-target-unreachable": Entry(
        "No costs give {wanted} cautious errors to one dangerous error on these cases; the nearest is {nearest}, with "
        "the costs {matrix}.",
        "Ask for the nearest, or take more cases or a forecast that has more than a few values.",
    ),
    # Published scales
    "scale-unknown": Entry("There is no published scale called '{name}' here.", "{hint}"),
    "scale-lacks-features": Entry(
        "The scale {scale} reads features that the table does not hold: {columns}.",
        "Build the cases with the feature set 'sanctions', alone or joined to another one, and allow its age and sex.",
    ),
    "scale-changed": Entry(
        "The constants of the scale '{scale}' are not those with which the model in {path} was made.",
        "Use the version of the package that made it, or train it again.",
    ),
    "scale-no-probability": Entry(
        "{scale} has no probability of its own within {years} year(s).",
        "Use its points as a ranking; the forecast is calibrated on the training data.",
    ),
    # Bundles
    "bundle-missing": Entry(
        "{path} is not a model bundle (no manifest.json).", "Give the folder that `forecast train --out` wrote."
    ),
    "bundle-newer": Entry(
        "{path} is a bundle of format {found}; this version reads formats up to {newest}.", "Upgrade the package."
    ),
    # Updating and tuning
    "update-rare": Entry(
        "Level {level} has {count} cases on its rarer side among the {total} that count; updating needs {needed}.",
        "Wait for more cases with a complete outcome, or leave the calibration as it is.",
    ),
    "update-seen": Entry(
        "{path} holds the cases that the model {model} was fitted on, or was updated on before.",
        "Give later cases with outcomes (`since` in an assembly makes such a file); where the table marks the rows "
        "that the model was not fitted on, --part test takes those.",
    ),
    "update-earlier": Entry(
        "{path}: all {cases} cases are of days from which the model, or an update of it, may know cases.",
        "Give later cases: `forecast models show` says what the model was tested and updated on.",
    ),
    "tune-model": Entry("{path}: the model '{model}' has nothing to tune.", "Set model to one of: {known}."),
    "tune-other": Entry(
        "{path} holds the trials of another experiment, other data or other folds.",
        "Give another file with --study, or remove it to begin anew.",
    ),
    "tune-storage": Entry(
        "{path} cannot be read as a study: {detail}.",
        "Give another file with --study, or remove it to begin anew.",
    ),
    "tune-short": Entry(
        "{path}: from {first} to {before} there is no room for {folds} folds whose outcomes are complete.",
        "Ask for fewer with --folds, or let the test begin at {needed} or later.",
    ),
    "bundle-corrupt": Entry(
        "{path} is damaged: {detail}.",
        "Restore the folder from where it was kept, or train again; do not score with it.",
    ),
    "case-unknown": Entry("{path} has no case with {key} = {id}.", "Check the id; ids are compared as text."),
    "case-refused": Entry(
        "The case {id} (row {row}) cannot be forecast: {sentence} [{row_code}]",
        "Correct the record, or decide without a forecast.",
    ),
    "scored-with-refusals": Entry(
        "{refused} of {rows} rows of {path} were refused ({codes}); the other {scored} are scored.",
        "See {refused_file} for each row and its reason; add --allow-refused if that is in order.",
    ),
    # The ledger
    "ledger-nobody": Entry(
        "The entry '{kind}' is by nobody.", "Say who does this (--by NAME): the ledger keeps it with the time."
    ),
    "ledger-broken": Entry(
        "{path} is broken at entry {n}: {detail}.",
        "Compare it with a copy or with a head that was kept elsewhere; nothing is appended until it is restored.",
    ),
    "ledger-unreadable": Entry("{path} cannot be read: {detail}.", "Check that you may read it."),
    "ledger-unwritable": Entry(
        "{path} cannot be written: {detail}. Nothing was recorded.", "Check that you may write there and the space."
    ),
    # Registry and promotion
    "registry-name": Entry(
        "'{name}' is no name for a line of models.",
        "Use small letters, digits, '-' and '_', beginning with a letter, at most 60 of them.",
    ),
    "registry-unknown": Entry("No model is registered under '{name}' in {path}.", "{hint}"),
    "registry-model-unknown": Entry("'{name}' has no model '{model}' in the registry.", "{hint}"),
    "registry-differs": Entry(
        "{path} holds another bundle with the same model id: its manifest differs.",
        "Keep the one that is registered; a model is registered once and never replaced.",
    ),
    "registry-changed": Entry(
        "{path} is not the bundle that was registered: its manifest has another sha256 than the ledger.",
        "Restore the folder from where it was kept; do not use it.",
    ),
    "registry-why": Entry("'{what}' has no reason.", "Say why (--why TEXT): the ledger keeps it."),
    "registry-who": Entry(
        "'{who}' names nobody, so that '{what}' would be by nobody.",
        "Give the name of the person who answers for it (--by NAME), such as A. Analyst: the ledger keeps it.",
    ),
    "registry-why-empty": Entry(
        "'{why}' is no reason for '{what}'.", "Say in a few words why (--why TEXT): it is read when somebody asks."
    ),
    "ledger-gone": Entry(
        "{path} does not name {folder}, which was registered: the ledger is gone, or an older or another one.",
        "Restore the ledger and its .head from where they are kept, and compare the head with the one in the minutes; "
        "a folder that was brought from elsewhere is moved out and registered anew.",
    ),
    "registration-changed": Entry(
        "{path} is not what was written when the model was registered: {detail}.",
        "Do not use this copy; take the registered one from the registry where the model was registered.",
    ),
    "registered-ledger": Entry(
        "The model {model} is registered, and whether it may be used cannot be looked up: {detail}.",
        "At a desk: decide without the forecast and tell whoever keeps the registry. They restore the ledger; "
        "forecast models list says whether it is whole.",
    ),
    "registry-expiry": Entry(
        "The expiry date {found} is not after {today} and at most {months} months from it.",
        "Choose an earlier date, or raise model_expiry_months in the settings and say why there.",
    ),
    "registry-store-down": Entry(
        "The tracking store at {uri} did not answer: {detail}. {state}.",
        "Start the store, or mend MLFLOW_TRACKING_URI, and give the same command again: {again}",
    ),
    "stage-unknown": Entry("There is no stage '{stage}'.", "Choose one of: {known}."),
    "stage-order": Entry("{name} {model}: the stage '{stage}' cannot be signed now: {detail}.", "Next is: {after}."),
    "stage-todo": Entry(
        "{path}: still to be filled in: {keys}.",
        "Write what is true in place of each TODO; a stage is signed only when its file says all of it.",
    ),
    "stage-shadow-short": Entry(
        "{name} {model}: scored unseen from {since} to {until}; at least {months} months are needed.",
        "Sign 'live' on or after {earliest}, with scores of the whole time.",
    ),
    "stage-shadow-scores": Entry(
        "{path}: the shadow scores {file} are not there.", "Name files that exist; their sha256 goes into the ledger."
    ),
    "stage-shadow-manifest": Entry(
        "{path}: {file} cannot count as shadow scores: {detail}.",
        "Name files as forecast score wrote them, each with its manifest beside it.",
    ),
    "stage-shadow-rows": Entry(
        "{path}: {rows} rows were scored in shadow, fewer than {least}.",
        "Name the files of the whole time; shadow_least_rows in the settings says how many rows it takes.",
    ),
    "stage-shadow-future": Entry(
        "{path}: shadow_until, {until}, has not come yet: it is {today}.", "Give the first day after the last scored."
    ),
    "stage-shadow-other": Entry(
        "{path}: {file} holds scores of the model {found}, not of {model}.", "Name the scores of this model."
    ),
    "stage-missing": Entry(
        "{path} does not exist.", "Write it first: forecast stage show {name} {model} {stage}; then fill it in."
    ),
    "compare-no-unseen": Entry(
        "{path}: none of {cases} cases is one that neither model was fitted on ({detail}).",
        "Give later cases, or train with a test period that both have not seen.",
    ),
    "compare-other-outcome": Entry(
        "{first} and {second} forecast different outcomes: {detail}.",
        "Compare models of one outcome definition; register the other under a name of its own.",
    ),
    "promotion-refused": Entry(
        "{name} {model} is not promoted. Checks that failed:\n{failed}.",
        "Mend these and compare again; the refusal is in the ledger.",
    ),
    "promotion-no-evidence": Entry(
        "{name} {model} has not been compared with what is live now ({champion}).",
        "Compare first: forecast models compare {name} {model} FILE.",
    ),
    "promotion-already-live": Entry("{name} {model} is live already.", "Nothing is to be done."),
    "rollback-nothing": Entry(
        "'{name}' has no earlier model to go back to.", "Promote another model, or sign the stage 'retired'."
    ),
    "model-expired": Entry(
        "The model {model} expired on {expires}, and its days of grace ended on {refused_from}: it is not used.",
        "Train and promote a newer one: forecast retrain EXPERIMENT.toml --name {name} --by NAME.",
    ),
    "retrain-split": Entry(
        "{path}: split = '{split}' leaves no cases that neither the challenger nor the champion has seen.",
        'Use split = "time" with test_from, or split = "flag".',
    ),
    # Fetching data
    "dataset-unknown": Entry("There is no data set '{name}' to fetch.", "Choose one of: {known}."),
    "fetch-no-network": Entry(
        "{url} cannot be reached: {detail}.",
        "Try again with network (a part that arrived is kept), or use a copy: forecast data fetch {name} --from DIR.",
    ),
    "fetch-checksum": Entry(
        "{path} has sha256 {found}, and none of the known ones.",
        "The publisher may have changed the file, or it was cut; delete it and fetch again, or read it with care.",
    ),
    # The forest
    "forest-sizes": Entry(
        "A forest of {classes} classes cannot draw {sizes} cases of them.",
        "Give one number of cases, 1 or more, for each class from the lowest up, or none.",
    ),
    "forest-class": Entry(
        "Level {level} of the outcome (0 is the lowest) has {cases} cases, of so few people that a forest that leaves "
        "aside one of {parts} parts of the people would have none of them.",
        "Give more cases of it; if there are any, held_out = 1 works (as published, but without honest figures).",
    ),
    "forest-ratio": Entry(
        "No sizes were found that give {target:g} cautious errors for each dangerous one (within {tolerance:g} %): the "
        "nearest was {nearest:.2f}, drawing {sizes}.",
        "Sign a target nearer to that, or allow a wider tolerance or more tries.",
    ),
    # This machine
    "extra-missing": Entry(
        "This needs the package '{module}', which is not installed.",
        'Install it with: pip install "reoffending-forecast[{extra}]".',
    ),
    "tracking-failed": Entry(
        "The tracking store at {uri} did not take the run: {detail}.",
        "Check the store or MLFLOW_TRACKING_URI, or train with --no-track; the bundle was not written.",
    ),
}


class Problem(Exception):
    """A problem that the user can mend.

    ``code`` is a key of :data:`CATALOGUE`; ``facts`` fill its sentence and next step.
    """

    def __init__(self, code: str, **facts: object) -> None:
        entry = CATALOGUE[code]
        self.code = code
        self.facts = facts
        self.sentence = entry.sentence.format(**facts)
        self.next_step = entry.next_step.format(**facts)
        super().__init__(f"{self.sentence} {self.next_step}".strip())


class Problems(Exception):
    """All the problems that one pass found."""

    def __init__(self, items: Sequence[Problem]) -> None:
        self.items = tuple(items)
        super().__init__("; ".join(str(item) for item in self.items))


def raise_all(items: Sequence[Problem]) -> None:
    """Raise nothing for no problem, the problem itself for one, :class:`Problems` for more."""
    if len(items) == 1:
        raise items[0]
    if items:
        raise Problems(items)


_MOST_LISTED, _MOST_NEAREST, _FIRST = 40, 5, 5


def first_of(names: Sequence[str]) -> str:
    """Return the first five names and how many more there are: "a, b, c, d, e and 185 more"."""
    more = len(names) - _FIRST
    return ", ".join(names[:_FIRST]) + (f" and {more} more" if more > 0 else "")


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a hint that names the nearest known word; else all of them, if they are few, or the nearest five."""
    options = sorted(known)
    close = difflib.get_close_matches(word, options, n=_MOST_NEAREST, cutoff=0.3)
    if difflib.get_close_matches(word, close, n=1, cutoff=0.6):
        return f"Did you mean '{close[0]}'?"
    if len(options) <= _MOST_LISTED:
        return f"Known: {', '.join(options) or 'none'}."
    return (
        f"The nearest of {len(options)} known: {', '.join(close)}." if close else f"None of {len(options)} is like it."
    )


def need(module: str, extra: str) -> None:
    """Raise the problem that names the extra to install when ``module`` cannot be found."""
    import importlib.util

    if importlib.util.find_spec(module) is None:
        raise Problem("extra-missing", module=module, extra=extra)
