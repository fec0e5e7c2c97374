"""What a broker does when a disk fails: that directory is offline until the next start, and the others go on."""

from __future__ import annotations

import logging
from collections.abc import Callable

from kpybroker.coordinators import GroupCoordinators
from kpybroker.homes import Homes
from kpybroker.machine import AT_ONCE, Decision, Instant
from kpybroker.metadata.image import Image
from kpybroker.metadata.leadership import directory_failed
from kpybroker.replicas import Replicas
from kpybroker.storage.directories import OfflineError
from kpybroker.storage.directory import DataDirectory
from kpybroker.storage.files import DiskError, StorageError
from kpybroker.storage.flushing import Calls
from kpybroker.waiting import Waiters

log = logging.getLogger("kpybroker")


class Outages:
    """Directories that fail, as ReplicaManager.handleLogDirFailure has it; a Chore: the cluster is told of them when
    there is time to. `lost` says that the broker cannot go on, as `on_loss` is told once: Kafka halts there."""

    def __init__(
        self,
        homes: Homes,
        replicas: Replicas,
        groups: GroupCoordinators,
        waiters: Waiters,
        image: Image,
        control: Callable[[Decision, Instant], None],
    ) -> None:
        self.lost = False
        self.on_loss: Callable[[], None] | None = None
        self._homes = homes
        self._directories = homes.directories
        self._replicas = replicas
        self._groups = groups
        self._waiters = waiters
        self._image = image
        self._control = control
        self._is_to_tell = False

    def disk_failed(self, error: StorageError) -> None:
        """Takes the directory offline that the disk fails, and says so in the log, once: whatever the disk's error was,
        of reading or of writing. An error of what is in a file is said, and is nobody else's."""
        if isinstance(error, OfflineError):
            return  # of a directory that is offline: that was said
        if not isinstance(error, DiskError):
            log.error("%s", error)
            return
        failed = self._directories.fail(error)
        if failed is None:
            return
        keys = self._replicas.close_those_in(failed)
        self._groups.close_those_in(failed)
        for key in keys:
            self._waiters.touch(key)
        self._is_to_tell = True
        log.error("%s", self._words(failed, error))
        if self._directories.is_lost and not self.lost:
            self.lost = True
            if self.on_loss is not None:
                self.on_loss()

    def _words(self, failed: DataDirectory, error: DiskError) -> str:
        root = failed.files.root
        what = f"log directory {root} has failed and is offline until the next start"
        if self._directories.is_lost:
            what += ", and without it nothing can go on"
        where = "" if error.path == root else f"{error.path.removeprefix(root + '/')}: "
        return f"{what}: {where}{error.reason}; {error.advice}"

    def due(self) -> Instant | None:
        return AT_ONCE if self._is_to_tell else None

    def expire(self, now: Instant) -> None:
        """The cluster is told: what was led from there has no leader now."""
        self._is_to_tell = False
        if not self.lost:
            changes = directory_failed(self._image, self._homes.node, self._homes.directories.ids)
            self._control(Decision(changes), now)

    def end(self, *steps: Callable[[], None]) -> None:
        """The last steps of a broker: a disk that fails in one of them fails its own directory alone, and the step is
        taken again without that."""
        for step in steps:
            for _ in range(len(self._directories.all) + 1):
                try:
                    step()
                    break
                except DiskError as error:
                    self.disk_failed(error)
                except OfflineError:
                    break

    def close(self, broker_epoch: int, carry_out: Callable[[Calls], None]) -> None:
        """The very last step."""
        for failure in self._directories.close(broker_epoch=broker_epoch, carry_out=carry_out):
            self.disk_failed(failure)
