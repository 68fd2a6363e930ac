"""Proof of who asks: enters settings, leaves a password or a token that never shows itself.

Neither stands on a command line, in a log, in an exception or in a repr.
"""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from intentclf.errors import InputError

__all__ = ["Credentials", "Secret", "read_credentials"]

PASSWORD_ENV = "INTENTCLF_IMAP_PASSWORD"
_TOKEN_SECONDS = 60


class Secret:
    """A value that does not show itself; `reveal` gives it to the server alone."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def __repr__(self) -> str:
        return "Secret(…)"

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a secret is not handed to another process")

    def reveal(self) -> str:
        """The value itself."""
        return self._value


@dataclass(frozen=True, slots=True)
class Credentials:
    """Where the password or the token comes from; nothing is read before `secret` is called.

    Attributes
    ----------
    user : str
    password_env : str
        Environment variable of the password.
    password_file : Path or None
    keyring : str or None
        Service in the system's keyring.
    token_command : str or None
        Command whose output is an OAuth 2.0 access token.
    """

    user: str
    password_env: str = PASSWORD_ENV
    password_file: Path | None = None
    keyring: str | None = None
    token_command: str | None = None

    @property
    def is_token(self) -> bool:
        """Whether it is a token (SASL XOAUTH2) rather than a password."""
        return self.token_command is not None

    def secret(self) -> Secret:
        """Read the password, or ask for a new token.

        Raises
        ------
        InputError
            If there is none, or it cannot be got at.
        """
        if self.token_command is not None:
            return _clean(_token(self.token_command), "the token command")
        if self.password_file is not None:
            return _clean(_from_file(self.password_file), str(self.password_file))
        if self.keyring is not None:
            return _clean(_from_keyring(self.keyring, self.user), f"the keyring entry {self.keyring!r}")
        value = os.environ.get(self.password_env)
        if value is None:
            raise InputError(
                f"no password for {self.user}: set {self.password_env}, or use --password-file, --keyring or "
                "--token-command"
            )
        return _clean(value, self.password_env)


def read_credentials(
    user: str,
    *,
    password_env: str | None = None,
    password_file: Path | None = None,
    keyring: str | None = None,
    token_command: str | None = None,
) -> Credentials:
    """Check that at most one place is named.

    Raises
    ------
    InputError
        If several are.
    """
    named = {
        "--password-env": password_env,
        "--password-file": password_file,
        "--keyring": keyring,
        "--token-command": token_command,
    }
    given = [name for name, value in named.items() if value is not None]
    if len(given) > 1:
        raise InputError(f"{' and '.join(given)} exclude each other")
    return Credentials(user, password_env or PASSWORD_ENV, password_file, keyring, token_command)


def _clean(value: str, origin: str) -> Secret:
    value = value.rstrip("\r\n")
    if not value:
        raise InputError(f"{origin} holds no password or token")
    if any(character in value for character in "\r\n\0"):
        raise InputError(f"{origin} must hold one line")
    return Secret(value)


def _from_file(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if os.name == "posix" and mode & 0o077:
                raise InputError(f"is open to others (mode {mode:04o}): chmod 600 it", file=path)
            return file.read(65_536)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", file=path) from None
    except UnicodeDecodeError:
        raise InputError("must be text in UTF-8", file=path) from None


def _from_keyring(service: str, user: str) -> str:
    try:
        import keyring
        import keyring.errors
    except ImportError:
        raise InputError("--keyring needs the package keyring: pip install keyring") from None
    try:
        value: str | None = keyring.get_password(service, user)
    except keyring.errors.KeyringError as error:
        raise InputError(f"the keyring cannot be read ({type(error).__name__})") from None
    if value is None:
        raise InputError(f"the keyring holds no password of {user} for {service!r}: keyring set {service} {user}")
    return value


def _token(command: str) -> str:
    """Output of a command that runs without a shell; what it says on its error output may be secret too."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise InputError(f"--token-command cannot be split into words ({error})") from None
    if not words:
        raise InputError("--token-command must name a program")
    try:
        run = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, timeout=_TOKEN_SECONDS, check=False)
    except OSError as error:
        raise InputError(f"--token-command: {words[0]} cannot be run ({error.strerror})") from None
    except subprocess.TimeoutExpired:
        raise InputError(f"--token-command: {words[0]} gave no token within {_TOKEN_SECONDS} seconds") from None
    if run.returncode:
        raise InputError(f"--token-command: {words[0]} ended with code {run.returncode}")
    token = run.stdout.decode("ascii", "replace").strip()
    if not token.isascii() or any(character <= " " or character == "\x7f" for character in token):
        raise InputError(f"--token-command: {words[0]} must print the token alone")
    return token
