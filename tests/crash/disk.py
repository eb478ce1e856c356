# SPDX-License-Identifier: Apache-2.0
"""A file system of its own for a test, in an image that is loop mounted; nothing of it stays behind. Needs root."""
import errno
import fcntl
import os
import shutil
import struct
import subprocess

SHUTDOWN = 0x8004587D  # EXT4_IOC_SHUTDOWN and XFS_IOC_GOINGDOWN are one number
NO_LOG_FLUSH = 2


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}: {done.stderr.strip()}")


class Disk:
    def __init__(self, where, kind, size_mib):
        self.image = where / "disk.img"
        self.mount_point = where / "mnt"
        self.mounted = False
        self.mount_point.mkdir()
        with open(self.image, "wb") as image:
            image.truncate(size_mib << 20)
        run(f"mkfs.{kind}", "-q", self.image)

    def mount(self):
        run("mount", "-o", "loop", self.image, self.mount_point)  # the loop device goes with the mount
        self.mounted = True

    def cut(self):
        handle = os.open(self.mount_point, os.O_RDONLY)
        try:
            fcntl.ioctl(handle, SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        finally:
            os.close(handle)

    def fill(self):
        """To the last octet that the file system gives away; returns how many that were."""
        with open(self.mount_point / "filler", "wb", buffering=0) as filler:
            for size in (1 << 20, 1 << 12, 1):
                try:
                    while filler.write(b"x" * size) == size:
                        pass
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
            return filler.tell()

    def free(self):
        (self.mount_point / "filler").unlink()

    def unmount(self):
        if self.mounted:
            run("umount", self.mount_point)
            self.mounted = False

    def close(self):
        if self.mounted:
            subprocess.run(["umount", "-l", str(self.mount_point)], check=False)
            self.mounted = False


def missing(kind):
    if os.geteuid() != 0:
        return "root"
    if not os.path.exists("/dev/loop-control"):
        return "/dev/loop-control"
    return None if shutil.which(f"mkfs.{kind}") else f"mkfs.{kind}"
