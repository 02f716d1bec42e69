"""What the protocol of an experiment gives its jobs to name: partitions, label columns."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

from runner.contract import Contract
from runner.documents.form import Form
from runner.documents.kinds import Protocol
from runner.documents.likes import Others
from runner.documents.protocol import read_protocol
from runner.partitions import Partition
from runner.safety import bounded_yaml as yaml


@dataclass(frozen=True)
class Agreement:
    """The protocol that a front matter names, read when somebody asks; what is wrong with it is found elsewhere."""

    front: yaml.Mapping
    sources: Mapping[str, Contract]

    @cached_property
    def _protocol(self) -> Protocol:
        return read_protocol(Form(self.front, "", []), self.sources, ())

    @property
    def partitions(self) -> Mapping[str, Partition]:
        """Return its partitions by name."""
        found = self._protocol.partitions
        return {name: partition.bins for name, partition in found.items() if partition.bins is not None}

    @property
    def columns(self) -> Collection[str] | None:
        """Return the label columns of its rows, None where only the data know them."""
        return self._protocol.columns or None


def agreement(front: yaml.Mapping, sources: Mapping[str, Contract], others: Others) -> Agreement:
    """Return what an experiment's front matter agrees to by naming a protocol: nothing where there is no such."""
    named = front.get("protocol")
    found = others(named.text) if isinstance(named, yaml.Scalar) else None
    return Agreement(found or yaml.Mapping((), 1, 1), sources)
