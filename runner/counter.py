"""The counter hash: random words as a pure function of a key and two counters.

    word(key, a, b) = mix(mix(key + a g) + mix(~key + b g))        all modulo 2^64

`mix` is the finaliser of SplitMix64 (Steele, Lea & Flood 2014; constants by Stafford's variant 13)
and g the golden-ratio step. Only `+ * ^ & >>` on int64 arrays are used, so one function serves numpy
and torch alike, bit for bit, on any device, for any slice and in any order.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Protocol, Self, TypeVar


class Words(Protocol):
    """An int64 array of numpy or torch, as far as the hash uses it."""

    @property
    def dtype(self) -> Any:
        """The element type."""

    @property
    def shape(self) -> Any:
        """The length of every axis."""

    def __add__(self, other: Any, /) -> Self: ...
    def __mul__(self, other: Any, /) -> Self: ...
    def __xor__(self, other: Any, /) -> Self: ...
    def __and__(self, other: Any, /) -> Self: ...
    def __rshift__(self, other: Any, /) -> Self: ...


W = TypeVar("W", bound=Words)


def signed(value: int) -> int:
    """Return the int64 that has the low 64 bits of `value`."""
    return (value + 2**63) % 2**64 - 2**63


BITS = 64  # in a word
STEP = signed(0x9E3779B97F4A7C15)
FIRST = signed(0xBF58476D1CE4E5B9)
SECOND = signed(0x94D049BB133111EB)


def key_of(*parts: str | int) -> int:
    """Return the 64-bit key of a list of names and numbers: the head of its sha256."""
    text = json.dumps(parts)  # ASCII, and ("a", "b") never equals ("ab",)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big", signed=True)


def mix(words: W) -> W:
    """Scramble every word, one to one, so that each input bit moves every output bit half the time."""
    x = _counters(words) ^ 0
    scramble(x)
    return x


def scramble(x: W) -> None:
    """Mix words in place."""
    _fold(x, 30)
    x *= FIRST
    _fold(x, 27)
    x *= SECOND
    _fold(x, 31)


def _fold(x: W, shift: int) -> None:
    """Take the upper bits of every word into its lower ones, in place."""
    upper = x >> shift
    upper &= (1 << BITS - shift) - 1  # >> copies the sign of an int64: the mask makes it logical
    x ^= upper


def hashed(key: int, a: W, b: W) -> W:
    """Return one random word for every pair of counters, broadcast against each other."""
    rows, columns = addends(key, a, b)
    return mix(rows + columns)


def addends(key: int, a: W, b: W) -> tuple[W, W]:
    """Return what either counter adds to a word before it is mixed."""
    return mix(_counters(a) * STEP + key), mix(_counters(b) * STEP + ~key)


def top(words: W, bits: int) -> W:
    """Return the uppermost `bits` bits of every word, as integers from 0 to 2^bits - 1."""
    if not 1 <= bits < BITS:
        message = f"a word has 1 to {BITS - 1} bits to give, not {bits}"
        raise ValueError(message)
    return words >> (BITS - bits) & (1 << bits) - 1


def below(words: W, n: int) -> W:
    """Return integers from 0 to n - 1, each as likely as the others to within n / 2^31."""
    if not 1 <= n <= 2**31:
        message = f"integers below {n} cannot be drawn from 31 bits"
        raise ValueError(message)
    return top(words, 31) * n >> 31


def _counters(array: W) -> W:
    """Refuse what would not wrap silently modulo 2^64: scalars and other types than int64."""
    kind = str(getattr(array, "dtype", type(array).__name__)).removeprefix("torch.")
    if kind != "int64" or not array.shape:
        message = f"the counter hash takes int64 arrays of one dimension or more, not {kind}"
        raise TypeError(message)
    return array
