"""Settings of `prelabel`: what is wrong is told at once, and no password shows anywhere."""

import inspect
import os
import pickle
import re
import sys

import pytest

from intentclf.errors import FaultsError, InputError
from intentclf.serve.prelabel.address import ImapAddress, parse_source
from intentclf.serve.prelabel.credentials import Secret, read_credentials
from intentclf.serve.prelabel.settings import load_settings, read_config
from intentclf.serve.prelabel.settings_values import CHECKS
from tests.mail.dovecot import ROOT, invoke

URL = "imaps://desk@mail.example.org/INBOX"
EVERY = {
    "source": URL,
    "out": "o.jsonl",
    "state": "s",
    "keyword": ["a-{code}"],
    "move": "Desk/{team}",
    "copy_to": "Labelled",
    "header": {"Code": "{code}"},
    "automatic_keyword": "auto",
    "book": "outlook_com",
    "watch": True,
    "poll": 30.5,
    "ca_file": "ca.pem",
    "insecure": False,
    "password_env": "DESK",
    "redact": True,
    "limit": 5,
    "since": "2026-11-21",
    "log_format": "json",
    "workers": 2,
    "words": 3,
    "largest_mb": 1,
    "model": "m",
    "agreement": "office365_business",
    "agreements": "a.csv",
    "zone": "Europe/Oslo",
    "country": "NO",
    "premier": True,
    "known_issues": "k.yaml",
    "speak": "nl",
}


def write(tmp_path, text):
    path = tmp_path / "prelabel.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_with_every_setting(tmp_path):
    import yaml

    settings = load_settings({}, config=write(tmp_path, yaml.safe_dump(EVERY)))
    assert set(EVERY) == set(CHECKS) - {"password_file", "keyring", "token_command"}  # these exclude each other
    assert settings.out == tmp_path / "o.jsonl"
    assert settings.job.advice.known_issues == tmp_path / "k.yaml"
    assert settings.templates.keywords == ("a-{code}",)
    assert settings.templates.headers == {"Code": "{code}"}
    assert (settings.poll, settings.limit, settings.largest, str(settings.since)) == (30.5, 5, 1_000_000, "2026-11-21")
    assert settings.job.redact
    assert settings.job.words == 3


def test_every_fault_of_a_file_is_told_with_its_line(tmp_path):
    text = "source: 5\nkeywrd: x\nkeyword: [ok, 'a b']\npoll: 0\nwatch: maybe\nlimit: 1.5\npoll: 3\nmove: a//b\n"
    with pytest.raises(FaultsError) as caught:
        read_config(write(tmp_path, text))
    told = {fault.line: fault.message for fault in caught.value.faults}
    assert set(told) == {1, 2, 3, 4, 5, 6, 8}
    assert told[2].startswith("keywrd is unknown; known are source, out, state")
    assert told[3] == "keyword is wrong: keyword 'a b' must not hold ' '"
    assert told[4] == "poll must be a number from 1 to 86,400, got '0'"
    assert told[5] == "watch must be true or false, got 'maybe'"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: [", r"is not YAML in UTF-8, line \d"),
        ("- a\n", "must hold settings as 'name: value'"),
        ("out: x\nout: y\n", "out stands twice"),
        ("header: {'X y': a}\n", "header must be letters"),
        ("header: {Id: a}\n", "and not Id"),
        ("automatic_keyword: 'a-{code}'\n", "must be a plain keyword"),
        ("since: soon\n", "must be a date such as 2026-11-21, got 'soon'"),
        ("log_format: xml\n", "must be one of text, json, got 'xml'"),
    ],
)
def test_a_file_that_is_wrong(tmp_path, text, sentence):
    with pytest.raises(InputError, match=sentence):
        read_config(write(tmp_path, text))


def test_a_file_that_is_missing_or_empty(tmp_path):
    with pytest.raises(InputError, match=r"cannot be read \(No such file"):
        read_config(tmp_path / "none.yaml")
    assert read_config(write(tmp_path, "# nothing\n")) == {}


def test_options_win_over_the_file(tmp_path):
    config = write(tmp_path, f"source: {URL}\nout: o\nkeyword: [a]\npoll: 5\nwatch: true\n")
    settings = load_settings({"keyword": ["b"], "poll": 7.0, "watch": False, "limit": None}, config=config)
    assert settings.templates.keywords == ("b",)
    assert (settings.poll, settings.watch, settings.limit) == (7.0, False, None)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "SOURCE is missing"),
        ({"source": URL}, "--out is missing"),
        ({"source": URL, "out": "o", "state": "o"}, "must be two files"),
        ({"source": URL, "out": "o", "keyword": ["a b"]}, "--keyword is wrong: keyword 'a b' must not hold ' '"),
        ({"source": URL, "out": "o", "copy_to": "INBOX"}, "another folder than the mailbox itself"),
        ({"source": URL, "out": "o", "header": ["Code={code}"]}, "it needs --copy-to"),
        ({"source": URL, "out": "o", "insecure": True}, "--insecure is for imap:// only"),
        ({"source": URL, "out": "o", "keyring": "x", "password_env": "y"}, "--password-env and --keyring exclude"),
    ],
)
def test_options_that_do_not_do(options, sentence):
    with pytest.raises(InputError, match=sentence):
        load_settings(options)


@pytest.mark.parametrize("kind", ["maildir", "mbox"])
def test_what_cannot_be_done_on_this_disk(tmp_path, kind):
    box = tmp_path / "box"
    if kind == "maildir":
        for name in ("cur", "new"):
            (box / name).mkdir(parents=True)
    else:
        box.write_bytes(b"From a\n\n")
    with pytest.raises(InputError, match="--keyword and --copy-to.* cannot be done in a"):
        load_settings({"source": str(box), "out": "o", "keyword": ["a"], "copy_to": "b", "move": "c"})
    with pytest.raises(InputError, match="--password-env is for a mailbox on a server"):
        load_settings({"source": str(box), "out": "o", "password_env": "a"})


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("imaps://desk@h/INBOX", ImapAddress("imaps", "desk", "h", 993, "INBOX")),
        ("IMAPS://desk@h", ImapAddress("imaps", "desk", "h", 993, "INBOX")),
        ("imap://desk@h:1143/A/B", ImapAddress("imap", "desk", "h", 1143, "A/B")),
        ("imaps://a%40b.nl@h/Gesendete%20Mails", ImapAddress("imaps", "a@b.nl", "h", 993, "Gesendete Mails")),
        ("imaps://desk@[::1]:99/x", ImapAddress("imaps", "desk", "::1", 99, "x")),
    ],
)
def test_addresses(written, expected):
    assert parse_source(written) == expected


@pytest.mark.parametrize(
    "written",
    [
        "imaps://desk:geheim@h/INBOX",
        "imaps://desk:geh/eim@h/INBOX",
        "imaps://desk:@h/INBOX",
        "imaps://desk@geheim:x@h/INBOX",
        "imaps://geheim",
        "imaps://desk@h/INBOX?geheim",
        "imaps://desk@h:geheim/INBOX",
        "imaps://de%0d%0ask@h/geheim",
    ],
)
def test_an_address_that_may_hold_a_password_is_refused_without_repeating_it(written):
    with pytest.raises(InputError) as caught:
        parse_source(written)
    assert "geheim" not in str(caught.value)
    assert "eim@" not in str(caught.value)


@pytest.mark.parametrize("form", ["argument", "file"])
def test_a_password_in_the_address_shows_in_no_output(tmp_path, form):
    url = "imaps://desk:geheim@h/INBOX"
    words = [url] if form == "argument" else ["--config", write(tmp_path, f"source: {url}\n")]
    with pytest.raises(InputError, match="must not hold a password") as caught:
        invoke("prelabel", *words, "--out", tmp_path / "o")
    assert "geheim" not in repr(caught.value)


@pytest.mark.parametrize("written", ["ftp://a@b/c", "pop3://a@b/"])
def test_other_schemes_are_refused(written):
    with pytest.raises(InputError, match="got the scheme"):
        parse_source(written)


def test_a_path_that_is_no_mailbox(tmp_path):
    with pytest.raises(InputError, match="is no Maildir: it holds no folders cur and new"):
        parse_source(str(tmp_path))
    (tmp_path / "x").write_text("Hallo")
    with pytest.raises(InputError, match="is not an mbox"):
        parse_source(str(tmp_path / "x"))
    with pytest.raises(InputError, match=r"cannot be read \(No such file"):
        parse_source(str(tmp_path / "none"))


def test_a_secret_does_not_show_itself():
    secret = Secret("geheim")
    assert "geheim" not in f"{secret!r} {secret} {[secret]}"
    with pytest.raises(TypeError, match="not handed to another process"):
        pickle.dumps(secret)


def test_a_password_from_the_environment(monkeypatch):
    monkeypatch.setenv("DESK", "geheim")
    assert read_credentials("desk", password_env="DESK").secret().reveal() == "geheim"
    monkeypatch.delenv("INTENTCLF_IMAP_PASSWORD", raising=False)
    with pytest.raises(InputError, match="no password for desk: set INTENTCLF_IMAP_PASSWORD"):
        read_credentials("desk").secret()


@pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX's")
def test_a_password_from_a_file_that_others_cannot_read(tmp_path):
    path = tmp_path / "password"
    path.write_text("geheim\n")
    path.chmod(0o640)
    with pytest.raises(InputError, match=r"is open to others \(mode 0640\): chmod 600 it"):
        read_credentials("desk", password_file=path).secret()
    path.chmod(0o600)
    assert read_credentials("desk", password_file=path).secret().reveal() == "geheim"
    path.write_text("\n")
    with pytest.raises(InputError, match="holds no password"):
        read_credentials("desk", password_file=path).secret()
    path.write_text("a\r\nA1 LOGOUT")
    with pytest.raises(InputError, match="must hold one line"):
        read_credentials("desk", password_file=path).secret()


def test_a_password_from_the_keyring(monkeypatch):
    keyring = pytest.importorskip("keyring")
    from keyring.backend import KeyringBackend

    def get_password(self, service, username):
        return {("mail", "desk"): "geheim"}.get((service, username))

    methods = dict.fromkeys(["set_password", "delete_password"], lambda *told: None)
    memory = type("Memory", (KeyringBackend,), {"priority": 1, "get_password": get_password, **methods})
    before = keyring.get_keyring()
    keyring.set_keyring(memory())
    try:
        assert read_credentials("desk", keyring="mail").secret().reveal() == "geheim"
        with pytest.raises(InputError, match="holds no password of other for 'mail'"):
            read_credentials("other", keyring="mail").secret()
    finally:
        keyring.set_keyring(before)


def test_no_keyring_is_told_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(InputError, match="pip install keyring"):
        read_credentials("desk", keyring="mail").secret()


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("/no/such/program", r"/no/such/program cannot be run"),
        ("sh -c 'echo geheim >&2; exit 3'", r"sh ended with code 3$"),
        ("printf ''", "holds no password or token"),
        ("printf 'a b'", "must print the token alone"),
        ("printf 'a\\nb'", "must print the token alone"),
        ("'", "cannot be split into words"),
        ("''", "cannot be run|must name a program"),
    ],
)
def test_a_token_command_that_fails_does_not_repeat_what_it_said(command, sentence):
    with pytest.raises(InputError, match=sentence) as caught:
        read_credentials("desk", token_command=command).secret()
    assert "geheim" not in str(caught.value)


def test_a_token_command_runs_without_a_shell():
    assert read_credentials("desk", token_command="printf %s $HOME;x").secret().reveal() == "$HOME;x"


DOCS = ROOT / "docs" / "prelabel.md"


def test_the_file_of_settings_in_the_documentation_is_a_good_one(tmp_path):
    blocks = re.findall(r"^```yaml\n(.*?)^```$", DOCS.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 1
    assert load_settings({}, config=write(tmp_path, blocks[0])).watch


def test_every_option_that_the_documentation_names_is_one():
    from intentclf.serve.cli_mail import prelabel

    known = re.findall(r"--[a-z-]+", " ".join(map(str, inspect.signature(prelabel).parameters.values())))
    shell = re.compile(r"^```sh\n#!.*?^```$", re.MULTILINE | re.DOTALL)  # other programs' options
    named = re.findall(r"(?<![\w-])--[a-z][a-z-]+", shell.sub("", DOCS.read_text(encoding="utf-8")))
    assert set(named) - set(known) - {"--imap", "--messages", "--kills"} == set()
