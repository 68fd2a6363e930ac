"""Many texts in, one answer for each out, in order; written to a file that is there whole or not at all."""

from __future__ import annotations

import csv
import json
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, Any, Protocol

from intentclf.errors import InputError
from intentclf.predict.model import Model
from intentclf.records import Answer, Query
from intentclf.respond.advice import AdviceSettings
from intentclf.triage import triage_many

__all__ = ["OUTPUTS", "Summary", "flat_columns", "flatten", "score", "write_answers"]

OUTPUTS = (".jsonl", ".csv", ".parquet")
BATCH = 256


@dataclass(slots=True)
class Summary:
    """What came out of a run: how many answers, by action, language and severity, and how many had warnings."""

    answers: int = 0
    actions: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    severities: Counter[str] = field(default_factory=Counter)
    warned: int = 0

    def add(self, answer: Answer) -> None:
        """Count one answer."""
        self.answers += 1
        self.actions[answer.decision.action] += 1
        self.languages[answer.language.code] += 1
        self.severities[answer.severity.level] += 1
        self.warned += bool(answer.warnings)


def score(
    queries: Iterable[Query],
    model: Model,
    *,
    tick: Callable[[int], None] | None = None,
    advice: AdviceSettings | None = None,
    redact: bool = False,
) -> Iterator[Answer]:
    """Answer queries in batches, in order, in bounded memory.

    Parameters
    ----------
    queries : iterable of Query
    model : Model
    tick : callable, optional
        Called with the number of answers of each batch.
    advice : AdviceSettings, optional
        With it the answers say what to do next.
    redact : bool
        Answer the queries without their private data; offsets of the evidence are then of the redacted text.
    """
    iterator = _redacted(queries) if redact else iter(queries)
    while batch := list(islice(iterator, BATCH)):
        yield from triage_many(batch, model, advice=advice)
        if tick:
            tick(len(batch))


def _redacted(queries: Iterable[Query]) -> Iterator[Query]:
    from intentclf.intake.redaction import redact_query

    return map(redact_query, queries)


def write_answers(answers: Iterable[Answer], out: Path, model: Model) -> Summary:
    """Write answers to a file, by its ending, and replace what stood there only when all is written.

    Parameters
    ----------
    answers : iterable of Answer
    out : Path
        Ends in .jsonl, .csv or .parquet.
    model : Model
        Whose books give the columns of a table.

    Raises
    ------
    InputError
        If the ending is unknown, or the file cannot be written.
    """
    writers: Mapping[str, Callable[[IO[bytes], Sequence[str]], _Writer]] = {
        ".jsonl": _JsonLines,
        ".csv": _Csv,
        ".parquet": _Parquet,
    }
    if out.suffix.lower() not in writers:
        raise InputError(f"output must end in {', '.join(OUTPUTS)}, got {out.name!r}")
    summary = Summary()
    with _replacing(out) as file, writers[out.suffix.lower()](file, flat_columns(model)) as writer:
        for answer in answers:
            writer.write(answer)
            summary.add(answer)
    return summary


@contextmanager
def _replacing(out: Path) -> Iterator[IO[bytes]]:
    """A file beside the target that takes its name at the end; nothing is left behind when something goes wrong."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{out.name}.", dir=out.parent or Path())
    except OSError as error:
        raise InputError(f"cannot be written ({error.strerror})", file=out) from None
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, out)
    except OSError as error:
        if error.filename not in (None, name, str(out)):
            raise
        raise InputError(f"cannot be written ({error.strerror})", file=out) from None
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name)


def _umask() -> int:
    current = os.umask(0o077)
    os.umask(current)
    return current


class _Writer(Protocol):
    def __init__(self, file: IO[bytes], columns: Sequence[str]) -> None: ...

    def __enter__(self) -> _Writer: ...

    def __exit__(self, *failure: object) -> None: ...

    def write(self, answer: Answer) -> None: ...


class _JsonLines:
    def __init__(self, file: IO[bytes], columns: Sequence[str]) -> None:
        self._file = file

    def __enter__(self) -> _JsonLines:
        return self

    def __exit__(self, *failure: object) -> None:
        return None

    def write(self, answer: Answer) -> None:
        self._file.write(json.dumps(answer.to_dict(), ensure_ascii=False).encode("utf-8", "replace") + b"\n")


class _Csv:
    def __init__(self, file: IO[bytes], columns: Sequence[str]) -> None:
        import io

        self._text = io.TextIOWrapper(file, encoding="utf-8", errors="replace", newline="", write_through=True)
        self._writer = csv.DictWriter(self._text, columns, lineterminator="\n")
        self._writer.writeheader()

    def __enter__(self) -> _Csv:
        return self

    def __exit__(self, *failure: object) -> None:
        self._text.detach()

    def write(self, answer: Answer) -> None:
        self._writer.writerow(flatten(answer))


class _Parquet:
    _rows_a_group = 10_000

    def __init__(self, file: IO[bytes], columns: Sequence[str]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        numbers = [column for column in columns if column.endswith("confidence")]
        flags = [column for column in columns if column.endswith(("accepted", "is_vague"))]
        kinds = {**dict.fromkeys(numbers, pa.float64()), **dict.fromkeys(flags, pa.bool_())}
        self._schema = pa.schema([(column, kinds.get(column, pa.string())) for column in columns])
        self._writer = pq.ParquetWriter(file, self._schema)
        self._rows: list[dict[str, Any]] = []

    def __enter__(self) -> _Parquet:
        return self

    def __exit__(self, *failure: object) -> None:
        self._flush()
        self._writer.close()

    def write(self, answer: Answer) -> None:
        self._rows.append(flatten(answer))
        if len(self._rows) >= self._rows_a_group:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa

        if self._rows:
            self._writer.write_table(pa.Table.from_pylist(self._rows, schema=self._schema))
        self._rows = []


def flat_columns(model: Model) -> list[str]:
    """Columns of a table of answers: the main facts by themselves, the whole answer as JSON in the last one."""
    books = [f"{book}.{part}" for book in model.books for part in ("code", "confidence", "decided_by", "accepted")]
    front = ["id", "language", "language_confidence"]
    back = ["severity", "severity_confidence", "is_vague", "vague_confidence", "action", "why", "question", "warnings"]
    return [*front, *books, *back, "model_sha256", "answer"]


def flatten(answer: Answer) -> dict[str, Any]:
    """An answer as one row of a table, see `flat_columns`."""
    whole = answer.to_dict()
    row: dict[str, Any] = {
        "id": answer.id,
        "language": answer.language.code,
        "language_confidence": whole["language"]["confidence"],
    }
    for book, reason in whole["reasons"].items():
        row |= {f"{book}.{part}": reason[part] for part in ("code", "confidence", "decided_by", "accepted")}
    return row | {
        "severity": answer.severity.level,
        "severity_confidence": whole["severity"]["confidence"],
        "is_vague": answer.vague.is_vague,
        "vague_confidence": whole["vague"]["confidence"],
        "action": answer.decision.action,
        "why": answer.decision.why,
        "question": answer.decision.question,
        "warnings": "; ".join(answer.warnings),
        "model_sha256": answer.model.sha256,
        "answer": json.dumps(whole, ensure_ascii=False),
    }
