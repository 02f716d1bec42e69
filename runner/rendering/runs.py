"""What the last run of an experiment said about itself."""

from __future__ import annotations

from typing import Any, Final

from runner.documents.reading import Document
from runner.findings import ArtefactDamaged, Place
from runner.results import places
from runner.results.files import load_json
from runner.verdicts.knowledge import Knowledge

FIELDS: Final = {
    "commit": str,
    "device": str,
    "host": str,
    "runs": dict,
    "seconds": int | float,
    "started": str,
    "versions": dict,
}


def last_run(document: Document, knowledge: Knowledge) -> dict[str, Any] | None:
    """Return the run file of an experiment, None without one; one that `execute` did not write is refused."""
    path = places.run_file(knowledge.library, document)
    if not path.is_file():
        return None
    name = path.relative_to(knowledge.library.root).as_posix()
    fix = f"restore it from git, or runner execute {document.id}"
    try:
        content = load_json(path, name)
    except ArtefactDamaged as error:
        raise ArtefactDamaged(error.message, place=error.place, code=error.code, fix=fix) from error
    if isinstance(content, dict) and all(isinstance(content.get(name), kind) for name, kind in FIELDS.items()):
        return content
    raise ArtefactDamaged("not a run file", place=Place(name), code="LG401", fix=fix)
