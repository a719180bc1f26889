#!/bin/sh
# Scores what is new since the last night; see docs/scoring.md. Started by forecast-score.service or by cron.
set -eu
cd "${FORECAST_NIGHTLY:-/srv/forecast}"
today="scores/$(date -u +%F).parquet"
last="$(find scores -maxdepth 1 -name '????-??-??.parquet' ! -path "$today" | sort | tail -n 1)"

if [ -n "$last" ]; then
    forecast score model records --out "$today" --since-run "$last" --resume --quiet
else
    forecast score model records --out "$today" --resume --quiet
fi
