"""A disk that forgets what was not flushed: the backing of a loop device, served over FUSE.

  forgetful_disk.py FOLDER BYTES SEED

Mounts a file system on FOLDER whose one file, `disk`, has BYTES bytes of zeros, in memory. What is
written to it is volatile until it is synced, as in the cache of a drive: the loop device turns each
flush of the file system above into an fsync. Commands are lines on standard input, each answered by
one line:

  cut       the power fails: of every 512-byte sector that was written since the last fsync stays
            what the disk had, or any one of the versions written since; from here on reading and
            writing fail. The answer says how many sectors were at stake, and how many lost their
            last version.
  restore   the power is back.

A flush takes its time, as that of a drive does, so that the power can go while one is under way.
Ends with its input. Root only. It speaks the kernel's FUSE protocol itself (7.31), so that no
package is needed for it."""

import ctypes
import errno
import os
import random
import select
import stat
import struct
import sys
import time

SECTOR = 512
FLUSH_S = (0.0002, 0.004)
ROOT, DISK = 1, 2  # inodes
LOOKUP, FORGET, GETATTR, SETATTR = 1, 2, 3, 4
OPEN, READ, WRITE, STATFS, RELEASE, FSYNC, FLUSH, INIT = 14, 15, 16, 17, 18, 20, 25, 26
OPENDIR, READDIR, RELEASEDIR, ACCESS, INTERRUPT, DESTROY, BATCH_FORGET = 27, 28, 29, 34, 36, 38, 42
FOREVER_S = 1 << 30
LARGEST_WRITE = 1 << 20
DIRECT_IO = 1 << 0  # FOPEN_DIRECT_IO: the kernel keeps no copy of its own
MAX_PAGES_FLAG = 1 << 22
IN = struct.Struct("<IIQQIIII")
OUT = struct.Struct("<IiQ")


class Platter:
    """What is on the disk, and what is only in its cache."""

    def __init__(self, size: int, seed: int) -> None:
        self.seen = bytearray(size)  # what a reader gets
        self.durable = bytearray(size)
        self.unsynced: dict[int, list[bytes]] = {}  # by sector: the versions, oldest first
        self.random = random.Random(seed)
        self.has_power = True

    def write(self, offset: int, data: memoryview) -> None:
        self.seen[offset:offset + len(data)] = data
        for sector in range(offset // SECTOR, -(-(offset + len(data)) // SECTOR)):
            begin = sector * SECTOR
            self.unsynced.setdefault(sector, []).append(bytes(self.seen[begin:begin + SECTOR]))

    def at_stake(self) -> dict[int, int]:
        """How many versions of each sector a flush that begins now makes durable."""
        return {sector: len(versions) for sector, versions in self.unsynced.items()}

    def sync(self, counts: dict[int, int]) -> None:
        for sector, count in counts.items():
            versions = self.unsynced[sector]
            self.durable[sector * SECTOR:(sector + 1) * SECTOR] = versions[count - 1]
            del versions[:count]
            if not versions:
                del self.unsynced[sector]

    def cut(self) -> str:
        self.has_power = False
        lost = 0
        for sector, versions in self.unsynced.items():
            begin = sector * SECTOR
            kept = self.random.randint(0, len(versions))  # 0: what the disk had
            if kept:
                self.durable[begin:begin + SECTOR] = versions[kept - 1]
            lost += kept < len(versions)
            self.seen[begin:begin + SECTOR] = self.durable[begin:begin + SECTOR]
        at_stake = len(self.unsynced)
        self.unsynced.clear()
        return f"{at_stake} {lost}"


class Server:
    def __init__(self, folder: str, platter: Platter) -> None:
        self.platter = platter
        self.flush = None  # under way: when it is over, the request, what it makes durable
        self.waiting: list[int] = []  # flushes that came since
        self.device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
        options = f"fd={self.device},rootmode=40000,user_id=0,group_id=0,max_read={LARGEST_WRITE}"
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.mount(b"forgetful", folder.encode(), b"fuse", 0, options.encode()) != 0:
            raise OSError(ctypes.get_errno(), "mount of a FUSE file system")

    def serve(self) -> None:
        print("ready", flush=True)
        while True:
            pause = None if self.flush is None else max(self.flush[0] - time.monotonic(), 0)
            readable, _, _ = select.select([self.device, 0], [], [], pause)
            if 0 in readable:
                command = os.read(0, 64).decode().strip()
                if not command:
                    return
                print(self._obey(command), flush=True)
            self._go_on_flushing()
            if self.device in readable:
                try:
                    self._answer(os.read(self.device, LARGEST_WRITE + 65536))
                except OSError as error:
                    if error.errno == errno.ENODEV:  # unmounted
                        return
                    if error.errno not in (errno.EINTR, errno.EAGAIN, errno.ENOENT):
                        raise

    def _obey(self, command: str) -> str:
        if command == "cut":
            return self.platter.cut()
        self.platter.has_power = True
        return "restored"

    def _go_on_flushing(self) -> None:
        if not self.platter.has_power:
            for unique in [*([self.flush[1]] if self.flush else []), *self.waiting]:
                self._reply(unique, errno.EIO)
            self.flush, self.waiting = None, []
        if self.flush and time.monotonic() >= self.flush[0]:
            self.platter.sync(self.flush[2])
            self._reply(self.flush[1], b"")
            self.flush = None
        if self.waiting and not self.flush:
            over = time.monotonic() + self.platter.random.uniform(*FLUSH_S)
            self.flush = (over, self.waiting.pop(0), self.platter.at_stake())

    def _answer(self, request: bytes) -> None:
        _, call, unique, inode, *_ = IN.unpack_from(request)
        if call in (FORGET, BATCH_FORGET, INTERRUPT):
            return
        if call == FSYNC:
            self.waiting.append(unique)
            return self._go_on_flushing()
        self._reply(unique, self._result(call, inode, memoryview(request)[IN.size:]))

    def _reply(self, unique: int, result) -> None:
        error, body = (-result, b"") if isinstance(result, int) else (0, result)
        os.writev(self.device, [OUT.pack(OUT.size + len(body), error, unique), body])

    def _result(self, call: int, inode: int, body: memoryview):
        """The answer's bytes, or an errno."""
        if call == INIT:
            return struct.pack("<IIIIHHIIHHI28x", 7, 31, 1 << 16, MAX_PAGES_FLAG, 16, 12,
                               LARGEST_WRITE, 1, LARGEST_WRITE // 4096, 0, 0)
        if call in (READ, WRITE) and not self.platter.has_power:
            return errno.EIO
        if call == READ:
            _, offset, size = struct.unpack_from("<QQI", body)
            return bytes(self.platter.seen[offset:offset + size])
        if call == WRITE:
            _, offset, size = struct.unpack_from("<QQI", body)
            self.platter.write(offset, body[40:40 + size])
            return struct.pack("<II", size, 0)
        if call == LOOKUP:
            if bytes(body) != b"disk\0":
                return errno.ENOENT
            return struct.pack("<QQQQII", DISK, 0, FOREVER_S, FOREVER_S, 0, 0) + self._status(DISK)
        if call in (GETATTR, SETATTR):
            return struct.pack("<QII", FOREVER_S, 0, 0) + self._status(inode)
        if call in (OPEN, OPENDIR):
            return struct.pack("<QII", 0, DIRECT_IO if call == OPEN else 0, 0)
        if call == STATFS:
            return struct.pack("<QQQQQIII28x", 0, 0, 0, 0, 0, SECTOR, 255, SECTOR)
        if call in (READDIR, RELEASE, RELEASEDIR, FLUSH, ACCESS, DESTROY):
            return b""
        return errno.ENOSYS

    def _status(self, inode: int) -> bytes:
        is_disk = inode == DISK
        size = len(self.platter.seen) if is_disk else 0
        mode = stat.S_IFREG | 0o600 if is_disk else stat.S_IFDIR | 0o700
        return struct.pack("<QQQQQQIIIIIIIIII", inode, size, size // SECTOR, 0, 0, 0, 0, 0, 0,
                           mode, 1, 0, 0, 0, 4096, 0)


def main() -> None:
    folder, size, seed = sys.argv[1:]
    Server(folder, Platter(int(size), int(seed))).serve()


if __name__ == "__main__":
    main()
