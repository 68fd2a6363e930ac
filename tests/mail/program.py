"""The command line with `prelabel`, as a program that can be killed."""

from __future__ import annotations

from intentclf.serve.cli import app, main
from intentclf.serve.cli_mail import prelabel

if all(command.callback is not prelabel for command in app.registered_commands):
    app.command()(prelabel)

if __name__ == "__main__":
    main()
