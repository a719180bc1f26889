"""Word the problems of linking people."""

from __future__ import annotations

from forecast.problems.entry import Entry

ENTRIES: dict[str, Entry] = {
    # What is linked
    "link-no-nominals": Entry(
        "{path} holds no table 'nominals', which names the people to link.",
        "Export it as nominals.csv or nominals.parquet beside the records; docs/linking.md lists its columns.",
    ),
    "link-column-missing": Entry(
        "{path}: the column '{column}', without which nominals cannot be linked, is not there.",
        "Export it, or say in [nominals.columns] of a file nominals.toml beside it what it is called. {hint}",
    ),
    "link-nominal-nameless": Entry(
        "{path}: {count} rows have no nominal id that can be read.",
        "Export each nominal with the id under which the other tables name the person, one row each.",
    ),
    "link-nominal-twice": Entry(
        "{path}: {count} nominal ids stand twice, for example {examples}.",
        "Export one row a nominal, as it stands now; two rows of one id would be two people or one, nobody can tell.",
    ),
    "link-nothing": Entry(
        "{path} holds {count} nominals: there is nothing to link.", "Export all nominals that the records name."
    ),
    "link-no-births": Entry(
        "{path}: none of {count} nominals has a date of birth ({unreadable} could not be read).",
        "Export dates of birth as 1980-12-31, or name their form with date_format in nominals.toml; names alone "
        "cannot tell people apart.",
    ),
    "link-nothing-to-learn": Entry(
        "Among {nominals} nominals, {found} pairs agree on a PNC id, or on names and date of birth; {needed} are "
        "needed to learn how nominals of one person differ.",
        "Link a larger export first, and give its folder with --identities: what was learnt there is used again.",
    ),
    "link-thresholds": Entry(
        "The threshold for review, {review}, is above the threshold for linking, {threshold}.",
        "Choose a lower --review or a higher --threshold.",
    ),
    "link-file-elsewhere": Entry(
        "The mapping says that the table {table} lies in {file}, outside the folder of the records.",
        "Put the file into the folder, and name it in records.toml without a path.",
    ),
    # Earlier loads
    "link-not-identities": Entry(
        "{path} is not the folder of an earlier linking: {detail}.",
        "Give --identities the --out folder of the last load.",
    ),
    "link-other-force": Entry(
        "{path} looks like the identities of another force: {detail}.",
        "Give the --out folder of this force's last load; each load is the whole export, not only what is new.",
    ),
    "link-not-newest": Entry(
        "{ledger} knows load {found} of this force, and it is not this one, which would be load {earlier}.",
        "Give --identities the --out folder of load {found}; to try something out, give a --ledger of its own.",
    ),
    "link-ledger-gap": Entry(
        "{ledger} does not know load {load} of this force, which {path} says it is.",
        "Give --ledger the ledger that was used for it, or bring that one back.",
    ),
    # Decisions and truth
    "link-decision-unknown": Entry(
        "{path}: there is no nominal '{nominal}'.", "Correct the id; ids are those of the table of nominals."
    ),
    "link-decision-one": Entry("{path}: '{nominal}' is named twice.", "Name two nominals."),
    "link-decision-nobody": Entry(
        "{path}: a decision needs who took it and why.", "Fill the keys who and why; both go to the ledger."
    ),
    "link-decisions-contradict": Entry(
        "{first} and {second} were decided to be different, and by other decisions, or a chain of them, one person.",
        "Take one of the decisions back.",
    ),
    "link-truth": Entry(
        "{path} does not say who the nominals are: {detail}.",
        "Give a table with the columns nominal_id and true_id, as forecast data make-force --duplicates writes it.",
    ),
    "output-not-link": Entry(
        "{path} holds other things than records that were linked, so it is not replaced.",
        "Choose another folder, or remove it by hand.",
    ),
}
