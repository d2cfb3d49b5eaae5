"""The groups in a file of the journal, as docs/formats.md draws them."""

import struct
from dataclasses import dataclass
from pathlib import Path

HEADER_BYTES = 4096
BLOCK_BYTES = 512
SLOT_BYTES = 48
GROUP_MAGIC = 0x50524750
CLEAN_STOP = 35


@dataclass(frozen=True)
class Group:
    offset: int
    size: int
    records: int
    first_type: int


def groups(file: Path) -> list[Group]:
    """Those that follow each other from the beginning."""
    content = file.read_bytes()
    found = []
    offset = HEADER_BYTES
    while offset + SLOT_BYTES <= len(content):
        magic, records = struct.unpack_from("<II", content, offset)
        if magic != GROUP_MAGIC:
            break
        size = -(-(records + 1) * SLOT_BYTES // BLOCK_BYTES) * BLOCK_BYTES
        found.append(Group(offset, size, records, content[offset + SLOT_BYTES]))
        offset += size
    return found


def flip(file: Path, offset: int) -> None:
    with file.open("r+b") as stream:
        stream.seek(offset)
        byte = stream.read(1)[0]
        stream.seek(offset)
        stream.write(bytes([byte ^ 1]))


def zero(file: Path, group: Group) -> None:
    with file.open("r+b") as stream:
        stream.seek(group.offset)
        stream.write(bytes(group.size))
