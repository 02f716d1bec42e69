"""Attention and blocks against torch's own, positions against their formulas, dropout against what it is there for."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from runner.numerics.layers.attention import Attention, Block, Rotary, attended, sinusoidal
from runner.numerics.layers.dropout import Dropout

WIDTH, HEADS, TOKENS = 24, 3, 11


def near(found: torch.Tensor | None, wanted: torch.Tensor | None, off: float = 1e-5) -> None:
    """Fail where two tensors differ by more than a rounding."""
    assert found is not None
    assert wanted is not None
    np.testing.assert_allclose(found.detach().numpy(), wanted.detach().numpy(), atol=off, rtol=off)


def block(positions: Rotary | None = None, dropout: float = 0.0) -> Block:
    """A block of any weights."""
    torch.manual_seed(3)
    made = Block(WIDTH, Attention(WIDTH, HEADS, dropout, positions), dropout)
    for numbers in made.parameters():
        nn.init.normal_(numbers, std=0.3)
    return made


def torchs_own(ours: Block) -> nn.TransformerEncoderLayer:
    """The layer that torch has, with the same weights."""
    layer = nn.TransformerEncoderLayer(WIDTH, HEADS, 4 * WIDTH, 0.0, "gelu", 1e-12, batch_first=True, norm_first=True)
    names = {
        "attention.qkv.weight": "self_attn.in_proj_weight",
        "attention.qkv.bias": "self_attn.in_proj_bias",
        "attention.out": "self_attn.out_proj",
        "before": "norm1",
        "after": "norm2",
        "inner.0": "linear1",
        "inner.2": "linear2",
    }
    state = {}
    for name, numbers in ours.state_dict().items():
        old = next(start for start in names if name.startswith(start))
        state[name.replace(old, names[old])] = numbers
    layer.load_state_dict(state)
    return layer


@pytest.mark.parametrize("asking", [TOKENS, 1, 4])
def test_a_block_is_torchs_own_layer(asking: int) -> None:
    """Of the tokens that ask: what they become, and the slope by every weight and input."""
    ours = block()
    theirs = torchs_own(ours)
    inputs = [torch.randn(5, TOKENS, WIDTH, requires_grad=True) for _ in range(2)]
    inputs[1].data.copy_(inputs[0].data)
    one, two = ours(inputs[0], asking), theirs(inputs[1])[:, :asking]
    mixed = torch.randn_like(one)
    for given in (one, two):
        torch.autograd.backward((given * mixed).sum())

    near(one, two)
    near(inputs[0].grad, inputs[1].grad, 1e-4)
    for numbers, other in zip(ours.parameters(), in_our_order(theirs), strict=True):
        assert torch.equal(numbers, other)
        near(numbers.grad, other.grad, 1e-4)


def in_our_order(layer: nn.TransformerEncoderLayer) -> list[nn.Parameter]:
    """Return the weights of torch's own layer in the order of ours."""
    attention = layer.self_attn
    pairs = (attention.out_proj, layer.norm1, layer.norm2, layer.linear1, layer.linear2)
    rest = [numbers for part in pairs for numbers in part.parameters()]
    return [attention.in_proj_weight, attention.in_proj_bias, *rest]


@pytest.mark.parametrize(("dtype", "off"), [(torch.float32, 1e-6), (torch.bfloat16, 0.02), (torch.float64, 1e-12)])
def test_attention_is_its_formula(dtype: torch.dtype, off: float) -> None:
    """In every precision, however it is computed in it."""
    q, k, v = (torch.randn(2, 3, n, 8, dtype=torch.float64).to(dtype) for n in (4, 7, 7))
    scores = np.einsum("nhqd,nhkd->nhqk", q.double().numpy(), k.double().numpy()) / math.sqrt(8)
    weights = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)

    answers = attended(q, k, v, 0.0)

    assert answers.dtype == dtype
    np.testing.assert_allclose(answers.double().numpy(), weights @ v.double().numpy(), atol=off)


def test_dropout_of_attention_leaves_whole_weights_out() -> None:
    """Of a token that looks at 4000 others, 0.3 of the weights are 0, the rest larger; their sum stays about 1."""
    torch.manual_seed(5)
    q, k = torch.randn(1, 1, 1, 4), torch.randn(1, 1, 4000, 4)
    every = torch.eye(4000)[None, None]
    whole, left = (attended(q, k, every, share).flatten() for share in (0.0, 0.3))
    kept = left != 0

    assert 1 - kept.float().mean() == pytest.approx(0.3, abs=0.03)
    near(left[kept] / whole[kept], torch.full((int(kept.sum()),), 1 / 0.7), 1e-4)
    assert left.sum().item() == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_dropout_leaves_its_share_out_and_keeps_the_mean(dtype: torch.dtype) -> None:
    """What is kept is scaled, in the slope too; another word of chance decides on every number."""
    layer, x = Dropout(0.1), torch.ones(999, 1001, dtype=dtype, requires_grad=True)
    torch.manual_seed(1)
    y = layer(x)
    torch.autograd.backward(y.sum())
    left = (y == 0).double()

    assert left.mean() == pytest.approx(0.1, abs=5 * math.sqrt(0.09 / x.numel()))
    assert y.double().mean().item() == pytest.approx(1, abs=3e-3)  # bfloat16 rounds the scale
    near(y.float(), None if x.grad is None else x.grad.float(), 0)
    for part in (left[1:] * left[:-1], left[:, 1:] * left[:, :-1], left[:, 4:] * left[:, :-4]):
        assert part.mean() == pytest.approx(0.01, abs=1e-3)
    torch.manual_seed(1)
    assert torch.equal(layer(x), y)
    assert not torch.equal(layer(x), y)


def test_dropout_does_nothing_where_it_is_not_trained_or_none_is_asked() -> None:
    """Not a bit changes, and no chance is drawn."""
    x, state = torch.randn(7, 3), torch.get_rng_state()

    assert Dropout(0.5).eval()(x) is x
    assert Dropout(0.0)(x) is x
    assert torch.equal(torch.get_rng_state(), state)


def test_a_block_drops_at_three_places() -> None:
    """The softmax, what attention gives and what the inner layers give: as many words of chance are drawn, no more."""
    trained, plain, x = block(dropout=0.1), block(), torch.randn(5, TOKENS, WIDTH)
    torch.manual_seed(2)
    dropped = trained(x, TOKENS)
    drawn = torch.get_rng_state()
    torch.manual_seed(2)
    for shape in ((5, HEADS, TOKENS, TOKENS), x.shape, x.shape):
        Dropout(0.1)(torch.empty(shape))

    assert torch.equal(torch.get_rng_state(), drawn)
    assert not torch.allclose(dropped, plain(x, TOKENS), atol=0.1)
    assert torch.equal(trained.eval()(x, TOKENS), plain(x, TOKENS))


def test_rotary_positions_turn_complex_numbers() -> None:
    """A pair, one number of each half, is a complex number that place t turns by t / 10000^(2i / d)."""
    x = torch.randn(2, 3, TOKENS, 8)
    pairs = x[..., :4].double().numpy() + 1j * x[..., 4:].double().numpy()
    angle = np.arange(TOKENS)[:, None] * 10_000.0 ** (-2 * np.arange(4) / 8)
    turned = pairs * np.exp(1j * angle)

    found = Rotary(TOKENS, 8)(x)

    np.testing.assert_allclose(found.numpy(), np.concatenate([turned.real, turned.imag], -1), atol=2e-6)
    assert torch.equal(Rotary(TOKENS, 8)(x[:, :, :1]), x[:, :, :1])
    assert Rotary(TOKENS, 8)(x.bfloat16()).dtype == torch.bfloat16


def test_rotary_products_know_the_distance_alone() -> None:
    """A query at place s and a key at place t multiply to the same wherever t - s is the same."""
    q, k = (torch.randn(8).expand(1, 1, TOKENS, 8) for _ in range(2))
    turn = Rotary(TOKENS, 8)
    scores = (turn(q) @ turn(k).transpose(-1, -2))[0, 0]

    for away in range(1 - TOKENS, TOKENS):
        same = scores.diagonal(away)
        near(same, same[:1].expand_as(same), 1e-4)
    assert scores[0].std() > 0.1


def test_rotary_attention_turns_queries_and_keys_not_values() -> None:
    """A block with it is the block whose softmax saw the turned ones."""
    turn = Rotary(TOKENS, WIDTH // HEADS)
    ours, plain = block(turn).attention, block().attention
    x = torch.randn(4, TOKENS, WIDTH)
    q, k, v = (part.unflatten(-1, (HEADS, -1)).transpose(1, 2) for part in plain.qkv(x).chunk(3, -1))
    answers = functional.scaled_dot_product_attention(turn(q), turn(k), v).transpose(1, 2).flatten(2)

    near(ours(x, TOKENS), plain.out(answers))
    near(ours(x, 1), plain.out(answers)[:, :1])
    assert not torch.allclose(ours(x, TOKENS), plain(x, TOKENS), atol=1e-2)


@pytest.mark.parametrize("width", [6, 7])
def test_sinusoidal_positions_are_their_formula(width: int) -> None:
    """PE(t, 2i) = sin(t / 10000^(2i / d)), PE(t, 2i + 1) the cosine of the same."""
    found = sinusoidal(TOKENS, width)

    assert found.shape == (TOKENS, width)
    for t in range(TOKENS):
        for place in range(width):
            angle = t / 10_000 ** (2 * (place // 2) / width)
            assert found[t, place].item() == pytest.approx([math.sin, math.cos][place % 2](angle), abs=1e-6)
