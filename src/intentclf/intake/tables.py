"""Tables of texts in, queries out, one row at a time: CSV, TSV, JSON Lines and Parquet, each also gzipped.

Every value is text: `NA` is a word and `01` keeps its nought. A row that is odd is kept with a warning; a file that is
not what it claims to be is refused with one sentence.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from intentclf.errors import InputError, shorten
from intentclf.intake.language import LANGUAGES, UNDETERMINED
from intentclf.intake.mail import read_eml, read_folder, read_mbox, read_msg
from intentclf.records import Query

__all__ = ["Columns", "Row", "known_language", "read_queries", "read_table", "table_kind"]

_KINDS = {".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
_NAMES = {"no": "nb", "nob": "nb", "nno": "nn", "nld": "nl", "rus": "ru", "eng": "en"}
_SNIFFED = 65_536


class Row(NamedTuple):
    """One data row: its number, from 1, its values by column, and what was odd about it ('' for nothing)."""

    number: int
    values: Mapping[str, str]
    oddity: str = ""


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns to read: of the text, of the id (None: `id` where there is one), of the language (None: none)."""

    text: str = "text"
    id: str | None = None
    language: str | None = None


def read_queries(path: Path, columns: Columns) -> Iterator[Query]:
    """Read an input of any known kind.

    Parameters
    ----------
    path : Path
        .csv, .tsv, .jsonl or .parquet (also .gz), an .eml file, a folder of .eml, or an mbox.
    columns : Columns
        For tables; e-mail has none.

    Raises
    ------
    InputError
        If the file is missing, empty, of an unknown kind, lacks a column, or repeats an id.
    """
    if not path.exists():
        raise InputError("no such file or folder", file=path)
    if path.is_dir():
        return read_folder(path)
    if path.suffix.lower() == ".eml":
        return iter([read_eml(path)])
    if path.suffix.lower() == ".msg":
        return iter([read_msg(path)])
    if table_kind(path):
        return _table_queries(path, columns)
    if path.suffix.lower() in (".mbox", ".mbx", ""):
        return read_mbox(path)
    raise InputError(
        "is of no known kind: it must be .csv, .tsv, .jsonl, .parquet (also .gz), .eml, a folder of .eml, or an mbox",
        file=path,
    )


def known_language(code: str) -> str | None:
    """Our code for a language code of a table ('no' is nb, 'en-GB' is en), None for one we do not know.

    Examples
    --------
    >>> known_language("no"), known_language("en-GB"), known_language("xx")
    ('nb', 'en', None)
    """
    plain = code.strip().lower().replace("_", "-").partition("-")[0]
    plain = _NAMES.get(plain, plain)
    return plain if plain in (*LANGUAGES, UNDETERMINED) else None


def table_kind(path: Path) -> str | None:
    """'csv', 'tsv', 'jsonl' or 'parquet' by the file's ending, None for others."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] == ".gz":
        suffixes.pop()
    return _KINDS.get(suffixes[-1]) if suffixes else None


def read_table(path: Path, required: Iterable[str] = ()) -> Iterator[Row]:
    """Read a table row by row.

    Parameters
    ----------
    path : Path
        See `table_kind`.
    required : iterable of str
        Columns that must be there.

    Raises
    ------
    InputError
        With file, row and value, as soon as something is met that cannot be read.
    """
    if not path.exists():
        raise InputError("no such file", file=path)
    if path.stat().st_size == 0:
        raise InputError("is empty", file=path)
    kind = table_kind(path)
    if kind is None:
        raise InputError("must end in .csv, .tsv, .jsonl or .parquet (also .gz)", file=path)
    rows = _parquet_rows(path) if kind == "parquet" else _text_rows(path, kind)
    wanted = tuple(required)
    empty = True
    for row in rows:
        empty = False
        missing = [column for column in wanted if column not in row.values]
        if missing:
            known = ", ".join(list(row.values)[:12])
            where = row.number if row.number > 1 else None
            raise InputError(f"has no column {missing[0]!r}; its columns are {known}", file=path, row=where)
        yield row
    if empty:
        raise InputError("has a header but no rows", file=path)


def _table_queries(path: Path, columns: Columns) -> Iterator[Query]:
    required = [name for name in (columns.text, columns.id, columns.language) if name]
    seen: dict[str, int] = {}
    for number, values, oddity in read_table(path, required):
        column = columns.id or ("id" if "id" in values else None)
        identifier = values[column] if column else str(number - 1)
        if column is None and identifier in seen:  # JSON Lines of which some have an id
            identifier = f"row {number - 1}"
        if identifier in seen:
            message = f"id {shorten(identifier)} stands twice, first in row {seen[identifier]}"
            raise InputError(message, file=path, row=number)
        seen[identifier] = number
        language, warnings = None, [oddity] if oddity else []
        if columns.language and values[columns.language].strip():
            language = known_language(values[columns.language])
            if language is None:
                warnings.append(f"unknown language code {shorten(values[columns.language])}, language detected instead")
        read = (columns.text, column, columns.language)
        extra = {name: value for name, value in values.items() if name not in read and value.strip()}
        yield Query(identifier, values[columns.text], language, tuple(warnings), extra)


def _text_rows(path: Path, kind: str) -> Iterator[Row]:
    try:
        with _open(path) as file:
            yield from _json_rows(path, file) if kind == "jsonl" else _delimited_rows(path, file, kind)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"cannot be read ({reason})", file=path) from None


def _open(path: Path) -> TextIO:
    """Open as UTF-8; bytes that are not become U+FFFD, which intake reports. UTF-16 and UTF-32 are refused."""
    gzipped = path.suffix.lower() == ".gz"
    raw: Any = gzip.open(path, "rb") if gzipped else path.open("rb")
    head = raw.read(_SNIFFED)
    raw.seek(0)
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") or head[:200].count(b"\x00") > 20:
        raw.close()
        raise InputError("is not UTF-8 (it looks like UTF-16); save it as UTF-8", file=path)
    return io.TextIOWrapper(raw, encoding="utf-8-sig", errors="replace", newline="")


def _delimited_rows(path: Path, file: TextIO, kind: str) -> Iterator[Row]:
    csv.field_size_limit(2**31 - 1)
    reader = csv.reader(file, delimiter="\t" if kind == "tsv" else _delimiter(file))
    header = next(reader, [])
    if not any(header):
        raise InputError("has no header", file=path)
    repeated = [name for name in header if header.count(name) > 1]
    if repeated:
        raise InputError(f"has two columns named {repeated[0]!r}", file=path)
    number = 0
    try:
        for fields in reader:
            if not fields:
                continue
            number += 1
            oddity = "" if len(fields) == len(header) else f"the row has {len(fields)} fields, the header {len(header)}"
            yield Row(number, dict(zip_longest(header, fields[: len(header)], fillvalue="")), oddity)
    except csv.Error as error:
        raise InputError(f"cannot be read as {kind.upper()} ({error})", file=path, row=number + 1) from None


def _delimiter(file: TextIO) -> str:
    """Comma, or semicolon where the header has semicolons and no comma (as office programs here write)."""
    header = file.readline()
    file.seek(0)
    return ";" if ";" in header and "," not in header else ","


def _json_rows(path: Path, file: TextIO) -> Iterator[Row]:
    number = 0
    for line in file:
        if not line.strip():
            continue
        number += 1
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            reason = getattr(error, "msg", None) or str(error).partition(";")[0]
            raise InputError(f"is not JSON ({reason}): {shorten(line.strip())}", file=path, row=number) from None
        if not isinstance(value, dict):
            raise InputError(f"must be a JSON object, got {shorten(line.strip())}", file=path, row=number)
        yield Row(number, {key: _as_text(item) for key, item in value.items()})


def _parquet_rows(path: Path) -> Iterator[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    try:
        with gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb") as raw:
            source: Any = pa.BufferReader(raw.read()) if path.suffix.lower() == ".gz" else raw
            for batch in pq.ParquetFile(source).iter_batches(batch_size=1024):
                for row in _as_bytes(batch).to_pylist():
                    number += 1
                    yield Row(number, {key: _as_text(item) for key, item in row.items()})
    except (pa.ArrowException, OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read as Parquet ({shorten(str(error), 120)})", file=path) from None


def _as_bytes(batch: Any) -> Any:
    """Text columns as bytes: Parquet does not make sure that they are UTF-8."""
    import pyarrow as pa

    kinds = [pa.binary() if pa.types.is_string(field.type) else field.type for field in batch.schema]
    kinds = [pa.large_binary() if pa.types.is_large_string(kind) else kind for kind in kinds]
    return batch.cast(pa.schema(list(zip(batch.schema.names, kinds, strict=True))))


def _as_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes):
        with suppress(UnicodeDecodeError):
            return value.decode("utf-8")
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
