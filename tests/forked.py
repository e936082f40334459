"""Commands of cdp, each in a process of its own that is forked from one which has imported what they need.

A command's start costs seconds of imports, which is most of what a test of it would take. What runs here is
the command as users start it: its arguments, its folder, its exit code, its two streams, its own process.

    forked.cdp("run", "--home", home)        # in Python
    forked.write_command(path)               # an executable `cdp` for scripts of the shell
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

CLIENT = """#!{python} -IS
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    asked = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)])
    socket.send_fds(server, [asked.encode() + b"\\n"], [0, 1, 2])
    sys.exit(int(server.makefile().readline()))
"""


def cdp(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess:
    """Run a command to its end: its exit code, and what it said, as text."""
    given = [str(one) for one in arguments]
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        with open(os.devnull) as nothing, socket.socket(socket.AF_UNIX) as server:
            server.connect(_address())
            asked = json.dumps([given, str(cwd or Path.cwd()), dict(os.environ)])
            socket.send_fds(server, [asked.encode() + b"\n"], [nothing.fileno(), out.fileno(), err.fileno()])
            code = int(server.makefile().readline())
        for stream in (out, err):
            stream.seek(0)
        return subprocess.CompletedProcess(["cdp", *given], code, out.read(), err.read())


def write_command(path: Path) -> None:
    """Write an executable that is `cdp` for a script."""
    path.write_text(CLIENT.format(python=sys.executable, address=_address()), encoding="utf-8")
    path.chmod(0o755)


@cache
def _address() -> str:
    """Where the forking process of these tests listens; it ends with them."""
    address = os.path.join(tempfile.mkdtemp(), "commands")
    process = subprocess.Popen(
        [sys.executable, __file__, address], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    process.stdout.readline()
    _address.process = process  # its stdin closes with this process, and with that it ends
    return address


def _serve(address: str) -> None:
    import threading
    from multiprocessing import connection

    import great_expectations  # noqa: F401
    import splink  # noqa: F401

    import dagster_project.catalog
    import dagster_project.nightly  # noqa: F401
    from dagster_project.cli import main

    assert threading.active_count() == 1, "a process with threads must not fork"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address)
        listening.listen()
        print("ready", flush=True)
        while sys.stdin not in connection.wait([listening, sys.stdin]):
            asking, _ = listening.accept()
            if os.fork() == 0:
                listening.close()
                _answer(asking, main)
            asking.close()
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _answer(asking: socket.socket, main) -> None:
    """Run what is asked in a child, and tell how it ended."""
    text, streams, _, _ = socket.recv_fds(asking, 1 << 20, 3)
    while not text.endswith(b"\n"):
        text += asking.recv(1 << 20)
    given, place, environment = json.loads(text)
    process = os.fork()
    if process:
        _, status = os.waitpid(process, 0)
        asking.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
        os._exit(0)
    asking.close()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.chdir(place)
    os.environ.clear()
    os.environ.update(environment)
    try:
        main(given, prog_name="cdp")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent))
    _serve(sys.argv[1])
