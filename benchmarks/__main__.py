"""Run every benchmark in turn: python -m benchmarks."""

from benchmarks import (
    accuracy,
    comparison,
    explanations,
    features,
    forest,
    gain,
    one_case,
    records,
    scoring,
    size,
    spark,
    startup,
)

QUICK_FIRST = (startup, size, records, features, explanations, one_case, scoring, spark)
MODELS = (forest, comparison, accuracy, gain)

if __name__ == "__main__":
    for each in (*QUICK_FIRST, *MODELS):
        print(f"\n## {each.__name__.removeprefix('benchmarks.')}\n", flush=True)
        each.main()
