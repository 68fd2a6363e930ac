"""Complaint, praise, suggestion: when a note is due, what it says in English, and what it must not tell."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intentclf.codebooks.loader import load_shipped
from intentclf.errors import InputError
from intentclf.intake import read
from intentclf.records import Evidence, Query, Reason, Severity
from intentclf.respond.complaint.complaint import compose_note, find_products
from intentclf.respond.complaint.private_data import mask_private
from intentclf.respond.complaint.quotes import choose_quotes

C = Severity("C", 0.9, {"A": 0.05, "B": 0.05, "C": 0.9}, "model")
DRAFT = "DRAFT – check before saving."


def reason(code, evidence=()):
    return Reason(code, 0.9, "model", (), (), evidence)


def note(text, code, language=None, **options):
    reasons = {"outlook_com": reason("none"), "contact_reason": reason(code)}
    return compose_note(read(Query("1", text, language)), reasons, C, **options)


def keys(found):
    return [remark.key for remark in found.remarks]


# The whole note, worked out by hand.
WHOLE = [
    pytest.param(
        "Geachte heer, al weken geen antwoord. Dit is schandalig, ik wil een klacht indienen over Teams! Groet, Jan",
        "feedback.complaint",
        f"Complaint Details: {DRAFT} The customer expresses displeasure; products named: Teams. Codes: contact_reason "
        "'Complaint'. Severity C. In the customer's words (Dutch): “Geachte heer, al weken geen antwoord.” “Dit is "
        "schandalig, ik wil een klacht indienen over Teams!”",
        id="nl complaint",
    ),
    pytest.param(
        "Hei. Jeg ønsker å rose kundeservice: fantastisk hjelp med Word. Mvh Kari",
        "feedback.praise",
        f"Praise Details: {DRAFT} The customer gives praise; products named: Word. Codes: contact_reason 'Praise'. "
        "Severity C. In the customer's words (Norwegian): “Jeg ønsker å rose kundeservice: fantastisk hjelp med Word.”",
        id="nb praise",
    ),
    pytest.param(
        "Здравствуйте! Было бы здорово добавить в эксель тёмную тему.",
        "feedback.suggestion",
        f"Suggestion Details: {DRAFT} The customer makes a suggestion; products named: Excel. Codes: contact_reason "
        "'Suggestion'. Severity C. In the customer's words (Russian): “Было бы здорово добавить в эксель тёмную тему.”",
        id="ru suggestion",
    ),
    pytest.param(
        "Your support is a disgrace. I want to make a complaint.",
        "feedback.complaint",
        f"Complaint Details: {DRAFT} The customer expresses displeasure; products named: none. Codes: contact_reason "
        "'Complaint'. Severity C. In the customer's words (English): “Your support is a disgrace.” “I want to make a "
        "complaint.”",
        id="en complaint",
    ),
]


@pytest.mark.parametrize(("text", "code", "expected"), WHOLE)
def test_the_whole_note(text, code, expected):
    assert note(text, code).contact_summary_notes == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("feedback.complaint", "Feedback-Complaint"),
        ("feedback.praise", "Feedback-Praise"),
        ("feedback.suggestion", "Feedback-Suggestion"),
        ("feedback", "Feedback"),
    ],
)
def test_the_contact_reason_is_written_as_in_the_document(code, expected):
    assert note("schandalig", code, "nl").contact_reason == expected


# Under another code: is there a complaint in it too?
SECONDARY = [
    ("Mijn wachtwoord werkt niet. En ik vind het ronduit schandalig dat niemand terugbelt.", True),
    ("wachtwoord vergeten, graag een nieuwe link", False),
    ("Ik ben niet boos, ik wil alleen mijn mail terug.", False),
    ("Irritant, irritant, irritant.", False),  # the same word again says no more
    ("Jeg er ikke sint, men kalenderen er tom", False),
    ("Ik heb geen klachten, alleen een vraag over mijn factuur.", False),
    ("Beetje irritant, maar de agenda loopt achter.", False),  # one weak word is no complaint
    ("Ik ben teleurgesteld en ontevreden: agenda loopt achter.", True),  # two are
    ("Får ikke logget inn, og kundeservicen deres er elendig!", True),
    ("Jeg klager ikke, men kalenderen er tom", False),
    ("Eg vil klage på at ingen svarar. Korleis får eg inn att kontoen?", True),
    ("kan dere sende faktura på nytt", False),
    ("Почта не открывается третью неделю, это безобразие!", True),
    ("pochta ne rabotaet, eto bezobrazie", True),
    ("Без претензий, просто спрашиваю, где счёт", False),
    ("не приходит код, подскажите", False),
    ("I can't sign in and your service is appalling, nobody ever answers.", True),
    ("No complaints, I would just like to cancel.", False),
    ("The file is useless to me in this format, how do I convert it?", False),
]


@pytest.mark.parametrize(("text", "complains"), SECONDARY)
def test_a_complaint_beside_another_matter_has_its_note_too(text, complains):
    found = note(text, "post_sales.account_management", result="solved")
    assert (found is not None) == complains
    if found:
        assert (found.kind, found.secondary, found.contact_reason) == (
            "complaint",
            True,
            "Post-Sales Inquiry-Account Management",
        )
        assert found.contact_summary_notes.startswith("Complaint Details: ")
        assert "complaint.secondary" in keys(found)


@pytest.mark.parametrize("code", [None, "none", "post_sales.website"])
def test_praise_and_suggestions_under_another_code_need_no_note(code):
    assert note("Fantastisch geholpen, petje af! Suggestie: donkere modus.", code) is None


def test_a_contact_without_a_code_that_complains_has_a_note():
    found = note("Schandalig!", None)
    assert (found.contact_reason, found.secondary) == ("", True)


@pytest.mark.parametrize(
    ("result", "action"),
    [
        ("solved", "Issue resolved during this contact."),
        ("forwarded", "Issue forwarded to the responsible team."),
        ("information", "Customer given the information requested."),
        ("none", "Feedback recorded; no other action needed."),
    ],
)
def test_the_action_taken_follows_what_came_of_the_contact(result, action):
    assert note("schandalig", "feedback.complaint", result=result).action_taken == action


@pytest.mark.parametrize(
    ("text", "kind"),
    [("fantastisch geholpen", "praise"), ("suggestie: donkere modus", "suggestion"), ("nou ja", "complaint")],
)
def test_where_the_code_is_feedback_alone_the_words_tell_the_kind_and_it_is_said(text, kind):
    found = note(text, "feedback", "nl")
    assert (found.kind, keys(found)[-1]) == (kind, "complaint.kind_unknown")


PRODUCTS = [
    ("na de update start mijn winda niet, виндa", "nl", ()),
    ("винда слетела, эксель и ворд не открываются", "ru", ("Windows", "Excel", "Word")),
    ("после обновы аутлук не видит хотмейл", "ru", ("Outlook", "Outlook.com")),
    ("vinda tormozit i eksel vyletaet", "ru", ("Windows", "Excel")),
    ("тимс в майкрософт 365 и шарепоинт", "ru", ("Teams", "Microsoft 365", "SharePoint")),
    ("икс бокс и скайп", "ru", ("Xbox", "Skype")),
    ("OneDrive en SharePoint doen het niet, Teams wel", "nl", ("OneDrive", "SharePoint", "Teams")),
    ("xboxen og hotmailen er nede", "nb", ("Xbox", "Outlook.com")),
    ("Outlook.com is traag, Outlook niet", "nl", ("Outlook.com", "Outlook")),
    ("Outlook, outlook, OUTLOOK", "en", ("Outlook",)),
    ("Our two teams had the edge, upon my word", "en", ()),
    ("Teams and Word crash", "en", ("Teams", "Word")),
    ("teams calls drop in edge", "en", ("Teams", "Edge")),  # who writes no capitals cannot be asked for one
    ("mail me at jan@outlook.com or xbox@shop.nl", "en", ()),
    ("niets", "nl", ()),
]


@pytest.mark.parametrize(("text", "language", "products"), PRODUCTS)
def test_products_are_found_in_four_languages(text, language, products):
    assert find_products(read(Query("1", text, language))) == products


def test_the_sentences_that_carry_the_displeasure_are_quoted_in_their_order():
    text = "Ik woon in Gent. Schandalig is het. Verder gaat het goed.\nIk ben teleurgesteld. De zon schijnt."
    found = note(text, "feedback.complaint", "nl")
    assert [quote.text for quote in found.quotes] == ["Schandalig is het.", "Ik ben teleurgesteld."]
    assert [text[quote.start : quote.end] for quote in found.quotes] == [quote.text for quote in found.quotes]


def test_without_known_words_what_the_model_went_by_is_quoted():
    text = "Ik schrijf u vandaag. Dat kan zo niet langer met dat gedoe. Het regent."
    spot = Evidence(text.index("gedoe"), text.index("gedoe") + 5, "gedoe", 1.2)
    reasons = {"contact_reason": reason("feedback.complaint", (spot,))}
    found = compose_note(read(Query("1", text, "nl")), reasons)
    assert found is not None
    (quote,) = found.quotes
    assert quote.text == "Dat kan zo niet langer met dat gedoe."


def test_without_any_hint_the_first_sentence_that_is_no_greeting_is_quoted():
    found = note("Hallo!\nHet is weer zover. Groetjes, Sanne", "feedback.complaint", "nl")
    assert [quote.text for quote in found.quotes] == ["Het is weer zover."]


MASKS = [
    ("bel 06-12345678 nu", "bel [phone number] nu"),
    ("bel +31 6 1234 5678.", "bel [phone number]."),
    ("ring (020) 123 45 67", "ring [phone number]"),
    ("тел. 8 (912) 345-67-89, спасибо", "тел. [phone number], спасибо"),
    ("tlf 900 12 345", "tlf [phone number]"),
    ("mail a.b+c@live.nl of x@y.com!", "mail [e-mail] of [e-mail]!"),
    ("jan (at) live.nl", "[e-mail]"),
    ("adres m***@hotmail.com", "adres [e-mail]"),
    ("карта 4276 1600 1234 5678 моя", "карта [card number] моя"),
    ("kort 4276-1600-1234-5678", "kort [card number]"),
    ("kaart 4276160012345678", "kaart [card number]"),
    ("kaart 4000 0000 0000 6", "kaart [card number]"),  # thirteen digits, the fewest
    ("NL91 ABNA 0417 1643 00", "[account number]"),
    ("op 12-03-2026 en 2026-03-12", "op 12-03-2026 en 2026-03-12"),
    ("fout 0x80042109, KB5044285", "fout 0x80042109, KB5044285"),
    ("€ 412,80 voor 2 jaar", "€ 412,80 voor 2 jaar"),
    ("550 5.7.1 en versie 10.0.22631.4460", "550 5.7.1 en versie 10.0.22631.4460"),
]


@pytest.mark.parametrize(("text", "masked"), MASKS)
def test_private_data_are_masked(text, masked):
    assert mask_private(text) == masked


@pytest.mark.parametrize("before", range(50, 90))
def test_a_number_never_escapes_through_a_cut(before):
    number = "+31 6 12 34 56 78"
    text = "schandalig " + "ja " * before + f"bel {number} nu " + "nee " * 60
    found = note(text, "feedback.complaint", "nl", longest=700)
    left = "".join(letter for letter in found.contact_summary_notes if letter.isdigit())
    assert left == ""


def test_masking_is_said():
    found = note("Schandalig, bel 06-12345678", "feedback.complaint", "nl")
    assert "Schandalig, bel [phone number]" in found.contact_summary_notes
    assert "complaint.masked" in keys(found)


def test_a_translator_is_given_masked_words_and_its_text_is_used():
    asked = []

    def translate(text, language):
        asked.append((text, language))
        return "This is\nscandalous."

    found = note("Dit is schandalig, mail jan@live.nl", "feedback.complaint", "nl", translator=translate)
    assert asked == [("Dit is schandalig, mail [e-mail]", "nl")]
    assert found.contact_summary_notes.endswith("Translated from Dutch: This is scandalous.")
    assert DRAFT in found.contact_summary_notes
    assert "complaint.write_english" not in keys(found)


def broken(text, language):
    raise ConnectionError("no line to jan@live.nl")


FAILURES = [(broken, "ConnectionError: no line to [e-mail]"), (lambda *_: "", "no text"), (lambda *_: 3, "no text")]


@pytest.mark.parametrize(("translator", "told"), FAILURES)
def test_a_translator_that_fails_leaves_the_customers_words_and_a_remark(translator, told):
    found = note("Это безобразие!", "feedback.complaint", translator=translator)
    assert "(Russian): “Это безобразие!”" in found.contact_summary_notes
    assert keys(found) == ["complaint.not_translated", "complaint.write_english"]
    assert told in found.remarks[0].text()


@pytest.mark.parametrize(("text", "language"), [("A disgrace.", "en"), ("Zut, c'est nul", "und")])
def test_english_and_unknown_languages_are_not_translated(text, language):
    found = note(text, "feedback.complaint", language, translator=broken)
    assert f"“{text}”" in found.contact_summary_notes
    assert "complaint.not_translated" not in keys(found)


LONG = (
    "Dit is echt schandalig en belachelijk, " + "wat een gedoe, " * 12 + "klaar. " + "Ik ben zeer teleurgesteld. " * 3
)


@pytest.mark.parametrize("longest", [200, 250, 330, 480, 1000])
def test_a_note_keeps_within_its_length_and_says_that_it_was_cut(longest):
    found = note(LONG, "feedback.complaint", "nl", longest=longest)
    assert len(found.contact_summary_notes) <= longest
    assert found.contact_summary_notes.startswith(f"Complaint Details: {DRAFT}")
    assert ("complaint.shortened" in keys(found)) == (longest < 480)


def test_the_later_quote_goes_first():
    found = note("Schandalig! " + "Wat een belachelijke vertoning " * 6 + ".", "feedback.complaint", "nl", longest=260)
    assert "“Schandalig!”" in found.contact_summary_notes
    assert "vertoning" not in found.contact_summary_notes


def test_a_long_sentence_is_quoted_around_what_carries_it():
    text = "ja en toen " * 60 + "was het SCHANDALIG en " + "ook nog nat " * 60
    (quote,) = note(text, "feedback.complaint", "nl").quotes
    assert quote.text.startswith("…")
    assert quote.text.endswith("…")
    assert "SCHANDALIG" in quote.text
    assert len(quote.text) <= 242


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"result": "won"}, "result must be one of solved, forwarded, information, none, got 'won'"),
        ({"longest": 199}, "longest must be at least 200 characters, got 199"),
    ],
)
def test_a_mistake_is_answered_with_one_sentence(options, message):
    with pytest.raises(InputError, match=message):
        note("schandalig", "feedback.complaint", **options)


def test_an_empty_text_and_a_missing_book_have_no_note():
    assert note("", "feedback.complaint") is None
    assert compose_note(read(Query("1", "wachtwoord kwijt")), {}) is None


def test_codes_are_told_by_their_english_labels():
    reasons = {
        "outlook_com": reason("troubleshooting.performance"),
        "contact_reason": reason("feedback.complaint"),
        "service_request": reason("none"),
        "csp_escalation": reason(None),
        "desk": reason("eigen.code"),
    }
    found = compose_note(read(Query("1", "schandalig traag", "nl")), reasons)
    assert found is not None
    label = load_shipped("outlook_com").codes["troubleshooting.performance"].label("en")
    assert (
        f"Codes: outlook_com '{label}'; contact_reason 'Complaint'; desk 'eigen.code'." in found.contact_summary_notes
    )


def test_an_answer_is_plain_json():
    plain = json.loads(json.dumps(note("Schandalig, Teams!", "feedback.complaint", "nl").to_dict()))
    assert (plain["contact_reason"], plain["products"], plain["source"]) == (
        "Feedback-Complaint",
        ["Teams"],
        "004_6bf272f48b052784.txt, lines 22-42",
    )


@given(st.text(max_size=400), st.sampled_from(["feedback", "feedback.complaint", "post_sales", None]))
def test_any_text_has_a_note_within_its_length_or_none(text, code):
    found = note(text, code, longest=200)
    assert found is None or len(found.contact_summary_notes) <= 200


@given(st.text(max_size=400), st.lists(st.tuples(st.integers(0, 399), st.integers(1, 5)), max_size=4))
def test_quotes_are_pieces_of_the_text(text, marks):
    reading = read(Query("1", text))
    quotes = choose_quotes(reading, [(start, start + 1, float(weight)) for start, weight in marks])
    assert len(quotes) <= 2
    assert all(0 <= quote.start < quote.end <= len(text) for quote in quotes)
