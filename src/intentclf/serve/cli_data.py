"""The commands `intentclf data …` and `intentclf rules …`: what the training data and the keyword rules are worth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from intentclf.errors import Fault, FaultsError, ModelError

if TYPE_CHECKING:
    from intentclf.train.prepare import LabelledTexts

__all__ = ["data_app", "needs_training_extra", "rules_app"]

data_app = typer.Typer(no_args_is_help=True, help="Check, describe and audit labelled texts.")
rules_app = typer.Typer(no_args_is_help=True, help="Measure the keyword rules.")

SEED = Path("data/seed_labels.csv")
AUDIT = Path("data/audit.csv")
SECOND_READING = Path("data/second_reading.csv")

DataArgument = Annotated[Path, typer.Argument(help="Table with the columns of the seed file.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def needs_training_extra() -> None:
    """Say what to install where the training extra is missing.

    Raises
    ------
    ModelError
        With the command that installs it.
    """
    from importlib.util import find_spec

    missing = [name for name in ("sklearn", "pandas", "joblib", "scipy") if find_spec(name) is None]
    if missing:
        raise ModelError(f"this command needs {missing[0]}: pip install 'intentclf[train]'")


@data_app.command("check", epilog="Example: `intentclf data check data/seed_labels.csv --held-out cases.csv`")
def data_check(
    path: DataArgument = SEED,
    held_out: Annotated[
        list[Path] | None,
        typer.Option(
            "--held-out", help="Table of texts kept for measuring: rows that repeat one are faults; repeat it."
        ),
    ] = None,
    columns: Annotated[
        list[str] | None, typer.Option("--held-out-column", help="Text column of it; repeat it. By default text.")
    ] = None,
) -> None:
    """Print every fault of labelled texts with row and reason; nothing is changed."""
    needs_training_extra()
    from intentclf.intake.tables import read_table
    from intentclf.train.check import check_rows, held_out_faults
    from intentclf.train.prepare import LabelColumns, read_labelled

    faults: list[Fault] = []
    texts = read_labelled(path, LabelColumns(), collect=faults)
    faults += check_rows(texts)
    for file in held_out or ():
        for column in columns or ["text"]:
            others = [row.values[column] for row in read_table(file, [column])]
            faults += held_out_faults(texts, others, file.name)
    faults.sort(key=lambda fault: fault.line)
    if faults:
        raise FaultsError(path, faults)
    print(f"{path}: {len(texts.frame)} rows, no faults")


@data_app.command("report", epilog="Example: `intentclf data report --plots out/`")
def data_report(
    path: DataArgument = SEED,
    plots: Annotated[
        Path | None, typer.Option("--plots", help="Folder to draw lengths.svg and coverage.svg into.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show the numbers of the seed file beside their quotas, thin codes and lengths."""
    from intentclf.serve.render import show_table
    from intentclf.train.report import LANGUAGES, length_table, quota_results, thin_codes, write_plots

    texts = _read(path)
    results = quota_results(texts)
    if as_json:
        print(
            json.dumps([{"quota": r.name, "value": r.value, "bound": r.bound, "reached": r.reached} for r in results])
        )
    else:
        rows = [(r.name, f"{r.value:.4g}", f"{r.bound:g}", "yes" if r.reached else "NO") for r in results]
        show_table(("quota", "found", "bound", "reached"), rows)
        thin = [
            (label, code, *map(str, counts))
            for label, book in texts.books.items()
            for code, counts in thin_codes(texts, label, book, 8)
        ]
        if thin:
            show_table(("book", "thin code", *LANGUAGES), thin)
        show_table(
            ("words", "rows", "share"), [(name, str(n), f"{share:.1%}") for name, n, share in length_table(texts)]
        )
    for file in write_plots(texts, plots) if plots else ():
        typer.echo(f"drawn: {file}", err=True)


@data_app.command("audit", epilog="Example: `intentclf data audit --out doubtful.csv`")
def data_audit(
    out: Annotated[Path, typer.Option("--out", help="CSV of the rows whose label is doubtful and has no verdict yet.")],
    path: DataArgument = SEED,
    verdicts: Annotated[Path, typer.Option("--verdicts", help="CSV with id, column, verdict, note.")] = AUDIT,
) -> None:
    """Find doubtful labels by models that have not seen the row; those with a verdict are left out."""
    needs_training_extra()
    from intentclf.settings import Settings
    from intentclf.train.audit import audit, read_verdicts, write_flags

    texts = _read(path)
    settings = Settings()
    known = read_verdicts(verdicts) if verdicts.is_file() else {}
    flags = audit(texts, settings.fit, settings.prepare.seed)
    fresh = [flag for flag in flags if (flag.id, flag.label) not in known]
    write_flags(fresh, texts, out)
    print(f"{len(flags)} doubtful labels in {len(texts.frame)} rows, {len(flags) - len(fresh)} with a verdict")
    print(f"{len(fresh)} to be read, written to {out}")


@data_app.command("curve", epilog="Example: `intentclf data curve --on cases.csv --out curve.csv`")
def data_curve(
    on: Annotated[Path, typer.Option("--on", help="Labelled texts to measure on; none of them is trained on.")],
    out: Annotated[Path, typer.Option("--out", help="CSV to write: rows, head, language, accuracy, macro_f1.")],
    path: DataArgument = SEED,
    rows: Annotated[list[int] | None, typer.Option("--rows", help="Rows to train on; may be repeated.")] = None,
) -> None:
    """Train on ever more rows and measure each model on other texts."""
    needs_training_extra()
    from intentclf.predict.vectors import load_vectors
    from intentclf.settings import Settings
    from intentclf.train.fit import Start
    from intentclf.train.learning_curve import SIZES, learning_curve, write_curve
    from intentclf.train.pipeline import rules_for
    from intentclf.train.prepare import prepare

    settings = Settings()
    texts = prepare(_read(path), settings.prepare)
    held_out = _read(on)
    sizes = sorted(rows or SIZES)
    write_curve(
        learning_curve(texts, held_out, settings, Start(load_vectors()), rules_for(texts.books, []), sizes), out
    )
    print(f"written to {out}")


@data_app.command("agreement", epilog="Example: `intentclf data agreement`")
def data_agreement(
    path: DataArgument = SEED,
    reading: Annotated[Path, typer.Option("--reading", help="CSV of the second reading.")] = SECOND_READING,
    as_json: JsonOption = False,
) -> None:
    """Show how far writer and second reader agree, for each column and language."""
    from dataclasses import asdict

    from intentclf.serve.render import show_table
    from intentclf.train.agreement import agreement

    lines = agreement(_read(path), reading)
    if as_json:
        print(json.dumps([asdict(line) for line in lines]))
        return
    rows = [(line.label, line.language, str(line.n), f"{line.share:.1%}", f"{line.kappa:.3f}") for line in lines]
    show_table(("column", "lang", "rows", "agreement", "kappa"), rows)


@rules_app.command("report", epilog="Example: `intentclf rules report --data data/seed_labels.csv`")
def rules_report(
    data: Annotated[Path, typer.Option("--data", help="Labelled texts that the rules were not written from.")] = SEED,
    spacy: Annotated[bool, typer.Option("--spacy", help="Find the rules with spaCy's matchers; slow.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show hits, precision with interval, overlap and conflict of every rule, and each book by language."""
    needs_training_extra()
    from intentclf.predict.rules import shipped_rules
    from intentclf.serve.render import show_table
    from intentclf.settings import Settings
    from intentclf.train.rule_report import report_rules

    lines, languages = report_rules(
        shipped_rules(), _read(data), Settings().calibrate.rule_bound, matchers_of_spacy=spacy
    )
    if as_json:
        print(
            json.dumps(
                [
                    {"id": line.rule.id, "hits": line.rule.hits, "right": line.rule.right, "lower": line.rule.precision}
                    for line in lines
                ]
            )
        )
        return
    rows = [
        (
            line.rule.id,
            line.rule.book,
            line.rule.code,
            line.rule.pattern,
            line.rule.source,
            str(line.rule.hits),
            f"{line.rule.right / line.rule.hits:.2f}" if line.rule.hits else "-",
            f"{line.rule.precision or 0:.2f}-{line.upper:.2f}",
            str(line.overlap),
            str(line.conflict),
        )
        for line in lines
    ]
    show_table(("id", "book", "code", "pattern", "source", "hits", "right", "interval", "overlap", "conflict"), rows)
    by_language = [(x.book, x.language, str(x.texts), f"{x.covered:.1%}", f"{x.precision:.3f}") for x in languages]
    show_table(("book", "lang", "texts", "with a hit", "precision"), by_language)


def _read(path: Path) -> LabelledTexts:
    needs_training_extra()
    from intentclf.train.prepare import LabelColumns, read_labelled

    return read_labelled(path, LabelColumns())
