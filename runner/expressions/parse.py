"""Turn the text of an expression into its tree: a precedence climber over the tokens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

from runner.expressions.syntax import (
    COMPARISONS,
    Argument,
    Arithmetic,
    Call,
    Comparison,
    Expression,
    Logic,
    Negative,
    Number,
    Reference,
    Segment,
    children,
    is_predicate,
    walk,
)
from runner.expressions.tokens import COMPARE, ExpressionRefused, Token, tokenize

QUANTITY, PREDICATE, EITHER, ADDRESS = "quantity", "predicate", "either", "address"


@dataclass(frozen=True, slots=True)
class Function:
    """What a function takes: how many arguments, of which sort."""

    takes: str = QUANTITY
    least: int = 1
    most: int = 1


FUNCTIONS = {
    "abs": Function(),
    "sqrt": Function(),
    "log10": Function(),
    "min": Function(most=9),
    "max": Function(most=9),
    "near": Function(least=3, most=3),  # near(a, b, tolerance)
    "mean": Function(),  # these combine what `*` gives
    "sd": Function(),
    "spread": Function(),
    "argmax": Function(),
    "count": Function(PREDICATE),
    "all": Function(PREDICATE),
    "any": Function(PREDICATE),
    "p": Function(PREDICATE),
    "ci": Function(),
    "prev": Function(),  # the row above, in a table
    "across": Function(EITHER),  # the one way to combine different populations
    "published": Function(ADDRESS),
}
ALONE = {"ci": "gives two numbers", "argmax": "gives a name"}
WORDS = ("and", "or", "not")
RESERVED = frozenset((*FUNCTIONS, *WORDS))
LONGEST = 400
ADDRESS_FIX = "write an address such as job.r2, or a number"
DEEPEST = 40


@lru_cache(maxsize=4096)
def parse(text: str) -> Expression:
    """Return the tree of an expression, or refuse it with the place of the mistake."""
    if not text.strip():
        raise ExpressionRefused("an expression is missing", 0, 0, fix="write one, such as job.r2")
    if len(text) > LONGEST:
        raise ExpressionRefused(f"longer than {LONGEST} characters", 0, len(text), fix="name a part in define:")
    parser = _Parser(tokenize(text))
    tree = parser.disjunction()
    parser.expect_end()
    for part in children(tree):
        _refuse_inner_calls(part)
    _refuse_judged_sources(tree)
    return tree


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.index = 0
        self.depth = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.index]

    def advance(self) -> Token:
        self.index += 1
        return self.tokens[self.index - 1]

    def at(self, *texts: str) -> bool:
        return self.token.kind in {"operator", "name"} and self.token.text in texts

    def expect(self, text: str) -> Token:
        if not self.at(text):
            raise self.unexpected(f"`{text}` is missing", f"write {text}")
        return self.advance()

    def expect_end(self) -> None:
        if self.token.kind != "end":
            raise self.unexpected(f"`{self.token.text}` does not belong here", "delete it, or put an operator before")

    def unexpected(self, message: str, fix: str) -> ExpressionRefused:
        return ExpressionRefused(message, self.token.start, max(self.token.end, self.token.start + 1), fix=fix)

    def disjunction(self) -> Expression:
        return self.logic("or", self.conjunction)

    def conjunction(self) -> Expression:
        return self.logic("and", self.negation)

    def logic(self, word: str, part: Callable[[], Expression]) -> Expression:
        operands = [part()]
        while self.at(word):
            self.advance()
            operands.append(part())
        if len(operands) == 1:
            return operands[0]
        for operand in operands:
            _require_predicate(operand, word)
        return Logic(word, tuple(operands), operands[0].start, operands[-1].end)

    def negation(self) -> Expression:
        if not self.at("not"):
            return self.comparison()
        start = self.advance().start
        operand = self.deeper(self.negation)
        _require_predicate(operand, "not")
        return Logic("not", (operand,), start, operand.end)

    def comparison(self) -> Expression:
        operands, operators = [self.total()], []
        while self.at(*COMPARISONS):
            operators.append(self.advance().text)
            operands.append(self.total())
        if self.at("="):
            raise self.unexpected("two measurements are never equal", COMPARE)
        if not operators:
            return operands[0]
        for operand in operands:
            _require_quantity(operand, operators[0])
        return Comparison(tuple(operands), tuple(operators), operands[0].start, operands[-1].end)

    def total(self) -> Expression:
        return self.arithmetic(("+", "-"), self.product)

    def product(self) -> Expression:
        return self.arithmetic(("*", "/"), self.signed)

    def arithmetic(self, operators: tuple[str, ...], part: Callable[[], Expression]) -> Expression:
        left = part()
        while self.at(*operators):
            operator = self.advance().text
            right = part()
            for operand in (left, right):
                _require_quantity(operand, operator)
            left = Arithmetic(operator, left, right, left.start, right.end)
        return left

    def signed(self) -> Expression:
        if not self.at("-"):
            return self.atom()
        start = self.advance().start
        operand = self.deeper(self.signed)
        _require_quantity(operand, "-")
        return Negative(operand, start, operand.end)

    def deeper(self, part: Callable[[], Expression]) -> Expression:
        """Read a part one level further in, so that no text can exhaust the stack."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.unexpected("parentheses or signs are nested too deeply", "name a part in define:")
        tree = part()
        self.depth -= 1
        return tree

    def atom(self) -> Expression:
        token = self.token
        if token.kind == "number":
            self.advance()
            return Number(token.value, token.start, token.end)
        if self.at("("):
            self.advance()
            inner = self.deeper(self.disjunction)
            return replace(inner, start=token.start, end=self.expect(")").end)
        if token.kind != "name" or token.text in WORDS:
            wanted = "a name or a number is missing"
            raise self.unexpected(wanted if token.kind == "end" else f"{wanted} before `{token.text}`", ADDRESS_FIX)
        if token.text in RESERVED and self.tokens[self.index + 1].text == "(":
            return self.call()
        return self.reference()

    def call(self) -> Call:
        name = self.advance()
        self.expect("(")
        arguments = [self.deeper(self.disjunction)]
        while self.at(","):
            self.advance()
            arguments.append(self.deeper(self.disjunction))
        call = Call(name.text, tuple(arguments), name.start, self.expect(")").end)
        _check_arguments(call, FUNCTIONS[name.text])
        return call

    def reference(self) -> Reference:
        segments = [self.segment()]
        while self.at("."):
            self.tight(self.advance())
            segments.append(self.segment())
        return Reference(tuple(segments), segments[0].start, segments[-1].end)

    def segment(self) -> Segment:
        if self.token.kind != "name":
            raise self.unexpected("a name is missing after the dot", ADDRESS_FIX)
        name = self.advance()
        point: list[Argument] = []
        end = name.end
        if self.at("(") and self.token.start == name.end:
            self.advance()
            point.append(self.argument())
            while self.at(","):
                self.advance()
                point.append(self.argument())
            end = self.expect(")").end
        return Segment(name.text, tuple(point), name.start, end)

    def argument(self) -> Argument:
        first = self.value()
        if not self.at("="):
            return Argument("", first)
        self.advance()
        return Argument(first, self.value())

    def value(self) -> str:
        sign = self.advance().text if self.at("-") else ""
        if self.token.kind not in {"number", "name"} and not self.at("*"):
            raise self.unexpected(
                "a value is missing between the parentheses", "write a point such as job(1k), or job(*)"
            )
        return sign + self.advance().text

    def tight(self, dot: Token) -> None:
        before, after = self.tokens[self.index - 2], self.token
        if before.end != dot.start or after.start != dot.end:
            raise ExpressionRefused("blanks around a dot", dot.start, dot.end, fix="write name.name")


def _refuse_inner_calls(node: Expression) -> None:
    """Refuse a function whose value is no single number anywhere but at the top."""
    if isinstance(node, Call) and node.function in ALONE:
        message = f"`{node.function}()` {ALONE[node.function]} and stands alone"
        raise ExpressionRefused(message, node.start, node.end, fix="cite it by itself", code="LG304")
    for part in children(node):
        _refuse_inner_calls(part)


def _refuse_judged_sources(tree: Expression) -> None:
    """Refuse published values where something is judged: they stand on other rows."""
    judged = [part for part in walk(tree) if is_predicate(part)]
    for part in judged:
        for node in walk(part):
            if isinstance(node, Call) and node.function == "published":
                raise never_judged(node)


def never_judged(node: Expression) -> ExpressionRefused:
    """Return the refusal of a part of a predicate that rests on published values."""
    message, fix = "a published value is shown beside ours, never judged", "write a predicate on our own facts"
    return ExpressionRefused(message, node.start, node.end, fix=fix, code="LG304")


def _check_arguments(call: Call, function: Function) -> None:
    given = len(call.arguments)
    if not function.least <= given <= function.most:
        due = f"{function.least}" if function.least == function.most else f"{function.least} to {function.most}"
        message = f"`{call.function}` takes {due} argument{'s' if function.most > 1 else ''}, not {given}"
        sample = "a.r2 > 0.5" if function.takes == PREDICATE else ", ".join(("a.r2", "b.r2", "0.1")[: function.least])
        raise ExpressionRefused(message, call.start, call.end, fix=f"write {call.function}({sample})")
    for argument in call.arguments:
        if function.takes == QUANTITY:
            _require_quantity(argument, call.function)
        if function.takes == PREDICATE:
            _require_predicate(argument, call.function)
        if function.takes == ADDRESS and not isinstance(argument, Reference):
            message = f"`{call.function}` takes one address"
            fix = f"write {call.function}(job.metric)"
            raise ExpressionRefused(message, argument.start, argument.end, fix=fix, code="LG304")


def _require_predicate(node: Expression, word: str) -> None:
    if not is_predicate(node):
        message = f"`{word}` takes comparisons, not quantities"
        fix = "write a comparison such as a.r2 > 0.5"
        raise ExpressionRefused(message, node.start, node.end, fix=fix, code="LG304")


def _require_quantity(node: Expression, word: str) -> None:
    if is_predicate(node):
        message = f"`{word}` takes quantities, not comparisons"
        raise ExpressionRefused(message, node.start, node.end, fix="write a quantity such as a.r2", code="LG304")
