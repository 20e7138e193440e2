"""What travels between the fork server and its owner.

One control socket brings, per command, a channel and the command's descriptors; the order itself and
everything after it travel on that channel:

* to the server: the length of the order (4 bytes), the order (``marshal``: both ends run one interpreter, and it
  carries bytes as they are), then one byte per signal to send to the command's process group;
* from the server: records of one letter and a number: ``P`` process id, ``E`` error number when there is no process,
  ``X`` wait status.

A channel that ends while its command runs kills the command's group. When the control socket ends, every group dies.
"""

import struct

RECORD = struct.Struct("=ci")
"""A letter and a number, from the server."""
LENGTH = struct.Struct("=I")
MAX_ORDER_BYTES = 32 << 20
"""Far above what the kernel lets a command have, so that it is the kernel that says no."""
MAX_DESCRIPTORS = 16
