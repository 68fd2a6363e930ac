"""Where a query goes: every code has a route, every line its place in a document, and the right book comes first."""

import csv
import json
import re
from pathlib import Path
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

import intentclf.respond.route.route as module
from intentclf.codebooks.loader import SHIPPED, load_shipped
from intentclf.errors import FaultsError, InputError
from intentclf.respond.route.extra import Extra, read_extra
from intentclf.respond.route.route import route, writer_of
from intentclf.respond.route.route_table import WRITERS, load_routes, route_order

LANGUAGES = ("nl", "nb", "ru", "en")
FOLDER = Path(module.__file__).parent
# The documents and how many lines they have.
DOCUMENTS = {
    "000_4c01cbade21a7f71.txt": 96,
    "001_574ea51a17b28c09.txt": 204,
    "002_814efe61a53fb020.txt": 60,
    "003_1f9482d1a839ca67.txt": 75,
    "004_6bf272f48b052784.txt": 268,
}
WHO = {
    "csp_partner": {"role": "partner"},
    "partner_customer": {"role": "administrator", "bought through": "partner"},
    "administrator": {"role": "administrator"},
    "user": {"role": "user"},
    "consumer": {"account type": "personal"},
    "unknown": {},
}
CODES = [(book, code) for book in SHIPPED for code in load_shipped(book).codes]

with (FOLDER.parent / "sentences_route.csv").open(encoding="utf-8", newline="") as file:
    ROWS = list(csv.DictReader(file))
with (FOLDER / "routes.csv").open(encoding="utf-8", newline="") as file:
    TABLE = list(csv.DictReader(file))


def go(codes, who="unknown", severity=None, confidences=None):
    return route(codes, severity, read_extra(WHO[who]), confidences)


def keys(lines):
    return [line.key.removeprefix("route.") for line in lines]


@pytest.mark.parametrize("who", WHO)
def test_every_code_of_every_book_has_a_route_for_every_writer(who):
    gaps = []
    for book, code in CODES:
        found = go({book: code}, who)
        if found.team == "agent" or found.remarks and found.remarks[0].key == "route.no_route":
            gaps.append((book, code))
        if not found.steps or len(found.first.of("team")) != 1:
            gaps.append((book, code))
    assert gaps == []


def test_every_line_names_a_line_of_a_document():
    for row in TABLE:
        assert 1 <= int(row["line"]) <= DOCUMENTS[row["source"]], row
    for rows in route_order().values():
        assert all(1 <= row.line <= DOCUMENTS[row.source] for row in rows)


def test_every_code_of_the_table_is_of_its_book():
    told = {(row["book"], code) for row in TABLE for code in row["codes"].split("|")} - {("any", "none")}
    assert told <= set(CODES)


# The misrouted mail of document 000: team, the cause code that it prints, the line of it, an address.
SUPPORT = "https://support.microsoft.com/nl-nl"
MISROUTED = [
    ("microsoft_other.product", "product", "Niet voor Outlook - Microsoft overig", 65, SUPPORT),
    ("microsoft_other.password", "password", "Niet voor Outlook - Microsoft overig", 69, SUPPORT),
    ("account_hacked", "account_hacked", "Niet voor Outlook – Account gehackt (MSA)", 73, None),
    ("account_billing", "accounts_billing", "Niet voor Outlook – Account facturering", 77, SUPPORT),
    ("third_party", "third_party", "Niet voor Outlook – derde partij", 81, None),
    ("windows", "windows", "Niet voor Outlook – Windows", 85, SUPPORT),
    (
        "outlook_client",
        "office_outlook",
        "Niet voor Outlook – Outlook cliënt",
        89,
        "https://support.office.com/nl-nl/outlook",
    ),
]


@pytest.mark.parametrize(("code", "team", "cause", "line", "address"), MISROUTED, ids=[row[0] for row in MISROUTED])
def test_misrouted_mail_goes_to_the_team_of_the_document(code, team, cause, line, address):
    found = go({"outlook_com": f"not_outlook.{code}"})
    assert found.team == team
    assert [(told.value, told.source[:3], told.line) for told in found.causes] == [(cause, "000", line)]
    assert [told.located("nl") for told in found.addresses] == ([address] if address else [])
    assert keys(found.steps)[0] == "step_choose_cause"


def test_a_parent_that_the_children_do_not_share_asks_for_the_cause_code():
    found = go({"outlook_com": "not_outlook"})
    assert (found.team, keys(found.causes)) == ("right_team", ["cause_to_choose"])


@pytest.mark.parametrize(
    ("language", "expected"),
    [("nl", "nl-nl"), ("nb", "nb-no"), ("nn", "nb-no"), ("ru", "ru-ru"), ("en", "en-us"), ("und", "en-us")],
)
def test_an_address_is_that_of_the_language(language, expected):
    line = go({"outlook_com": "not_outlook.windows"}).addresses[0]
    assert line.located(language) == f"https://support.microsoft.com/{expected}"
    assert expected in line.text(language)


COLLECTED = [
    ("bug", ["collect_same_conditions", "collect_several_accounts", "collect_logs"]),
    ("one_off", ["collect_not_reproducible", "collect_not_known"]),
    ("performance", ["collect_other_browser", "collect_proof_slow", "collect_reproduce"]),
    ("sync", []),
]


@pytest.mark.parametrize(("code", "expected"), COLLECTED, ids=[row[0] for row in COLLECTED])
def test_what_is_collected_first_adds_up_from_the_top(code, expected):
    general = ["collect_extra_info", "collect_questions", "collect_seen_before"]
    found = go({"outlook_com": f"troubleshooting.{code}"})
    assert sorted(keys(found.collect)) == sorted([*general, "collect_browser", *expected])
    assert keys(found.collect)[:3] == general


def test_a_browser_that_is_known_is_not_asked_for():
    codes = {"outlook_com": "troubleshooting.bug"}
    assert "collect_browser" in keys(route(codes).collect)
    assert "collect_browser" not in keys(route(codes, extra=read_extra({"browser": "Edge"})).collect)


def test_the_steps_of_a_bug_stand_in_the_order_of_the_document():
    found = go({"outlook_com": "troubleshooting.bug"})
    assert keys(found.steps) == ["step_level", "step_recent_issues", "step_workaround", "step_forward_bug"]
    assert [line.line for line in found.steps] == [23, 35, 37, 49]
    assert found.team == "outlook_engineers"


@pytest.mark.parametrize(
    ("code", "expected", "line"),
    [
        ("escalate.undocumented_issue", "microsoft", 15),
        ("escalate.service_unavailable", "microsoft", 16),
        ("escalate.bug", "microsoft", 17),
        ("escalate.network_outage", "microsoft", 18),
        ("escalate.regional_multitenant", "microsoft", 19),
        ("escalate", "microsoft", 13),
        ("partner", "partner", 37),
        ("partner.configuration", "partner", 11),
        ("partner.subscription_change", "partner", 54),
        ("partner.how_to", "partner", 56),
    ],
)
def test_the_partner_keeps_a_case_or_hands_it_over(code, expected, line):
    found = go({"csp_escalation": code}, "csp_partner")
    told = found.first.of("goes_to")
    assert (found.goes_to, [(one.source[:3], one.line) for one in told]) == (expected, [("002", line)])
    assert "collect_service_health" in keys(found.collect)


def test_whether_the_case_leaves_the_partner_depends_on_there_being_one():
    codes = {"csp_escalation": "escalate.bug"}
    told = {who: [remark.key for remark in go(codes, who).remarks] for who in WHO}
    assert told["csp_partner"] == told["partner_customer"] == []
    assert "route.only_with_partner" in told["administrator"]
    direct = route(codes, extra=read_extra({"role": "user", "bought through": "microsoft"}))
    assert "route.bought_directly" in [remark.key for remark in direct.remarks]


@pytest.mark.parametrize(
    ("who", "may_open", "step", "places"),
    [
        ("administrator", True, "step_admin_center", [("001", 170), ("003", 10)]),
        ("csp_partner", True, "step_admin_center", [("002", 13)]),
        ("partner_customer", False, "step_to_partner_bought", [("001", 25), ("002", 31)]),
        ("user", False, "step_own_administrator", [("001", 162)]),
        ("consumer", False, "step_support_page_other", [("001", 15)]),
        ("unknown", None, "step_ask_role", [("001", 146)]),
    ],
)
def test_only_who_may_opens_a_request(who, may_open, step, places):
    found = go({"service_request": "technical.setup.autodiscover"}, who)
    assert found.may_open is may_open
    assert step in keys(found.steps)
    assert [(line.source[:3], line.line) for line in found.who] == places


@pytest.mark.parametrize("who", ["user", "consumer", "partner_customer"])
def test_who_may_not_open_a_request_is_not_sent_to_the_admin_center(who):
    found = go({"service_request": "technical"}, who, "A")
    assert "step_admin_center" not in keys(found.steps)
    assert "https://admin.microsoft.com" not in [line.value for line in found.addresses]
    assert "phone_21vianet" not in keys(found.addresses)


def test_what_a_critical_technical_request_needs_is_collected():
    impact = {"collect_impact", "collect_someone"}
    assert impact < set(keys(go({"service_request": "technical"}, "administrator", "A").collect))
    for code, severity in (("technical", "B"), ("billing", "A"), ("pre_sales", "A")):
        found = go({"service_request": code}, "administrator", severity)
        assert not impact & set(keys(found.collect))
        assert "collect_contact" in keys(found.collect)


@pytest.mark.parametrize(("severity", "line"), [("A", 128), ("B", 129), ("C", 130), (None, 130)])
def test_contact_data_are_asked_for_once(severity, line):
    found = go({"service_request": "technical"}, "administrator", severity)
    assert [told.line for told in found.collect if told.key == "route.collect_contact"] == [line]


def test_the_phone_is_that_of_the_document():
    found = go({"service_request": "billing"}, "administrator")
    assert "+86 400 089 0365" in [line.value for line in found.addresses]
    assert {"note_billing_hours", "note_billing_21vianet"} == set(keys(found.notes))


@pytest.mark.parametrize(("code", "team"), [("customer_network", "own_network"), ("third_party", "third_party")])
def test_what_is_out_of_scope_is_no_request(code, team):
    found = go({"service_request": f"out_of_scope.{code}"}, "administrator")
    assert (found.team, found.may_open) == (team, None)
    assert "step_out_of_scope" in keys(found.steps)
    assert "step_admin_center" not in keys(found.steps)


def test_a_complaint_is_noted_in_english():
    found = go({"contact_reason": "feedback.complaint"})
    assert [line.line for line in found.steps] == [22, 28, 30, 36, 42]
    assert found.causes[0].value == "feedback.complaint"


ALL = {
    "contact_reason": "post_sales.tech_support_new.other",
    "csp_escalation": "partner.configuration",
    "service_request": "technical.general_usage",
    "outlook_com": "troubleshooting.one_off",
}
DESK = ["outlook_com", "service_request", "csp_escalation", "contact_reason"]
ORDER = {
    "csp_partner": ["csp_escalation", "service_request", "outlook_com", "contact_reason"],
    "partner_customer": ["csp_escalation", "service_request", "outlook_com", "contact_reason"],
    "administrator": ["service_request", "outlook_com", "csp_escalation", "contact_reason"],
    "user": DESK,
    "consumer": DESK,
    "unknown": DESK,
}


@pytest.mark.parametrize("who", WHO)
def test_which_book_comes_first_depends_on_who_writes(who):
    found = go(ALL, who)
    assert found.writer == who
    assert [leg.book for leg in found.legs] == ORDER[who]
    assert [(one.first.book, one.second.book) for one in found.conflicts] == [
        (ORDER[who][0], other) for other in ORDER[who][1:3]
    ]


def test_a_conflict_names_both_teams_and_why():
    found = go({"outlook_com": "not_outlook.account_billing", "service_request": "billing"}, "administrator")
    assert [one.text() for one in found.conflicts] == [
        "Billing and subscription support for organisations (service_request) comes before customer service for "
        "accounts and billing (outlook_com). "
        "An administrator of an organisation writes and may submit service requests."
    ]
    assert (found.why_first.source[:3], found.why_first.line) == ("001", 170)


def test_books_that_agree_are_no_conflict():
    codes = {"outlook_com": "not_outlook.third_party", "service_request": "out_of_scope.third_party"}
    assert go(codes).conflicts == ()


def test_the_contact_reason_is_registered_after_the_steps_of_the_first_book():
    found = go({"outlook_com": "not_outlook.windows", "contact_reason": "post_sales.information"})
    assert keys(found.steps) == [
        "step_choose_cause",
        "step_refer_windows",
        "step_contact_reason",
        "step_product_information",
    ]
    assert keys(found.causes) == ["cause_named", "cause_contact_reason"]
    assert found.conflicts == ()


def test_where_the_first_book_is_silent_the_next_one_counts():
    found = go({"csp_escalation": "none", "outlook_com": "not_outlook.windows"}, "partner_customer")
    assert (found.team, found.may_open) == ("windows", None)
    assert [remark.key for remark in found.remarks] == ["route.next_book"]


@pytest.mark.parametrize("codes", [{}, dict.fromkeys(SHIPPED), dict.fromkeys(SHIPPED, "none"), {"outlook_com": None}])
def test_where_no_book_says_anything_an_agent_does(codes):
    found = go(codes)
    assert (found.team, found.why_first, found.conflicts) == ("agent", None, ())
    assert keys(found.steps) == ["step_agent"]
    assert keys(found.collect) == ["collect_extra_info", "collect_questions"]


@pytest.mark.parametrize("codes", [{"desk": "mail"}, {"outlook_com": "magic.trick"}, {"any": "none.x"}])
def test_a_code_without_route_is_reported(codes):
    found = go(codes)
    assert (found.team, [remark.key for remark in found.remarks]) == ("agent", ["route.no_route"])


def test_a_code_below_a_known_one_has_the_route_of_its_parent():
    assert go({"outlook_com": "not_outlook.windows.update"}).team == "windows"


@pytest.mark.parametrize(("confidence", "unsure"), [(0.0, True), (0.49, True), (0.5, False), (1.0, False)])
def test_a_code_that_is_unsure_is_to_be_confirmed(confidence, unsure):
    found = go({"outlook_com": "not_outlook.windows"}, confidences={"outlook_com": confidence})
    assert [remark.key for remark in found.remarks] == (["route.unsure"] if unsure else [])
    assert found.first.confidence == confidence


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"severity": "D"}, "severity must be A, B or C, got 'D'"),
        ({"confidences": {"outlook_com": 1.5}}, "confidence of outlook_com must be 0 to 1, got 1.5"),
        ({"confidences": {"outlook_com": float("nan")}}, "must be 0 to 1, got nan"),
    ],
)
def test_a_mistake_is_answered_with_one_sentence(options, message):
    with pytest.raises(InputError, match=re.escape(message)):
        go({"outlook_com": "troubleshooting"}, **options)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"role": "partner", "bought through": "partner"}, "csp_partner"),
        ({"role": "user", "bought through": "partner"}, "partner_customer"),
        ({"role": "administrator", "account type": "personal"}, "administrator"),
        ({"role": "user", "account type": "personal"}, "consumer"),
        ({"role": "wizard"}, "unknown"),
        ({"account type": "work"}, "unknown"),
    ],
)
def test_who_writes(columns, expected):
    assert writer_of(read_extra(columns)) == expected


BOOKS = st.fixed_dictionaries(
    {}, optional={book: st.sampled_from([None, "none", *load_shipped(book).codes]) for book in SHIPPED}
)


@given(BOOKS, st.sampled_from([None, "A", "B", "C"]), st.sampled_from(list(WHO)), st.sampled_from(LANGUAGES))
def test_any_route_is_whole_and_plain_json(codes, severity, who, language):
    found = go(codes, who, severity)
    shown = found.to_dict(language)
    assert json.loads(json.dumps(shown)) == shown
    assert "{" not in json.dumps([line["text"] for line in shown["steps"] + shown["causes"] + shown["addresses"]])
    told = {book for book, code in codes.items() if code not in (None, "none")}
    assert {leg.book for leg in found.legs} == (told or {"any"})
    assert all(line.source in DOCUMENTS for leg in found.legs for line in leg.lines)
    assert len({(line.key, line.value) for line in found.collect}) == len(found.collect)


def test_no_extra_information_is_an_unknown_writer():
    assert route({"outlook_com": "troubleshooting"}) == route({"outlook_com": "troubleshooting"}, extra=Extra())
    assert set(WRITERS) == set(WHO)


HEADER = "book,codes,kind,order,key,value,when,source,line,remark"
GOOD = dict(zip(HEADER.split(","), "desk,mail,step,1,route.step_agent,,,desk.txt,3,".split(","), strict=True))


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("codes", "", "codes is empty"),
        ("source", "", "source is empty"),
        ("kind", "fax", "kind must be one of team, address"),
        ("order", "first", "order must be a whole number, got 'first'"),
        ("line", "0", "line must be a whole number from 1, got '0'"),
        ("when", "moon=full", "when must name one of writer, severity, browser and its values, got 'moon=full'"),
        ("when", "writer", "when must name one of writer, severity, browser and its values, got 'writer'"),
        ("when", "writer=boss", "when gives writer a value that it cannot have: 'writer=boss'"),
        ("remark", "a,b", "row has more fields than the header"),
    ],
)
def test_a_faulty_route_is_named_with_its_line(tmp_path, column, value, message):
    path = tmp_path / "routes.csv"
    path.write_text(f"{HEADER}\n{','.join((GOOD | {column: value}).values())}\n", encoding="utf-8")
    with pytest.raises(FaultsError, match=rf"routes\.csv:2: .*{re.escape(message)}"):
        load_routes(path)


def test_the_sentences_of_a_route_are_alike_in_every_language():
    for row in ROWS:
        assert len({frozenset(n for _, n, _, _ in Formatter().parse(row[code]) if n) for code in LANGUAGES}) == 1
        is_name = row["key"].startswith("route.team_")
        ends = {"" if is_name or row[code].endswith("{value}") else row[code][-1] for code in LANGUAGES}
        assert ends in ({""}, {"."}, {"?"}), row["key"]
        assert re.search("[а-я]", row["ru"]), row["key"]


def test_every_sentence_of_a_route_is_in_use_and_cites_a_place_of_its_rows():
    places: dict[str, set[tuple[str, str]]] = {}
    with (FOLDER / "route_order.csv").open(encoding="utf-8", newline="") as file:
        for row in [*TABLE, *csv.DictReader(file)]:
            places.setdefault(row["key"], set()).add((row["source"], row["line"]))
    code = "".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("route*.py"))
    used = set(re.findall(r'"(route\.[a-z_]+)"', code)) | set(places)
    assert used == {row["key"] for row in ROWS}
    assert [
        row["key"] for row in ROWS if row["key"] in places and (row["source"], row["line"]) not in places[row["key"]]
    ] == []
