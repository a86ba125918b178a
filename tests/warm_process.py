"""A process that has loaded its modules and forks itself for each call: a call begins at once, and may be killed.

    python warm_process.py FOLDER MODULE FUNCTION WARMING [ARGUMENT]

It calls the function WARMING of the module, which should load all that is needed. Then, for each line of JSON on its
standard input, a list of arguments, it forks a child in a session of its own that calls the function, writes the
child's number, waits for it and writes its exit status: 0, or the negative number of a signal. Workers of the child
are forked too, so that they begin at once.
"""

from __future__ import annotations

import importlib
import json
import multiprocessing
import os
import subprocess
import sys
import traceback
from pathlib import Path


class WarmProcess:
    """The other end of it.

    Parameters
    ----------
    module : Path
        File of the module with the function.
    function : str
        Its name.
    warming : str
        Name of the function that is called before.
    argument : str
        Its arguments.
    """

    def __init__(self, module: Path, function: str, warming: str, *argument: str) -> None:
        command = [sys.executable, __file__, str(module.parent), module.stem, function, warming, *argument]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def start(self, *arguments: object) -> int:
        """Begin a call; gives its process's number, which is that of its group."""
        self.process.stdin.write(json.dumps(arguments) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def wait(self) -> int:
        """Wait for the end of the call; gives its exit status."""
        return int(self.process.stdout.readline())

    def close(self) -> None:
        """End the process."""
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def _serve(folder: str, module: str, function: str, warming: str, *argument: str) -> None:
    sys.path[:0] = [folder, str(Path(__file__).parent)]
    loaded = importlib.import_module(module)
    call = getattr(loaded, function)
    answers = os.dup(1)
    os.dup2(2, 1)
    getattr(loaded, warming)(*argument)
    while line := sys.stdin.readline():
        child = os.fork()
        if child == 0:
            _call(call, json.loads(line))
        os.write(answers, f"{child}\n".encode())
        _, status = os.waitpid(child, 0)
        os.write(answers, f"{os.waitstatus_to_exitcode(status)}\n".encode())


def _call(call: object, arguments: list[object]) -> None:
    os.setsid()
    real = multiprocessing.get_context
    # workers of this process too have everything loaded
    multiprocessing.get_context = lambda method=None: real("fork")
    status = 1
    try:
        call(*arguments)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


if __name__ == "__main__":
    _serve(*sys.argv[1:])
