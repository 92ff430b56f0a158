"""Which folders are on a network file system."""

import pytest

from cellcost.journal.filesystems import network_type

MOUNTS = """\
/dev/vda / ext4 rw 0 0
server:/home /home nfs4 rw,vers=4.2 0 0
/dev/vdb /home/local ext4 rw 0 0
//host/share /mnt/a\\040share cifs rw 0 0
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/home/ann/.local", "nfs4"),
        ("/home/local/ann", None),
        ("/homes", None),
        ("/mnt/a share/x", "cifs"),
        ("/", None),
    ],
)
def test_the_longest_mount_point_decides(folder: str, kind: str | None) -> None:
    assert network_type(folder, MOUNTS) == kind
