"""Word the problems of explanations: texts, corrections, the sheet."""

from __future__ import annotations

from forecast.problems.entry import Entry

ENTRIES: dict[str, Entry] = {
    # A force's own texts
    "texts-unknown-key": Entry("{path}: there is no text '{key}'.", "{hint} docs/explanations.md lists the sections."),
    "texts-unknown-feature": Entry(
        "{path}: '{name}' is no feature of the catalogue.", "{hint} `forecast features list` names them all."
    ),
    "texts-no-text": Entry("{path}: '{key}' is {found}.", "Write a text in quotes that is not empty."),
    "texts-braces": Entry(
        "{path}: the braces of '{key}' do not match, or hold more than a name, in: {found}.",
        "Write each placeholder as {{name}}, nothing else inside; write a brace itself twice.",
    ),
    "texts-placeholder-missing": Entry(
        "{path}: '{key}' leaves out {{{name}}}.", "Put it in; in English the text is: {english}"
    ),
    "texts-placeholder-unknown": Entry(
        "{path}: '{key}' has {{{name}}}, which nothing fills in.", "Take it out; what is filled in there: {known}."
    ),
    # Corrections
    "correction-column": Entry(
        "{where}: '{column}' is no fact that can be put right there.", "Name a column with a fact. {hint}"
    ),
    "correction-refused": Entry(
        "With that change the case cannot be forecast: {sentence} [{refusal}]",
        "Give a value that the table may hold; nothing was changed.",
    ),
    "correction-form": Entry(
        "{option} {text!r} is not of the form {form}.", "Write it as {form}; nothing was changed."
    ),
    "correction-not-here": Entry(
        "{option} is for {wanted}, and {path} is {found}.", "Use {instead}, or give {wanted}; nothing was changed."
    ),
    "correction-one": Entry(
        "{first} and {second} were both given.", "Give one correction at a time, so that the difference is that of one."
    ),
    "correction-twice": Entry("{option} names '{column}' twice.", "Give each column one value; nothing was changed."),
    "correction-record-ambiguous": Entry(
        "The person has more than one record '{id}': {found}.", "Name one of them as TABLE:ID."
    ),
    "correction-table": Entry("There is no table '{table}' of records.", "{hint}"),
    "correction-record-unknown": Entry(
        "The person has no record '{id}'.",
        "Give an id of the person's custody events, offences, reports or orders, or TABLE:ID where two are alike.",
    ),
    "correction-presenting": Entry(
        "The custody event {id} is the one that the forecast is made at, so it cannot be left out.",
        "Without it there is no forecast; to leave out one of its offences, name the offence.",
    ),
    "correction-value": Entry(
        "{table}.{column} cannot be {found}: {expected}.", "Correct the value; nothing was changed."
    ),
    "correction-impossible": Entry(
        "With that change the order of times in {table} {id} would be impossible [{check}].",
        "Correct the value; nothing was changed.",
    ),
    # The sheet and the picture
    "explain-output-format": Entry("{path}: {option} writes {wanted}.", "Give the file a name that ends so."),
}
