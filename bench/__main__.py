"""`python -m bench`: arguments in, results.json and results.md out. Ends with 1 if a system failed, 0 otherwise."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.data import EXPERIMENTS, FULL, QUICK
from bench.report import acceptance, markdown
from bench.run import Record, run
from bench.systems import SYSTEMS

__all__ = ["main"]

# With --quick, unless --only names others: what keeps it under a minute, most of which is the start of processes.
_QUICK_SYSTEMS = ("engine", "tfidf")
_QUICK_EXPERIMENTS = ("massive", "banking77", "clinc150", "few-shot")
_RESULTS, _SCRATCH = Path("bench/results"), Path("out/bench")


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse, run, write."""
    options = _parser().parse_args(arguments)
    folder = options.shared / "benchmarks"
    if not folder.is_dir():
        _say(f"bench: skipped, because there is no folder {folder} with the data sets.")
        return 0
    experiments = [name for name in EXPERIMENTS if name in options.only]
    experiments = experiments or list(_QUICK_EXPERIMENTS if options.quick else EXPERIMENTS)
    chosen = [name for name in SYSTEMS if name in options.only]
    chosen = chosen or list(_QUICK_SYSTEMS if options.quick else SYSTEMS)
    reduced = options.quick or options.only
    out = options.out or (_SCRATCH if reduced else _RESULTS)
    out.mkdir(parents=True, exist_ok=True)

    def save(record: Record) -> None:
        record |= {"quick": options.quick, "partial": bool(options.only)}
        record["acceptance"] = acceptance(record["figures"], judged=not options.quick)
        _write(out / "results.json", json.dumps(record, ensure_ascii=False, indent=1) + "\n")
        _write(out / "results.md", markdown(record))

    command = shlex.join(["python", "-m", "bench", *(sys.argv[1:] if arguments is None else arguments)])
    size = QUICK if options.quick else FULL
    systems = [SYSTEMS[name] for name in chosen]
    record = run(experiments, systems, folder, size, command=command, say=_say, save=save)
    save(record)
    _say(f"{out / 'results.md'} and {out / 'results.json'} written in {record['seconds']:.0f} s")
    return 1 if record["failures"] else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="few labels and rows, engine and TF-IDF alone, under a minute; for CI"
    )
    parser.add_argument(
        "--only",
        nargs="+",
        default=[],
        metavar="NAME",
        choices=[*EXPERIMENTS, *SYSTEMS],
        help=f"only these experiments ({', '.join(EXPERIMENTS)}) or systems ({', '.join(SYSTEMS)})",
    )
    parser.add_argument("--shared", type=Path, default=Path("../shared"), help="folder that holds benchmarks/")
    parser.add_argument(
        "--out", type=Path, help=f"folder of the results; {_RESULTS}, or {_SCRATCH} with --quick or --only"
    )
    return parser


def _write(path: Path, text: str) -> None:
    """Write the file whole or not at all."""
    beside = path.with_name(f".{path.name}.part")
    beside.write_text(text, encoding="utf-8")
    os.replace(beside, path)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
