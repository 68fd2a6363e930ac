"""The parts put together: enters settings, runs until the mailbox is done with or the end is asked for."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack, closing
from pathlib import Path

from intentclf.errors import InputError
from intentclf.serve.prelabel.address import ImapAddress
from intentclf.serve.prelabel.imap_session import ImapSession
from intentclf.serve.prelabel.imap_source import ImapSource
from intentclf.serve.prelabel.journal import Journal
from intentclf.serve.prelabel.local_source import MaildirSource, MboxSource
from intentclf.serve.prelabel.outbox import Outbox
from intentclf.serve.prelabel.preview import Preview, preview
from intentclf.serve.prelabel.run import Run
from intentclf.serve.prelabel.settings import PrelabelSettings
from intentclf.serve.prelabel.sources import Source
from intentclf.serve.prelabel.state import State
from intentclf.serve.prelabel.stop import Stop
from intentclf.serve.prelabel.watch import run_once, watch
from intentclf.serve.prelabel.workers import Workers

__all__ = ["serve", "shown"]

UNREADABLE = 3
"""Exit code where messages were set aside that could not be read or labelled."""


def serve(settings: PrelabelSettings) -> int:
    """Label a mailbox, once or for as long as nobody asks for the end.

    Returns
    -------
    int
        0, or 3 where messages could not be read, or labels were refused.

    Raises
    ------
    InputError
        For what the user can mend; what was done until then is stored.
    """
    journal = Journal(settings.log_format)
    if settings.out is None or settings.state is None:
        raise InputError("--out is missing")
    with ExitStack() as stack:
        stop = stack.enter_context(Stop.on_signals())
        state = stack.enter_context(State(settings.state))
        outbox = stack.enter_context(Outbox(settings.out, state))
        if outbox.replaced:
            journal.event("new_output", reason="the file that was written before is gone or another was named")
        source = stack.enter_context(closing(_source(settings, journal)))
        workers = stack.enter_context(Workers(settings.job, settings.workers))
        journal.event("started", workers=settings.workers)
        run = Run(state, outbox, workers, settings.templates, journal, limit=settings.limit)
        try:
            if settings.watch:
                watch(run, source, stop, journal, poll=settings.poll)
            else:
                run_once(run, source, stop, journal)
        finally:
            run.finish()
    return UNREADABLE if run.counts["unreadable"] or run.counts["refused"] else 0


def shown(settings: PrelabelSettings) -> Generator[Preview, None, None]:
    """Dry run: what would be done, message by message."""
    journal = Journal(settings.log_format)
    with ExitStack() as stack:
        stop = stack.enter_context(Stop.on_signals())
        state = stack.enter_context(State(settings.state or Path(), read_only=True))
        source = stack.enter_context(closing(_source(settings, journal, read_only=True)))
        workers = stack.enter_context(Workers(settings.job, settings.workers))
        yield from preview(source, state, workers, settings.templates, limit=settings.limit, stop=stop)


def _source(settings: PrelabelSettings, journal: Journal, *, read_only: bool = False) -> Source:
    address = settings.source
    if not isinstance(address, ImapAddress):
        kind = MaildirSource if address.is_maildir else MboxSource
        return kind(address.path, largest=settings.largest, since=settings.since)
    if settings.insecure and not address.is_loopback:
        journal.event("insecure", reason=f"the password and all mail go to {address.server} without encryption")
    if settings.credentials is None:
        raise InputError("a mailbox on a server needs a user")
    session = ImapSession(address, settings.credentials, ca_file=settings.ca_file, insecure=settings.insecure)
    return ImapSource(session, settings.templates, largest=settings.largest, since=settings.since, read_only=read_only)
