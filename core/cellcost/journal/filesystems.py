"""Whether a folder is on a network file system, where SQLite's WAL must not be used."""

import os
from pathlib import Path
from typing import Final

__all__ = ["is_network", "network_type"]

# Types of Linux mounts whose shared memory or locks do not reach other hosts.
# Source: statfs(2) names and SQLite's "WAL does not work over a network filesystem".
_NETWORK: Final = frozenset(
    {"afs", "beegfs", "ceph", "cifs", "fuse.glusterfs", "fuse.s3fs", "fuse.sshfs",
     "glusterfs", "gpfs", "lustre", "nfs", "nfs4", "smb2", "smb3", "smbfs"}
)  # fmt: skip


def is_network(folder: Path) -> bool:
    """Return whether `folder` is on a network file system, if the system says so."""
    try:
        mounts = Path("/proc/mounts").read_text("utf-8", "replace")
    except OSError:
        return str(folder).startswith("\\\\")  # a UNC path on Windows
    return network_type(os.path.realpath(folder), mounts) is not None


def network_type(folder: str, mounts: str) -> str | None:
    """Return the network file system type of `folder` by /proc/mounts text, or None."""
    best, kind = "", ""
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = fields[1].replace("\\040", " ")
        inside = folder == point or folder.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, fields[2]
    return kind if kind in _NETWORK else None
