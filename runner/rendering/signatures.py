"""What was signed, beside what is true today: verdicts that changed, and words that changed."""

from __future__ import annotations

from dataclasses import dataclass

from runner.documents.kinds import Hub, Roadmap, Signature
from runner.documents.library import judged_of
from runner.documents.reading import Document
from runner.documents.signed import signatures_of
from runner.expressions.names import suggestion
from runner.findings import InputRefused, Place, UsageError
from runner.rendering.desk import lay
from runner.rendering.statements import Statement, statement
from runner.verdicts.judgements import Judgement, Outcome, Verdict
from runner.verdicts.knowledge import Knowledge

UNSIGNABLE = frozenset({"pending", "invalid", "waiting", "bypassed"})
LONGEST = 100  # characters of a decision, so that a citation can show it


@dataclass(frozen=True)
class Standing:
    """A signature, and what it would say today."""

    signature: Signature
    verdict: str
    statement: Statement | None

    @property
    def contradicted(self) -> bool:
        """Tell whether the verdict is no longer the one that was signed."""
        return self.verdict != self.signature.verdict

    @property
    def suspect(self) -> bool:
        """Tell whether the words are no longer those that were signed."""
        return self.statement is None or self.statement.fingerprint != self.signature.fingerprint

    @property
    def place(self) -> Place:
        """Return where the words stand, or the signature where they are gone."""
        return self.statement.place if self.statement else self.signature.place


def standings(document: Document, knowledge: Knowledge) -> list[Standing]:
    """Return every signature of a document beside what is true today."""
    desk, own = lay(document, knowledge), signed_keys(document, knowledge)
    return [
        Standing(signature, word(knowledge.judge.key(key, document), key), statement(key, desk))
        for key, signature in signatures_of(document.body).items()
        if key in own
    ]


def signed_keys(document: Document, knowledge: Knowledge) -> set[str]:
    """Return the keys of a document that can be signed: its own, and questions it only states the parts of."""
    own = set(judged_of(document))
    signed = {key for key in signatures_of(document.body) if knowledge.judge.parts(key, document)}
    return own | signed


def word(judgement: Judgement, key: str) -> str:
    """Return the word a signature keeps of a judgement: of a ladder the name of the rung that is taken."""
    match judgement:
        case Outcome(state="taken"):
            return f"{key}.{judgement.taken}"
        case Outcome(state="leaning"):
            return "undecided"
        case Verdict(state="human"):
            return "decided"
        case _:
            return judgement.state


def sign(document: Document, key: str, knowledge: Knowledge, date: str, words: str) -> Signature:
    """Return the signature of a person who read a claim against today's evidence, or decided a question."""
    _refuse(document, key, knowledge, words)
    judgement = knowledge.judge.key(key, document)
    if words and not _left_to_a_person(judgement):
        raise UsageError(f"`{key}` is decided by its predicate, not by a person", fix="leave out --say")
    before = signatures_of(document.body).get(key)
    said = " ".join(words.split()) or (before.words if before else "")
    if not said and _left_to_a_person(judgement):
        raise UsageError(f"`{key}` is for a person to decide", fix='say what was decided: --say "decision"')
    if judgement.state in UNSIGNABLE:
        message = f"`{key}` is {judgement.state}, there is no evidence to sign"
        raise InputRefused(message, fix="run what it rests on first", place=document.place("signed"), code="LG105")
    found = statement(key, lay(document, knowledge))
    if found is None:
        message = f"no row, bullet or sentence carries `{key}`"
        place = judged_of(document)[key].place if key in judged_of(document) else document.source.place(0)
        raise InputRefused(message, fix=f"cite it: [words][{key}]", place=place, code="LG207")
    return Signature(key, word(judgement, key), found.fingerprint, date, found.place, said)


def _left_to_a_person(judgement: Judgement) -> bool:
    match judgement:
        case Outcome(state="taken", leading=leading, rungs=rungs):
            return rungs[leading].human
        case _:
            return judgement.state in {"human", "decided"}


def _refuse(document: Document, key: str, knowledge: Knowledge, words: str) -> None:
    """Refuse what a command line cannot mean."""
    if not isinstance(document.body, Hub | Roadmap):
        raise UsageError(f"{document.called} keeps no signatures", fix="name a hub or a roadmap")
    if key not in judged_of(document) and not knowledge.judge.parts(key, document):
        raise UsageError(f"{document.called} has no key `{key}`", fix=suggestion(key, judged_of(document)))
    if len(words) > LONGEST or not words.isprintable():
        raise UsageError(f"a decision is one line of at most {LONGEST} characters", fix="say the rest in the body")
