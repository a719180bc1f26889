"""Word the problems of scoring: records, one case, operations, a cluster."""

from __future__ import annotations

from forecast.problems.entry import Entry

ENTRIES: dict[str, Entry] = {
    # Records, and one case of them
    "score-not-records": Entry(
        "{path}: the model reads features that the catalogue does not hold or that it does not say the sets of "
        "({names}), so they cannot be computed from records.",
        "Score a table that holds them, or train a model on cases that `forecast features build --assembly` made.",
    ),
    "one-no-event": Entry(
        "No custody event of these records asks for a forecast: that is one for a new offence or a breach of an order "
        "that was not withdrawn.",
        "There is no forecast for people who have no such custody event; check the records if there should be one.",
    ),
    "one-not-asked": Entry(
        "The custody event {id} asks for no forecast: its reason is '{reason}', or it was withdrawn.",
        "There is a forecast for custody events for a new offence or a breach of an order; check the record if it "
        "should be one.",
    ),
    "one-refused": Entry(
        "The custody event {id} cannot be forecast: {sentence} [{refusal}]",
        "Correct the record, or decide without a forecast.",
    ),
    "one-no-zone": Entry(
        "The moment {found} does not say its zone.", "Give a time with its zone, such as UTC; nothing was forecast."
    ),
    # Operations
    "score-locked": Entry(
        "Another run writes this output ({path}): {holder}.",
        "Wait for its end, or choose another name for --out.",
    ),
    "score-unfinished": Entry(
        "A run that was ended before its time has left its work for {path} in {work}.",
        "Add --resume to go on where it was, or --restart to throw its work away.",
    ),
    "score-other-run": Entry(
        "The work in {work} is of another run than this one; they differ in: {what}.",
        "Give the input, model, settings and options of that run, or add --restart to throw its work away.",
    ),
    "score-no-room": Entry(
        "{path} cannot be written: {detail}.",
        "Make room (or mend the folder) and run the same command with --resume: what is done is kept.",
    ),
    "score-input-changed": Entry(
        "{path} was changed while it was scored.",
        "Score again when nobody writes to it; nothing was written.",
    ),
    "score-records-option": Entry(
        "{option} is for records, and {path} is a table of cases.",
        "Leave it out, or give a folder of records.",
    ),
    "score-choose": Entry("{first} and {second} contradict each other.", "Give one of the two."),
    "score-quarantine-missing": Entry(
        "{path}: the check refused {count} rows, and the folder that holds them is not beside these records; without "
        "it nobody knows whose records are not complete.",
        "Name it with --quarantine, or check the records again with --quarantine FOLDER.",
    ),
    "score-quarantine-other": Entry(
        "{path} is not the quarantine of the check that wrote {records}, or not all of it.",
        "Name the folder that `forecast data check --quarantine` wrote in the same run.",
    ),
    "score-quarantine-taken": Entry(
        "{path} would hold the rows that the check refuses, but something else stands there.",
        "Move it away, or choose another name for --out.",
    ),
    "score-table-option": Entry(
        "{option} is for a table of cases, and {path} holds records.",
        "Leave it out: people of records who are not scored stay in the output, and do not make the run fail.",
    ),
    "score-not-in-database": Entry(
        "The scores stand whole in {path}, but not in the database: {sentence} [{refusal}]",
        "{then} The same command with --resume then writes them without scoring again; where it reads from a database "
        "and says --overwrite too, it scores again.",
    ),
    "score-quarantine-column": Entry(
        "{path} has no column '{column}', so it does not say whose rows these are.",
        "Name with --mapping the records.toml with which the records were checked.",
    ),
    "score-previous": Entry(
        "{path} cannot be compared with: {detail}.",
        "Give the scores of an earlier run on records, with all files that it wrote and all runs that it followed.",
    ),
    "score-spark-delta": Entry(
        "--since-run does not go with --engine spark: only people with new records are scored, and they are few.",
        "Leave out --engine spark.",
    ),
    # Spark
    "spark-no-java": Entry(
        "Spark needs Java {oldest} or newer: {found}.",
        "Install a Java runtime (OpenJDK 17 or 21) and let JAVA_HOME name its folder, or score without --engine spark.",
    ),
    "spark-master": Entry(
        "'{master}' is not the address of a Spark cluster.",
        "Give local, local[N] or local[*] for this machine, or spark://HOST:PORT, yarn or k8s://ADDRESS.",
    ),
    "spark-unreachable": Entry(
        "The Spark cluster at {master} cannot be reached: {detail}.",
        "Start it, or correct the address; --master local[*] runs on this machine.",
    ),
    "spark-start": Entry(
        "Spark did not start on {master}: {detail}.",
        "Mend what it says (memory, folders, versions), or score without --engine spark.",
    ),
    "spark-running": Entry(
        "A Spark session runs in this process already, on {found} and not on {master}.",
        "Stop it first, or give its address.",
    ),
    "spark-versions": Entry(
        "A worker of the cluster has other versions than this machine: {found}.",
        "Install the same versions on all machines, so that all people are scored alike.",
    ),
    "spark-failed": Entry(
        "The Spark job ended: {detail}.",
        "Mend what it says and run again; nothing was written. Without --engine spark the same scores are made here.",
    ),
}
