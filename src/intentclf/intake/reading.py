"""Query in, Reading out: the text cleaned and its language told."""

from __future__ import annotations

from intentclf.intake.cleaning import clean
from intentclf.intake.courtesy import blank_courtesy
from intentclf.intake.language import UNDETERMINED, detect_language
from intentclf.records import LanguageGuess, Query, Reading

__all__ = ["read"]


def read(query: Query) -> Reading:
    """Clean a query's text and tell its language.

    Parameters
    ----------
    query : Query
        A stated language is taken as it is.

    Examples
    --------
    >>> read(Query("1", "Получаю&nbsp;ошибку")).language.code
    'ru'
    """
    cleaned = clean(query.text)
    language = LanguageGuess(query.language, 1.0) if query.language else detect_language(cleaned.text)
    warnings = [*query.warnings, *cleaned.warnings]
    if not cleaned.text:
        warnings.append("empty after cleaning" if query.text.strip() else "empty text")
    elif language.code == UNDETERMINED:
        warnings.append("unknown language")
    return Reading(query, cleaned.text, cleaned.spans, language, tuple(warnings), blank_courtesy(cleaned.text))
