"""`kpybroker dump`: what is in the files of a data directory, as tables or as JSON, a line for each thing."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import click

from kpybroker.cli.output import telling
from kpybroker.inspection.batches import Broken
from kpybroker.inspection.names import FileName, file_name, partition_name
from kpybroker.inspection.rows import Row, rows
from kpybroker.inspection.sources import Source, is_directory, names_in, real_path
from kpybroker.storage.files import StorageError

UNKNOWN = "no file of Kafka's by its name; give a .log, .index, .timeindex, .txnindex, .snapshot or checkpoint file"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATEST_MS = 253_402_300_799_999  # the last that a date is made of
SHOWN_CHARACTERS = 200  # of a key or value in a table; --json has all of it
NOTHING = "(nothing in it)"


@click.command()
@click.argument("paths", metavar="FILE...", nargs=-1, required=True, type=click.Path())
@click.option("--records", is_flag=True, help="Every record too; those of internal topics are always shown, decoded.")
@click.option("--json", "as_json", is_flag=True, help="An object a line, instead of tables.")
def dump(paths: tuple[str, ...], records: bool, as_json: bool) -> None:
    """Show what is in files of a data directory; of a directory, in all its files.

    Logs and metadata snapshots, their three indexes, producer snapshots, all checkpoints, partition.metadata,
    meta.properties, quorum-state and the mark of a clean stop; under .deleted, .swap and .cleaned names too. Nothing is
    changed or locked: a running broker's files may be looked at.

    With --json every object has `file`, `kind` and then the names that Kafka's own tools and schemas use. Keys, values
    and other bytes are text where they are UTF-8, else an object {"base64": ...}; timestamps are milliseconds.

    Exit 1 if a file cannot be read to its end: everything before is shown, and one line on stderr says what is wrong
    and where.
    """
    with telling():
        wrong = False
        files: list[str] = []
        for path in paths:
            try:
                files += _files(path)
            except StorageError as error:
                wrong = True
                _complain(str(error))
        for number, each in enumerate(files):
            if number > 0 and not as_json:
                click.echo()
            wrong |= not _dump(each, with_records=records, as_json=as_json, may_vanish=each not in paths)
    if wrong:
        sys.exit(1)


def _files(path: str) -> Iterator[str]:
    """A file is itself; a directory is all files in it and in its partitions that are Kafka's."""
    if not is_directory(path):
        yield path
        return
    for name in names_in(path):
        if file_name(name) is not None and name != ".lock":
            yield os.path.join(path, name)
        elif partition_name(name) is not None and os.path.isdir(os.path.join(path, name)):
            yield from _files(os.path.join(path, name))


def _complain(text: str) -> None:
    sys.stdout.flush()
    click.echo(f"kpybroker: {text}", err=True)


def _dump(path: str, *, with_records: bool, as_json: bool, may_vanish: bool) -> bool:
    """Whether all of the file was there to be shown; a running broker may remove one that its directory had."""
    directory, name = os.path.split(real_path(path))
    kind = file_name(os.path.basename(path)) or file_name(name)
    if kind is None:
        _complain(f"{path}: {UNKNOWN}")
        return False
    partition = partition_name(os.path.basename(directory))
    show = _show_json(path) if as_json else _show_table(path, kind)
    try:
        with Source(path) as source:
            number = 0
            undecoded: Row | None = None
            for number, row in enumerate(  # noqa: B007
                rows(source, kind, partition.topic if partition else "", with_records=with_records), 1
            ):
                show(row)
                if undecoded is None and "undecoded" in row:
                    undecoded = row
            if number == 0 and not as_json:
                print(NOTHING)  # noqa: T201
    except Broken as broken:
        _complain(f"{path}: {broken}")
        return False
    except StorageError as error:
        if may_vanish and isinstance(error.__cause__, FileNotFoundError):
            return True
        _complain(str(error))
        return False
    if undecoded is not None:
        _complain(f"{path}: record {undecoded['offset']} is no record of this topic: {undecoded['undecoded']}")
    return undecoded is None


def _show_json(path: str) -> Callable[[Row], None]:
    file = json.dumps(path)

    def show(row: Row) -> None:
        sys.stdout.write(f'{{"file": {file}, {json.dumps(row, ensure_ascii=False)[1:]}\n')

    sys.stdout.reconfigure(errors="surrogateescape", encoding="utf-8")  # type: ignore[union-attr]
    return show


class Column(NamedTuple):
    title: str
    width: int  # to the right where it is above 0, else to the left
    of: Callable[[Row], Any]


def _show_table(path: str, kind: FileName) -> Callable[[Row], None]:
    """A title for the file, and above the first row of each kind what its columns are."""
    titled: set[str] = set()
    state = f" ({kind.left_over[1:]})" if kind.left_over else ""
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    sys.stdout.write(f"{path}{state}\n")

    def show(row: Row) -> None:
        what = row["kind"]
        if what == "record":
            sys.stdout.write(_record_line(row))
            return
        columns = COLUMNS.get(what)
        if columns is None:
            width = max([len(name) for name in row], default=0)
            for name, value in row.items():
                if name != "kind":
                    sys.stdout.write(f"{name:<{width}}  {_text(value)}\n")
            return
        if what not in titled:
            titled.add(what)
            sys.stdout.write(_line(columns, [column.title for column in columns]))
        sys.stdout.write(_line(columns, [str(column.of(row)) for column in columns]))

    return show


def _line(columns: tuple[Column, ...], cells: list[str]) -> str:
    padded = [
        cell.rjust(column.width) if column.width > 0 else cell.ljust(-column.width)
        for column, cell in zip(columns, cells, strict=True)
    ]
    return "  ".join(padded).rstrip() + "\n"


def _record_line(row: Row) -> str:
    parts = [f"  | {row['offset']:>10}", _time(row["timestamp"])]
    key, value = row.get("key"), row.get("value")
    if "control" in row:
        parts.append(f"{row['control']['type']} {_text(row['control']['data'])}")
    elif isinstance(value, dict) and "type" in value:  # of the metadata
        parts.append(f"{value['type']} v{value['version']} {_text(value['data'])}")
    elif isinstance(key, dict) and "type" in key:  # of a coordinator
        told = (
            f"v{value['version']} {_text(value['data'])}"
            if isinstance(value, dict) and "data" in value
            else _text(value)
        )
        parts += [f"{key.get('name', key['type'])} {_text(key['data'])}", "deleted" if value is None else told]
    else:
        parts += [f"key={_text(key)}", f"value={_text(value)}"]
    parts += [f"{each['key']}:{_text(each['value'])}" for each in row["headers"]]
    return "  ".join(parts) + "\n"


def _text(value: Any) -> str:
    """One line; what is long is cut, what belongs to Kafka's own records is not."""
    if isinstance(value, dict | list):
        if isinstance(value, dict) and value.keys() == {"base64"}:
            return _cut("base64:" + value["base64"])
        return json.dumps(value, ensure_ascii=False)
    if value is None:
        return "null"
    text = str(value)
    return _cut(text if text.isprintable() else json.dumps(text, ensure_ascii=False))


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}... ({len(text)} characters)"


def _time(timestamp: int) -> str:
    if not 0 <= timestamp <= LATEST_MS:
        return f"{timestamp:<24}"
    return (EPOCH + timedelta(milliseconds=timestamp)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _flags(row: Row) -> str:
    flags = [name for name, key in (("transactional", "isTransactional"), ("control", "isControl")) if row.get(key)]
    if row.get("deleteHorizonMs") is not None:
        flags.append(f"deleteHorizon={_time(row['deleteHorizonMs'])}")
    return " ".join(flags)


def _field(name: str) -> Callable[[Row], Any]:
    return lambda row: "-" if row[name] is None else row[name]


def _moment(name: str) -> Callable[[Row], str]:
    return lambda row: "-" if row[name] is None else _time(row[name])


def _plain(*columns: tuple[str, int]) -> tuple[Column, ...]:
    """Columns that are fields, with the names that they have."""
    return tuple(Column(name, width, _field(name)) for name, width in columns)


_STORED = (
    Column("count", 6, _field("count")),
    Column("position", 10, _field("position")),
    Column("size", 8, _field("size")),
    Column("codec", -6, _field("compresscodec")),
    Column("timestampType", -13, _field("timestampType")),
    Column("maxTimestamp", -24, _moment("maxTimestamp")),
)
_CHECKED = (
    Column("crc", 10, _field("crc")),
    Column("", -6, lambda row: "ok" if row["isvalid"] else "WRONG"),
)
COLUMNS: dict[str, tuple[Column, ...]] = {
    "batch": (
        *_plain(("baseOffset", 10), ("lastOffset", 10)),
        *_STORED,
        *_plain(("producerId", 10)),
        Column("epoch", 5, _field("producerEpoch")),
        Column("sequence", 8, _field("baseSequence")),
        Column("leaderEpoch", 11, _field("partitionLeaderEpoch")),
        *_CHECKED,
        Column("flags", -1, _flags),
    ),
    "message": (*_plain(("offset", 10)), *_STORED, *_plain(("magic", 5)), *_CHECKED),
    "indexEntry": _plain(("offset", 12), ("position", 12)),
    "timeIndexEntry": (Column("timestamp", -24, _moment("timestamp")), *_plain(("offset", 12))),
    "abortedTransaction": _plain(
        ("version", 7), ("producerId", 10), ("firstOffset", 11), ("lastOffset", 10), ("lastStableOffset", 16)
    ),
    "producer": (
        *_plain(("producerId", 10), ("producerEpoch", 13), ("coordinatorEpoch", 16), ("currentTxnFirstOffset", 21)),
        Column("lastTimestamp", -24, _moment("lastTimestamp")),
        *_plain(("firstSequence", 13), ("lastSequence", 12), ("lastOffset", 10)),
    ),
    "leaderEpoch": _plain(("leaderEpoch", 11), ("startOffset", 12)),
    "partitionOffset": _plain(("topic", -40), ("partition", 9), ("offset", 12)),
}
