"""What does a disk that fails do? A SQLite VFS that fails at one I/O of choice, and knows what would survive a power failure.

Every I/O of SQLite's files is numbered. What is written stays in the file as the system shows it, and beside it the disk
keeps what it was made to keep by the last sync, and everything since. When the power goes, each write since is kept,
lost, or torn into sectors of which any may be there, by chance. The log's index (-shm) lives in memory and never survives;
I/O on it is not interfered with.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Literal

import apsw

SECTOR_BYTES = 512

Fault = Literal["error", "gone", "full", "power"]
What = Literal["open", "read", "write", "truncate", "sync", "size", "lock", "delete", "access"]

_CODES: dict[What, int] = {
    "open": apsw.SQLITE_CANTOPEN,
    "read": apsw.SQLITE_IOERR_READ,
    "write": apsw.SQLITE_IOERR_WRITE,
    "truncate": apsw.SQLITE_IOERR_TRUNCATE,
    "sync": apsw.SQLITE_IOERR_FSYNC,
    "size": apsw.SQLITE_IOERR_FSTAT,
    "lock": apsw.SQLITE_IOERR_LOCK,
    "delete": apsw.SQLITE_IOERR_DELETE,
    "access": apsw.SQLITE_IOERR_ACCESS,
}


class _Write:
    """Bytes at an offset."""

    def __init__(self, offset: int, data: bytes) -> None:
        self.offset, self.data = offset, data


class _Truncate:
    """The file ends here."""

    def __init__(self, size: int) -> None:
        self.size = size


class _Delete:
    """The file is gone from its folder."""


class _File:
    """What of one file survives."""

    def __init__(self, kept: bytearray | None) -> None:
        self.kept = kept  # as the last sync left it; None: it would not be there
        self.since: list[_Write | _Truncate | _Delete] = []


class Disk:
    """The files of one folder, and the fault that waits for them."""

    def __init__(self) -> None:
        self.count = 0  # I/Os so far
        self.writes = 0  # of them, writes
        self.is_off = False
        self.is_full = False
        self.is_gone = False
        self.has_struck = False
        self.trace: list[What] = []
        self._fault: Fault | None = None
        self._at = 0
        self._files: dict[str, _File] = {}

    def arm(self, fault: Fault, at: int) -> None:
        """Fail at the I/O of this number, from 1; a disk that is gone stays so; one gets full at the write of this number."""
        self._fault, self._at = fault, at

    def mend(self) -> None:
        """The disk is well again, and there is space."""
        self._fault, self.is_full, self.is_gone = None, False, False

    def cut(self) -> None:
        """The power is gone."""
        self.is_off = True

    # --- what SQLite does ---

    def io(self, what: What, path: str, *, grows: bool = False) -> bool:
        """One I/O begins; whether the power goes in the middle of it. Raises: apsw.Error when it fails."""
        if self.is_off or self.is_gone:
            raise apsw.exception_for(_CODES[what])
        self.count += 1
        self.writes += what == "write"
        self.trace.append(what)
        number = self.writes if self._fault == "full" else self.count
        if self._fault is not None and not self.has_struck and number == self._at:
            self.has_struck = True
            if self._fault in ("error", "gone"):
                self.is_gone = self._fault == "gone"
                raise apsw.exception_for(_CODES[what])
            if self._fault == "power":
                self.is_off = True
                return True
            self.is_full = True
        if self.is_full and grows:
            raise apsw.exception_for(apsw.SQLITE_FULL)
        return False

    def wrote(self, path: str, offset: int, data: bytes) -> None:
        """Something is in the file, and not yet safe."""
        self._file(path).since.append(_Write(offset, data))

    def truncated(self, path: str, size: int) -> None:
        """The file was cut, and may be whole again."""
        self._file(path).since.append(_Truncate(size))

    def deleted(self, path: str) -> None:
        """The file is gone, and may come again."""
        self._file(path).since.append(_Delete())

    def synced(self, path: str) -> None:
        """What is in the file now survives."""
        file = self._file(path)
        if file.kept is None:
            # SQLite syncs the folder, too, with the first sync of a new journal or log.
            for name in self._files:
                self._folder_synced(name)
        file.kept = _all_done(file)
        file.since.clear()

    def _folder_synced(self, path: str) -> None:
        file = self._files[path]
        gone = [number for number, done in enumerate(file.since) if isinstance(done, _Delete)]
        if gone:
            file.kept, file.since = None, file.since[gone[-1] + 1 :]

    def deleted_for_good(self, path: str) -> None:
        """The folder was synced after the file was deleted."""
        self._folder_synced(path)

    def opened(self, path: str) -> None:
        """The file is looked after from now on."""
        if path not in self._files:
            self._files[path] = _File(bytearray(Path(path).read_bytes()) if Path(path).exists() else None)

    def _file(self, path: str) -> _File:
        self.opened(path)
        return self._files[path]

    # --- after the power failure ---

    def survive(self, chance: random.Random) -> None:
        """Make the files what is left of them."""
        way = chance.choice(("lost", "torn", "torn", "kept"))
        for path, file in self._files.items():
            left = _left(file, way, chance)
            if left is None:
                Path(path).unlink(missing_ok=True)
            else:
                Path(path).write_bytes(left)
            Path(f"{path}-shm").unlink(missing_ok=True)


def _all_done(file: _File) -> bytearray | None:
    content = file.kept
    for done in file.since:
        content = _after(content, done)
    return bytearray() if content is None else content


def _after(content: bytearray | None, done: _Write | _Truncate | _Delete) -> bytearray | None:
    if isinstance(done, _Delete):
        return None
    content = bytearray() if content is None else content
    if isinstance(done, _Truncate):
        del content[done.size :]
        return content
    if len(content) < done.offset:
        content.extend(bytes(done.offset - len(content)))
    content[done.offset : done.offset + len(done.data)] = done.data
    return content


def _left(file: _File, way: str, chance: random.Random) -> bytearray | None:
    content = None if file.kept is None else bytearray(file.kept)
    for done in file.since:
        fate = {"lost": "lost", "kept": "kept"}.get(way) or chance.choice(("lost", "torn", "kept"))
        if isinstance(done, _Write) and fate == "torn":
            for start in range(0, len(done.data), SECTOR_BYTES):
                if chance.random() < 0.5:
                    piece = done.data[start : start + SECTOR_BYTES]
                    content = _after(content, _Write(done.offset + start, piece))
        elif fate != "lost":
            content = _after(content, done)
        elif isinstance(done, _Delete):
            break  # it is still there, and what came later was another file of that name
    return content


# --- as SQLite sees it ---


class FaultyFile(apsw.VFSFile):
    """One open file on the disk."""

    def __init__(self, disk: Disk, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        self._disk = disk
        super().__init__("", name, flags)
        self._path = "" if name is None else name.filename() if isinstance(name, apsw.URIFilename) else name

    def excepthook(self, *_: object) -> None:
        """A failure that SQLite does not want to hear of."""

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802
        if self._disk.io("read", self._path):
            raise apsw.exception_for(apsw.SQLITE_IOERR_READ)
        return super().xRead(amount, offset)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        data = bytes(data)
        grows = offset + len(data) > super().xFileSize()
        ends = self._disk.io("write", self._path, grows=grows)
        if self._path:
            self._disk.wrote(self._path, offset, data)
        if ends:
            raise apsw.exception_for(apsw.SQLITE_IOERR_WRITE)
        super().xWrite(data, offset)

    def xTruncate(self, size: int) -> None:  # noqa: N802
        ends = self._disk.io("truncate", self._path)
        if self._path:
            self._disk.truncated(self._path, size)
        if ends:
            raise apsw.exception_for(apsw.SQLITE_IOERR_TRUNCATE)
        super().xTruncate(size)

    def xSync(self, flags: int) -> None:  # noqa: N802
        if self._disk.io("sync", self._path):
            raise apsw.exception_for(apsw.SQLITE_IOERR_FSYNC)
        # What the real disk does is of no interest: the system is not going to fail.
        if self._path:
            self._disk.synced(self._path)

    def xFileSize(self) -> int:  # noqa: N802
        if self._disk.io("size", self._path):
            raise apsw.exception_for(apsw.SQLITE_IOERR_FSTAT)
        return super().xFileSize()

    def xLock(self, level: int) -> None:  # noqa: N802
        if self._disk.io("lock", self._path):
            raise apsw.exception_for(apsw.SQLITE_IOERR_LOCK)
        super().xLock(level)


class FaultyVfs(apsw.VFS):
    """Every file of SQLite's lies on the disk."""

    def __init__(self, name: str, disk: Disk) -> None:
        super().__init__(name, "")
        self._disk = disk

    def excepthook(self, *_: object) -> None:
        """A failure that SQLite does not want to hear of."""

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        path = name.filename() if isinstance(name, apsw.URIFilename) else name or ""
        is_new = bool(path) and not Path(path).exists()
        if path:
            self._disk.opened(path)
        if self._disk.io("open", path, grows=is_new):
            raise apsw.exception_for(apsw.SQLITE_CANTOPEN)
        return FaultyFile(self._disk, name, flags)

    def xDelete(self, name: str, sync: bool) -> None:  # noqa: N802
        ends = self._disk.io("delete", name)
        self._disk.deleted(name)
        if ends:
            raise apsw.exception_for(apsw.SQLITE_IOERR_DELETE)
        super().xDelete(name, sync)
        if sync:
            self._disk.deleted_for_good(name)

    def xAccess(self, name: str, flags: int) -> bool:  # noqa: N802
        if self._disk.io("access", name):
            raise apsw.exception_for(apsw.SQLITE_IOERR_ACCESS)
        return super().xAccess(name, flags)
