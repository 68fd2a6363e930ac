"""Extra information: columns in four languages, what a text says of its writer, and which of the two counts."""

import csv
import json
import re
from pathlib import Path
from string import Formatter
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

import intentclf.respond.route.extra as module
from intentclf.errors import FaultsError, InputError
from intentclf.respond.route.extra import Extra, extra_from_text, merge_extra, read_extra
from intentclf.respond.route.extra_values import FIELDS, load_values

LANGUAGES = ("nl", "nb", "ru", "en")
FOLDER = Path(module.__file__).parent

with (FOLDER.parent / "sentences_extra.csv").open(encoding="utf-8", newline="") as file:
    ROWS = list(csv.DictReader(file))


def told(extra):
    return {fact.field: fact.value for fact in extra.facts}


def keys(extra):
    return [remark.key for remark in extra.remarks]


COLUMNS = [
    ({"role": "administrator"}, {"role": "administrator"}),
    ({"Rol": "Beheerder"}, {"role": "administrator"}),
    ({"rolle": "global administrator"}, {"role": "administrator"}),
    ({"Роль": "админ"}, {"role": "administrator"}),
    ({"role": "gewone gebruiker"}, {"role": "gewone gebruiker"}),
    ({"role": "ansatt"}, {"role": "user"}),
    ({"Роль": "партнёр"}, {"role": "partner"}),
    ({"accounttype": "zakelijk"}, {"account_type": "work"}),
    ({"Kontotype": "privat"}, {"account_type": "personal"}),
    ({"Тип учётной записи": "Личная"}, {"account_type": "personal"}),
    ({"account_type": "work or school"}, {"account_type": "work"}),
    ({"subscription_through": "CSP"}, {"subscription_through": "partner"}),
    ({"gekocht via": "rechtstreeks"}, {"subscription_through": "microsoft"}),
    ({"Browser": "Microsoft Edge"}, {"browser": "edge"}),
    ({"браузер": "Хром"}, {"browser": "chrome"}),
    ({"OS": "Windows 11"}, {"os": "windows_11"}),
    ({"enhet": "nettbrett"}, {"device": "tablet"}),
    ({"Kanaal": "telefonisch"}, {"channel": "phone"}),
    ({"канал": "чат"}, {"channel": "chat"}),
    ({"role": "", "browser": "  ", "os": None}, {}),
    ({}, {}),
]


@pytest.mark.parametrize(("columns", "expected"), COLUMNS, ids=[str(row[0])[:40] for row in COLUMNS])
def test_columns_are_read_in_four_languages(columns, expected):
    assert told(read_extra(columns)) == expected


def test_a_value_that_is_not_known_is_kept_and_reported():
    found = read_extra({"role": "tovenaar", "browser": "Edge"})
    fact = found.facts[0]
    assert (fact.value, fact.known, found.role, found.value("browser")) == ("tovenaar", False, None, "edge")
    assert [remark.text("nl") for remark in found.remarks] == [
        "De waarde “tovenaar” voor role is onbekend; zij is bewaard en niet gebruikt."
    ]


def test_other_columns_are_kept_as_they_stand():
    assert read_extra({"Ticket": "0017", "Tenant": " NL "}).further == (("Ticket", "0017"), ("Tenant", " NL "))


def test_two_columns_may_say_the_same_but_not_two_things():
    assert told(read_extra({"rol": "beheerder", "role": "admin"})) == {"role": "administrator"}
    with pytest.raises(InputError, match="role is given twice: 'beheerder' and, in column 'role', 'user'"):
        read_extra({"rol": "beheerder", "role": "user"})


def test_a_value_must_be_text():
    with pytest.raises(InputError, match="must be pairs of text, got 'role': '1'"):
        read_extra(cast("dict[str, str]", {"role": 1}))


# What writers say of themselves; None: nothing may be read into it.
ROLES = [
    ("nl", "Als beheerder krijg ik een lege pagina", "administrator"),
    ("nl", "Ik ben de globale beheerder van ons bedrijf", "administrator"),
    ("nl", "Ik beheer onze Office-omgeving", "administrator"),
    ("nl", "Ik ben geen beheerder", "user"),
    ("nl", "ik heb geen beheerdersrechten", "user"),
    ("nl", "Onze beheerder zegt dat het aan Microsoft ligt", "user"),
    ("nl", "Wij zijn CSP-partner en schrijven namens een klant", "partner"),
    ("nl", "Hoe wordt een beheerder toegevoegd?", None),
    ("nl", 'De melding luidt "Ik ben de beheerder"', None),
    ("nl", "onze klanten krijgen geen mail", None),
    ("nb", "Jeg er global administrator hos oss", "administrator"),
    ("nb", "Som administrator ser jeg ingen brukere", "administrator"),
    ("nb", "Jeg er ikke administrator", "user"),
    ("nb", "Vår administrator sier at alt er i orden", "user"),
    ("nb", "Vi er Microsoft-partner", "partner"),
    ("nb", "Hvordan legger jeg til en administrator?", None),
    ("nn", "Jeg er administrator", "administrator"),
    ("ru", "Я администратор организации", "administrator"),
    ("ru", "Являюсь глобальным администратором", "administrator"),
    ("ru", "Я не администратор", "user"),
    ("ru", "Наш админ в отпуске", "user"),
    ("ru", "Мы — партнёр Microsoft", "partner"),
    ("ru", "Как назначить администратора?", None),
    ("ru", "Пишет «обратитесь, я администратор»", None),
    ("en", "I am the global admin", "administrator"),
    ("en", "As an administrator I cannot see the report", "administrator"),
    ("en", "I manage our tenant", "administrator"),
    ("en", "I'm not an admin", "user"),
    ("en", "Our IT department says it is not them", "user"),
    ("en", "We are a CSP partner", "partner"),
    ("en", "The page says “contact your administrator”", None),
    ("en", "How do I add an administrator?", None),
]


@pytest.mark.parametrize(("language", "text", "role"), ROLES, ids=[f"{row[0]}-{row[1][:35]}" for row in ROLES])
def test_the_role_is_read_from_the_text(language, text, role):
    assert extra_from_text(text, language).role == role


SAID = [
    ("nl", "via Edge lukt het niet op mijn zakelijke account", {"browser": "edge", "account_type": "work"}),
    ("nl", "gekocht via onze partner", {"subscription_through": "partner"}),
    ("nl", "rechtstreeks bij Microsoft gekocht", {"subscription_through": "microsoft"}),
    ("nl", "mijn hotmail op de iPhone", {"account_type": "personal", "device": "iphone"}),
    ("nb", "kjøpt gjennom en forhandler", {"subscription_through": "partner"}),
    ("nb", "min private konto i Chrome", {"account_type": "personal", "browser": "chrome"}),
    ("nb", "på mobilen med Android", {"device": "phone", "os": "android"}),
    ("ru", "мы купили через партнёра", {"subscription_through": "partner"}),
    ("ru", "подписка оформлена напрямую у Microsoft", {"subscription_through": "microsoft"}),
    ("ru", "рабочая почта в Яндекс.Браузере", {"account_type": "work", "browser": "yandex"}),
    ("en", "we bought it through a local reseller", {"subscription_through": "partner"}),
    ("en", "my personal account in Firefox on Windows 11", {"account_type": "personal", "browser": "firefox"}),
    ("en", "the price is on the edge of what we can pay", {}),
    ("en", "", {}),
]


@pytest.mark.parametrize(("language", "text", "expected"), SAID, ids=[f"{row[0]}-{row[1][:35]}" for row in SAID])
def test_the_rest_is_read_from_the_text(language, text, expected):
    found = told(extra_from_text(text, language))
    assert expected.items() <= found.items()
    assert bool(found) == bool(expected)


def test_spans_point_at_the_words():
    text = "Hallo, als beheerder zie ik in Edge niets"
    found = extra_from_text(text, "nl")
    assert [text[fact.start : fact.end] for fact in found.facts] == ["als beheerder", "in Edge"]
    assert {fact.origin for fact in found.facts} == {"text"}


def test_of_two_values_in_a_text_the_first_is_taken_and_both_are_named():
    found = extra_from_text("In Chrome lukt het niet, in Edge wel", "nl")
    assert (found.value("browser"), keys(found)) == ("chrome", ["extra.two_in_text"])
    assert found.remarks[0].text("en") == "The text names both chrome and edge for browser; the first is taken."


def test_metadata_wins_over_the_text_and_says_so():
    found = merge_extra(read_extra({"role": "user"}), extra_from_text("I am the global admin", "en"))
    assert (found.role, found.facts[0].origin, keys(found)) == ("user", "metadata", ["extra.metadata_wins"])
    assert "user" in found.remarks[0].text("ru")


def test_where_both_agree_there_is_no_remark():
    found = merge_extra(read_extra({"role": "admin"}), extra_from_text("I am the global admin", "en"))
    assert (found.role, keys(found)) == ("administrator", [])


def test_the_text_fills_what_metadata_does_not_tell():
    found = merge_extra(read_extra({"browser": "Opera", "note": "x"}), extra_from_text("Als beheerder", "nl"))
    assert (told(found), found.further) == ({"browser": "opera", "role": "administrator"}, (("note", "x"),))


def test_an_unknown_value_gives_way_to_the_text_and_is_not_lost():
    found = merge_extra(read_extra({"role": "tovenaar"}), extra_from_text("Als beheerder", "nl"))
    assert (found.role, keys(found)) == ("administrator", ["extra.unknown_value", "extra.text_taken"])
    assert found.further == (("role", "tovenaar"),)
    alone = merge_extra(read_extra({"role": "tovenaar"}), Extra())
    assert (told(alone), alone.further) == ({"role": "tovenaar"}, ())


def test_it_is_plain_json():
    found = merge_extra(read_extra({"os": "BeOS", "x": "y"}), extra_from_text("via Edge", "nl"))
    assert json.loads(json.dumps(found.to_dict("nl"))) == found.to_dict("nl")
    assert found.to_dict()["fields"]["browser"]["span"] == [0, 8]


@given(st.dictionaries(st.sampled_from([*FIELDS, "Rol", "x"]), st.text(max_size=20), max_size=4))
def test_nothing_that_is_given_gets_lost(mapping):
    told = {mapping[column].strip().casefold() for column in ("role", "Rol") if mapping.get(column, "").strip()}
    if len(told) > 1:
        return  # two columns for one field are refused, see above
    found = read_extra(mapping)
    kept = {fact.written for fact in found.facts} | {value for _, value in found.further}
    assert {value for value in mapping.values() if value.strip()} - kept == set()
    assert len([fact for fact in found.facts if not fact.known]) == len(found.remarks)


@given(st.text(max_size=200), st.sampled_from([*LANGUAGES, "und"]))
def test_any_text_can_be_read(text, language):
    for fact in extra_from_text(text, language).facts:
        assert text[fact.start : fact.end] == fact.written


HEADER = "field,value,nl,nb,ru,en,source,line"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("rank,user,a,b,c,d,,", "field must be one of channel, browser"),
        ("role,user,,b,c,d,,", "column nl must hold words parted by bars, got ''"),
        ("role,user,a||e,b,c,d,,", "column nl must hold words parted by bars, got 'a||e'"),
        ("role,user,beheerder,b,c,d,,", "word 'beheerder' of 'user' is also that of 'administrator'"),
        ("role,user,a,b,c,d,000.txt,", "source and line must both be given"),
    ],
)
def test_a_faulty_table_of_words_is_named_with_its_line(tmp_path, row, message):
    path = tmp_path / "values.csv"
    path.write_text(f"{HEADER}\nrole,administrator,beheerder,a1,a2,a3,,\n{row}\n", encoding="utf-8")
    with pytest.raises(FaultsError, match=rf"values\.csv:3: .*{re.escape(message)}"):
        load_values(path)


def test_the_sentences_are_alike_in_every_language():
    for row in ROWS:
        assert len({frozenset(n for _, n, _, _ in Formatter().parse(row[code]) if n) for code in LANGUAGES}) == 1
        assert all(row[code].endswith(".") for code in LANGUAGES)
        assert re.search("[а-я]", row["ru"])
    code = (FOLDER / "extra.py").read_text(encoding="utf-8")
    assert set(re.findall(r'"(extra\.[a-z_]+)"', code)) == {row["key"] for row in ROWS}
