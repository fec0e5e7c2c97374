"""`kpybroker verify`: whether a data directory is sound, and if not, what is wrong, where, and what to do."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

import click

from kpybroker.cli.output import telling
from kpybroker.inspection.directories import bytes_in
from kpybroker.inspection.directories import verify as look_through
from kpybroker.inspection.findings import Finding, Report
from kpybroker.storage.files import StorageError


@click.command()
@click.argument("directory", metavar="DIR", type=click.Path())
@click.option("--json", "as_json", is_flag=True, help="An object a line, the summary as the last.")
def verify(directory: str, as_json: bool) -> None:
    """Check a data directory, or one partition of it, and say what is wrong and where.

    Every batch and record is read; indexes, snapshots, checkpoints and ids are held against the logs and the metadata.
    Nothing is changed or locked, also while a broker uses the directory.

    A problem is damage, or a contradiction; a note is harmless. Exit 1 if there is a problem.
    """
    try:
        with telling():
            report = _verify(directory, as_json)
    except StorageError as error:
        click.echo(f"kpybroker: {error}", err=True)
        sys.exit(1)
    if report.problems:
        sys.exit(1)


def _verify(directory: str, as_json: bool) -> Report:
    total = bytes_in(directory)
    if sys.stderr.isatty() and total > 0:
        with click.progressbar(length=total, label="verifying", file=sys.stderr) as bar:
            report = _look(directory, as_json, bar.update)
    else:
        report = _look(directory, as_json, lambda _: None)
    counts = {name: getattr(report, name) for name in ("files", "bytes", "batches", "records", "problems", "notes")}
    if as_json:
        click.echo(json.dumps({"kind": "summary", **counts}))
    else:
        told = ", ".join([f"{number} {name[:-1] if number == 1 else name}" for name, number in counts.items()])
        click.echo(f"{'sound' if report.problems == 0 else 'not sound'}: {told}")
    return report


def _look(directory: str, as_json: bool, looked_at: Callable[[int], None]) -> Report:
    report = Report(_tell_json if as_json else _tell, looked_at)
    look_through(directory, report)
    return report


def _tell(finding: Finding) -> None:
    if sys.stderr.isatty():  # the bar is there
        click.echo("\r\033[K", err=True, nl=False)
    click.echo(str(finding))


def _tell_json(finding: Finding) -> None:
    click.echo(json.dumps({"kind": str(finding.severity), **finding._asdict()}))
