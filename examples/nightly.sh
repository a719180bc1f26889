#!/bin/sh
# Scores what is new since the last night; see docs/scoring.md. Started by forecast-score.service or by cron.
# A second start on a day whose scores are complete does nothing, whatever the records hold by then.
set -eu
cd "${FORECAST_NIGHTLY:-/srv/forecast}"
day="$(date -u +%F)"
today="scores/$day.parquet"
# A run writes its manifest last, and then removes its work.
if [ -f "scores/$day.manifest.json" ] && [ ! -d "scores/.$day.parquet.work" ]; then
    exit 0
fi
last="$(find scores -maxdepth 1 -name '????-??-??.manifest.json' ! -name "$day.*" | sort | tail -n 1)"

if [ -n "$last" ]; then
    forecast score model records --out "$today" --since-run "${last%.manifest.json}.parquet" --resume --quiet
else
    forecast score model records --out "$today" --resume --quiet
fi
