"""On what kind of file system a path lies: a write-ahead log needs memory that all processes share."""

import re
from pathlib import Path

NETWORK = {"nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "afs", "openafs", "9p", "virtiofs", "vboxsf"}
NETWORK |= {"ceph", "glusterfs", "lustre", "gpfs", "beegfs", "ocfs2", "gfs2", "pvfs2", "orangefs", "coda", "davfs"}

_MOUNTS = Path("/proc/self/mountinfo")
_OCTAL = re.compile(r"\\([0-7]{3})")


def is_on_network(path: Path) -> bool:
    """Tell whether ``path`` lies on a file system that other machines may write; false where this is not known."""
    try:
        mounts = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return False
    return is_network(file_system(path.resolve(), mounts))


def is_network(kind: str) -> bool:
    """Tell whether file systems of this kind reach over a network; those in user space count as if they did."""
    return kind in NETWORK or kind == "fuse" or kind.startswith("fuse.")


def file_system(path: Path, mounts: str) -> str:
    """Return the kind of the file system that holds an absolute path; ``mounts`` is a text as of ``mountinfo``."""
    deepest, kind = -1, ""
    for line in mounts.splitlines():
        left, dash, right = line.partition(" - ")
        fields = left.split(" ")
        if not dash or len(fields) < 5:
            continue
        point = Path(_OCTAL.sub(lambda match: chr(int(match[1], 8)), fields[4]))
        # Of several mounts at one point the last one is seen.
        if path.is_relative_to(point) and len(point.parts) >= deepest:
            deepest, kind = len(point.parts), right.split(" ")[0]
    return kind
