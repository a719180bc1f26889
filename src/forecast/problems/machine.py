"""Word the problems of fetching data, and this machine."""

from __future__ import annotations

from forecast.problems.entry import Entry

ENTRIES: dict[str, Entry] = {
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
