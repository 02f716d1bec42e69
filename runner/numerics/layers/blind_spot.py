"""A one-dimensional U-Net that says of every input what its neighbours make of it, and never sees the input itself.

Convolutions are padded on the left alone, and in front of a max-pool of two everything moves one place to the right:
so output i of the U-Net sees the inputs up to i. Moved right once more it sees those before i; the same U-Net on the
mirror image sees those behind i. Convolutions of one place each join both to a mean and a deviation:

    mu_i, s_i = head(u(x)_(i-1), u(mirrored x)_(i+1)),    sigma_i = softplus(s_i) + 0.001

In front of the first and behind the last input stand zeros. Both directions go through the U-Net in one batch. While it
trains, batch norm knows the mean of a batch, and with it a trace of every input; judged and used it knows nothing.

With two channels of inputs, nine layers of 48 channels and kernels of 25 this has the 1,889,670 parameters of the
published model, whose layout was not published in full: here the last stage of the decoder is given the inputs
themselves, and batch norm follows every convolution, the very last one, too.

References: Laine et al. 2019, arXiv:1901.10277 (blind spots); Ronneberger, Fischer & Brox 2015, arXiv:1505.04597
(U-Net); Ioffe & Szegedy 2015, arXiv:1502.03167 (batch norm); He et al. 2015, arXiv:1502.01852 (the first weights)
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

LEAK = 0.1  # slope of the bend below 0
FLOOR = 1e-3  # the least sigma
START = 0.1  # deviation of the outputs before anything is learnt; norm would begin with 1, where steps get lost
SHARE = 0.02  # of a batch in the moments of all: rows differ much in their noise, and so do small batches
OUTPUTS = 2  # a mean and a deviation


class Layer(nn.Module):
    """A convolution that sees nothing behind its place, batch norm, and a bend unless it is the last."""

    def __init__(self, given: int, made: int, kernel: int, *, last: bool = False) -> None:
        """Take the channels that come in and go out."""
        super().__init__()
        self.conv = nn.Conv2d(given, made, (1, kernel)).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.norm = nn.BatchNorm2d(made, momentum=SHARE)
        self.slope = 1.0 if last else LEAK
        nn.init.kaiming_normal_(self.conv.weight, a=self.slope)
        nn.init.zeros_(torch.as_tensor(self.conv.bias))
        nn.init.constant_(self.norm.weight, START if last else 1.0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [n, made, 1, length] of x [n, given, 1, length]: on a CPU two dimensions take half the time of one."""
        padded = functional.pad(x, (self.conv.kernel_size[1] - 1, 0))
        y: torch.Tensor = self.norm(self.conv(padded))
        return y if self.slope == 1 else functional.leaky_relu(y, self.slope)


class BlindSpot(nn.Module):
    """The mean and the deviation of every input as its neighbours on both sides tell them."""

    def __init__(self, layers: int, channels: int, kernel: int, given: int = 1) -> None:
        """Take how many layers the encoder has behind its first one, and how many channels come in."""
        super().__init__()
        c = channels
        self.first = Layer(given, c, kernel)
        self.encoder = nn.ModuleList(Layer(c, c, kernel) for _ in range(layers))
        beside = [c] * (layers - 2) + [given]  # channels that skip the layers below a stage
        self.decoder = nn.ModuleList(
            nn.Sequential(Layer(c + skipped, c, kernel), Layer(c, c, kernel)) for skipped in beside
        )
        self.head = nn.Sequential(
            Layer(2 * c, 4 * c, 1), Layer(4 * c, 2 * c, 1), Layer(2 * c, OUTPUTS, 1, last=True)
        )  # fmt: skip

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return mu and sigma [n, length] of the inputs x [n, given, length]."""
        both = self._both(x)
        maps, halved = self._encoded(both)
        y, skips = maps[-1], [both, *halved[:-1]]
        for stage in self.decoder:
            y = stage(torch.cat([functional.interpolate(y, scale_factor=(1.0, 2.0)), skips.pop()], 1))
        before, behind = functional.pad(y, (1, -1))[..., : x.shape[-1]].chunk(2)
        mu, s = self.head(torch.cat([before, behind.flip(-1)], 1)).squeeze(2).unbind(1)
        return mu, functional.softplus(s.to(torch.promote_types(s.dtype, torch.float32))) + FLOOR

    def maps(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Return what each layer of the encoder makes of the inputs, both directions side by side: [n, 2 c, places]."""
        made = []
        for depth, y in enumerate(self._encoded(self._both(x))[0]):
            places = -(-x.shape[-1] // 2**depth)
            ahead, back = y[..., :places].chunk(2)
            made.append(torch.cat([ahead, back.flip(-1)], 1)[:, :, 0])
        return made

    def _both(self, x: torch.Tensor) -> torch.Tensor:
        """Return inputs and their mirror images in one batch, with zeros behind up to a length that halves evenly."""
        return functional.pad(torch.cat([x, x.flip(-1)])[:, :, None], (0, -x.shape[-1] % 2 ** len(self.decoder)))

    def _encoded(self, both: torch.Tensor) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        """Return what each layer of the encoder makes, and what each but the first is given, at half the places."""
        y, *layers = self.first(both), *self.encoder
        made, halved = [layers[0](y)], []
        for layer in layers[1:]:
            halved.append(_pooled(made[-1]))
            made.append(layer(halved[-1]))
        return made, halved


def _pooled(x: torch.Tensor) -> torch.Tensor:
    """Return the larger one of every place and the one before it, at every other place: [n, c, places / 2]."""
    return functional.max_pool2d(functional.pad(x, (1, -1)), (1, 2))
