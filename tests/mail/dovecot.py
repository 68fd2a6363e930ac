"""A real Dovecot on loopback, on free ports, with a certificate of its own authority, for tests and for the bench."""

from __future__ import annotations

import base64
import hashlib
import hmac
import imaplib
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from intentclf.predict.model import Model
from intentclf.serve.prelabel.address import ImapAddress, parse_source
from intentclf.serve.prelabel.credentials import read_credentials
from intentclf.serve.prelabel.imap_session import ImapSession
from intentclf.serve.prelabel.labels import Plan
from intentclf.serve.prelabel.reading import digest_of
from intentclf.serve.prelabel.state import Box, Entry, State

__all__ = ["PASSWORD", "ROOT", "Desk", "Dovecot", "message", "missing", "started"]

ROOT = Path(__file__).parents[2]

PASSWORD = "correct_horse"
_KEY = b"a key that signs tokens in tests"
_CONFIG = """
base_dir = {folder}/run
log_path = {folder}/log
protocols = imap
ssl = {ssl}
ssl_cert = <{folder}/{cert}.pem
ssl_key = <{folder}/{cert}.key
first_valid_uid = 0
auth_mechanisms = plain login xoauth2
auth_failure_delay = 0
disable_plaintext_auth = no
mail_max_userip_connections = 100
mail_location = maildir:{folder}/mail/%u
mail_plugins = acl
{extra}
plugin {{
  acl = vfile:{folder}/acl
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
{chroot}
}}
service stats {{
{chroot}
}}
service imap-login {{
{chroot}
  inet_listener imap {{
    address = 127.0.0.1
    port = {plain}
  }}
  inet_listener imaps {{
    address = 127.0.0.1
    port = {tls}
    ssl = {ssl}
  }}
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {folder}/oauth2
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home/%u
}}
"""
_OAUTH2 = """
introspection_mode = local
local_validation_key_dict = fs:posix:prefix={folder}/keys/
username_attribute = sub
"""


def missing() -> str:
    """Why no server can be started; '' where one can."""
    lost = [name for name in ("dovecot", "openssl") if shutil.which(name) is None and not _found(name)]
    return f"{' and '.join(lost)} not installed" if lost else ""


def _found(name: str) -> str | None:
    return shutil.which(name, path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")


class Dovecot:
    """A server in a folder of its own.

    Parameters
    ----------
    extra : str
        Lines of configuration.
    certificate : {'server', 'expired'}
        Which of the two is shown.
    encrypted : bool
        Whether it can encrypt at all.
    acl : str
        Lines of an access list (vfile), such as 'Locked user=desk lrs'.
    """

    def __init__(self, *, extra: str = "", certificate: str = "server", encrypted: bool = True, acl: str = "") -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="dc", dir="/tmp"))  # the path of a socket has 107 characters at most
        self.folder.chmod(0o755)
        self.plain, self.tls = _free_ports(2)
        self.ca_file = self.folder / "ca.pem"
        self._extra, self._certificate, self._encrypted = extra, certificate, encrypted
        self._process: subprocess.Popen[bytes] | None = None
        _make_certificates(self.folder)
        (self.folder / "acl").write_text(acl + "\n")
        keys = self.folder / "keys" / "default" / "HS256"
        keys.mkdir(parents=True)
        (keys / "default").write_bytes(base64.b64encode(_KEY))
        (self.folder / "oauth2").write_text(_OAUTH2.format(folder=self.folder))
        self._write_config()

    def _write_config(self) -> None:
        owner, group, chroot, own = _user()
        for name in ("mail", "home"):
            (self.folder / name).mkdir(exist_ok=True)
            if os.getuid() == 0:
                shutil.chown(self.folder / name, owner, group)
        ssl = "yes" if self._encrypted else "no"
        values = {
            "ssl": ssl,
            "cert": self._certificate,
            "extra": own + self._extra,
            "plain": self.plain,
            "tls": self.tls,
        }
        text = _CONFIG.format(folder=self.folder, password=PASSWORD, uid=owner, gid=group, chroot=chroot, **values)
        (self.folder / "conf").write_text(text)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        program = str(_found("dovecot"))
        out = (self.folder / "out").open("wb")
        self._process = subprocess.Popen(
            [program, "-F", "-c", str(self.folder / "conf")], stdout=out, stderr=out, start_new_session=True
        )
        out.close()
        end = time.monotonic() + 20
        while time.monotonic() < end:
            with suppress(OSError, imaplib.IMAP4.abort), imaplib.IMAP4("127.0.0.1", self.plain, timeout=5):
                return
            if self._process.poll() is not None:
                break
            time.sleep(0.05)
        raise RuntimeError(f"dovecot does not start: {self.log()}")

    def stop(self) -> None:
        """Stop it; its mail stays."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def close(self) -> None:
        """Stop it and remove everything."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self) -> str:
        """What it said."""
        return "".join(p.read_text(errors="replace") for p in (self.folder / "out", self.folder / "log") if p.exists())

    def url(self, user: str = "desk", folder: str = "INBOX", *, scheme: str = "imaps", port: int | None = None) -> str:
        """The address of a mailbox."""
        return f"{scheme}://{user}@localhost:{port or (self.tls if scheme == 'imaps' else self.plain)}/{folder}"

    @contextmanager
    def client(self, user: str = "desk") -> Iterator[imaplib.IMAP4]:
        """A client that is logged in."""
        with imaplib.IMAP4("127.0.0.1", self.plain, timeout=30) as client:
            client.login(user, PASSWORD)
            yield client

    def deliver(self, messages: Sequence[bytes], user: str = "desk", folder: str = "INBOX") -> None:
        """Append messages."""
        with self.client(user) as client:
            client.create(folder)
            for message in messages:
                kind, said = client.append(folder, None, None, message)
                if kind != "OK":
                    raise RuntimeError(str(said))

    def messages(self, user: str = "desk", folder: str = "INBOX") -> list[tuple[int, set[str], bytes]]:
        """UID, flags and content of every message."""
        with self.client(user) as client:
            if client.select(folder, readonly=True)[0] != "OK":
                return []
            data = client.uid("FETCH", "1:*", "(UID FLAGS BODY.PEEK[])")[1]
        found = []
        for item in data:
            if isinstance(item, tuple):
                head = item[0].decode("ascii", "replace")
                uid = int(head.partition("UID ")[2].split()[0])
                flags = set(head.partition("FLAGS (")[2].partition(")")[0].split())
                found.append((uid, flags, item[1]))
        return found

    def folders(self, user: str = "desk") -> set[str]:
        """Names of the folders."""
        with self.client(user) as client:
            lines = client.list()[1]
        return {line.decode().rpartition(' "." ')[2].strip('"') for line in lines if isinstance(line, bytes)}

    def token(self, user: str = "desk", *, seconds: int = 600) -> str:
        """A token (JWT, HS256) that is valid for so long; negative: that has expired."""
        now = int(time.time())
        parts = [{"alg": "HS256", "typ": "JWT"}, {"sub": user, "iat": now - 1000, "exp": now + seconds}]
        text = b".".join(_url64(json.dumps(part).encode()) for part in parts)
        return (text + b"." + _url64(hmac.new(_KEY, text, hashlib.sha256).digest())).decode()


def _url64(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def _user() -> tuple[str, str, str, str]:
    """Owner and group of the mail, what switches chroot off, and under whom the server runs."""
    if os.getuid() == 0:  # the server drops its rights by itself; mail must not be root's
        return "nobody", "nogroup", "", ""
    name = pwd.getpwuid(os.getuid()).pw_name
    own = f"default_internal_user = {name}\ndefault_login_user = {name}\ndefault_internal_group = {os.getgid()}\n"
    return str(os.getuid()), str(os.getgid()), "  chroot =", own


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _make_certificates(folder: Path) -> None:
    """An authority, a certificate of it for localhost, and one that has expired."""
    authority = ["-x509", "-subj", "/CN=Tests", "-days", "2"]
    _openssl(folder, "req", *authority, *_KEYS, "-keyout", "ca.key", "-out", "ca.pem")
    (folder / "ext").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    for name in ("server", "expired"):
        _openssl(folder, "req", "-subj", "/CN=localhost", *_KEYS, "-keyout", f"{name}.key", "-out", f"{name}.csr")
    signed = ["x509", "-req", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "ext"]
    _openssl(folder, *signed, "-days", "2", "-in", "server.csr", "-out", "server.pem")
    (folder / "index.txt").touch()
    (folder / "ca.cnf").write_text(
        "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\nnew_certs_dir=.\nserial=ca.srl\ndefault_md=sha256\npolicy=p\n"
        "unique_subject=no\n[p]\ncommonName=supplied\n"
    )
    dates = ["-startdate", "20200101000000Z", "-enddate", "20200201000000Z"]
    files = ["-cert", "ca.pem", "-keyfile", "ca.key", "-extfile", "ext", "-in", "expired.csr", "-out", "expired.pem"]
    _openssl(folder, "ca", "-config", "ca.cnf", "-batch", "-notext", *dates, *files)


_KEYS = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def _openssl(folder: Path, *words: str) -> None:
    run = subprocess.run(["openssl", *words], cwd=folder, capture_output=True, text=True, check=False)
    if run.returncode:
        raise RuntimeError(run.stderr)


def message(
    number: int = 1, *, text: str = "Ik kan niet inloggen, het wachtwoord klopt niet.", **headers: str
) -> bytes:
    """A small message; headers by name, an underscore for a hyphen."""
    told = {
        "From": "Piet <piet@example.org>",
        "To": "desk@example.com",
        "Subject": f"vraag {number}",
        "Message-ID": f"<m{number}@example.org>",
        "Date": "Mon, 09 Nov 2026 08:14:52 +0100",
        "Content-Type": "text/plain; charset=utf-8",
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in told.items() if value)
    return head.encode() + b"\r\n" + text.replace("\n", "\r\n").encode() + b"\r\n"


@dataclass
class Desk:
    """A user of a server, with a folder for output; runs `prelabel` on the user's mail."""

    server: Dovecot
    user: str
    folder: Path
    password: str = PASSWORD

    @property
    def out(self) -> Path:
        """The output file."""
        return self.folder / "out.jsonl"

    def lines(self) -> list[dict[str, Any]]:
        """What stands in the output file."""
        return [json.loads(line) for line in self.out.read_text(encoding="utf-8").splitlines()]

    def deliver(self, *messages: bytes, folder: str = "INBOX") -> None:
        """Append messages to the user's mailbox."""
        self.server.deliver(messages, self.user, folder)

    def messages(self, folder: str = "INBOX") -> list[tuple[int, set[str], bytes]]:
        """See `Dovecot.messages`."""
        return self.server.messages(self.user, folder)

    def keywords(self, folder: str = "INBOX") -> list[set[str]]:
        """Flags of the messages, those of the server left out."""
        return [{flag for flag in flags if not flag.startswith("\\")} for _, flags, _ in self.messages(folder)]

    def arguments(self, *options: object, folder: str = "INBOX", scheme: str = "imaps", port: int = 0) -> list[str]:
        """The command line of a run."""
        url = self.server.url(self.user, folder, scheme=scheme, port=port or None)
        authority = [] if "--ca-file" in options else ["--ca-file", str(self.server.ca_file)]
        return ["prelabel", url, "--out", str(self.out), *authority, *map(str, options)]

    def run(self, *options: object, **where: Any) -> Result:
        """Run it in this process; what a user can mend is raised."""
        return invoke(*self.arguments(*options, "--workers", 1, **where), password=self.password)

    def session(self, folder: str = "INBOX", **proof: Any) -> ImapSession:
        """A session of ours that is not connected yet; by default the password lies in a file."""
        if not proof:
            path = self.folder / "password"
            path.write_text(self.password)
            path.chmod(0o600)
            proof = {"password_file": path}
        address = parse_source(self.server.url(self.user, folder))
        if not isinstance(address, ImapAddress):
            raise TypeError(address)
        return ImapSession(address, read_credentials(self.user, **proof), ca_file=self.server.ca_file)

    def interrupt(self, uid: int, content: bytes, plan: Plan, folder: str = "INBOX") -> tuple[Box, Entry]:
        """Leave the state as a run leaves it that is killed after it had stored its plan."""
        session = self.session(folder)
        session.connect()
        box = Box(session.address.account, folder, session.select(folder).validity)
        session.close()
        name = content.partition(b"Message-ID: <")[2].partition(b">")[0].decode()
        facts = '{"kind": "message", "why": "", "list_id": "", "code": "none"}\n{"id": "x"}'
        entry = Entry(str(uid), name, digest_of(content), len(content), plan, facts)
        with State(self.out.with_name("out.jsonl.state")) as state:
            state.plan(box, [entry])
        return box, entry

    @contextmanager
    def program(self, *options: object, **where: Any) -> Iterator[subprocess.Popen[str]]:
        """Run it as a program; killed at the end if it still runs."""
        from bench.prelabel import COMMAND

        command = [*COMMAND, *self.arguments(*options, "--workers", 1, **where)[1:]]
        environment = os.environ | {"INTENTCLF_IMAP_PASSWORD": self.password}
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=environment) as run:
            try:
                yield run
            finally:
                run.kill()


def invoke(*arguments: object, password: str | None = None) -> Result:
    """Run a command in this process; what a user can mend is raised."""
    from intentclf.serve.cli import app
    from tests.mail import program as program

    environment = {} if password is None else {"INTENTCLF_IMAP_PASSWORD": password}
    result = CliRunner().invoke(app, [str(each) for each in arguments], env=environment)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@contextmanager
def started(**settings: Any) -> Iterator[Dovecot]:
    """A server with settings of its own."""
    server = Dovecot(**settings)
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture(scope="module", name="server")
def server_fixture() -> Iterator[Dovecot]:
    """A server for the tests of a module; each has a user of its own."""
    if missing():
        pytest.skip(missing())
    with started() as one:
        yield one


@pytest.fixture(name="loaded_once")
def loaded_once_fixture(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs in this process share the model of the tests, and wait less for commands of connections that are gone."""
    monkeypatch.setattr("intentclf.predict.artifact.load_model", lambda folder=None: model)
    monkeypatch.setattr("intentclf.serve.prelabel.imap_labels.SETTLE_SECONDS", 0.05)


@pytest.fixture(name="desk")
def desk_fixture(server: Dovecot, loaded_once: None, tmp_path: Path, request: pytest.FixtureRequest) -> Desk:
    """A user without mail."""
    name = hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:8]
    return Desk(server, f"desk{name}", tmp_path)
