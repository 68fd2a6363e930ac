"""Bytes in, text out, whatever the message says of their character set.

A declared character set is believed where it can be true. It cannot where the bytes do not fit it, and it is not where
another reading is far likelier: programs write 'us-ascii' over Cyrillic, or convert a message and leave its label. The
likelihood of a reading is judged by its words, see `cost`.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Decoded", "cost", "decode_text", "find_codec"]

# Codecs that the standard library has for other uses, and UTF-7: it hides mark-up from every filter, and no program of
# this century sends it.
_NO_CHARSETS = frozenset({"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7"})
_WIDE = frozenset({"utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"})
# Each is declared for each other in practice; where one of these is declared the others are tried too. A Greek or a
# Chinese character set is believed if the bytes fit it: of those languages nothing is known here.
_CONFUSED = frozenset(
    {"ascii", "iso8859-1", "iso8859-15", "cp1252", "iso8859-9", "cp1254", "cp437", "cp850", "mac-roman"}
    | {"cp1251", "koi8-r", "koi8-u", "cp866", "cp855", "iso8859-5", "mac-cyrillic"}
)
_GUESSES = ("windows-1252", "iso-8859-15", "windows-1251", "koi8-r", "cp866", "iso-8859-5")
_DOUBT = 2.0  # by so much, and a tenth, another reading must be likelier than what is declared
_LONGEST_SAMPLE = 4_000  # bytes that likelihood is judged by: some 600 words, where ten are plenty
_MOST_BROKEN = 0.1  # of the characters beyond ASCII; in UTF-8 that was cut or damaged a few are broken, else nearly all
_WIDE_SAMPLE = 4_096
_FEW_CYRILLIC = 4.0  # of a reading with a few Cyrillic letters among Latin words: possible, but seldom
_LIKELY = 2.5  # for each character beyond ASCII; Russian has 1.2, wrong readings 3 and more

_ALIAS = re.compile(r"(?:x-|cs)*(?:windows|win|cp|ansi|ibm|dos)?[-_ ]?(125[0-8]|8[56]\d|437)\Z")
_PREFIX = re.compile(r"(?:x-|cs)+")
_HIGH = re.compile(b"[\x80-\xff]")
_BEYOND_ASCII = re.compile("[^\x00-\x7f]")
_CYRILLIC = re.compile("[\u0400-\u04ff]")
_WORD = re.compile(r"[^\W\d_]+")
_ASCII_WORD = re.compile("[A-Za-z]+")
_ODD = re.compile("[\x80-\x9f\u2500-\u25ff\ufffd]")  # controls; box drawing: bytes of another page
_SIGNS = frozenset("’‘“”„«»–—…•€№§°©®™\xa0\xad\u202f")
_WITHIN_WORDS = frozenset("’‘–—-\xad")
_LATIN_ALONE = frozenset("àåøéæÀÅØÉÆ")
_CYRILLIC_ALONE = frozenset("аивкосуябжєіАИВКОСУЯБЖЄІ")
_CYRILLIC_TURN = re.compile("[а-яё][А-ЯЁ]")
# Logarithm of the share in per cent of the letters of Russian (Lyashevskaya & Sharov 2009, rounded).
_FREQUENCY = dict(
    zip(
        "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъёіїєґ",
        (2.4, 2.1, 2.1, 2.0, 1.9, 1.8, 1.7, 1.6, 1.5, 1.5, 1.2, 1.2, 1.1, 1.0, 1.0, 0.7, 0.6, 0.6, 0.5, 0.5, 0.5)
        + (0.4, 0.2, 0.0, -0.1, -0.3, -0.4, -0.7, -1.0, -1.1, -1.3, -3.3, -3.2)
        + (-1.5, -1.5, -1.5, -3.0),  # Ukrainian, so that a text of it is not taken for a wrong reading
        strict=True,
    )
)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text, and the warning where its bytes were not what was declared ('' where they were)."""

    text: str
    warning: str = ""


def decode_text(payload: bytes, declared: str = "") -> Decoded:
    """Decode a text.

    Parameters
    ----------
    payload : bytes
        Any.
    declared : str
        Character set that the message names, '' for none.

    Examples
    --------
    >>> decode_text("пароль".encode("koi8-r"), "us-ascii").text
    'пароль'
    """
    codec = find_codec(declared)
    if payload[:3] == codecs.BOM_UTF8:
        payload = payload[3:]
    wide = _wide_codec(payload, codec)
    if wide:
        text = payload[: len(payload) // 2 * 2].decode(wide, "replace").removeprefix("\ufeff")
        return Decoded(text, "" if codec in _WIDE else _warning(declared, "utf-16"))
    if codec and codec not in _WIDE and codec not in _CONFUSED:
        believed = _believed(payload, codec)
        if believed is not None:
            return Decoded(believed)
    elif payload.isascii():
        fits = not declared or codec in _CONFUSED
        return Decoded(payload.decode("ascii"), "" if fits else _warning(declared, "us-ascii"))
    charset, text = _likeliest(payload, codec if codec in _CONFUSED else "")
    broken = text.count("\ufffd") if charset == "utf-8" else 0
    if broken:
        return Decoded(text, f"{broken} bytes do not fit the character set utf-8")
    return Decoded(text, "" if charset == (codec or "utf-8") else _warning(declared, charset))


def find_codec(name: str) -> str:
    """Name of the codec for the name of a character set, also for aliases such as 'x-cp1251' and 'win-1251'.

    '' for a name that is none, or none for texts of e-mail: a codec that does not read ASCII as ASCII would turn any
    message into nonsense.

    Examples
    --------
    >>> find_codec("x-windows-1251"), find_codec("unknown-8bit")
    ('cp1251', '')
    """
    plain = name.strip().strip("'\"").lower()
    if not plain or len(plain) > 40 or not plain.isascii():
        return ""
    alias = _ALIAS.match(plain)
    for candidate in (plain, f"cp{alias[1]}" if alias else "", _PREFIX.sub("", plain, count=1)):
        codec = _lookup(candidate) if candidate else ""
        if codec:
            return codec
    return ""


def cost(text: str) -> float:
    """How unlikely a reading is: 0 for plain ASCII, more for each rare letter and each odd neighbourhood.

    Only readings of the same bytes are comparable. Within a word letters of two alphabets do not meet ('één' read as
    Cyrillic gives 'ййn'), Latin letters with marks are the fewer, and Cyrillic ones have the frequencies of Russian;
    the Cyrillic pages hold the same letters in other places, so that a wrong one gives rare letters and odd capitals.
    """
    total = 5.0 * len(_ODD.findall(text))
    total += sum(_sign_cost(text, place) for place, sign in enumerate(text) if sign > "\x9f" and not sign.isalpha())
    total += sum(_word_cost(text, word) for word in _WORD.finditer(text) if not word.group().isascii())
    cyrillic = len(_CYRILLIC.findall(text))
    plain = sum(len(word) for word in _ASCII_WORD.findall(text))
    return total + (_FEW_CYRILLIC if 0 < 5 * cyrillic < plain else 0.0)


def _believed(payload: bytes, codec: str) -> str | None:
    """The text of a character set that nothing here can judge, if the bytes fit it and are not likelier UTF-8."""
    try:
        text = payload.decode(codec)
    except ValueError:
        return None
    if codec == "utf-8" or payload.isascii():
        return text
    try:
        other = payload[:_LONGEST_SAMPLE].decode("utf-8")
    except ValueError:
        return text
    return None if cost(other) <= _LIKELY * len(_BEYOND_ASCII.findall(other)) else text


def _lookup(name: str) -> str:
    try:
        found = codecs.lookup(name)
        if found.name.replace("_", "-") in _NO_CHARSETS:
            return ""
        ascii_fits = b"Az09 \n".decode(found.name) == "Az09 \n"
    except (LookupError, ValueError, TypeError, AssertionError):  # also of codecs that are not for text
        return name.replace("_", "-") if name.replace("_", "-") in _WIDE else ""
    return found.name if ascii_fits or found.name in _WIDE else ""


def _wide_codec(payload: bytes, declared: str) -> str:
    """UTF-16 or UTF-32, told by its mark, else by the NUL, or the 4 of Cyrillic, in every second byte."""
    if declared.startswith("utf-32") and b"\x00\x00" in payload[:8] and len(payload) % 4 == 0:
        return declared
    for mark, codec in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if payload.startswith(mark):
            return codec
    sample = payload[: min(_WIDE_SAMPLE, len(payload) // 2 * 2)]
    if declared not in _WIDE and (b"\x00" not in sample or len(payload) < 4 or len(payload) % 2):
        return ""
    for high, codec in ((1, "utf-16-le"), (0, "utf-16-be")):
        bytes_high, bytes_low = sample[high::2], sample[1 - high :: 2]
        rows = sum(bytes_high.count(row) for row in b"\x00\x01\x04\x20")
        if bytes_high and rows > 0.9 * len(bytes_high) and bytes_low.count(0) < 0.1 * len(bytes_low):
            return codec
    return ""


def _likeliest(payload: bytes, declared: str) -> tuple[str, str]:
    """The character set and the text of bytes that are no ASCII."""
    text = payload.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    if broken <= _MOST_BROKEN * len(_BEYOND_ASCII.findall(text)):
        return "utf-8", text
    sample = b"\n".join(_sample(payload))
    costs = {}
    for charset in (declared, *_GUESSES):
        reading = _read(sample, charset)
        if reading is not None:
            costs[charset] = cost(reading)
    best = min(costs, key=lambda charset: costs[charset])
    if declared in costs and costs[declared] <= _DOUBT + 1.1 * costs[best]:
        best = declared
    return best, _read(payload, best) or payload.decode("windows-1252", "replace")


def _read(payload: bytes, charset: str) -> str | None:
    """Decode by one of the single-byte pages; None where that is no page, or ASCII.

    ISO 8859-1 has controls where programs that declare it put the signs of Windows-1252 (WHATWG Encoding Standard).
    """
    if charset in ("", "ascii"):
        return None
    if charset == "iso8859-1" and re.search(b"[\x80-\x9f]", payload):
        charset = "cp1252"
    return payload.decode(charset, "replace")


def _sample(payload: bytes) -> Iterator[bytes]:
    """Lines beyond ASCII, from a little before the first such byte."""
    left = _LONGEST_SAMPLE
    place = 0
    while left > 0 and (found := _HIGH.search(payload, place)):
        begin = max(place, payload.rfind(b"\n", max(0, found.start() - 100), found.start()) + 1, found.start() - 100)
        end = payload.find(b"\n", found.start(), found.start() + left)
        end = end if end >= 0 else found.start() + left
        yield payload[begin:end]
        left -= end - begin
        place = end


def _sign_cost(text: str, place: int) -> float:
    sign, around = text[place], (text[place - 1 : place], text[place + 1 : place + 2])
    within = sign not in _WITHIN_WORDS and all(each.isalpha() for each in around)
    if sign in _SIGNS:
        return 5.0 if within or (sign == "°" and not around[0].strip().isdigit() and around[1] not in "CF") else 0.5
    usual = "\xa0" <= sign <= "\xf7" and sign not in "¤¦¬¨¸"
    return 5.0 if within else 2.0 if usual else 4.0


def _word_cost(text: str, found: re.Match[str]) -> float:
    word = found.group()
    high = [letter for letter in word if letter > "\x7f"]
    plain = len(word) - len(high)
    if _CYRILLIC.search(word):
        if plain:
            return 6.0 * len(high)
        at_digit = text[found.start() - 1 : found.start()].isdigit()
        alone = 3.0 if len(word) == 1 and (at_digit or word not in _CYRILLIC_ALONE) else 0.0
        letters = sum(2.5 - _FREQUENCY.get(letter.lower(), -4.0) - 0.05 * letter.islower() for letter in high)
        return letters + alone + 4.0 * len(_CYRILLIC_TURN.findall(word))
    crowded = len(high) > plain + 1 or (len(word) == 1 and word not in _LATIN_ALONE)
    return (4.0 if crowded else 1.0) * len(high)


def _warning(declared: str, charset: str) -> str:
    shown = "".join(sign if sign.isprintable() else " " for sign in declared)[:40]
    return f"declared character set {shown or 'missing'} does not fit, read as {charset}"
