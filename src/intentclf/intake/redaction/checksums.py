"""Check digits of numbers given to persons, cards and accounts: enters digits without separators, leaves yes or no.

Which single wrong digits are noticed differs: the modulus 10, 97 and plain 11 tests notice every one. ИНН and СНИЛС
fold a remainder of 10 (of 100) into 0, so that a few single errors pass by their own definition.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import mul

__all__ = ["is_bsn", "is_fodselsnummer", "is_inn", "is_snils", "passes_luhn", "passes_mod97"]

_BSN = (9, 8, 7, 6, 5, 4, 3, 2, -1)
_FIRST_CHECK = (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)
_SECOND_CHECK = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)
_INN = (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)  # its tails are the weights of all three check digits
_SNILS = (9, 8, 7, 6, 5, 4, 3, 2, 1)
_DOUBLED = str.maketrans("0123456789", "0246813579")  # twice a digit, the digits of that summed
_MONTH_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def passes_luhn(digits: str) -> bool:
    """Luhn's test of card numbers (ISO/IEC 7812-1, annex B).

    Examples
    --------
    >>> passes_luhn("79927398713")
    True
    """
    doubled = digits[-2::-2].translate(_DOUBLED)
    return (sum(map(int, digits[-1::-2])) + sum(map(int, doubled))) % 10 == 0


def passes_mod97(code: str) -> bool:
    """ISO 7064 MOD 97-10 of an IBAN (ISO 13616): upper-case letters and digits, at least five.

    Examples
    --------
    >>> passes_mod97("NL91ABNA0417164300")
    True
    """
    return int("".join(str(int(sign, 36)) for sign in code[4:] + code[:4])) % 97 == 1


def is_bsn(digits: str) -> bool:
    """The 11-test of the Dutch burgerservicenummer: nine digits, or eight where a leading zero was dropped.

    Examples
    --------
    >>> is_bsn("111222333")
    True
    """
    if len(digits) not in (8, 9) or not digits.strip("0"):
        return False
    return _weighted(digits.zfill(9), _BSN) % 11 == 0


def is_fodselsnummer(digits: str) -> bool:
    """Both check digits and the date of a Norwegian fødselsnummer, D-number, H-number or synthetic number.

    A D-number adds 40 to the day; an H-number 40, synthetic ones 40 or 80 to the month. The century stands in the
    three digits behind the date and is not judged: from 2032 on it will not.

    Examples
    --------
    >>> is_fodselsnummer("01010750160")
    True
    """
    if len(digits) != 11 or _weighted(digits, _FIRST_CHECK) % 11 or _weighted(digits, _SECOND_CHECK) % 11:
        return False
    day, month, year = int(digits[:2]), int(digits[2:4]), int(digits[4:6])
    day -= 40 if day > 40 else 0
    month -= 80 if month > 80 else 40 if month > 40 else 0
    if not 1 <= month <= 12 or not 1 <= day <= _MONTH_DAYS[month - 1]:
        return False
    return (day, month) != (29, 2) or year % 4 == 0


def is_inn(digits: str) -> bool:
    """The check digit of a Russian ИНН of ten digits (a firm), or both of one of twelve (a person).

    Examples
    --------
    >>> is_inn("7707083893"), is_inn("500100732259")
    (True, True)
    """
    if len(digits) == 10:
        checked: tuple[int, ...] = (9,)
    elif len(digits) == 12:
        checked = (10, 11)
    else:
        return False
    if not digits.strip("0") or digits[:2] == "00":  # the first two are the region's, from 01
        return False
    return all(_weighted(digits[:place], _INN[-place:]) % 11 % 10 == int(digits[place]) for place in checked)


def is_snils(digits: str) -> bool:
    """The check number, the last two of eleven digits, of a Russian СНИЛС.

    Examples
    --------
    >>> is_snils("11223344595")
    True
    """
    if len(digits) != 11 or not digits[:9].strip("0"):
        return False
    return _weighted(digits[:9], _SNILS) % 101 % 100 == int(digits[9:])


def _weighted(digits: str, weights: Sequence[int]) -> int:
    """Sum of digit times weight, as far as there are weights."""
    return sum(map(mul, map(int, digits), weights))
