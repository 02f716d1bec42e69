"""What expressions are cut into, and what people are told when they type something else."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.expressions.tokens import ExpressionRefused, Token, quantity, tokenize

SIGNS = [
    *"abkMe019_ .,()+-*/<>=!%&|[]#^;",
    "≥",
    "≤",
    "−",
    "×",
    "（",
    "，",
    "²",
    "٣",
    "é",
    "\n",
    "\t",
    "\u00a0",
    "\ud800",
]

STRANGERS = [
    ("93 %", 3, "%", "write a plain fraction such as 0.05"),
    ("a.r2 > 5%", 7, "5%", "write a fraction such as 0.05"),
    ("a.r2 ≥ 0.5", 5, "≥", "write >="),
    ("a.r2 ≤ 0.5", 5, "≤", "write <="),
    ("a − b", 2, "−", "write -"),
    ("a – b", 2, "–", "write -"),
    ("a × b", 2, "×", "write *"),
    ("a ÷ b", 2, "÷", "write /"),
    ("（a", 0, "（", "write ("),
    ("a）", 1, "）", "write )"),
    ("ci(a，b)", 4, "，", "write ,"),
    ("[a]", 0, "[", "write parentheses"),
    ("a]", 1, "]", "write parentheses"),
    ("a^2", 1, "^", "write a * a"),
    ("a & b", 2, "&", "write and"),
    ("a | b", 2, "|", "write or"),
    ("!a", 0, "!", "write not"),
    ("#a", 0, "#", "write a name"),
    ("a; b", 1, ";", "write one expression per entry"),
    ("a == b", 2, "==", "compare with < or >"),
    ("a != b", 2, "!=", "compare with < or >"),
    ("a <> b", 2, "<>", "compare with < or >"),
    ("a => b", 2, "=>", "write >="),
    ("a =< b", 2, "=<", "write <="),
    ("a << b", 2, "<<", "write < <= > or >="),
    ("a <=> b", 2, "<=>", "write < <= > or >="),
    ("a === b", 2, "===", "write < <= > or >="),
    ("a > 12A", 4, "12A", "write 50k, 1M or 50000"),
    ("12A > b", 0, "12A", "write 50k, 1M or 50000"),
    ("1kk", 0, "1kk", "write 50k, 1M or 50000"),
    ("1_000", 0, "1_000", "write 50k, 1M or 50000"),
    ("a²", 1, "²", "write 50k, 1M or 50000"),
    ("٣", 0, "٣", "write 50k, 1M or 50000"),
    ("a > 1e400", 4, "1e400", "write a smaller number"),
    ("a > 1e308M", 4, "1e308M", "write a smaller number"),
    ("a\tb", 1, "\t", "use names, numbers, + - * / and < <= > >="),
    ("é", 0, "é", "use names, numbers, + - * / and < <= > >="),
]


def outcome(text: str) -> list[Token] | ExpressionRefused:
    """Return the tokens of a text, or its refusal."""
    try:
        return tokenize(text)
    except ExpressionRefused as error:
        return error


def refusal(text: str) -> ExpressionRefused:
    """Return the refusal of a text."""
    error = outcome(text)
    assert isinstance(error, ExpressionRefused)
    return error


@pytest.mark.parametrize(("text", "start", "stranger", "fix"), STRANGERS)
def test_stranger_is_named_with_its_place_and_what_to_type_instead(
    text: str, start: int, stranger: str, fix: str
) -> None:
    """The finding points at the very signs that are wrong and says what to write."""
    error = refusal(text)

    assert (error.code, error.start, error.end) == ("LG301", start, start + len(stranger))
    assert error.fix == fix
    assert text[error.start : error.end] == stranger


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("93%", "`93%` is not a number"),
        ("a ≥ b", "`≥` has no meaning in an expression"),
        ("a == b", "two measurements are never equal"),
        ("a => b", "`=>` is not an operator"),
        ("1e400", "`1e400` is too large"),
    ],
)
def test_message_says_why(text: str, message: str) -> None:
    """Each kind of mistake has a sentence of its own."""
    assert refusal(text).message == message


def test_tokens_know_their_kind_and_place() -> None:
    """Words, numbers and signs are told apart, blanks left out, the end marked."""
    assert tokenize("ci(a.r2) <= .5k") == [
        Token("name", "ci", 0, 2),
        Token("operator", "(", 2, 3),
        Token("name", "a", 3, 4),
        Token("operator", ".", 4, 5),
        Token("name", "r2", 5, 7),
        Token("operator", ")", 7, 8),
        Token("operator", "<=", 9, 11),
        Token("number", ".5k", 12, 15, 500.0),
        Token("end", "", 15, 15),
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [("0", 0), ("12", 12), ("0.5", 0.5), (".5", 0.5), ("1e-3", 1e-3), ("2E+2", 200), ("32k", 32_000), ("1.5M", 1.5e6)],
)
def test_number_is_read_as_people_write_it(text: str, value: float) -> None:
    """Decimals, powers of ten and the sizes k and M are one token each."""
    assert [token.value for token in tokenize(text)] == [value, 0]


@pytest.mark.parametrize("text", ["a<-1", "a>=-1", "a=-1", "a<b>=c", "a<=.5"])
def test_signs_need_no_blanks_between_them(text: str) -> None:
    """Comparisons, points and minus signs may touch."""
    assert "".join(token.text for token in tokenize(text)) == text


@given(st.text(st.sampled_from(SIGNS), max_size=30))
@settings(derandomize=True, deadline=None, max_examples=400)
def test_every_text_is_cut_or_refused_inside_itself(text: str) -> None:
    """Whatever is typed, tokens and gaps of blanks make up the text, or the refusal points into it."""
    tokens = outcome(text)
    if isinstance(tokens, ExpressionRefused):
        assert 0 <= tokens.start < tokens.end <= len(text)
        return
    assert all(text[token.start : token.end] == token.text for token in tokens)
    gaps = [text[left.end : right.start] for left, right in pairwise([Token("", "", 0, 0), *tokens])]
    assert not "".join(gaps).strip(" ")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("32k", 32_000),
        ("1M", 1e6),
        ("1.5k", 1500),
        ("1e-3", 1e-3),
        (".5", 0.5),
        ("-5", -5),
        ("+5", 5),
        ("20%", 0.2),
        ("20 %", 0.2),
        ("-0.5 %", -0.005),
        (" 7 ", 7),
    ],
)
def test_quantity_reads_sizes_and_shares(text: str, value: float) -> None:
    """A value of a front matter may be a size, a share or a plain number."""
    assert quantity(text) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    "text",
    ["", "k", "1 k", "1kk", "1k%", "1_000", "1,000", "0x10", "1e", "5.", "- 5", "nan", "inf", "12A", "one"],
)
def test_quantity_is_nothing_where_no_number_stands(text: str) -> None:
    """What is no number is not guessed."""
    assert quantity(text) is None


@pytest.mark.parametrize("text", ["1e400", "-1e400", "1e308M", "1" * 400, "٣", "１", "²", "20\n%", "20  %"])
def test_quantity_is_finite_and_in_plain_digits(text: str) -> None:
    """No infinity comes in by the back door, and no digit that another reader would not see as one."""
    assert quantity(text) is None
