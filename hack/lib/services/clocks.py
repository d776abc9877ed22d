"""Wall clocks that jump while the programs run: one for each process, kept by a library that is preloaded (clock.c)."""

import mmap
import os
import pathlib
import shutil
import struct
import subprocess
import tempfile

SOURCE = pathlib.Path(__file__).with_name("clock.c")


class Clocks:
    """How far each program's wall clock is from this machine's, in seconds."""

    def __init__(self, names):
        # PostgreSQL's user has to read in it.
        self.folder = tempfile.mkdtemp(prefix="todo-clocks-")
        os.chmod(self.folder, 0o755)
        self.library = os.path.join(self.folder, "clock.so")
        self.names = list(names)
        self.shifts = {}
        self.pages = {}
        # The furthest that any clock has ever been ahead.
        self.highest = 0.0
        for name in self.names:
            with open(self._file(name), "w+b") as file:
                file.write(bytes(8))
                file.flush()
                self.pages[name] = mmap.mmap(file.fileno(), 8)
            self.shifts[name] = 0.0

    def _file(self, name):
        return os.path.join(self.folder, name)

    def build(self):
        compiler = shutil.which("cc") or shutil.which("clang")
        if compiler is None:
            raise SystemExit("no C compiler for the clocks: apt-get install gcc")
        subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-Wall", "-o", self.library, SOURCE, "-ldl"], check=True)
        return self

    def environment(self, name):
        return {"LD_PRELOAD": self.library, "TODO_CLOCK_SHIFT": self._file(name)}

    def shift(self, name):
        return self.shifts[name]

    def set(self, seconds, *names):
        """These clocks, or all of them."""
        for name in names or self.names:
            self.shifts[name] = seconds
            self.pages[name][:] = struct.pack("=q", int(seconds * 1_000_000_000))
        self.highest = max(self.highest, seconds)

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)
