"""Processes forked from one which has imported what `cdp` needs and read every model, for the tests.

A command's start costs seconds of imports and of reading, which is most of what a test of it would
take. What runs here is the command as users start it: its arguments, its folder, its exit code, its two
streams, its own process. A script runs so too, and can be killed.

    forked.cdp("run", "--home", home)              # in Python
    forked.write_command(path)                     # an executable `cdp` for scripts of the shell
    forked.python(script, home).end(after=2.5)     # a script, with its arguments; killed after so long
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

CLIENT = """#!{python} -IS
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    asked = json.dumps([None, sys.argv[1:], os.getcwd(), dict(os.environ)])
    socket.send_fds(server, [asked.encode() + b"\\n"], [0, 1, 2])
    process, code = (int(server.recv({number}, socket.MSG_WAITALL)) for _ in range(2))
    sys.exit(code)
"""

NUMBER = 12
"""So many characters has each number that is answered: the process, and how it ended."""


def cdp(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess:
    """Run a command to its end: its exit code, and what it said, as text."""
    return Forked(None, arguments, cwd).end()


def python(script: str, *arguments: object, cwd: Path | None = None) -> Forked:
    """Begin a script in Python."""
    return Forked(script, arguments, cwd)


def write_command(path: Path) -> None:
    """Write an executable that is `cdp` for a script."""
    text = CLIENT.format(python=sys.executable, address=_address(), number=NUMBER)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


class Forked:
    """A process that runs."""

    def __init__(self, script: str | None, arguments: tuple, cwd: Path | None) -> None:
        self.given = [str(one) for one in arguments]
        self.said = [tempfile.TemporaryFile("w+") for _ in range(2)]
        self.server = socket.socket(socket.AF_UNIX)
        self.server.connect(_address())
        asked = json.dumps([script, self.given, str(cwd or Path.cwd()), dict(os.environ)])
        with open(os.devnull) as nothing:
            streams = [stream.fileno() for stream in (nothing, *self.said)]
            socket.send_fds(self.server, [asked.encode() + b"\n"], streams)
        self.process = self._number()

    def end(self, *, after: float | None = None) -> subprocess.CompletedProcess:
        """Wait for its end; after so many seconds it is killed, and its code is -9."""
        if not select.select([self.server], [], [], after)[0]:
            with suppress(ProcessLookupError):
                os.kill(self.process, signal.SIGKILL)
        code = self._number()
        self.server.close()
        said = []
        for stream in self.said:
            stream.seek(0)
            said.append(stream.read())
            stream.close()
        return subprocess.CompletedProcess(["cdp", *self.given], code, *said)

    def _number(self) -> int:
        return int(self.server.recv(NUMBER, socket.MSG_WAITALL))


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
    from support import PROJECT, load_catalog, load_settings

    from dagster_project.cli import main

    load_catalog(load_settings(directory=PROJECT, environment={}))
    assert threading.active_count() == 1, "a process with threads must not fork"
    gc.freeze()  # so that no child's collector touches, and with that copies, what it shares
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
    """Run what is asked in a child, and tell which it is and how it ended."""
    text, streams, _, _ = socket.recv_fds(asking, 1 << 20, 3)
    while not text.endswith(b"\n"):
        text += asking.recv(1 << 20)
    script, given, place, environment = json.loads(text)
    process = os.fork()
    if process:
        asking.sendall(b"%*d" % (NUMBER, process))
        _, status = os.waitpid(process, 0)
        asking.sendall(b"%*d" % (NUMBER, os.waitstatus_to_exitcode(status)))
        os._exit(0)
    asking.close()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.chdir(place)
    os.environ.clear()
    os.environ.update(environment)
    code = 0
    try:
        if script is None:
            main(given, prog_name="cdp")
        else:
            sys.argv = ["-c", *given]
            exec(script, {"__name__": "__main__"})
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent))
    _serve(sys.argv[1])
