"""Word the problems of rows of records (also the codes in quarantine)."""

from __future__ import annotations

from forecast.problems.entry import Entry

ENTRIES: dict[str, Entry] = {
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
}
