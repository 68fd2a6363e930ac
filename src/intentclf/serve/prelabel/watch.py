"""How long a mailbox is looked after: once, or until the end is asked for; what is done when its server goes away."""

from __future__ import annotations

import random

from intentclf.errors import InputError
from intentclf.serve.prelabel.journal import Journal
from intentclf.serve.prelabel.run import Run
from intentclf.serve.prelabel.sources import ConnectionLostError, LoginError, MailboxGoneError, Source, UnreachableError
from intentclf.serve.prelabel.stop import Stop

__all__ = ["Backoff", "run_once", "watch"]

_ATTEMPTS = 5
"""Times that a single run connects again without getting anywhere."""
_LOGINS = 3
"""Times that a proof which was taken before may be refused: a server that starts may not know its users yet."""


class Backoff:
    """Growing pauses: doubled each time up to a limit, each shortened at random so that clients do not come in step.

    Parameters
    ----------
    first, most : float
        Seconds.
    """

    def __init__(self, first: float = 1.0, most: float = 300.0) -> None:
        self._first, self._most = first, most
        self.attempts = 0

    def next(self) -> float:
        """Seconds to wait now."""
        pause = min(self._most, self._first * 2.0 ** min(self.attempts, 20))
        self.attempts += 1
        return pause * random.uniform(0.5, 1.0)

    def reset(self) -> None:
        """Begin anew."""
        self.attempts = 0


def run_once(run: Run, source: Source, stop: Stop, journal: Journal) -> None:
    """Handle what is there now; a connection that breaks is made again a few times.

    Raises
    ------
    InputError
        If the mailbox cannot be reached to the end.
    """
    backoff = Backoff()
    done, first = 0, True
    while True:
        try:
            return run.pass_over(source, stop)
        except ConnectionLostError as error:
            if run.counts.total() > done:
                backoff.reset()
            done = run.counts.total()
            if (first and isinstance(error, UnreachableError)) or backoff.attempts >= _ATTEMPTS or stop.asked:
                raise
            first = False
            source.close()
            _pause(error, backoff, stop, journal)


def watch(run: Run, source: Source, stop: Stop, journal: Journal, *, poll: float) -> None:
    """Handle what is there and what comes, until the end is asked for or the limit is reached.

    Parameters
    ----------
    run : Run
    source : Source
    stop : Stop
    journal : Journal
    poll : float
        Seconds between looks where the mailbox cannot tell of new mail.

    Raises
    ------
    InputError
        For what does not mend itself: a fault of the user's, a login that is refused, a mailbox that never was there.
    """
    backoff = Backoff()
    served = False
    refused = 0
    while not stop.asked and not run.exhausted:
        try:
            run.pass_over(source, stop)
            if not served:
                journal.event("watching")
            served, refused = True, 0
            backoff.reset()
            if not run.exhausted:
                source.wait(poll, stop)
        except (ConnectionLostError, LoginError, MailboxGoneError) as error:
            refused += isinstance(error, LoginError)
            if refused >= _LOGINS or (not served and not isinstance(error, ConnectionLostError)):
                raise
            source.close()
            _pause(error, backoff, stop, journal)


def _pause(error: InputError, backoff: Backoff, stop: Stop, journal: Journal) -> None:
    pause = backoff.next()
    journal.event("interrupted", reason=str(error), retry_seconds=round(pause, 1))
    stop.wait(pause)
