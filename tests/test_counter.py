"""The counter hash: one recipe for numpy and torch, and words that look random."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats

from runner.counter import below, hashed, key_of, mix, signed, top

EDGES = [0, 1, -1, 2**31, 2**63 - 1, -(2**63), 0x0123456789ABCDEF]


def slow_mix(x: int) -> int:
    """The finaliser of SplitMix64 on an unsigned Python integer."""
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    x = (x ^ x >> 27) * 0x94D049BB133111EB % 2**64
    return x ^ x >> 31


def slow_word(key: int, a: int, b: int) -> int:
    """The recipe of the module's docstring on Python integers."""
    step = 0x9E3779B97F4A7C15
    rows, columns = (slow_mix((k + c * step) % 2**64) for k, c in ((key, a), (~key, b)))
    return signed(slow_mix((rows + columns) % 2**64))


def grid(rows: int, columns: int, key: int = 7) -> np.ndarray:
    """Words of neighbouring counters."""
    return hashed(key, np.arange(rows)[:, None], np.arange(columns)[None, :])


def test_mix_is_the_published_splitmix64() -> None:
    """The first five numbers of the generator seeded with 1234567 are the published ones."""
    published = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    published += [4593380528125082431, 16408922859458223821]
    states = np.array([signed(1234567 + i * 0x9E3779B97F4A7C15) for i in range(1, 6)])

    assert [signed(word) for word in published] == mix(states).tolist()


@pytest.mark.parametrize("key", [0, -1, 2**63 - 1, -(2**63), key_of("noise", 3)])
def test_words_follow_the_recipe_for_every_edge(key: int) -> None:
    """Every pair of extreme counters gives the word that plain integers give."""
    a = np.array(EDGES)

    expected = [[slow_word(key, int(i), int(j)) for j in a] for i in a]

    assert expected == hashed(key, a[:, None], a[None, :]).tolist()


def test_numpy_and_torch_agree_bit_for_bit() -> None:
    """The same counters give the same words and the same draws in both libraries."""
    a, b = np.array(EDGES)[:, None], np.arange(-500, 500)[None, :]

    ours, theirs = hashed(-5, a, b), hashed(-5, torch.from_numpy(a), torch.from_numpy(b))

    assert np.array_equal(ours, theirs.numpy())
    assert np.array_equal(below(ours, 1000), below(theirs, 1000).numpy())


def test_every_input_bit_moves_every_output_bit_half_the_time() -> None:
    """Flipping one bit of a word flips each of the 64 bits in 46 to 54 % of 4096 cases."""
    words = grid(64, 64).ravel()
    masks = np.array([signed(1 << bit) for bit in range(64)])

    flipped = (mix(words) ^ mix(words ^ masks[:, None])).view(np.uint64)
    shares = np.array([(flipped >> np.uint64(bit) & np.uint64(1)).mean(1) for bit in range(64)])

    assert np.all(abs(shares - 0.5) < 0.04)


@pytest.mark.parametrize("byte", range(8))
def test_every_byte_of_a_word_is_uniform(byte: int) -> None:
    """The 256 values of each byte are equally frequent over neighbouring counters."""
    values = grid(512, 512).view(np.uint8).reshape(-1, 8)[:, byte]

    assert stats.chisquare(np.bincount(values, minlength=256)).pvalue > 1e-4


@pytest.mark.parametrize("axis", [0, 1])
def test_neighbouring_counters_are_uncorrelated(axis: int) -> None:
    """No two of 128 adjacent rows (or columns) correlate over 8192 draws, by value or by square."""
    words = grid(8192, 128) if axis else grid(128, 8192).T
    uniform = top(words, 24) / 2**24 - 0.5

    for values in (uniform, uniform**2):
        correlation = np.corrcoef(values, rowvar=False) - np.eye(128)
        assert abs(correlation).max() < 5.5 / np.sqrt(8192)


def test_keys_and_the_order_of_counters_matter() -> None:
    """Another key, and swapped counters, give unrelated words."""
    a, b = np.arange(100)[:, None], np.arange(100, 200)[None, :]

    words = [hashed(1, a, b), hashed(2, a, b), hashed(1, b, a)]

    assert len(np.unique(words)) == 3 * 100 * 100


@pytest.mark.parametrize("n", [1, 2, 3, 10, 1000, 2**31])
def test_integers_below_n_share_the_words_evenly(n: int) -> None:
    """Evenly spaced words fall on each integer equally often, give or take one."""
    words = np.array([signed(k << 48) for k in range(2**16)])

    counts = np.bincount(below(words, n) * 1000 // n if n > 1000 else below(words, n))

    assert counts.max() - counts.min() <= (1 if n <= 1000 else 2)
    assert below(words, n).min() == 0
    assert below(words, n).max() < n


def test_random_integers_have_their_expectation() -> None:
    """A million draws below 816 pass a chi-square test and have the mean of their definition."""
    draws = below(grid(1000, 1000), 816)

    assert stats.chisquare(np.bincount(draws.ravel(), minlength=816)).pvalue > 1e-4
    assert abs(draws.mean() - 407.5) < 5 * 816 / np.sqrt(12e6)


def test_top_bits_are_the_upper_bits() -> None:
    """The pieces of a word are its leading binary digits."""
    words = grid(10, 10).ravel()

    for bits in (1, 24, 31, 63):
        assert [(int(w) % 2**64) >> (64 - bits) for w in words] == top(words, bits).tolist()


@pytest.mark.parametrize("bits", [0, 64])
def test_impossible_pieces_are_refused(bits: int) -> None:
    """A word has 1 to 63 bits to give."""
    with pytest.raises(ValueError, match="1 to 63"):
        top(np.arange(3), bits)


@pytest.mark.parametrize("n", [0, -1, 2**31 + 1])
def test_impossible_ranges_are_refused(n: int) -> None:
    """31 bits cannot draw from more than 2^31 integers."""
    with pytest.raises(ValueError, match="31 bits"):
        below(np.arange(3), n)


@pytest.mark.parametrize(
    "bad",
    [5, np.int64(5), np.array(5), torch.tensor(5), np.arange(3, dtype=np.int32), np.ones(3), torch.ones(3)],
    ids=str,
)
def test_what_would_not_wrap_is_refused(bad: Any) -> None:
    """Scalars and other types are refused before any arithmetic."""
    pair = np.arange(2)
    calls: list[Callable[[], Any]] = [
        lambda: mix(bad),
        lambda: hashed(1, bad, pair),
        lambda: hashed(1, pair, bad),
    ]

    for call in calls:
        with pytest.raises(TypeError, match="int64 arrays"):
            call()


def test_counters_are_left_as_they_were() -> None:
    """Hashing changes no argument in place."""
    a = np.arange(10)

    mix(a)
    hashed(3, a, a)

    assert np.array_equal(np.arange(10), a)


def test_a_key_is_the_head_of_a_sha256() -> None:
    """The key is what `printf '["noise", 0, "train"]' | sha256sum` begins with."""
    assert signed(0xAEC1513AF93DB913) == key_of("noise", 0, "train")


def test_keys_tell_their_parts_apart() -> None:
    """Parts are neither glued together nor stripped of their type."""
    lists = [("a", "b"), ("ab",), ("a", "", "b"), ("1",), (1,), ("a,b",), ("é",), ()]

    assert len({key_of(*parts) for parts in lists}) == len(lists)


def test_the_hash_needs_no_array_library() -> None:
    """Importing the module imports neither numpy nor torch."""
    code = "import sys, runner.counter; sys.exit('numpy' in sys.modules or 'torch' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
