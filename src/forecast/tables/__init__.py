"""Turn any table with one row a case into `Cases`, by a TOML description alone.

A table description says which columns are keys, features, outcomes, audit-only attributes and benchmarks,
which leak and which must never be read. A new data set needs such a file and no Python.
"""
