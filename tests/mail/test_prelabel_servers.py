"""`intentclf prelabel` on servers that are set up otherwise: without some capability, encryption or right."""

import pytest

from intentclf.errors import InputError
from intentclf.serve.prelabel.imap_labels import copy_id
from intentclf.serve.prelabel.labels import Plan
from tests.mail.dovecot import Desk, invoke, message, missing, started
from tests.mail.dovecot import desk_fixture as desk_fixture
from tests.mail.dovecot import loaded_once_fixture as loaded_once_fixture
from tests.mail.dovecot import server_fixture as server_fixture

pytestmark = [
    pytest.mark.skipif(bool(missing()), reason=missing()),
    pytest.mark.slow,
    pytest.mark.usefixtures("loaded_once"),
]

AUTOMATIC = message(90, text="Ik ben er niet tot maandag.", Auto_Submitted="auto-replied", Subject="Afwezig")


@pytest.mark.parametrize("capability", ["UIDPLUS", "MOVE"])
def test_a_server_with_either_way_of_moving_will_do(capability, tmp_path):
    with started(extra=f"imap_capability = IMAP4rev1 {capability}\n") as server:
        desk = Desk(server, "desk", tmp_path)
        desk.deliver(message(1), message(2))
        with server.client() as client:  # somebody else's deleted message stays where it is
            client.select("INBOX")
            client.uid("STORE", "2", "+FLAGS", "(\\Deleted)")
        desk.run("--move", "Done")
        assert [uid for uid, _, _ in desk.messages()] == [2]
        assert [content for _, _, content in desk.messages("Done")] == [message(1)]


def test_a_server_that_cannot_move_single_messages_is_told_at_the_start(tmp_path):
    with started(extra="imap_capability = IMAP4rev1\n") as server:
        desk = Desk(server, "desk", tmp_path)
        desk.deliver(message(1))
        with pytest.raises(InputError, match=r"neither move messages \(MOVE\) nor take single ones out \(UIDPLUS\)"):
            desk.run("--move", "Done")
        assert len(desk.messages()) == 1


def test_a_mailbox_without_new_keywords_is_told_at_the_start(tmp_path):
    with started(acl="Locked user=desk lrsi") as server:
        desk = Desk(server, "desk", tmp_path)
        desk.deliver(message(1), folder="Locked")
        with pytest.raises(InputError, match="takes no new keywords such as 'intentclf-"):
            desk.run("--keyword", "intentclf-{severity}", folder="Locked")
        assert desk.out.read_bytes() == b""
        desk.run(folder="Locked")
        assert len(desk.lines()) == 1


def test_a_folder_that_may_not_be_made_refuses_the_message_and_not_the_run(tmp_path):
    with started(acl="Locked user=desk lr") as server:
        desk = Desk(server, "desk", tmp_path)
        with server.client() as client:
            client.create("Locked")
        desk.deliver(message(1), AUTOMATIC)
        result = desk.run("--copy-to", "Locked")
        assert result.exit_code == 3
        assert [line["status"] for line in desk.lines()] == ["refused", "set_aside"]
        assert "no copy in Locked" in desk.lines()[0]["reason"]


def test_an_expired_certificate_is_one_clear_sentence(tmp_path):
    with started(certificate="expired") as server:
        desk = Desk(server, "desk", tmp_path)
        for scheme in ("imaps", "imap"):
            with pytest.raises(InputError, match=r"^the certificate of localhost:\d+ has expired"):
                desk.run(scheme=scheme)


def test_an_unknown_authority_and_another_name_are_refused(desk):
    other = started()
    with other as server, pytest.raises(InputError, match="is from an authority that is not trusted"):
        desk.run("--ca-file", server.ca_file)
    arguments = [each.replace("localhost", "ip6-localhost") for each in desk.arguments()]
    with pytest.raises(InputError, match=r"is for another host name|cannot be reached|is not known"):
        invoke(*arguments, password="x")


def test_starttls_and_plain_text_on_this_machine(desk):
    desk.deliver(message(1))
    desk.run(scheme="imap")
    assert desk.lines()[0]["status"] == "labelled"
    with started(encrypted=False) as server:
        plain = Desk(server, "desk", desk.folder / "plain")
        plain.folder.mkdir()
        plain.deliver(message(1))
        with pytest.raises(InputError, match=r"does not begin encryption \(STARTTLS\)"):
            plain.run(scheme="imap")
        plain.run("--insecure", scheme="imap")
        assert plain.lines()[0]["status"] == "labelled"


def test_a_copy_is_not_made_again_where_surplus_ones_cannot_be_taken_out(tmp_path):
    with started(extra="imap_capability = IMAP4rev1\n") as server:
        desk = Desk(server, "desk", tmp_path)
        desk.deliver(message(1))
        box, entry = desk.interrupt(1, message(1), Plan((), None, "Labelled", (("X-Intentclf-Code", "x"),)))
        done = f"X-Intentclf-Id: {copy_id(box.account, entry)}\r\n".encode() + message(1)
        desk.deliver(done, folder="Labelled")
        desk.run("--copy-to", "Labelled")
        assert [content for _, _, content in desk.messages("Labelled")] == [done]
