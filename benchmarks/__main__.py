"""Run every benchmark in turn: python -m benchmarks."""

from benchmarks import accuracy, features, records, scoring, size, startup

if __name__ == "__main__":
    for each in (startup, size, records, features, scoring, accuracy):
        print(f"\n## {each.__name__.removeprefix('benchmarks.')}\n", flush=True)
        each.main()
