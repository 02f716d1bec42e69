"""The supply: what an experiment asks of its data beside what they have, looked at before anything runs."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable

from numpy.lib import format as npy

from runner.contract import Source
from runner.documents.kinds import Protocol
from runner.documents.library import Library
from runner.documents.reading import Document
from runner.expressions.names import suggestion
from runner.findings import InputRefused
from runner.plans.specs import JobRun
from runner.safety.data_files import data_files


def refuse_lack(document: Document, runs: Iterable[JobRun], source: Source, library: Library) -> None:
    """Refuse an experiment whose opened data have no such target, or fewer training rows than its runs ask for."""
    agreed, protocol = library.protocol_document(document), library.protocol(document)
    if agreed is not None and protocol is not None and protocol.target not in source.columns:
        message, fix = f"the data have no column `{protocol.target}`", suggestion(protocol.target, source.columns)
        raise InputRefused(message, place=agreed.place("target"), code="LG302", fix=fix)
    short = shortage(document, runs, source.size("train"))
    if short is not None:
        raise short


def shortage(document: Document, runs: Iterable[JobRun], offered: int | None) -> InputRefused | None:
    """Return why runs cannot be made: they ask for more training rows than are offered, as far as that is known."""
    asked = max((int(run.axes.get("train", 0)) for run in runs), default=0)
    if offered is None or asked <= offered or document.experiment is None:
        return None
    message = f"{asked} train rows are asked for, the data of {document.experiment.protocol} have {offered}"
    place = document.place("sweep" if "train" in document.experiment.sweep else "train")
    return InputRefused(message, place=place, code="LG203", fix=f"ask for at most {offered}")


def offered_rows(protocol: Protocol, library: Library) -> int | None:
    """Return the training rows of a source that shares out one array of a file, None where only opening it can tell."""
    contract = library.plugins.sources.get(protocol.source)
    if contract is None or not contract.shared:
        return None
    try:
        files = [
            file for name in contract.files for file in data_files(str(protocol.options[name]), library.folder, name)
        ]
        with zipfile.ZipFile(files[0].path) as archive, archive.open(f"{contract.shared}.npy") as member:
            read = npy.read_array_header_1_0 if npy.read_magic(member) == (1, 0) else npy.read_array_header_2_0
            return max(int(read(member)[0][0]) - protocol.val - protocol.test, 0)
    except (InputRefused, OSError, KeyError, ValueError, zipfile.BadZipFile):
        return None  # what is wrong with the file is said when it is opened


def absent(document: Document, library: Library) -> InputRefused | None:
    """Return why the data of an experiment cannot be found, said at the `data:` of its protocol."""
    agreed, protocol = library.protocol_document(document), library.protocol(document)
    contract = library.plugins.sources.get(protocol.source) if protocol else None
    if agreed is None or protocol is None or contract is None:
        return None
    for name in (name for name in contract.files if protocol.options.get(name)):
        try:
            data_files(str(protocol.options[name]), library.folder, f"data.{name}")
        except InputRefused as error:
            return InputRefused(error.message, place=agreed.place("data"), code="LG207", fix=error.fix)
    return None
