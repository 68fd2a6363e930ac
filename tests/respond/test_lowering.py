"""When a severity may be lowered: after a reasonable time without answer, one level, never below the last."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intentclf.errors import InputError
from intentclf.respond.due.lowering import propose_lower

SOURCE = "001_574ea51a17b28c09.txt, line 132"


def moment(text):
    return datetime.fromisoformat(text)


def propose(severity, asked_at, now, agreement="21vianet_technical", *, answered=False, **options):
    return propose_lower(severity, moment(asked_at), moment(now), answered=answered, agreement=agreement, **options)


PREMIER = {"premier": True}
# What is reasonable by default is the time of a first response at that level; 10 March 2026 is a Tuesday.
CASES = [
    pytest.param("A", "12:00+08:00", "10T13:00:01+08:00", PREMIER, "B", "10T13:00+08:00", id="A after an hour"),
    pytest.param("A", "12:00+08:00", "10T13:00+08:00", PREMIER, None, "10T13:00+08:00", id="A within an hour"),
    pytest.param("A", "12:00+08:00", "10T13:01+08:00", {}, None, "11T12:00+08:00", id="A not granted: B's time"),
    pytest.param("B", "12:00+08:00", "11T12:01+08:00", {}, "C", "11T12:00+08:00", id="B after a business day"),
    pytest.param("B", "12:00+08:00", "11T11:59+08:00", {}, None, "11T12:00+08:00", id="B within a business day"),
    pytest.param("B", "03:00+08:00", "11T08:59+08:00", {}, None, "11T09:00+08:00", id="asked before opening"),
    pytest.param("B", "12:00+08:00", "09T12:00+08:00", {}, None, "11T12:00+08:00", id="a clock before the question"),
    pytest.param("C", "12:00+08:00", "30T12:00+08:00", {}, None, "13T12:00+08:00", id="C is the lowest"),
]


@pytest.mark.parametrize(("severity", "asked", "now", "options", "proposed", "since"), CASES)
def test_a_level_is_lowered_after_the_time_of_its_own_first_response(severity, asked, now, options, proposed, since):
    found = propose(severity, f"2026-03-10T{asked}", f"2026-03-{now}", **options)
    assert (found.proposed, found.since, found.source) == (proposed, moment(f"2026-03-{since}"), SOURCE)


@pytest.mark.parametrize("severity", ["A", "B", "C"])
@pytest.mark.parametrize("agreement", ["21vianet_technical", "21vianet_billing", "office365_elevated"])
def test_nothing_is_proposed_once_the_customer_has_answered(severity, agreement):
    found = propose(severity, "2026-03-10T12:00Z", "2027-03-10T12:00Z", agreement, answered=True, premier=True)
    assert (found.proposed, found.remarks[-1 if "21v" in agreement else -2].key) == (None, "lower.answered")


@pytest.mark.parametrize(
    ("severity", "minutes", "proposed"),
    [("A", 29, None), ("A", 30, None), ("A", 31, "B"), ("B", 31, "C"), ("C", 31, None)],
)
def test_a_desk_sets_its_own_reasonable_time(severity, minutes, proposed):
    asked = datetime(2026, 3, 10, 12, tzinfo=UTC)
    found = propose_lower(
        severity,
        asked,
        asked + timedelta(minutes=minutes),
        answered=False,
        agreement="office365_elevated",
        reasonable=timedelta(minutes=30),
    )
    assert (found.proposed, found.since) == (proposed, asked + timedelta(minutes=30))


def test_a_time_of_the_desk_elapses_through_a_change_of_clocks():
    # 28 March 22:00 in Amsterdam is 21:00Z; twelve hours later it is 09:00Z, 11:00 there.
    found = propose(
        "B",
        "2026-03-28T22:00",
        "2026-03-29T10:59",
        "office365_business",
        zone="Europe/Amsterdam",
        reasonable=timedelta(hours=12),
    )
    assert (found.proposed, found.since) == (None, moment("2026-03-29T11:00+02:00"))


def test_a_weekend_of_the_billing_desk_does_not_count():
    # Friday 13 March 12:00; Saturday and Sunday are off.
    found = propose("B", "2026-03-13T12:00+08:00", "2026-03-15T12:00+08:00", "21vianet_billing")
    assert (found.proposed, found.since) == (None, moment("2026-03-16T12:00+08:00"))


def test_level_a_of_billing_is_lowered_from_the_level_that_it_fell_to():
    found = propose("A", "2026-03-10T12:00+08:00", "2026-03-12T12:00+08:00", "21vianet_billing")
    assert (found.current, found.proposed) == ("B", "C")
    assert [remark.key for remark in found.remarks] == ["due.no_level", "lower.proposed"]


def test_the_proposal_says_why_and_since_when():
    found = propose("B", "2026-03-10T12:00+08:00", "2026-03-12T12:00+08:00")
    assert found.why == ("The customer had not answered by 2026-03-11 12:00 (UTC+08:00); level B may be lowered to C.",)


def test_an_agreement_of_another_document_is_told_apart():
    found = propose("C", "2026-03-10T12:00Z", "2026-03-12T12:00Z", "office365_business")
    assert [remark.key for remark in found.remarks] == ["lower.lowest", "lower.other_document"]
    assert (found.proposed, found.since) == (None, None)


def test_nothing_is_proposed_where_neither_agreement_nor_desk_names_a_time(tmp_path):
    from intentclf.respond.due.deadline import load_agreements

    path = tmp_path / "desk.csv"
    path.write_text(
        "agreement,severity,amount,unit,hours,days,time_zone,holidays,scope,source,line,remark\n"
        "desk,B,,none,24x7,all,,,any,desk.txt,1,\n"
        "desk,C,,none,24x7,all,,,any,desk.txt,2,\n",
        encoding="utf-8",
    )
    found = propose("B", "2026-03-10T12:00Z", "2027-03-10T12:00Z", load_agreements(path)["desk"])
    assert (found.proposed, found.since, found.remarks[0].key) == (None, None, "lower.no_time")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"reasonable": timedelta()}, "the reasonable time must be more than 0 and at most 999 days, got 0:00:00"),
        ({"reasonable": timedelta(days=-1)}, "must be more than 0"),
        ({"reasonable": timedelta(days=1000)}, "at most 999 days"),
        ({"zone": "Mars/Base"}, "time zone must be an IANA name"),
        ({"agreement": "gold"}, "agreement must be one of"),
        ({"severity": "D"}, "severity must be A, B or C, got 'D'"),
        ({"asked_at": datetime(2026, 3, 10)}, "a moment without offset needs the zone"),
        ({"now": datetime(2026, 3, 10)}, "a moment without offset needs the zone"),
    ],
)
def test_a_mistake_is_answered_with_one_sentence(options, message):
    asked = datetime(2026, 3, 10, tzinfo=UTC)
    arguments = {"severity": "B", "asked_at": asked, "now": asked, "agreement": "office365_business"} | options
    with pytest.raises(InputError, match=message):
        propose_lower(answered=False, **arguments)


MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))
AGREEMENTS = st.sampled_from(["21vianet_technical", "21vianet_billing", "office365_business", "office365_elevated"])


@given(st.sampled_from("ABC"), MOMENTS, MOMENTS, MOMENTS, AGREEMENTS, st.booleans())
def test_a_proposal_stays_once_made_and_is_one_level_lower(severity, asked, now, then, agreement, premier):
    now, then = sorted((now, then))
    first, later = (
        propose_lower(severity, asked, moment, answered=False, agreement=agreement, premier=premier)
        for moment in (now, then)
    )
    assert first.proposed in (None, {"A": "B", "B": "C", "C": None}[first.current])
    assert first.proposed in (None, later.proposed)
