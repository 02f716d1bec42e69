"""The vision transformer: the published sizes and start, torch's own encoder as its double, and what it can learn."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pytest
import torch
from torch import nn

from runner.contract import Context, Output
from runner.findings import JobFailed
from runner.jobs.vit import Params, ViT, run, size_of
from runner.numerics.layers.attention import Rotary, sinusoidal
from runner.numerics.layers.dropout import Dropout
from runner.numerics.observation import Observed
from runner.numerics.portions import Splits

RANDOM = np.random.default_rng(8)
CLEAN = RANDOM.normal(size=(340, 24)).astype(np.float32)
TARGET = 3 + 2 * CLEAN[:, 2].astype(float) - CLEAN[:, 9] * CLEAN[:, 17]
TINY = Params(
    model="p6_h16_L2_a2", epochs=2, batch=50, lr=3e-3, dropout=0.0, attention_dropout=0.0, precision="float32",
    fresh=False,
)  # fmt: skip
PUBLISHED = {  # with the pooler, width by width and biases, that the published code holds and never uses
    "p16_h256_L6_a8": 4_875_521,
    "p16_h256_L4_a8": 3_296_001,
    "p16_h256_L8_a8": 6_455_041,
    "p16_h384_L6_a8": 10_901_377,
    "p8_h128_L8_a8": 1_670_017,
    "p32_h256_L4_a8_s8": 3_364_865,
}
Positions = Literal["none", "learned", "sinusoidal", "rope"]


class Rows(Observed):
    """Made-up rows with two label columns beside the target."""

    def column(self, name: str) -> np.ndarray:
        """Return the inverse of the target, or its square."""
        target = self._target(range(self.rows))
        return {"inverse": -target, "square": target**2}[name]


def split(name: str, part: slice, clean: np.ndarray = CLEAN) -> Rows:
    """Some of the made-up rows as one split, without noise."""
    return Rows(clean[part], np.ones_like(CLEAN[part]), TARGET[part], split=name, noise=0.0, seed=1)


PARTS = {"train": slice(200), "val": slice(200, 270), "test": slice(270, None)}
DATA, MOVED = (Splits(*(split(name, part, clean) for name, part in PARTS.items())) for clean in (CLEAN, 2 * CLEAN + 1))


def made(params: Params, inputs: int) -> ViT:
    """The network of a front matter."""
    return ViT(size_of(params, inputs), params, inputs)


def predicted(params: Params = TINY, **context: Any) -> np.ndarray:
    """Return the test predictions."""
    return run(params, DATA, Context(**context)).predictions["test"]


def r2(output: Output, name: str, part: slice) -> float:
    """Return R² on some rows."""
    truth = TARGET[part]
    return float(1 - ((output.predictions[name] - truth) ** 2).mean() / truth.var())


def parameters(patch: int, width: int, layers: int, tokens: int) -> int:
    """Sum up what a published model holds: tokens, places, layers, last norm and head."""
    attention = 4 * (width * width + width)
    inner = width * 4 * width + 4 * width + 4 * width * width + width
    layer = attention + inner + 2 * (2 * width)
    return patch * width + width + width + (tokens + 1) * width + layers * layer + 2 * width + width + 1


@pytest.mark.parametrize("model", PUBLISHED)
def test_models_have_the_published_numbers_of_parameters(model: str) -> None:
    """Less the pooler; and as many as the parts of the paper sum up to."""
    network = made(Params(model=model), 4096)
    found = sum(numbers.numel() for numbers in network.parameters())
    size = size_of(Params(model=model), 4096)

    assert found == PUBLISHED[model] - size.width * (size.width + 1)
    assert found == parameters(size.patch, size.width, size.layers, (4096 - size.patch) // size.stride + 1)


def test_the_default_is_the_published_model() -> None:
    """Its size, and how it was trained."""
    network = made(Params(), 4096)

    assert sum(numbers.numel() for numbers in network.parameters()) == 4_809_729
    assert network.patches.tokens == 256
    published = Params(
        epochs=200, batch=256, lr=3e-4, lr_end=1e-5, decay=0.01, clip=0.5, loss="mse", labels="standard",
        schedule="cosine", warm=0.0, patience=0, dropout=0.1, attention_dropout=0.1, fresh=True, standardise=False,
    )  # fmt: skip
    assert Params() == published


@pytest.mark.parametrize("positions", ["none", "learned", "sinusoidal"])
@pytest.mark.parametrize("pooling", ["cls", "mean"])
def test_the_network_is_torchs_own_encoder(positions: Positions, pooling: Literal["cls", "mean"]) -> None:
    """A convolution, a token in front of it, places, pre-LN layers, a norm and a line: the same to 1e-5."""
    params = Params(model="p6_h16_L3_a4_s4", positions=positions, pooling=pooling)
    network = made(params, 25).eval()
    for numbers in network.parameters():
        nn.init.normal_(numbers, std=0.3)
    x = torch.randn(7, 25)
    line = network.patches.line
    tokens = nn.functional.conv1d(x[:, None], line.weight[:, None], line.bias, stride=4).transpose(1, 2)
    own = network.own.expand(7, -1, -1)
    z = torch.cat([own, tokens], 1) if pooling == "cls" else tokens
    places = {"none": torch.zeros(()), "learned": network.places, "sinusoidal": sinusoidal(z.shape[1], 16)}[positions]
    assert places is not None
    layer = nn.TransformerEncoderLayer(16, 4, 64, 0.0, "gelu", 1e-12, batch_first=True, norm_first=True)
    encoder = nn.TransformerEncoder(layer, 3, nn.LayerNorm(16, 1e-12), enable_nested_tensor=False)
    encoder.load_state_dict(torch_state(network))
    z = encoder(z + places)

    label = network.head(z[:, 0] if pooling == "cls" else z.mean(1))

    np.testing.assert_allclose(network(x).detach(), label.detach(), atol=1e-5, rtol=1e-5)


def torch_state(network: ViT) -> dict[str, torch.Tensor]:
    """Return the weights of the blocks and the last norm under the names that torch has for them."""
    names = [
        ("blocks.", "layers."), ("attention.qkv.", "self_attn.in_proj_"), ("attention.out", "self_attn.out_proj"),
        ("before", "norm1"), ("after", "norm2"), ("inner.0", "linear1"), ("inner.2", "linear2"),
    ]  # fmt: skip
    state = {}
    for name, numbers in network.state_dict().items():
        for ours, theirs in names:
            name = name.replace(ours, theirs)  # noqa: PLW2901
        state[name] = numbers
    return {name: numbers for name, numbers in state.items() if name.startswith(("layers.", "norm."))}


@pytest.mark.parametrize("positions", ["rope", "none"])
def test_rope_turns_in_every_layer(positions: Positions) -> None:
    """Queries and keys; then the mean of the tokens depends on the order of the inputs, and else it does not."""
    params = Params(model="p1_h16_L3_a2", positions=positions, pooling="mean")
    torch.manual_seed(1)
    network = made(params, 8).eval()
    turns: list[nn.Module] = []
    for part in network.modules():
        if isinstance(part, nn.Linear):
            nn.init.normal_(part.weight, std=0.3)
        if isinstance(part, Rotary):
            part.register_forward_hook(lambda turn, _given, _made: turns.append(turn))
    x = torch.randn(3, 8)
    same = np.allclose(network(x).detach(), network(x.flip(1)).detach(), atol=1e-5)

    assert same is (positions == "none")
    assert len(turns) == (0 if same else 2 * 3 * 2)
    assert sum(numbers.numel() for numbers in network.parameters()) == 16 + 16 + 3 * 3280 + 32 + 17


def test_the_start_is_the_published_one() -> None:
    """Matrices of deviation 0.02, biases 0; tokens, their places and the patches of a convolution larger."""
    torch.manual_seed(4)
    c1d, sw = (made(Params(tokens=kind), 4096) for kind in ("c1d", "sw"))

    for network in (c1d, sw):
        assert isinstance(network.places, nn.Parameter)
        assert network.own.std().item() == pytest.approx(1, rel=0.15)
        assert network.places.std().item() == pytest.approx(1, rel=0.02)
        for layer in (part for name, part in network.named_modules() if "patches" not in name):
            if isinstance(layer, nn.Linear) and layer.weight.numel() > 1000:
                assert layer.weight.std().item() == pytest.approx(0.02, rel=0.02)
                assert layer.weight.abs().max().item() < 0.2
                assert not layer.bias.any()
    assert c1d.patches.line.weight.std().item() == pytest.approx(0.25 / np.sqrt(3), rel=0.05)
    assert c1d.patches.line.bias.any()
    assert sw.patches.line.weight.std().item() == pytest.approx(0.02, rel=0.05)
    assert not sw.patches.line.bias.any()


@pytest.mark.parametrize(
    ("tokens", "positions", "pooling", "standardise"),
    [("c1d", "learned", "cls", False), ("sw", "rope", "mean", True), ("c1d", "sinusoidal", "cls", True)],
)
def test_it_learns_eight_rows_by_heart(tokens: Any, positions: Any, pooling: Any, standardise: Any) -> None:
    """Whatever it is made of."""
    few = split("train", slice(8))
    parts = {"tokens": tokens, "positions": positions, "pooling": pooling, "standardise": standardise}
    params = replace(TINY, model="p5_h16_L2_a2_s3", epochs=130, lr=5e-3, batch=8, decay=0.0, **parts)
    output = run(params, Splits(few, split("val", slice(8)), DATA.test), Context())

    assert r2(output, "val", slice(8)) > 0.98
    assert output.curves["loss"][-1] == pytest.approx(1 - r2(output, "val", slice(8)), abs=1e-3)


def test_it_learns_what_holds_of_other_rows() -> None:
    """The line and some of the product, of inputs in three patches."""
    output = run(replace(TINY, epochs=25, lr=1e-2), DATA, Context())

    assert r2(output, "test", slice(270, None)) > 0.6
    assert output.scalars["rows_seen"] == 25 * 200


def test_labels_beside_the_target_are_learnt_with_it() -> None:
    """One line of the head each; what is known of the target is known of its inverse."""
    output = run(replace(TINY, also=("inverse", "square"), epochs=20), DATA, Context())
    alone = run(TINY, DATA, Context())
    beside = output.tables["beside_r2"]

    assert set(beside) == {"inverse", "square"}
    assert beside["inverse"] == pytest.approx(r2(output, "test", slice(270, None)), abs=0.05)
    assert output.scalars["parameters"] == alone.scalars["parameters"] + 2 * 17
    assert not alone.tables


def test_bfloat16_is_float32_with_fewer_digits() -> None:
    """The slopes of a step point the same way, and what is learnt is about the same."""
    params = replace(TINY, epochs=10)
    short = predicted(replace(params, precision="bf16"))

    assert 0 < np.abs(short - predicted(params)).max() < 0.25 * TARGET.std()
    slopes = []
    for bf16 in (False, True):
        torch.manual_seed(1)
        network = made(replace(TINY, positions="rope"), 24)
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            loss = network(torch.from_numpy(CLEAN[:50])).float().square().mean()
        torch.autograd.backward(loss)
        slopes.append(torch.cat([n.grad.flatten() for n in network.parameters() if n.grad is not None]).numpy())
    one, two = slopes
    assert one @ two > 0.999 * np.linalg.norm(one) * np.linalg.norm(two)


def test_a_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    """With dropout, in bfloat16, with fresh noise: start, order and what is left out come from the seed."""
    params = replace(TINY, dropout=0.1, attention_dropout=0.1, precision="bf16")
    one, same, other = (predicted(params, seed=seed).tobytes() for seed in (1, 1, 2))
    others = (replace(params, dropout=0.0), replace(params, attention_dropout=0.0))
    less = [predicted(changed, seed=1).tobytes() for changed in others]

    assert one == same
    assert len({one, other, *less}) == 4


def test_dropout_acts_on_tokens_and_on_what_every_layer_adds_to_them() -> None:
    """Once on all tokens, twice in a layer; the last layer has one token left."""
    network, shapes = made(replace(TINY, dropout=0.1), 24), []
    for part in network.modules():
        if isinstance(part, Dropout):
            part.register_forward_hook(lambda _layer, given, _made: shapes.append(given[0].shape[1]))
    network(torch.randn(3, 24))

    assert shapes == [5, 5, 5, 1, 1]


def test_the_unit_of_the_inputs_counts_only_where_they_are_raw() -> None:
    """Twice the inputs, read from another zero, are the same rows once they are standardised."""
    params = replace(TINY, epochs=8, lr=1e-2)
    for standardise in (False, True):
        outputs = [run(replace(params, standardise=standardise), data, Context()) for data in (DATA, MOVED)]
        one, two = (output.predictions["test"] / TARGET.std() for output in outputs)
        assert np.allclose(one, two, atol=0.02) is standardise


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"model": "p16h256"}, "names no size"),
        ({"model": "p6_h16_L2_a2_"}, "names no size"),
        ({"model": "p0_h16_L2_a2"}, "1 or more"),
        ({"model": "p6_h16_L0_a2"}, "1 or more"),
        ({"model": "p25_h16_L2_a2"}, "wider than the 24 inputs"),
        ({"model": "p6_h16_L2_a2_s7"}, "leaves some out"),
        ({"model": "p6_h16_L2_a3"}, "3 heads cannot share a width of 16"),
        ({"model": "p6_h6_L2_a2", "positions": "rope"}, "rope turns pairs"),
        ({"dropout": 1.0}, "from 0 to below 1"),
        ({"attention_dropout": -0.1}, "from 0 to below 1"),
    ],
)
def test_what_cannot_be_is_refused(changed: dict[str, Any], message: str) -> None:
    """In one line, before anything is trained."""
    with pytest.raises(JobFailed, match=message):
        run(replace(TINY, **changed), DATA, Context())


@pytest.mark.gpu
def test_an_accelerator_gives_the_same_numbers() -> None:
    """The labels of the CPU and of the GPU agree to rounding, in either precision."""
    network, x = made(replace(Params(), positions="rope"), 4096).eval(), torch.rand(4, 4096)
    here = network(x).detach().numpy()
    network.cuda()

    np.testing.assert_allclose(network(x.cuda()).detach().cpu().numpy(), here, atol=1e-3)
    with torch.autocast("cuda", torch.bfloat16):
        np.testing.assert_allclose(network(x.cuda()).float().detach().cpu().numpy(), here, atol=0.05)
