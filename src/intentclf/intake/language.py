"""Tells nl, nb, nn, ru and en apart, and says und where none of them can be told.

Script decides first: a Cyrillic text may be full of Latin product names and is Russian all the same. Latin text goes
to py3langid, with the neighbours that customers really write in (Danish, Swedish, German, French, Spanish, Polish …)
allowed to win, and to a table of short everyday words, which decide between languages where a text has five words.
"""

from __future__ import annotations

import csv
import math
import re
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from intentclf.records import LanguageGuess

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

__all__ = ["LANGUAGES", "UNDETERMINED", "detect_language", "from_keyboard"]

LANGUAGES = ("nl", "nb", "nn", "ru", "en")
UNDETERMINED = "und"

_WORD = re.compile(r"[^\W\d_]+")
_NOISE = re.compile(r"https?://\S+|www\.\S+|\S+@\S+|\b\w*\d\w*\b")
_CYRILLIC = re.compile("[\u0400-\u04ff]")
_NOT_RUSSIAN = re.compile("[іїєґўјљњћџђқғүұөәһњ]", re.IGNORECASE)
# What py3langid may answer; beside ours, the languages that are most often mistaken for them or really occur.
_RIVALS = ("da", "sv", "de", "fr", "es", "it", "pt", "pl", "fi", "tr", "cs", "ro", "id", "af", "et", "lt", "lv", "hu")
_IDENTIFIER_CODES = {"no": "nb", "nn": "nn", "nl": "nl", "en": "en"}
_WORD_WEIGHT = 1.0  # log-odds that one everyday word is worth
_IDENTIFIER_SCALE = 1.5
_PRIOR = {"nl": 2.0, "nb": 2.0, "nn": 1.0, "en": 2.0}  # log-odds before a word is read: who writes to this desk
_LEAST = 0.5  # against a language that is not ours
_LEAST_TOLD = 0.35  # among ours
_NO_FEATURES = -1e30  # py3langid's floor for a text that holds nothing it knows

_QWERTY = "qwertyuiop[]asdfghjkl;'zxcvbnm,.`"
_JCUKEN = "йцукенгшщзхъфывапролджэячсмитьбюё"
_SHIFTED = 'QWERTYUIOP{}ASDFGHJKL:"ZXCVBNM<>~'
_UNSHIFTED = str.maketrans(_SHIFTED, _QWERTY)
_KEYBOARD = str.maketrans(_QWERTY + _SHIFTED, _JCUKEN + _JCUKEN.upper())


def detect_language(text: str) -> LanguageGuess:
    """Guess the language of a cleaned text.

    Parameters
    ----------
    text : str
        Cleaned text of any length.

    Returns
    -------
    LanguageGuess
        Code nl, nb, nn, ru, en, or und (no letters, another language, or too close a race), and a probability, 0 to 1.

    Examples
    --------
    >>> detect_language("не могу зайти в Outlook").code
    'ru'
    >>> detect_language("ik kan niet meer bij mijn mail").code
    'nl'
    >>> detect_language("12345").code
    'und'
    """
    words = _WORD.findall(_NOISE.sub(" ", text).lower())
    if not words:
        return LanguageGuess(UNDETERMINED, 0.0)
    cyrillic = sum(1 for word in words if _CYRILLIC.search(word))
    if cyrillic and cyrillic >= 0.2 * len(words):
        return _cyrillic_guess(words, cyrillic)
    if not any("a" <= letter <= "ÿ" for word in words for letter in word):
        return LanguageGuess(UNDETERMINED, 0.0)
    return _latin_guess(text, words)


def from_keyboard(text: str) -> str | None:
    """Russian typed on a Latin keyboard, put right; None where the text is not that.

    Examples
    --------
    >>> from_keyboard("gjxnf yt hf,jnftn")
    'почта не работает'
    >>> from_keyboard("my mail is gone") is None
    True
    """
    if not text.isascii():
        return None
    words = re.findall(r"[a-z\[\]{};:'\",.<>`~]+", text.translate(_UNSHIFTED))
    known = _everyday_words()["ru"]
    turned = [word.translate(_KEYBOARD) for word in words]
    hits = sum(1 for word in turned if word.rstrip("юбж") in known or word in known or _starts(word, "ru_stem"))
    plain = sum(1 for word in words if any(word.strip("[];',.`") in _everyday_words()[code] for code in _PRIOR))
    if 3 * hits < max(3, len(words)) or hits <= plain:
        return None
    return text.translate(_KEYBOARD)


def _starts(word: str, stems: str) -> bool:
    return word.startswith(tuple(_everyday_words()[stems]))


def _cyrillic_guess(words: list[str], cyrillic: int) -> LanguageGuess:
    foreign = sum(1 for word in words if _NOT_RUSSIAN.search(word))
    if foreign > 0.1 * cyrillic:
        return LanguageGuess(UNDETERMINED, 1.0 - min(0.95, foreign / cyrillic + 0.4))
    return LanguageGuess("ru", round(0.9 + 0.099 * cyrillic / len(words), 4))


def _latin_guess(text: str, words: list[str]) -> LanguageGuess:
    votes = _votes(words)
    ours = max(votes[code] for code in _PRIOR)
    latin = sum(1 for word in words if word in _everyday_words()["ru_latin"] or _starts(word, "ru_latin_stem"))
    if latin > ours and 4 * latin >= len(words):
        return LanguageGuess("ru", 0.8)  # transliterated: "pochta ne rabotaet"
    if from_keyboard(text) is not None:
        return LanguageGuess("ru", 0.8)
    scores = {
        code: score + _WORD_WEIGHT * votes[code] + _PRIOR.get(code, 0.0)
        for code, score in _identifier_scores(text).items()
    }
    total = _log_sum(list(scores.values()))
    best = max(LANGUAGES, key=lambda code: scores.get(code, -math.inf))
    rival = max((code for code in scores if code not in LANGUAGES), key=lambda code: scores[code])
    confidence = math.exp(scores[best] - total)
    if confidence < (_LEAST if scores[rival] > scores[best] else _LEAST_TOLD):
        return LanguageGuess(UNDETERMINED, round(1.0 - confidence, 4))
    return LanguageGuess(best, round(confidence, 4))


def _votes(words: list[str]) -> Counter[str]:
    """How many of the words are everyday words of each language; one may count for several."""
    return Counter({code: sum(1 for word in words if word in known) for code, known in _everyday_words().items()})


def _identifier_scores(text: str) -> dict[str, float]:
    """Log-probabilities of py3langid over our languages and their rivals, up to one constant.

    They are divided by the square root of the length, as py3langid itself does where it gives probabilities: its
    naive Bayes treats overlapping n-grams as independent and is far too sure of long texts.
    """
    plain = _NOISE.sub(" ", text).lower()
    ranked = _identifier().rank(plain)
    if ranked[0][1] < _NO_FEATURES:
        return dict.fromkeys((_IDENTIFIER_CODES.get(label, label) for label, _ in ranked), 0.0)
    scale = _IDENTIFIER_SCALE / math.sqrt(len(plain.encode()) or 1)
    return {_IDENTIFIER_CODES.get(label, label): scale * score for label, score in ranked}


@cache
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages([*_IDENTIFIER_CODES, *_RIVALS])
    return identifier


@cache
def _everyday_words() -> Mapping[str, frozenset[str]]:
    """Short everyday words of each language, from `everyday_words.csv`."""
    with (Path(__file__).parent / "everyday_words.csv").open(encoding="utf-8", newline="") as file:
        return {row["language"]: frozenset(row["words"].split()) for row in csv.DictReader(file)}


def _log_sum(values: list[float]) -> float:
    top = max(values)
    return top + math.log(sum(math.exp(value - top) for value in values))
