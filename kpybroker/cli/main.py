"""The command line: options, and errors in one line that say what to do."""

from __future__ import annotations

import sys

import click

from kpybroker.cli.start import start


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="kpybroker", prog_name="kpybroker")
def command() -> None:
    """A Kafka broker in Python that every Kafka client uses unchanged."""


command.add_command(start)


def main() -> None:
    """The entry point: what is wrong on the command line is one line and exit 1, as any other bad start."""
    if not sys.argv[1:]:
        sys.argv.append("--help")
    try:
        command.main(prog_name="kpybroker", standalone_mode=False)
    except click.ClickException as error:
        click.echo(f"kpybroker: {error.format_message()}", err=True)
        sys.exit(1)
