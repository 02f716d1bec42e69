"""What can be wrong: findings accumulate, exceptions stop, each with one exit code.

RunnerError
    UsageError          2   the command line asks for something that does not exist
    InputRefused        3   a document, data file or setting cannot be read as it is
    Busy                4   someone else holds the lock, or changed the file underneath
    StorageFailed       5   the disk refused
    JobFailed           6   a declared computation raised or returned nonsense
    ArtefactDamaged     7   a stored result is not what was filed
    Interrupted        75   stopped on request, state saved
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where in a file something stands; line and column count from 1, 0 means the whole file."""

    path: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        """Write the place the way editors and terminals make clickable."""
        if not self.line:
            return self.path
        return f"{self.path}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of finding: its title, how bad it is, and what resolves it."""

    title: str
    severity: str = "error"
    fixed_by: str = "author"  # "render", "execute" or "author"


CODES: dict[str, Code] = {
    # what a document says and its results no longer say
    "LG101": Code("number differs from its result", fixed_by="render"),
    "LG102": Code("words no longer hold"),
    "LG103": Code("block is out of date", fixed_by="render"),
    "LG104": Code("block was edited by hand"),
    "LG105": Code("verdict or state differs", fixed_by="render"),
    "LG106": Code("figure is missing or out of date", fixed_by="render"),
    "LG107": Code("figure was edited by hand"),
    "LG108": Code("words state what is undecided", severity="warning"),
    "LG109": Code("expectation still to be written"),
    "LG110": Code("verdict changed since it was signed"),
    "LG111": Code("wording changed since it was signed", severity="warning"),
    "LG112": Code("expectation moved after the run", severity="warning"),
    "LG113": Code("cites a withdrawn value"),
    "LG114": Code("cites a retired experiment", severity="warning"),
    "LG115": Code("opened and closed at once"),
    "LG116": Code("score above its ceiling"),
    # what cannot be read as a document
    "LG201": Code("not readable as front matter"),
    "LG202": Code("unknown or missing field"),
    "LG203": Code("value of the wrong kind"),
    "LG204": Code("unknown job, source, figure or block"),
    "LG205": Code("unknown or missing parameter"),
    "LG206": Code("used twice"),
    "LG207": Code("refers to something that does not exist"),
    "LG208": Code("block cannot be rendered"),
    "LG209": Code("citation stands where it cannot work"),
    "LG210": Code("citation and its text do not fit"),
    "LG211": Code("markup that renderers read differently"),
    "LG212": Code("conflict marker"),
    "LG213": Code("not readable as text"),
    "LG216": Code("list of published values cannot be read"),
    # what an expression cannot mean
    "LG301": Code("expression cannot be read"),
    "LG302": Code("unknown name in an expression"),
    "LG303": Code("populations differ"),
    "LG304": Code("quantity and predicate confused"),
    "LG305": Code("no finite value"),
    "LG306": Code("several values where one is due"),
    "LG310": Code("outcome that can never come"),
    # what is stored and does not agree with itself
    "LG401": Code("result file was changed by hand"),
    "LG402": Code("predictions are not those of the result"),
    "LG403": Code("fact differs from its predictions"),
    "LG404": Code("result is stale", severity="warning", fixed_by="execute"),
    "LG405": Code("job changed without a new version", severity="warning"),
    "LG406": Code("rows are not those of the result"),
    "LG407": Code("plug-in file cannot be read"),
    "LG408": Code("a job of this experiment failed", severity="warning", fixed_by="execute"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong at one place, and the command or edit that mends it."""

    code: str
    place: Place
    message: str
    fix: str = ""

    @property
    def severity(self) -> str:
        """Return "error" or "warning"."""
        return CODES[self.code].severity

    @property
    def fixed_by(self) -> str:
        """Return what resolves it: "render", "execute" or "author"."""
        return CODES[self.code].fixed_by

    def __str__(self) -> str:
        """Write the finding as the one line people read."""
        tail = f" -> {self.fix}" if self.fix else ""
        return f"{self.place}: {self.code} {self.message}{tail}"


class RunnerError(Exception):
    """Anything that stops a command; carries the finding a person reads."""

    exit_code: ClassVar[int] = 70

    def __init__(self, message: str, *, fix: str = "", place: Place | None = None, code: str = "") -> None:
        """Store the message, its remedy and, where one is known, its place."""
        super().__init__(message)
        self.message = message
        self.fix = fix
        self.place = place
        self.code = code

    def __str__(self) -> str:
        """Write the error as one line: place, code, message, remedy."""
        head = f"{self.place}: " if self.place else ""
        code = f"{self.code} " if self.code else ""
        tail = f" -> {self.fix}" if self.fix else ""
        return f"{head}{code}{self.message}{tail}"


class UsageError(RunnerError):
    """The command line names something that does not exist."""

    exit_code = 2


class InputRefused(RunnerError):
    """A document, data file or setting cannot be accepted as it is."""

    exit_code = 3


class Busy(RunnerError):
    """Another process holds the lock, or the file changed underneath."""

    exit_code = 4


class StorageFailed(RunnerError):
    """The file system refused to keep what was written."""

    exit_code = 5


class JobFailed(RunnerError):
    """A declared computation raised, or returned values that cannot be filed."""

    exit_code = 6


class ArtefactDamaged(RunnerError):
    """A stored result is not what was filed."""

    exit_code = 7


class Interrupted(RunnerError):
    """A person or the scheduler stopped the run; what was done is kept."""

    exit_code = 75


class DocumentsRefused(InputRefused):
    """Documents that cannot be worked with, all their findings at once."""

    def __init__(self, findings: list[Finding]) -> None:
        """Carry every finding; the message is their number."""
        super().__init__(f"{len(findings)} finding{'s' if len(findings) > 1 else ''}, nothing was done")
        self.findings = findings
