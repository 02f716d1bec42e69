"""The templates: where they are, and the sandbox in which they run."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from runner.findings import InputRefused
from runner.rendering import wording
from runner.rendering.shelf import folder
from runner.safety import bounded_yaml, escaping, paths

if TYPE_CHECKING:
    from jinja2.sandbox import ImmutableSandboxedEnvironment

PLAIN = re.compile(r"\w[\w ,.()/@-]*")  # what YAML reads as the text it is
TAKES = re.compile(r"\{#-? takes: (?P<names>[a-z_, *]*?) *-?#\}")


@lru_cache(maxsize=1)
def environment() -> ImmutableSandboxedEnvironment:
    """Return the sandbox: strict about missing names, one filter per place a text can go."""
    from jinja2 import FileSystemLoader, StrictUndefined  # half of a quick verb's time, and only blocks need it
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    sandbox = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(folder()),
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    sandbox.filters.update(
        text=escaping.text,
        code=escaping.code,
        title=escaping.title,
        node=escaping.node,
        link=link,
        scalar=scalar,
        number=wording.number,
        found=wording.found,
        interval=wording.interval,
        signed=wording.signed,
        percent=wording.percent,
        count=wording.count,
        plain=wording.plain,
    )
    return sandbox


def link(target: str) -> str:
    """Keep the target of a link inside its parentheses: what is not percent-encoded yet becomes so."""
    return quote(target, safe=f"{paths.LINK_SAFE}%")


def scalar(value: str) -> str:
    """Write a text as a YAML scalar, quoted whenever it could be read as something else."""
    if PLAIN.fullmatch(value) and not value.replace(".", "").isdigit():
        return value
    return "'" + value.replace("'", "''") + "'"


def kinds() -> list[str]:
    """Return the kinds of block there are: one template file each."""
    return sorted(path.name.removesuffix(".md.j2") for path in (folder() / "blocks").glob("*.md.j2"))


def arguments_of(kind: str) -> set[str] | None:
    """Return the arguments a kind of block takes, or None when it takes any."""
    source = (folder() / "blocks" / f"{kind}.md.j2").read_text(encoding="utf-8")
    match = TAKES.match(source)
    names = {name.strip() for name in match["names"].split(",")} if match else {""}
    return None if "*" in names else names - {""}


def fill(name: str, context: dict[str, Any]) -> str:
    """Render a template; its own mistakes become one line."""
    from jinja2 import TemplateError, TemplateSyntaxError

    try:
        return environment().get_template(name).render(context)
    except (TemplateError, TypeError, ValueError) as error:
        line = f":{error.lineno}" if isinstance(error, TemplateSyntaxError) else ""
        raise InputRefused(f"template {name}{line}: {error}", code="LG208", fix="mend the template") from error


@lru_cache(maxsize=8)
def labels(lang: str) -> dict[str, Any]:
    """Return the labels of a language."""
    file = folder() / "lang" / f"{lang}.yml"
    content = bounded_yaml.to_python(bounded_yaml.load(file.read_text(encoding="utf-8")))
    return dict(content)


@lru_cache(maxsize=1)
def languages() -> tuple[dict[str, Any], ...]:
    """Return the labels of every language there is."""
    return tuple(labels(file.stem) for file in sorted((folder() / "lang").glob("*.yml")))


@lru_cache(maxsize=1)
def judgements() -> tuple[re.Pattern[str], ...]:
    """Return what recognises a written judgement, one pattern per language."""
    return tuple(map(wording.judgements, languages()))
