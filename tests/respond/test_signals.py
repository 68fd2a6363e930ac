"""Signals of severity in real words, and the levels that the documents derive from them."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intentclf.intake import read
from intentclf.records import Query
from intentclf.respond.severity import signals as module
from intentclf.respond.severity.signals import Signals, derive, find_signals, highest_level, signal_names

FOLDER = Path(module.__file__).parent


def found(text: str, language: str | None = None) -> tuple[str, str, str, str]:
    signals = find_signals(read(Query("1", text, language)))
    return signals.affected, signals.state, signals.impact, signals.workaround


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("nl", "niemand op kantoor kan nog inloggen", ("many", "unknown", "unknown", "unknown")),
        ("nl", "drie collega's kunnen niet mailen", ("several", "unusable", "unknown", "unknown")),
        ("nl", "alleen bij mij is het scherm traag", ("one", "impaired", "unknown", "unknown")),
        ("nl", "de productie ligt stil", ("unknown", "unknown", "production", "unknown")),
        ("nl", "via de browser lukt het wel, geen haast", ("unknown", "unknown", "unknown", "yes")),
        ("nl", "hoe stel ik een handtekening in", ("unknown", "works", "unknown", "unknown")),
        ("nb", "ingen på kontoret kommer inn", ("many", "unknown", "unknown", "unknown")),
        ("nb", "tre kolleger får ikke sendt e-post", ("several", "unusable", "unknown", "unknown")),
        ("nb", "kassene står, vi taper penger", ("unknown", "unknown", "production", "unknown")),
        ("nb", "det går fint via nettleseren", ("unknown", "unknown", "unknown", "yes")),
        ("nb", "hvordan endrer jeg passordet", ("unknown", "works", "unknown", "unknown")),
        ("ru", "никто в офисе не может войти", ("many", "unknown", "unknown", "unknown")),
        ("ru", "у нескольких сотрудников не открывается почта", ("several", "unusable", "unknown", "unknown")),
        ("ru", "магазин стоит, теряем выручку", ("unknown", "unknown", "production", "unknown")),
        ("ru", "деньги списали дважды", ("unknown", "unknown", "money", "unknown")),
        ("ru", "в другом браузере работает, не срочно", ("unknown", "unknown", "unknown", "yes")),
        ("ru", "подскажите, как настроить подпись", ("unknown", "works", "unknown", "unknown")),
        ("en", "nobody in the office can sign in", ("many", "unknown", "unknown", "unknown")),
        ("en", "two colleagues cannot open attachments", ("several", "unusable", "unknown", "unknown")),
        ("en", "only me, everyone else is fine", ("many", "unknown", "unknown", "unknown")),
        ("en", "the tills are down and we are losing money", ("unknown", "unusable", "production", "unknown")),
        ("en", "report due tonight and excel won't open", ("unknown", "unusable", "deadline", "unknown")),
        ("en", "I was charged twice", ("unknown", "impaired", "money", "unknown")),
        ("en", "works fine in the browser", ("unknown", "works", "unknown", "yes")),
        ("en", "the weather is nice", ("unknown", "unknown", "unknown", "unknown")),
    ],
)
def test_signals_in_real_words(language, text, expected):
    assert found(text, language) == expected


def test_phrases_point_into_the_original_text():
    text = "Hallo,\u200b  <b>Niemand</b> kan  inloggen!"
    signals = find_signals(read(Query("1", text, "nl")))
    assert [(s.name, text[s.start : s.end]) for s in signals.found if s.name == "affected"] == [("affected", "Niemand")]


def test_the_worse_of_two_values_counts_and_contradiction_is_said():
    signals = find_signals(read(Query("1", "only my mailbox is slow, nobody else can log in either", "en")))
    assert (signals.affected, signals.contradictory) == ("many", True)


def test_a_text_in_no_known_language_is_searched_in_all():
    assert found("никто niemand nobody", "und")[0] == "many"


def test_nynorsk_is_read_as_norwegian():
    assert found("ingen på kontoret kjem inn", "nn")[0] == "many"


@pytest.mark.parametrize(
    ("signals", "level", "line"),
    [
        (Signals("many", "unusable"), "A", 110),
        (Signals("several", "unusable"), "A", 110),
        (Signals("one", "unusable", "production"), "A", 110),
        (Signals("many", "unusable", "unknown", "yes"), "B", 114),
        (Signals("one", "unusable"), "B", 114),
        (Signals("unknown", "impaired"), "B", 114),
        (Signals("unknown", "unknown", "money"), "B", 114),
        (Signals("one", "impaired", "unknown", "yes"), "C", 117),
        (Signals("unknown", "works"), "C", 117),
    ],
)
def test_levels_are_those_of_the_document(signals, level, line):
    derived = derive(signals)
    assert derived is not None
    assert (derived.level, derived.source) == (level, f"001_574ea51a17b28c09.txt, line {line}")


def test_nothing_is_derived_from_nothing():
    assert derive(Signals()) is None


@given(
    st.sampled_from(["many", "several", "one", "unknown"]),
    st.sampled_from(["unusable", "impaired", "works", "unknown"]),
    st.sampled_from(["production", "deadline", "money", "unknown"]),
    st.sampled_from(["yes", "unknown"]),
)
def test_a_way_round_never_raises_a_level_and_more_people_never_lower_it(affected, state, impact, workaround):
    def level(signals: Signals) -> str | None:
        derived = derive(signals)
        return derived.level if derived else None

    signals = Signals(affected, state, impact, workaround)
    without, along = level(replace(signals, workaround="unknown")), level(replace(signals, workaround="yes"))
    if without and along:
        assert along >= without
    before, after = level(signals), level(replace(signals, affected="many"))
    if before and after and affected in ("one", "unknown") and workaround == "unknown":
        assert after <= before


@pytest.mark.parametrize(
    ("paths", "level"),
    [
        ({"service_request": ("billing", "billing.invoice")}, "B"),
        ({"contact_reason": ("subscription", "subscription.renewal")}, "B"),
        ({"outlook_com": ("not_outlook", "not_outlook.account_billing")}, "B"),
        ({"service_request": ("technical",)}, None),
        ({}, None),
    ],
)
def test_billing_is_never_above_b(paths, level):
    bound = highest_level(paths)
    assert (bound.level if bound else None) == level
    assert bound is None or bound.source.endswith("line 134")


def test_every_phrase_has_a_known_value_a_language_and_a_line():
    with (FOLDER / "signals.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {f"{row['signal']}={row['value']}" for row in rows} == set(signal_names())
    for signal in signal_names():
        languages = {row["lang"] for row in rows if f"{row['signal']}={row['value']}" == signal}
        assert languages == {"nl", "nb", "ru", "en"}, signal
    assert all(row["source"].endswith(".txt") and int(row["line"]) > 0 for row in rows)
