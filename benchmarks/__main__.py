"""Run every benchmark in turn: python -m benchmarks."""

from benchmarks import accuracy, comparison, features, forest, gain, records, scoring, size, startup

if __name__ == "__main__":
    for each in (startup, size, records, features, scoring, forest, comparison, accuracy, gain):
        print(f"\n## {each.__name__.removeprefix('benchmarks.')}\n", flush=True)
        each.main()
