"""The commands `intentclf codebook …`: what codes there are, and whether a desk's own book is sound."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from intentclf.errors import InputError

if TYPE_CHECKING:
    from intentclf.codebooks.loader import Codebook

__all__ = ["codebook_app"]

codebook_app = typer.Typer(no_args_is_help=True, help="List, show and check code books.")

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@codebook_app.command("list", epilog="Example: `intentclf codebook list --language ru`")
def codebook_list(
    name: Annotated[str | None, typer.Argument(help="A shipped book, or a file; all shipped books by default.")] = None,
    language: Annotated[str, typer.Option("--language", help="Language of the labels: nl, nb, ru or en.")] = "en",
    as_json: JsonOption = False,
) -> None:
    """List the codes of the code books."""
    from intentclf.codebooks.loader import SHIPPED
    from intentclf.serve.render import show_codes

    books = [_book(name) for name in ([name] if name else SHIPPED)]
    if as_json:
        print(json.dumps({book.name: [code.code for code in book] for book in books}, ensure_ascii=False))
        return
    for book in books:
        show_codes(book, book, language)


@codebook_app.command("show", epilog="Example: `intentclf codebook show troubleshooting.sync`")
def codebook_show(
    code: Annotated[str, typer.Argument(help="The code.")],
    book: Annotated[str | None, typer.Option("--book", help="A shipped book, or a file.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show everything known of a code: labels, definition, source, what lies under it."""
    from dataclasses import asdict

    from intentclf.codebooks.loader import SHIPPED
    from intentclf.serve.render import show_table

    found = [(each, each.codes[code]) for each in map(_book, [book] if book else SHIPPED) if code in each.codes]
    if not found:
        raise InputError(f"there is no code {code!r} in {book or ', '.join(SHIPPED)}")
    if as_json:
        print(json.dumps([{"book": each.name, **asdict(row)} for each, row in found], ensure_ascii=False))
        return
    for each, row in found:
        facts = [("book", each.name), ("code", row.code), ("definition", row.definition)]
        facts += [(f"label {key}", value) for key, value in row.labels.items()]
        facts += [(f"shown to customers, {key}", value) for key, value in row.names.items()]
        facts += [("source", f"{row.source}, line {row.line}"), ("note", row.note)]
        facts += [("under it", ", ".join(each.children(row.code)) or "-")]
        show_table(("", "value"), facts)


@codebook_app.command("check", epilog="Example: `intentclf codebook check my_desk.csv`")
def codebook_check(path: Annotated[Path, typer.Argument(help="CSV file of a code book.")]) -> None:
    """Check a code book and report all its faults at once."""
    from intentclf.codebooks.loader import load_codebook

    book = load_codebook(path)
    print(f"{path}: {len(book.codes)} codes, {len(book.leaves)} of them leaves, no faults")


def _book(name: str) -> Codebook:
    from intentclf.codebooks.loader import SHIPPED, load_codebook, load_shipped

    return load_shipped(name) if name in SHIPPED else load_codebook(name)
