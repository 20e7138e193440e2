"""The program of the confined child that applies a patch: run as a file, without site packages.

``run.py --cwd DIR --bytes N`` reads exactly N bytes of patch from standard input, so that a patch cut short on
its way is never half applied. ``run.py [PATCH]`` is the stand-alone tool: a patch as the only argument or on
standard input, applied in the current directory. Exit code 0: done; 1: not (fully) done; 2: called wrongly.
"""

import os
import sys

if __name__ == "__main__":
    sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from agent_core.patch.apply import apply
from agent_core.patch.grammar import PatchError, parse

_USAGE = "usage: apply_patch PATCH, or the patch on standard input\n"


def main(arguments: list[str]) -> int:
    """Apply the patch the arguments and standard input give, report on the standard streams, return the exit code."""
    framed = len(arguments) == 4 and arguments[0] == "--cwd" and arguments[2] == "--bytes"
    if framed:
        cwd = arguments[1]
        patch = sys.stdin.buffer.read(int(arguments[3]))
        if len(patch) != int(arguments[3]):
            return _fail(f"the patch was cut short: {len(patch)} of {arguments[3]} bytes arrived\n", 1)
    elif len(arguments) <= 1:
        cwd = os.getcwd()
        patch = os.fsencode(arguments[0]) if arguments else sys.stdin.buffer.read()
    else:
        return _fail(_USAGE, 2)
    if not patch and not framed:
        return _fail(_USAGE, 2)
    try:
        summary = apply(parse(patch.decode()), cwd)
    except UnicodeDecodeError as error:
        return _fail(f"invalid patch: it is not UTF-8 text (byte {error.start})\n", 1)
    except PatchError as error:
        return _fail(f"{error}\n", 1)
    sys.stdout.buffer.write(summary.encode())
    sys.stdout.buffer.flush()
    return 0


def _fail(message: str, code: int) -> int:
    sys.stderr.buffer.write(message.encode(errors="replace"))
    sys.stderr.buffer.flush()
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
