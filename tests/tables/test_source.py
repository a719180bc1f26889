from __future__ import annotations

import datetime
import decimal
import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.csvtext import first_fault
from forecast.problems import Problem
from forecast.tables import source as module
from forecast.tables.source import open_source

Texts = list[tuple[int, list[str | None]]]


def texts(path: Path, rows: int = 100, **how: Any) -> Texts:
    """Return (row number, values) of all rows."""
    source = open_source(path, **how)
    found: Texts = []
    for piece in source.pieces(source.columns, rows):
        values = zip(*(column.to_pylist() for column in piece.table.columns), strict=True)
        found += [(int(row), list(each)) for row, each in zip(piece.rows, values, strict=True)]
    return found


@pytest.fixture
def csv_of(tmp_path: Path) -> Callable[..., Path]:
    def make(content: str | bytes, name: str = "cases.csv") -> Path:
        path = tmp_path / name
        raw = content if isinstance(content, bytes) else content.encode()
        path.write_bytes(gzip.compress(raw) if name.endswith("gz") else raw)
        return path

    return make


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param("a,b\n1,2\n", [["1", "2"]], id="plain"),
        pytest.param("a,b\n1,2", [["1", "2"]], id="no last newline"),
        pytest.param("\ufeffa,b\n1,2\n", [["1", "2"]], id="byte order mark"),
        pytest.param('\ufeff"a",b\n1,2\n', [["1", "2"]], id="byte order mark before a quote"),
        pytest.param("a,b\r\n1,2\r\n3,4\r\n", [["1", "2"], ["3", "4"]], id="CRLF"),
        pytest.param("a,b\r1,2\r3,4\r", [["1", "2"], ["3", "4"]], id="CR"),
        pytest.param('a,b\n"1\n1","2,2"\n3,4\n', [["1\n1", "2,2"], ["3", "4"]], id="quoted newline and delimiter"),
        pytest.param('a,b\n"say ""x""",2\n', [['say "x"', "2"]], id="doubled quotes"),
        pytest.param("a,b\n\n1,2\n\n\n3,4\n", [["1", "2"], ["3", "4"]], id="blank lines"),
        pytest.param("\n\na,b\n1,2\n", [["1", "2"]], id="blank lines before the header"),
        pytest.param('"a\nx",b\n1,2\n', [["1", "2"]], id="newline in the header"),
        pytest.param("a , b\n 1 ,\t2\n", [["1", "2"]], id="spaces around names and values"),
        pytest.param('a,b\n"",NA\n', [[None, None]], id="tokens that mean no value"),
        pytest.param("a,b\n1,é日本\n", [["1", "é日本"]], id="unicode"),
    ],
)
def test_texts_are_read_whatever_the_dialect(
    csv_of: Callable[..., Path], content: str, expected: list[list[str | None]]
) -> None:
    found = texts(csv_of(content), missing=("", "NA"))
    assert [values for _, values in found] == expected
    assert [row for row, _ in found] == list(range(1, len(expected) + 1))


def test_another_delimiter_and_gzip_are_read(csv_of: Callable[..., Path]) -> None:
    assert texts(csv_of("a;b\n1,5;2\n", "x.csv.gz"), delimiter=";") == [(1, ["1,5", "2"])]
    assert texts(csv_of("a\tb\n1\t2\n", "x.csv.GZ".lower()), delimiter="\t") == [(1, ["1", "2"])]


def test_a_gzip_file_of_two_members_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "x.CSV.GZ"
    path.write_bytes(gzip.compress(b"a,b\n1,2\n") + gzip.compress(b"3,4\n"))
    assert texts(path) == [(1, ["1", "2"]), (2, ["3", "4"])]


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ("a,a,b", ("a", "a.1", "b")),
        ("a,a,a.1,a", ("a", "a.2", "a.1", "a.3")),
        ("a.1,a,a", ("a.1", "a", "a.2")),
        (",a,", ("", "a", ".1")),
        ("größe,名前, age ", ("größe", "名前", "age")),
    ],
)
def test_names_are_made_unique(csv_of: Callable[..., Path], header: str, names: tuple[str, ...]) -> None:
    path = csv_of(f"{header}\n{','.join('x' for _ in names)}\n")
    assert open_source(path).columns == names
    assert len(texts(path)[0][1]) == len(names)


MALFORMED = "a,b\n1,2\n3\n\n4,5,6\n7,8\n9\n10,11\n"


@pytest.mark.parametrize("rows", [1, 2, 3, 100])
@pytest.mark.parametrize("block", [16, 1 << 20], ids=["tiny blocks", "one block"])
def test_rows_with_too_many_or_too_few_fields_are_set_aside_with_their_numbers(
    csv_of: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, rows: int, block: int
) -> None:
    monkeypatch.setattr(module, "BLOCK_BYTES", block)
    source = open_source(csv_of(MALFORMED))
    pieces = [(p.rows.tolist(), p.table["a"].to_pylist()) for p in source.pieces(["a"], rows)]
    assert [row for numbers, _ in pieces for row in numbers] == [1, 4, 6]
    assert [value for _, values in pieces for value in values] == ["1", "7", "10"]
    assert source.malformed == [(2, 1), (3, 3), (5, 1)]
    assert all(len(numbers) <= rows for numbers, _ in pieces)


def test_row_numbers_are_right_behind_a_header_of_two_lines(csv_of: Callable[..., Path]) -> None:
    source = open_source(csv_of('\n"a\n",b\n1,2\n3\n"5\n5",6\n7\n'))
    assert [p.rows.tolist() for p in source.pieces(["b"], 10)] == [[1, 3]]
    assert source.malformed == [(2, 1), (4, 1)]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.sampled_from(["good", "short", "long", "quoted"]), min_size=1, max_size=60), st.integers(1, 20))
def test_every_row_keeps_its_number_in_small_blocks_and_pieces(
    tmp_path_factory: pytest.TempPathFactory, kinds: list[str], rows: int
) -> None:
    lines = {"good": "{i},x", "short": "{i}", "long": "{i},x,y", "quoted": '{i},"p\nq"'}
    path = tmp_path_factory.mktemp("blocks") / "x.csv"
    path.write_text("a,b\n" + "".join(lines[kind].format(i=i) + "\n" for i, kind in enumerate(kinds, 1)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK_BYTES", 24)
        source = open_source(path)
        found = [
            (int(r), v)
            for p in source.pieces(["a"], rows)
            for r, v in zip(p.rows, p.table["a"].to_pylist(), strict=True)
        ]
    good = [i for i, kind in enumerate(kinds, 1) if kind in ("good", "quoted")]
    assert found == [(i, str(i)) for i in good]
    assert [row for row, _ in source.malformed] == [i for i, kind in enumerate(kinds, 1) if kind in ("short", "long")]


def test_only_the_columns_asked_for_come_in_the_order_asked(csv_of: Callable[..., Path]) -> None:
    [piece] = open_source(csv_of("a,b,c\n1,2,3\n")).pieces(["c", "a", "c"], 10)
    assert piece.table.column_names == ["c", "a"]


def test_pieces_have_the_size_asked_for_and_come_as_a_stream(
    csv_of: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BLOCK_BYTES", 1 << 12)
    path = csv_of("a,b\n" + "".join(f"{i},{'x' * 50}\n" for i in range(5000)))
    before = pa.total_allocated_bytes()
    sizes, most = [], 0
    for piece in open_source(path).pieces(["a", "b"], 300):
        sizes.append(len(piece.rows))
        most = max(most, pa.total_allocated_bytes() - before)
    assert sizes == [300] * 16 + [200]
    assert most < path.stat().st_size / 2


def faulty(content: bytes, name: str = "x.csv") -> tuple[bytes, str]:
    return content, name


LONG_GZIP = gzip.compress(b"a,b\n" + b"".join(b"%d,%d\n" % (i, i * 7919 % 10007) for i in range(50_000)))
BIG = b"a,b\n" + b"1,2\n" * 400_000
BIG_GZIP = gzip.compress(BIG + "é,1\n".encode("latin-1"))
SPOILT_GZIP = LONG_GZIP[:9000] + bytes(60) + LONG_GZIP[9060:]
X9 = b"x" * 9_000_000
TINY_DECIMALS = pa.array([decimal.Decimal("0E-10"), decimal.Decimal("1E-10")], pa.decimal128(38, 10))


@pytest.mark.parametrize(
    ("file", "code"),
    [
        pytest.param(faulty(b""), "file-empty", id="no bytes"),
        pytest.param(faulty(gzip.compress(b""), "x.csv.gz"), "file-empty", id="gzip of no bytes"),
        pytest.param(faulty(b"\n\n"), "file-empty", id="blank lines alone"),
        pytest.param(faulty("a,é\n1,2\n".encode("latin-1")), "file-encoding", id="latin-1 in the header"),
        pytest.param(faulty(BIG + "1,é\n".encode("latin-1")), "file-encoding", id="latin-1 beyond the first MB"),
        pytest.param(faulty(BIG_GZIP, "x.csv.gz"), "file-encoding", id="gzip, latin-1"),
        pytest.param(faulty("a,b\n1,2\n".encode("utf-16")), "file-encoding", id="utf-16"),
        pytest.param(faulty(np.random.default_rng(1).bytes(9_000)), "file-encoding", id="random bytes"),
        pytest.param(faulty(b"PK\x03\x04" + bytes(900)), "file-format", id="a zip file called csv"),
        pytest.param(faulty(bytes(9_000)), "file-format", id="zero bytes"),
        pytest.param(faulty(b"a,b\n1,2\n", "x.csv.gz"), "file-format", id="text called gz"),
        pytest.param(faulty(LONG_GZIP[:40], "x.csv.gz"), "file-format", id="gzip cut in its header"),
        pytest.param(faulty(LONG_GZIP[: len(LONG_GZIP) // 2], "x.csv.gz"), "file-format", id="gzip cut in its body"),
        pytest.param(faulty(SPOILT_GZIP, "x.csv.gz"), "file-format", id="gzip spoilt"),
        pytest.param(faulty(b"\x1f\x8b\x08\x00" + bytes(90), "x.csv.gz"), "file-format", id="gzip of nonsense"),
        pytest.param(faulty(b"a,b\n1,2\n", "x.parquet"), "file-format", id="text called parquet"),
        pytest.param(faulty(b'a,b\n1,"2\n' + b"3,4\n" * 1_500_000), "file-open-quote", id="a quote never closed"),
        pytest.param(faulty(b'a,b\n1,2\n3,"4\n5,6\n'), "file-open-quote", id="a quote not closed in the last rows"),
        pytest.param(faulty(b'a,b\n1,"2\n' + b"3,4\n" * 3_000_000), "file-long-row", id="a quote open for long"),
        pytest.param(faulty(b"a,b\n1," + X9 + b"\n1,2\n"), "file-long-row", id="a field beyond the block"),
        pytest.param(faulty(b"a,b\n1,2\n3," + X9 + b"\n"), "file-long-row", id="a late such field"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_gives_one_clear_problem(
    tmp_path: Path, only_code: Callable[..., str], file: tuple[bytes, str], code: str
) -> None:
    content, name = file
    path = tmp_path / name
    path.write_bytes(content)
    assert only_code(texts, path) == code


@pytest.mark.parametrize("content", ["a,b", "a,b\n", "a,b\n\n\n"])
def test_a_header_alone_gives_no_rows(csv_of: Callable[..., Path], content: str) -> None:
    assert texts(csv_of(content)) == []


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path: Path, only_code: Callable[..., str]) -> None:
    assert only_code(open_source, tmp_path / "no.csv") == "file-missing"
    assert only_code(open_source, tmp_path) == "file-format"


@pytest.mark.parametrize("start", [4, 7, (1 << 20) - 1, (1 << 20), 3_000_000])
def test_the_first_fault_in_the_encoding_is_located(tmp_path: Path, start: int) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"a,b\n" + b"x" * (start - 4) + b"\xe9,1\n")
    assert first_fault(path) == start


def test_a_letter_broken_over_two_reads_does_not_shift_the_fault(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    good = b"x" * ((1 << 20) - 1) + "é".encode()
    path.write_bytes(good + b"\xff")
    assert first_fault(path) == len(good)


def parquet(path: Path, **columns: Any) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


NEW_YORK = pa.timestamp("us", "America/New_York")
MOMENT = datetime.datetime(2014, 4, 1, 3, 30, tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        pytest.param(pa.array([1, None], pa.int8()), ["1", None], id="int8"),
        pytest.param(pa.array([2**63, 1], pa.uint64()), ["9223372036854775808", "1"], id="uint64"),
        pytest.param(pa.array([1.0, 0.0, 0.5, None]), ["1", "0", "0.5", None], id="floats for flags"),
        pytest.param(pa.array([float("nan")]), [None], id="nan"),
        pytest.param(pa.array([1.0], pa.float32()), ["1"], id="float32"),
        pytest.param(pa.array([True, False]), ["true", "false"], id="bool"),
        pytest.param(pa.array([" a ", "NA"], pa.large_string()), ["a", None], id="large_string"),
        pytest.param(pa.array(["a"], pa.string_view()), ["a"], id="string_view"),
        pytest.param(pa.array(["a", None, "a"]).dictionary_encode(), ["a", None, "a"], id="dictionary"),
        pytest.param(pa.array([7, 7]).dictionary_encode(), ["7", "7"], id="dictionary of integers"),
        pytest.param(pa.array([decimal.Decimal("1.00"), decimal.Decimal("2.50")]), ["1", "2.50"], id="decimal"),
        pytest.param(TINY_DECIMALS, None, id="tiny decimals"),
        pytest.param(pa.array([datetime.date(2014, 4, 1)]), ["2014-04-01"], id="date"),
        pytest.param(pa.array([MOMENT], pa.timestamp("ns")), ["2014-04-01"], id="timestamp"),
        pytest.param(pa.array([MOMENT], pa.timestamp("ms", "UTC")), ["2014-04-01"], id="timestamp with UTC"),
        pytest.param(pa.array([MOMENT], NEW_YORK), ["2014-03-31"], id="the day at its place"),
        pytest.param(pa.nulls(2), [None, None], id="nulls"),
        pytest.param(pa.array([b"a"]), ["a"], id="bytes that are text"),
    ],
)  # fmt: skip
def test_any_flat_parquet_column_becomes_text(
    tmp_path: Path, column: pa.Array, expected: list[str | None] | None
) -> None:
    found = [values[0] for _, values in texts(parquet(tmp_path / "x.parquet", a=column), missing=("", "NA", "nan"))]
    if expected is None:
        assert [float(str(text)) for text in found] == [float(value) for value in column.to_pylist()]
    else:
        assert found == expected


@pytest.mark.parametrize(
    "column",
    [pa.array([[1]]), pa.array([{"x": 1}]), pa.array([b"\xff"])],
    ids=["list", "struct", "bytes that are no text"],
)
def test_a_parquet_column_that_is_no_text_is_a_problem(
    tmp_path: Path, only_code: Callable[..., str], column: pa.Array
) -> None:
    assert only_code(texts, parquet(tmp_path / "x.parquet", a=column)) == "file-format"


def test_a_parquet_file_with_a_name_twice_is_refused(tmp_path: Path, only_code: Callable[..., str]) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table([pa.array([1]), pa.array([2])], names=["a", "a"]), path)
    assert only_code(open_source, path) == "file-format"


@pytest.mark.parametrize("part", [0.5, 0.99], ids=str)
def test_a_parquet_file_that_is_cut_or_spoilt_is_a_problem(
    tmp_path: Path, only_code: Callable[..., str], part: float
) -> None:
    whole = parquet(tmp_path / "x.parquet", a=np.random.default_rng(1).random(50_000), b=["x"] * 50_000)
    raw = whole.read_bytes()
    at = int(len(raw) * part)
    cut, spoilt = tmp_path / "cut.parquet", tmp_path / "spoilt.parquet"
    cut.write_bytes(raw[:at])
    spoilt.write_bytes(raw[:1000] + bytes(at) + raw[1000 + at :])
    assert only_code(texts, cut) == "file-format"
    assert only_code(texts, spoilt) == "file-format"


def test_a_spoilt_page_is_found_where_the_file_has_checksums(tmp_path: Path, only_code: Callable[..., str]) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"a": np.arange(50_000.0)}), path, use_dictionary=False, write_page_checksum=True)
    raw = bytearray(path.read_bytes())
    raw[5000] ^= 0xFF
    path.write_bytes(raw)
    assert only_code(texts, path) == "file-format"


def test_a_parquet_file_of_many_row_groups_comes_in_the_pieces_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"a": list(range(100))}), path, row_group_size=7)
    pieces = list(open_source(path).pieces(["a"], 30))
    assert [len(piece.rows) for piece in pieces] == [30, 30, 30, 10]
    assert [row for piece in pieces for row in piece.rows.tolist()] == list(range(1, 101))


def test_a_source_can_be_read_again_from_its_beginning(csv_of: Callable[..., Path]) -> None:
    source = open_source(csv_of(MALFORMED))
    first, second = ([p.rows.tolist() for p in source.pieces(["a"], 2)] for _ in range(2))
    assert first == second
    assert len(source.malformed) == 3


def test_the_problem_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"no\.csv"):
        open_source(tmp_path / "no.csv")
