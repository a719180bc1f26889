"""Word the problems of training, models, costs, bundles and scoring."""

from __future__ import annotations

from forecast.problems.entry import Entry

ENTRIES: dict[str, Entry] = {
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
}
