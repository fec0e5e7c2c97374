"""What a command tells on stdout, and whoever reads it: they may have seen enough, or have no room for it."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

import click


@contextlib.contextmanager
def telling() -> Iterator[None]:
    """A reader who has left (`| head`) ends the command quietly; any other failure of stdout is one line and exit 1."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        _drop_the_rest()
        sys.exit(0)
    except OSError as error:  # those of files are StorageErrors
        _drop_the_rest()
        click.echo(f"kpybroker: stdout: {error.strerror}; not all was told: write it where there is room", err=True)
        sys.exit(1)


def _drop_the_rest() -> None:
    """What is still to be flushed goes nowhere, or the interpreter would complain at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
