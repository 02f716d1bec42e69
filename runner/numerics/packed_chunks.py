"""The chunks of an HDF5 dataset, unpacked here: HDF5 itself trusts the length that a chunk unpacks to.

A chunk that unpacks to fewer bytes than it should makes HDF5 2.0 read beyond its buffer, and one shorter than its
checksum ends the process. Only the bytes as stored are taken from it; each filter is undone within bounds.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from itertools import product

import h5py
import numpy as np

CHECKSUM = 4  # bytes of fletcher32
FOLDED = 2**16 - 1

Settings = tuple[int, ...]


def unpacked(raw: bytes, filters: Sequence[tuple[int, Settings]], size: int) -> bytes:
    """Undo the filters of one chunk, which comes to `size` bytes."""
    for code, settings in reversed(filters):
        raw = FILTERS[code](raw, settings, size)
    if len(raw) != size:
        raise ValueError(f"a chunk unpacks to {len(raw)} bytes where {size} are due")
    return raw


def _inflated(raw: bytes, _: Settings, size: int) -> bytes:
    """Undo deflate, which may not give more than a chunk and its checksum."""
    stream = zlib.decompressobj()
    out = stream.decompress(raw, size + CHECKSUM + 1)
    if not stream.eof:
        raise ValueError(f"a chunk is cut short or unpacks to more than {size} bytes")
    return out


def _unshuffled(raw: bytes, settings: Settings, _: int) -> bytes:
    """Put the bytes of each value together again: all first bytes came first, then all second ones."""
    width = settings[0] if settings else 0
    if not width or len(raw) % width:
        raise ValueError(f"a chunk of {len(raw)} bytes cannot be shuffled by {width}")
    return np.frombuffer(raw, np.uint8).reshape(width, -1).T.tobytes()


def _verified(raw: bytes, _: Settings, __: int) -> bytes:
    """Take the checksum away, once it is right."""
    content, end = raw[:-CHECKSUM], raw[-CHECKSUM:]
    if len(end) != CHECKSUM or fletcher32(content) != int.from_bytes(end, "little"):
        raise ValueError("a chunk differs from its checksum")
    return content


def fletcher32(content: bytes) -> int:
    """Return the checksum of Fletcher (1982) as HDF5 has it: sums modulo 2^16 - 1, which only zeros bring to 0."""
    words = np.frombuffer(content + bytes(len(content) % 2), ">u2").astype(np.int64)
    if not words.any():
        return 0
    weights = np.arange(len(words), 0, -1) % FOLDED  # the running sums of the sums, all at once
    plain, running = (int(total % FOLDED) or FOLDED for total in (words.sum(), (weights * words).sum()))
    return running << 16 | plain


FILTERS: dict[int, Callable[[bytes, Settings, int], bytes]] = {
    h5py.h5z.FILTER_DEFLATE: _inflated,
    h5py.h5z.FILTER_SHUFFLE: _unshuffled,
    h5py.h5z.FILTER_FLETCHER32: _verified,
}


class Chunks:
    """The rows of a chunked dataset; those of the chunks read last stay unpacked."""

    def __init__(self, dataset: h5py.Dataset) -> None:
        """Prepare to read; the dataset has one dimension or two."""
        plan = dataset.id.get_create_plist()
        self._id, self._shape, self._chunk, self._dtype = dataset.id, dataset.shape, dataset.chunks, dataset.dtype
        self._filters = [plan.get_filter(number)[:3:2] for number in range(plan.get_nfilters())]
        self._band, self._rows = -1, np.empty(0, self._dtype)

    def __getitem__(self, part: slice) -> np.ndarray:
        """Return some rows."""
        start, stop, _ = part.indices(self._shape[0])
        out = np.empty((max(0, stop - start), *self._shape[1:]), self._dtype)
        height = self._chunk[0]
        for band in range(start // height, -(-stop // height)):
            low, high = max(start, band * height), min(stop, (band + 1) * height)
            out[low - start : high - start] = self._unpacked(band)[low - band * height : high - band * height]
        return out

    def _unpacked(self, band: int) -> np.ndarray:
        """Return the rows of one band of chunks, side by side."""
        if band != self._band:
            across = [range(0, length, step) for length, step in zip(self._shape[1:], self._chunk[1:], strict=True)]
            chunks = [self._read((band * self._chunk[0], *place)) for place in product(*across)]
            rows = np.concatenate(chunks, axis=1) if across else chunks[0]
            self._band, self._rows = band, rows[:, : self._shape[1]] if across else rows
        return self._rows

    def _read(self, place: tuple[int, ...]) -> np.ndarray:
        """Return one chunk, whole, with whatever stands beyond the edge of the dataset."""
        mask, raw = self._id.read_direct_chunk(place)
        if mask:
            raise ValueError(f"the chunk at {place} has left out filters")
        count = int(np.prod(self._chunk))
        size = count * self._dtype.itemsize
        return np.frombuffer(unpacked(raw, self._filters, size), self._dtype, count).reshape(self._chunk)
