"""The table of agreements: as the documents say, and every fault of a desk's own at once."""

import csv
import re
from importlib.resources import files

import pytest

from intentclf.errors import FaultsError, InputError
from intentclf.respond.due.deadline import agreements, load_agreements

HEADER = "agreement,severity,amount,unit,hours,days,time_zone,holidays,scope,requires,source,line,remark"
GOOD = "desk,B,1,business_day,09:00-17:00,mon-fri,,,any,,desk.txt,3,"
PLACES = {"001_574ea51a17b28c09.txt", "003_1f9482d1a839ca67.txt"}


def table(tmp_path, *rows, header=HEADER):
    path = tmp_path / "desk.csv"
    path.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    return path


def test_the_shipped_table_says_what_the_table_of_response_times_says():
    text = (files("intentclf.codebooks") / "response_times.csv").read_text(encoding="utf-8")
    told = {
        (row["agreement"], row["severity"], row["first_response"], row["unit"], row["source"], int(row["line"]))
        for row in csv.DictReader(text.splitlines())
    }
    found = {
        (name, level, str(row.amount or ""), row.unit, row.source, row.line)
        for name, agreement in agreements().items()
        for level, row in agreement.commitments.items()
    }
    assert found == told
    assert {source for *_, source, _ in found} == PLACES


def test_a_desk_may_bring_an_agreement_of_its_own(tmp_path):
    found = load_agreements(table(tmp_path, GOOD.replace(",B,", ",C,"), GOOD))["desk"]
    assert found.levels == ("B", "C")
    assert (found.commitments["B"].amount, sorted(found.commitments["B"].weekdays)) == (1, [0, 1, 2, 3, 4])


def test_the_column_requires_may_be_left_out(tmp_path):
    row = "desk,B,1,hour,24x7,all,,,any,desk.txt,3,"
    found = load_agreements(table(tmp_path, row, header=HEADER.replace("requires,", "")))["desk"]
    assert found.commitments["B"].requires == ""


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("agreement", "", "agreement is empty"),
        ("severity", "D", "severity must be one of A, B, C, got 'D'"),
        ("amount", "", "amount must be a whole number from 1 to 999, got ''"),
        ("amount", "0", "amount must be a whole number from 1 to 999, got '0'"),
        ("amount", "1000", "amount must be a whole number from 1 to 999, got '1000'"),
        ("amount", "-1", "amount must be a whole number from 1 to 999, got '-1'"),
        ("amount", "1.5", "amount must be a whole number from 1 to 999, got '1.5'"),
        ("amount", "²", "amount must be a whole number from 1 to 999, got '²'"),
        ("unit", "day", "unit must be one of hour, business_day, none, got 'day'"),
        ("unit", "none", "amount must be empty where the unit is none, got '1'"),
        ("hours", "9-17", "hours must be 24x7 or like 09:00-17:00, the end after the start, got '9-17'"),
        ("hours", "17:00-09:00", "the end after the start, got '17:00-09:00'"),
        ("hours", "09:00-09:00", "the end after the start, got '09:00-09:00'"),
        ("hours", "09:00-24:01", "the end after the start, got '09:00-24:01'"),
        ("hours", "24x7", "hours 24x7 needs days 'all' and no holidays, got 'mon-fri'"),
        ("days", "fri-mon", "days must be 'all' or like 'mon-fri', got 'fri-mon'"),
        ("days", "weekdays", "days must be 'all' or like 'mon-fri', got 'weekdays'"),
        ("time_zone", "Mars/Base", "time zone must be an IANA name such as 'Europe/Oslo', got 'Mars/Base'"),
        ("holidays", "XX", "country must be an ISO 3166 code such as NL, NO, RU or CN, got 'XX'"),
        ("scope", "all", "scope must be one of technical, billing, any, got 'all'"),
        ("requires", "gold", "requires must be one of empty, premier, got 'gold'"),
        ("line", "three", "line must be a whole number, got 'three'"),
        ("remark", "a,b", "row has more fields than the header (a comma without quotes?): 'b'"),
    ],
)
def test_a_fault_is_named_with_its_line(tmp_path, column, value, message):
    row = dict(zip(HEADER.split(","), GOOD.split(","), strict=True)) | {column: value}
    with pytest.raises(FaultsError, match=rf"desk\.csv:2: .*{re.escape(message)}"):
        load_agreements(table(tmp_path, ",".join(row.values())))


def test_all_faults_are_named_at_once(tmp_path):
    path = table(tmp_path, GOOD, GOOD, GOOD.replace("desk,B,1", "desk,D,x"))
    with pytest.raises(FaultsError, match="3 faults") as caught:
        load_agreements(path)
    assert [fault.line for fault in caught.value.faults] == [3, 4, 4]
    assert "level 'B' of 'desk' stands twice" in caught.value.faults[0].message


@pytest.mark.parametrize(
    ("header", "message"),
    [("agreement,severity", "column 'amount' is missing"), (HEADER, "has a header but no rows")],
)
def test_a_file_that_is_no_table_is_refused(tmp_path, header, message):
    with pytest.raises(InputError, match=message):
        load_agreements(table(tmp_path, header=header))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.csv: no such file"):
        load_agreements(tmp_path / "none.csv")
