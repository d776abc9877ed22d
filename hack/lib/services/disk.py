"""A small disk that can be filled: a file system in memory, mounted for the run. Only root can do that."""

import errno
import os
import subprocess
import tempfile


def is_possible():
    return os.getuid() == 0


class Disk:
    """Mounted from the beginning until `remove`."""

    def __init__(self, megabytes, owner=None):
        """Owner: user and group id of who is to write there."""
        # Below a folder that other users may enter.
        self.folder = tempfile.mkdtemp(prefix="todo-disk-", dir="/var/tmp")
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700", "todo-soak", self.folder],
                              text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode:
            os.rmdir(self.folder)
            raise OSError(f"a file system in memory cannot be mounted: {done.stdout.strip()}")
        if owner is not None:
            os.chown(self.folder, *owner)
        self.ballast = os.path.join(self.folder, "ballast")

    def fill(self):
        """Takes all that is left."""
        with open(self.ballast, "ab", buffering=0) as file:
            for size in (2**20, 2**12):
                try:
                    while True:
                        file.write(b"\1" * size)
                except OSError as problem:
                    if problem.errno != errno.ENOSPC:
                        raise

    def free(self):
        if os.path.exists(self.ballast):
            os.unlink(self.ballast)

    def remove(self):
        self.free()
        # Lazily, should somebody still hold a file open.
        subprocess.run(["umount", "--lazy", self.folder], check=False)
        os.rmdir(self.folder)
