"""Word the problems of the content of a table of cases, and its rows (also the codes in refused.parquet)."""

from __future__ import annotations

from forecast.problems.entry import Entry

ENTRIES: dict[str, Entry] = {
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
}
