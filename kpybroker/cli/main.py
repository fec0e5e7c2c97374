"""The command line: options, and errors in one line that say what to do."""

from __future__ import annotations

import sys
from importlib import import_module

import click

COMMANDS = {  # each in the module of its name, imported when it is asked for: `start` pays for no other
    "start": "Start a broker and serve until SIGTERM or SIGINT.",
    "dump": "Show what is in files of a data directory.",
    "verify": "Check a data directory, and say what is wrong and where.",
}


class Commands(click.Group):
    """The commands, none of them imported before it is used."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        found: click.Command = getattr(import_module(f"kpybroker.cli.{name}"), name)
        return found

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="kpybroker", prog_name="kpybroker")
def command() -> None:
    """A Kafka broker in Python that every Kafka client uses unchanged."""


def main() -> None:
    """The entry point: what is wrong on the command line is one line and exit 1, as any other bad start."""
    if not sys.argv[1:]:
        sys.argv.append("--help")
    try:
        command.main(prog_name="kpybroker", standalone_mode=False)
    except click.ClickException as error:
        click.echo(f"kpybroker: {error.format_message()}", err=True)
        sys.exit(1)
