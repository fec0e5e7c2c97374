"""What a person can do about a disk that fails."""

from __future__ import annotations

import errno

LOOK_AT_IT = "look at the disk and at the system's log, and start again when it is well"
ADVICE = {  # what to do about an OSError on a data directory, by its errno
    errno.ENOSPC: "free some space and start again: nothing that was acknowledged is lost",
    errno.EDQUOT: "free some space or raise the quota, and start again: nothing that was acknowledged is lost",
    errno.EFBIG: "raise the limit of a file's size (ulimit -f), and start again",
    errno.EROFS: "it is mounted to be read only: mount it for writing, and start again",
    errno.EACCES: "give the broker's user the right to read and write there, and start again",
    errno.EPERM: "give the broker's user the right to read and write there, and start again",
    errno.EMFILE: "raise the limit of open files (ulimit -n), and start again",
    errno.ENFILE: "the system has too many open files: close some, and start again",
    errno.ENOENT: "it was removed under the broker: bring it back if there is a copy, and start again",
    errno.ENOTDIR: "a file is in the way of a directory: move it away, and start again",
    errno.ENODEV: "bring the disk back, and start again",
    errno.ENXIO: "bring the disk back, and start again",
    errno.ESTALE: "bring the network disk back, and start again",
}
