"""The command line: options, and errors in one line that say what to do."""

from __future__ import annotations

import click

from kpybroker.cli.start import start


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="kpybroker", prog_name="kpybroker")
def main() -> None:
    """A Kafka broker in Python that every Kafka client uses unchanged."""


main.add_command(start)
