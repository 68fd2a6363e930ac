"""The command line. Parses, calls, renders; what a command needs is imported when it runs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from itertools import tee
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from intentclf.errors import InputError, IntentclfError
from intentclf.serve.cli_ask import ask
from intentclf.serve.cli_clean import clean
from intentclf.serve.cli_codebook import codebook_app
from intentclf.serve.cli_data import data_app, needs_training_extra, rules_app
from intentclf.serve.cli_mail import prelabel
from intentclf.serve.cli_model import tune, vectors_app
from intentclf.serve.cli_respond import (
    AdviceOption,
    AgreementOption,
    AgreementsOption,
    CountryOption,
    ExtraOption,
    KnownIssuesOption,
    PremierOption,
    SpeakOption,
    ZoneOption,
    advice_settings,
    extra_values,
    respond_app,
)
from intentclf.serve.cli_surge import show_surges, surge, surges_dict, watched

if TYPE_CHECKING:
    from intentclf.codebooks.loader import Codebook
    from intentclf.predict.model import Model
    from intentclf.records import Answer, Query
    from intentclf.respond.surges.detector import SurgeDetector
    from intentclf.respond.surges.records import Surge
    from intentclf.serve.batch import Summary
    from intentclf.train.prepare import LabelColumns

__all__ = ["app", "main"]

app = typer.Typer(
    name="intentclf",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="Reason codes and severity for vague support messages in Dutch, Norwegian, Russian and English.",
    epilog='Example: `intentclf classify "mail doet het niet"`',
)
app.add_typer(codebook_app, name="codebook")
app.add_typer(data_app, name="data")
app.add_typer(rules_app, name="rules")
app.add_typer(vectors_app, name="vectors")
app.add_typer(respond_app, name="respond")
app.command(epilog="Example: `intentclf tune --model models/mine --target-precision 0.95`")(tune)
app.command(epilog='Example: `intentclf ask "het werkt niet"`')(ask)
app.command(epilog="Examples: `intentclf clean message.eml` · `cat message.eml | intentclf clean - --json`")(clean)
app.command(epilog="Example: `intentclf prelabel imaps://desk@mail.example.org/INBOX --out answers.jsonl --dry-run`")(
    prelabel
)
app.command(epilog="Example: `intentclf surge inbox.csv --since 2026-11-16T00:00 --zone Europe/Oslo`")(surge)

ModelOption = Annotated[Path | None, typer.Option("--model", help="Model folder; the shipped model by default.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
TextOption = Annotated[str, typer.Option("--text", help="Column of the text.")]
LanguageOption = Annotated[str | None, typer.Option("--language", help="Column of the language code.")]


def main() -> NoReturn:
    """Run the command line; what the user can mend ends with one sentence and exit code 2."""
    try:
        app(prog_name="intentclf", standalone_mode=True)
    except IntentclfError as error:
        print(f"intentclf: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except BrokenPipeError:
        sys.stderr.close()
        raise SystemExit(0) from None
    raise SystemExit(0)


def _version(value: bool) -> None:
    if value:
        from intentclf import __version__

        print(__version__)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Nothing but the options that all commands share."""


@app.command(
    epilog='Examples: `intentclf classify "не могу зайти в почту"` · `cat mail.txt | intentclf classify - --json`'
)
def classify(
    text: Annotated[str, typer.Argument(help="The text, or `-` to read it from standard input.")],
    model: ModelOption = None,
    advice: AdviceOption = True,
    agreement: AgreementOption = None,
    agreements: AgreementsOption = None,
    zone: ZoneOption = None,
    country: CountryOption = None,
    premier: PremierOption = False,
    known_issues: KnownIssuesOption = None,
    speak: SpeakOption = "en",
    extra: ExtraOption = None,
    as_json: JsonOption = False,
) -> None:
    """Answer one text: codes, severity, and what to do next."""
    from intentclf.triage import triage

    loaded = _load(model)
    settings = advice_settings(loaded, advice, agreement, agreements, zone, country, premier, known_issues, speak)
    answer = triage(_query(text, extra), loaded, advice=settings)
    if as_json:
        print(json.dumps(answer.to_dict(), ensure_ascii=False))
        return
    from intentclf.serve.render import show_answer

    show_answer(answer, loaded.books)


@app.command(epilog='Example: `intentclf explain "hjelp, noen har kjøpt ting med kontoen min"`')
def explain(
    text: Annotated[str, typer.Argument(help="The text, or `-` to read it from standard input.")],
    model: ModelOption = None,
    advice: AdviceOption = True,
    agreement: AgreementOption = None,
    agreements: AgreementsOption = None,
    zone: ZoneOption = None,
    country: CountryOption = None,
    premier: PremierOption = False,
    known_issues: KnownIssuesOption = None,
    speak: SpeakOption = "en",
    extra: ExtraOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what spoke for and against each answer, rules with document and line."""
    from intentclf.triage import triage

    loaded = _load(model)
    settings = advice_settings(loaded, advice, agreement, agreements, zone, country, premier, known_issues, speak)
    answer = triage(_query(text, extra), loaded, words=-4, advice=settings)
    if as_json:
        print(json.dumps(answer.to_dict(), ensure_ascii=False))
        return
    from intentclf.serve.render import show_explanation

    show_explanation(answer, loaded.books)


@app.command(
    epilog="Examples: `intentclf score inbox/ --out answers.jsonl` · "
    "`intentclf score texts.csv --text body --id ticket --out answers.parquet`"
)
def score(
    source: Annotated[
        Path,
        typer.Argument(metavar="INPUT", help=".csv, .tsv, .jsonl, .parquet (also .gz), .eml, a folder of .eml, mbox."),
    ],
    out: Annotated[Path, typer.Option("--out", help="Where to write: .jsonl, .csv or .parquet.")],
    model: ModelOption = None,
    text: TextOption = "text",
    identifier: Annotated[str | None, typer.Option("--id", help="Column of the id; `id` where there is one.")] = None,
    language: LanguageOption = None,
    advice: AdviceOption = True,
    agreement: AgreementOption = None,
    agreements: AgreementsOption = None,
    zone: ZoneOption = None,
    country: CountryOption = None,
    premier: PremierOption = False,
    known_issues: KnownIssuesOption = None,
    speak: SpeakOption = "en",
    surges: Annotated[bool, typer.Option("--surges", help="Also report suspected bugs; rows need `received`.")] = False,
    redact: Annotated[bool, typer.Option("--redact", help="Put placeholders for private data first.")] = False,
    table: Annotated[bool, typer.Option("--table", help="Also print the answers as a table.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Answer a whole file, folder or mailbox: one line of output for each text."""
    from intentclf.intake.tables import Columns, read_queries
    from intentclf.serve import batch, render

    if out.suffix.lower() not in batch.OUTPUTS:
        raise InputError(f"--out must end in {', '.join(batch.OUTPUTS)}, got {out.name!r}")
    queries = read_queries(source, Columns(text, identifier, language))
    loaded = _load(model)
    settings = advice_settings(loaded, advice, agreement, agreements, zone, country, premier, known_issues, speak)
    shown: list[Answer] = []
    queries, again = tee(queries) if surges else (queries, iter(()))
    detector = _detector(zone or "UTC") if surges else None
    found: list[Surge] = []
    with _Progress() as progress:
        answers = batch.score(queries, loaded, tick=progress.tick, advice=settings, redact=redact)
        if detector:
            answers = watched(answers, again, loaded, detector, zone, found)
        summary = batch.write_answers(_kept(answers, shown) if table else answers, out, loaded)
    if as_json:
        told = _summary_dict(summary, out) | (surges_dict(found, detector) if detector else {})
        print(json.dumps(told, ensure_ascii=False))
        return
    if table:
        render.show_answers(shown)
    render.show_summary(summary, str(out))
    if detector:
        show_surges(found, detector, speak)


@app.command(
    epilog="Examples: `intentclf train --data data/seed_labels.csv --out models/mine` · "
    "`intentclf train --data tickets.csv --text body --label topic --language lang --out models/topics`"
)
def train(
    data: Annotated[Path, typer.Option("--data", help="Table of labelled texts.")],
    out: Annotated[Path, typer.Option("--out", help="Folder to write the model to.")],
    text: TextOption = "text",
    label: Annotated[
        list[str] | None,
        typer.Option("--label", help="Label column, flat or dotted codes; may be given several times."),
    ] = None,
    language: LanguageOption = None,
    split: Annotated[str | None, typer.Option("--split", help="Column with train, calibration, test (or dev).")] = None,
    group: Annotated[str | None, typer.Option("--group", help="Column of rows that belong together.")] = None,
    codebook: Annotated[
        list[str] | None, typer.Option("--codebook", help="NAME=FILE: code book of a label column; may be repeated.")
    ] = None,
    rules: Annotated[
        list[Path] | None, typer.Option("--rules", help="File of keyword rules, named by language (nl.csv, all.csv).")
    ] = None,
    vectors: Annotated[
        Path | None, typer.Option("--vectors", help="Folder of vectors to start from; models/vectors by default.")
    ] = None,
    encoder: Annotated[
        Path | None, typer.Option("--encoder", help="Folder of a Model2Vec or sentence-transformers model that joins.")
    ] = None,
    encoder_only: Annotated[
        bool, typer.Option("--encoder-only", help="The encoder replaces the sub-word vectors.")
    ] = False,
    params: Annotated[Path | None, typer.Option("--params", help="YAML file of settings.")] = None,
    name: Annotated[str, typer.Option("--name", help="Name of the model.")] = "",
    track: Annotated[bool, typer.Option("--track/--no-track", help="Record the run with MLflow.")] = True,
    redact: Annotated[bool, typer.Option("--redact", help="Learn from placeholders for private data.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Train a model on labelled texts: split, fit, calibrate, measure on what was held out, save."""
    from intentclf.settings import Settings

    needs_training_extra()
    from intentclf.serve.render import show_scores
    from intentclf.train.pipeline import start_from, train_model

    columns = _label_columns(text, label, language, split, group)
    settings = Settings.load(params) if params else Settings()
    start = start_from(vectors, encoder, encoder_only=encoder_only)
    scores = train_model(
        data,
        out,
        columns,
        settings=settings,
        books=_books(codebook),
        rules=rules or [],
        start=start,
        name=name or out.name,
        track=track,
        redact=redact,
    )
    if as_json:
        print(json.dumps(scores, ensure_ascii=False))
        return
    show_scores(scores)
    print(f"model written to {out}", file=sys.stderr)


@app.command(epilog="Example: `intentclf evaluate --data cases.csv --json`")
def evaluate(
    data: Annotated[Path, typer.Option("--data", help="Table of labelled texts; `a|b` in a label: either is right.")],
    model: ModelOption = None,
    text: TextOption = "text",
    label: Annotated[
        list[str] | None, typer.Option("--label", help="Label column; those the model knows by default.")
    ] = None,
    language: LanguageOption = None,
    split: Annotated[str | None, typer.Option("--split", help="Column that names the part of each row.")] = None,
    part: Annotated[str | None, typer.Option("--part", help="With --split: the part to evaluate on.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure a model on labelled texts, for each code book and each language."""
    needs_training_extra()
    from intentclf.serve.render import show_scores
    from intentclf.train.pipeline import evaluate_file

    loaded = _load(model)
    scores = evaluate_file(loaded, data, _label_columns(text, label, language, split, None), part=part)
    if as_json:
        print(json.dumps(scores, ensure_ascii=False))
        return
    show_scores(scores)


def _kept(answers: Iterator[Answer], shown: list[Answer]) -> Iterator[Answer]:
    for answer in answers:
        shown.append(answer)
        yield answer


def _load(folder: Path | None) -> Model:
    from intentclf.predict.artifact import load_model

    return load_model(folder)


def _detector(zone: str) -> SurgeDetector:
    from intentclf.respond.surges.detector import SurgeDetector
    from intentclf.respond.surges.records import SurgeSettings

    return SurgeDetector(SurgeSettings(zone=zone))


def _query(text: str, extra: list[str] | None) -> Query:
    from intentclf.records import Query

    if text == "-":
        text = sys.stdin.buffer.read().decode("utf-8", "replace")
    return Query("0", text, extra=extra_values(extra))


def _books(options: list[str] | None) -> dict[str, Codebook]:
    from intentclf.codebooks.loader import load_codebook

    books = {}
    for option in options or []:
        name, sign, path = option.partition("=")
        if not sign or not name or not path:
            raise InputError(f"--codebook must be NAME=FILE, got {option!r}")
        books[name] = load_codebook(path, name=name)
    return books


def _label_columns(
    text: str, label: list[str] | None, language: str | None, split: str | None, group: str | None
) -> LabelColumns:
    from intentclf.train.prepare import LabelColumns

    return LabelColumns(text, tuple(label or ()), language, split, group)


def _summary_dict(summary: Summary, out: Path) -> dict[str, Any]:
    return {
        "answers": summary.answers,
        "actions": summary.actions,
        "languages": summary.languages,
        "severities": summary.severities,
        "warned": summary.warned,
        "out": str(out),
    }


class _Progress:
    """A progress line on a terminal, nothing when piped."""

    def __init__(self) -> None:
        self._bar: Any = None

    def __enter__(self) -> _Progress:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

            columns = (SpinnerColumn(), TextColumn("{task.completed} answered"), TimeElapsedColumn())
            self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task("", total=None)
            self._bar.start()
        return self

    def __exit__(self, *failure: object) -> None:
        if self._bar:
            self._bar.stop()

    def tick(self, number: int) -> None:
        """Count `number` more."""
        if self._bar:
            self._bar.advance(self._task, number)


if __name__ == "__main__":
    main()
