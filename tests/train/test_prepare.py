"""Labelled texts are checked by row, and split once so that nothing straddles."""

import json
from hashlib import md5

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intentclf.codebooks import load_shipped
from intentclf.errors import FaultsError, InputError
from intentclf.settings import PrepareSettings
from intentclf.train.duplicates import near_duplicate_pairs, overlaps, shingles
from intentclf.train.prepare import PARTS, LabelColumns, _part, _parts, alternatives, position, prepare, read_labelled

HEADER = "id,group,text,lang,outlook_com,severity,vague\n"


def table(tmp_path, content, name="t.csv"):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    return path


def seed_like(n):
    kinds = [("windows", "none"), ("mail", "troubleshooting.bug")]
    rows = [f"{k},g{k},bericht {k} over {kinds[k % 2][0]} {k * 7919},nl,{kinds[k % 2][1]}" for k in range(n)]
    return "id,group,text,lang,outlook_com\n" + "\n".join(rows) + "\n"


def test_seed_columns_are_found_and_get_the_shipped_books(tmp_path):
    texts = read_labelled(table(tmp_path, HEADER + "1,g,mail is weg,nl,troubleshooting.one_off,B,0\n"), LabelColumns())
    assert texts.labels == ("outlook_com", "severity", "vague")
    assert texts.books == {"outlook_com": load_shipped("outlook_com")}


def test_all_faults_of_a_file_are_listed_by_row(tmp_path):
    rows = "1,g,a,nl,nope,B,0\n1,g,b,xx,none,D,0\n3,g,c,nl,,B,2\n4,g,d,nl,none|troubleshooting.bug,B|C,0\n"
    path = table(tmp_path, HEADER + rows)
    with pytest.raises(FaultsError) as caught:
        read_labelled(path, LabelColumns())
    assert [(fault.line, fault.message) for fault in caught.value.faults] == [
        (1, "unknown code 'nope' in outlook_com"),
        (2, "id '1' stands twice, first in row 1"),
        (2, "lang must be nl, nb, nn, ru, en or und, got 'xx'"),
        (2, "unknown code 'D' in severity"),
        (3, "outlook_com is empty; write 'none' where nothing fits"),
        (3, "unknown code '2' in vague"),
    ]


def test_a_label_column_of_ones_own_becomes_a_code_book(tmp_path):
    path = table(tmp_path, "text,topic\na,card.lost\nb,card.stolen\nc,01\nd,NA\n")
    book = read_labelled(path, LabelColumns(labels=("topic",))).books["topic"]
    assert list(book.codes) == ["01", "NA", "card", "card.lost", "card.stolen"]


@pytest.mark.parametrize("label", ["a..b", ".a", "a,b"])
def test_a_label_that_is_no_code_is_refused(tmp_path, label):
    path = table(tmp_path, json.dumps({"text": "x", "topic": label}) + "\n", "t.jsonl")
    with pytest.raises(InputError, match="of 'topic' is not a code"):
        read_labelled(path, LabelColumns(labels=("topic",)))


def test_the_language_comes_from_the_column_its_name_or_the_text(tmp_path):
    stated = read_labelled(
        table(tmp_path, "text,lang,topic\nhallo,no,a\nmail is weg,,b\n"), LabelColumns(labels=("topic",))
    )
    named = read_labelled(table(tmp_path, "ru,topic\nhello,a\n"), LabelColumns("ru", labels=("topic",)))
    assert stated.column("lang") == ["nb", "nl"]
    assert named.column("lang") == ["ru"]


def test_groups_never_straddle_parts(tmp_path):
    content = seed_like(200).replace("g1,", "g0,")
    frame = prepare(read_labelled(table(tmp_path, content), LabelColumns()), PrepareSettings()).frame
    assert frame.groupby("group")["split"].nunique().max() == 1
    assert set(frame["split"]) == {"train", "calibration", "test"}


def test_rows_added_later_leave_the_others_where_they_are(tmp_path):
    first = prepare(read_labelled(table(tmp_path, seed_like(100)), LabelColumns()), PrepareSettings()).frame
    later = prepare(read_labelled(table(tmp_path, seed_like(150)), LabelColumns()), PrepareSettings()).frame
    pd.testing.assert_series_equal(first["split"], later["split"][:100])


def test_near_duplicates_share_a_part(tmp_path):
    content = "id,group,text,lang,outlook_com\n"
    content += "".join(f"{k}a,x{k},de mail van klant {k * 7919} komt niet aan,nl,none\n" for k in range(60))
    content += "".join(f"{k}b,y{k},De mail van klant {k * 7919} komt niet aan!,nl,none\n" for k in range(60))
    frame = prepare(read_labelled(table(tmp_path, content), LabelColumns()), PrepareSettings(near_duplicate=0.9)).frame
    parts = dict(zip(frame["id"], frame["split"], strict=True))
    assert all(parts[f"{k}a"] == parts[f"{k}b"] for k in range(60))


def test_given_parts_are_kept_and_calibration_comes_out_of_train(tmp_path):
    rows = [f"text {k * 7919} hier,a,{'train' if k % 3 else 'dev'}" for k in range(90)]
    path = table(tmp_path, "text,topic,part\n" + "\n".join(rows) + "\n")
    frame = prepare(read_labelled(path, LabelColumns(labels=("topic",), split="part")), PrepareSettings()).frame
    assert list(frame["split"][::3]) == ["test"] * 30
    assert set(frame["split"]) == {"train", "calibration", "test"}


def parts_of(tmp_path, rows, **options):
    """The part of each row, in order, from rows of (group, stated part); the texts have nothing in common."""
    lines = [f"{group},{md5(str(k).encode()).hexdigest()},a,{part}" for k, (group, part) in enumerate(rows)]
    path = table(tmp_path, "group,text,topic,split\n" + "\n".join(lines) + "\n")
    return list(
        prepare(read_labelled(path, LabelColumns(labels=("topic",))), PrepareSettings(**options)).frame["split"]
    )


# With the seed and shares of the settings, these groups fall into these parts.
DRAWN = {
    part: [f"g{k}" for k in range(200) if _part(position(f"g{k}", 17), PrepareSettings()) == part] for part in PARTS
}


def test_the_groups_below_fall_where_they_are_said_to_fall(tmp_path):
    rows = [(group, "") for part in PARTS for group in DRAWN[part][:9]]
    assert parts_of(tmp_path, rows) == ["train"] * 9 + ["calibration"] * 9 + ["test"] * 9


def test_where_calibration_is_given_no_other_is_drawn(tmp_path):
    stated = [(group, "calibration") for group in DRAWN["train"][:9]]
    drawn = [(group, "") for part in PARTS for group in DRAWN[part][9:18]]
    expected = ["calibration"] * 9 + ["train"] * 9 + ["train"] * 9 + ["test"] * 9
    assert parts_of(tmp_path, [*stated, *drawn]) == expected


@pytest.mark.parametrize("part", PARTS)
def test_the_rest_of_a_group_follows_the_row_that_is_given_a_part(tmp_path, part):
    first = [(group, "") for where in PARTS for group in DRAWN[where][:9]]
    stated = [(group, part) for group, _ in first]
    others = [(DRAWN["train"][20], "train"), (DRAWN["train"][21], "calibration"), (DRAWN["train"][22], "test")]
    assert parts_of(tmp_path, [*first, *stated, *others]) == [*[part] * 54, "train", "calibration", "test"]


@pytest.mark.parametrize("part", ["train", "test"])
@pytest.mark.parametrize("where", PARTS)
def test_rows_that_are_given_train_or_test_keep_it_where_calibration_is_given_too(tmp_path, part, where):
    stated = [(group, part) for group in DRAWN[where][:9]]
    others = [(DRAWN["train"][20], "calibration"), (DRAWN["train"][21], "train")]
    assert parts_of(tmp_path, [*stated, *others]) == [*[part] * 9, "calibration", "train"]


def test_rows_that_are_given_test_keep_it_where_nothing_else_is_given(tmp_path):
    stated = [(group, "test") for part in PARTS for group in DRAWN[part][:9]]
    drawn = [(group, "") for part in PARTS for group in DRAWN[part][9:18]]
    expected = ["test"] * 27 + ["train"] * 9 + ["calibration"] * 9 + ["test"] * 9
    assert parts_of(tmp_path, [*stated, *drawn]) == expected


def test_calibration_comes_out_of_what_is_given_as_train_by_the_hash_of_the_group(tmp_path):
    stated = [(group, "train") for part in PARTS for group in DRAWN[part][:9]]
    assert parts_of(tmp_path, stated) == ["train"] * 9 + ["calibration"] * 9 + ["train"] * 9


def test_a_group_whose_given_row_goes_to_calibration_goes_there_as_a_whole(tmp_path):
    rows = [(group, part) for group in DRAWN["calibration"][:9] for part in ("train", "")]
    others = [(DRAWN["train"][20], "train")]
    assert parts_of(tmp_path, [*rows, *others]) == [*["calibration"] * 18, "train"]


def test_of_two_parts_given_to_a_group_its_other_rows_take_test_before_calibration_before_train(tmp_path):
    g, h = DRAWN["train"][:2]
    rows = [(g, ""), (g, "test"), (g, "calibration"), (h, ""), (h, "calibration"), (h, "train")]
    assert parts_of(tmp_path, rows) == ["test", "test", "calibration", "calibration", "calibration", "train"]


@pytest.mark.parametrize(
    ("word", "part"),
    [
        *(("train", "train"), ("Training", "train"), (" TRAIN ", "train")),
        *(("calibration", "calibration"), ("cal", "calibration")),
        *(("test", "test"), ("dev", "test"), ("val", "test"), ("valid", "test"), ("validation", "test")),
        ("fold 3", "test"),  # what is meant is not known, so nothing is learnt from it
    ],
)
def test_a_part_may_be_called_what_others_call_it(tmp_path, word, part):
    others = [(DRAWN["train"][20], "train"), (DRAWN["train"][21], "calibration")]
    assert parts_of(tmp_path, [(DRAWN["train"][0], word), *others])[0] == part


def test_near_duplicates_of_a_row_that_is_given_a_part_follow_it(tmp_path):
    rows = ["de mail van de klant komt niet aan,a,test", "De mail van de klant komt niet aan!,a,", "xbox stuk,b,train"]
    path = table(tmp_path, "text,topic,split\n" + "\n".join([*rows, "betaling mislukt,b,cal"]) + "\n")
    frame = prepare(read_labelled(path, LabelColumns(labels=("topic",))), PrepareSettings()).frame
    assert list(frame["split"]) == ["test", "test", "train", "calibration"]


@given(rows=st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from(["", *PARTS])), max_size=12))
def test_rows_that_are_given_nothing_share_the_part_of_their_group_where_calibration_is_given(rows):
    rows = [*rows, ("z", "calibration")]
    parts = _parts([group for group, _ in rows], [own for _, own in rows], PrepareSettings())
    free = {(group, part) for (group, own), part in zip(rows, parts, strict=True) if not own}
    assert len({group for group, _ in free}) == len(free)
    assert all(part == own for (_, own), part in zip(rows, parts, strict=True) if own)


def test_too_few_rows_are_refused(tmp_path):
    texts = read_labelled(table(tmp_path, "text,topic\nhallo,a\n"), LabelColumns(labels=("topic",)))
    with pytest.raises(InputError, match="1 rows are too few to be split"):
        prepare(texts, PrepareSettings())


@pytest.mark.parametrize(
    ("first", "second", "alike"),
    [
        ("mail werkt niet meer sinds gisteren", "Mail werkt niet meer, sinds gisteren", True),
        ("не могу зайти в почту с телефона", "не могу зайти в почту с телефона!!", True),
        ("mail werkt niet meer sinds gisteren", "de printer werkt niet meer", False),
        ("", "", True),
    ],
)
def test_near_duplicates_are_found(first, second, alike):
    assert bool(list(near_duplicate_pairs([first, second], 0.7))) == alike


@given(st.lists(st.text("abcdeж ", max_size=30), max_size=8), st.lists(st.text("abcdeж ", max_size=30), max_size=8))
def test_overlaps_are_those_of_comparing_all_with_all(texts, others):
    def similarity(first, second):
        a, b = set(shingles(first).tolist()), set(shingles(second).tolist())
        return len(a & b) / len(a | b)

    found = {k: value for k, _, value in overlaps(texts, others, 0.3)}
    best = {k: max((similarity(text, other) for other in others), default=0.0) for k, text in enumerate(texts)}
    assert found == {k: value for k, value in best.items() if value >= 0.3}


def test_alternatives_are_parted_by_a_bar():
    assert alternatives("none| troubleshooting") == ("none", "troubleshooting")
