"""Whether a rule of Cloudflare's language can concern a request, decided without evaluating it for real.

The language: developers.cloudflare.com/ruleset-engine/rules-language. Of a request only some fields are
known, so an answer has three values; what cannot be told, or is not understood, is MAYBE. A rule is only
ruled out (NEVER) when no request of that kind can match it.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum

from integrations.cloudflare import fields
from integrations.cloudflare.fields import Visit

LONGEST = 16_384
"""Characters; Cloudflare allows 4,096."""
DEEPEST = 60

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<string>"(?:\\.|[^"\\])*")
    | (?P<raw>r(?P<hashes>\#*)"(?:.*?)"(?P=hashes))
    | (?P<op>==|!=|<=|>=|&&|\|\||\^\^|<|>|~|!|\(|\)|\{|\}|,|\[|\]|\*)
    | (?P<word>\$?[A-Za-z0-9_][A-Za-z0-9_.:/-]*)
    )""",
    re.VERBOSE | re.DOTALL,
)
_COMPARISONS = frozenset({"eq", "==", "ne", "!=", "contains", "wildcard", "in"})
_OTHERS = frozenset({"lt", "<", "le", "<=", "gt", ">", "ge", ">=", "matches", "~"})


class Match(IntEnum):
    """Ordered, so that ``and`` is the least and ``or`` the greatest of its parts."""

    NEVER = 0
    MAYBE = 1
    ALWAYS = 2


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    """``string``, ``op`` or ``word``."""
    text: str


class NotUnderstood(ValueError):
    """An expression that this reader cannot follow."""


def tokens(expression: str) -> list[Token]:
    """Raises NotUnderstood."""
    if len(expression) > LONGEST:
        raise NotUnderstood("too long")
    found: list[Token] = []
    position, end = 0, len(expression.rstrip())
    while position < end:
        match = _TOKEN.match(expression, position)
        if match is None:
            raise NotUnderstood(f"character {position}")
        position = match.end()
        if match["string"] is not None:
            found.append(Token("string", re.sub(r'\\(["\\])', r"\1", match["string"][1:-1])))
        elif match["raw"] is not None:
            skip = len(match["hashes"]) + 1
            found.append(Token("string", match["raw"][skip + 1 : -skip]))
        elif match["op"] is not None:
            found.append(Token("op", match["op"]))
        else:
            found.append(Token("word", match["word"]))
    return found


def match_of(expression: str, visit: Visit) -> Match:
    """Whether the requests of ``visit`` meet the expression: all of them, none, or it cannot be told."""
    try:
        read = tokens(expression)
        # Each path by itself: "this path or that one" holds for all when each meets one of the two.
        each = [replace(visit, paths=(path,)) for path in visit.paths] or [visit]
        found = {_Reader(read, one).whole() for one in each}
    except NotUnderstood:
        return Match.MAYBE
    return found.pop() if len(found) == 1 else Match.MAYBE


def concerns_host(expression: str, host: str) -> Match:
    """Whether the expression is about a host; deliberately cautious.

    ALWAYS as soon as the host, a parent domain or a wildcard over it occurs anywhere, even negated.
    NEVER only when the expression holds for no request to the host.
    """
    host = host.lower()
    if host in expression.lower():
        return Match.ALWAYS
    try:
        read = tokens(expression)
    except NotUnderstood:
        return Match.MAYBE
    if any(token.kind == "string" and fields.covers(token.text, host) for token in read):
        return Match.ALWAYS
    return min(match_of(expression, Visit(hosts=(host,))), Match.MAYBE)


def names_used(expression: str) -> frozenset[str]:
    """The fields an expression looks at, for example ``ip.src``. Raises NotUnderstood."""
    words = [token.text for token in tokens(expression) if token.kind == "word"]
    return frozenset(word for word in words if "." in word and not word[0].isdigit() and word[0] != "$")


@dataclass(slots=True)
class _Reader:
    """Reads by recursive descent: or, xor, and, not, comparison; the binding of the language's manual."""

    read: Sequence[Token]
    visit: Visit
    at: int = 0
    depth: int = field(default=0)

    def whole(self) -> Match:
        found = self._either()
        if self.at != len(self.read):
            raise NotUnderstood("more than one expression")
        return found

    def _either(self) -> Match:
        return self._chain(("or", "||"), self._one_of_two, max)

    def _one_of_two(self) -> Match:
        return self._chain(("xor", "^^"), self._both, _unlike)

    def _both(self) -> Match:
        return self._chain(("and", "&&"), self._turned, min)

    def _chain(
        self, words: tuple[str, str], part: Callable[[], Match], join: Callable[[Match, Match], Match]
    ) -> Match:
        found = part()
        while self._takes(*words):
            found = join(found, part())
        return found

    def _turned(self) -> Match:
        self.depth += 1
        if self.depth > DEEPEST:
            raise NotUnderstood("too deep")
        if self._takes("not", "!"):
            found = Match(Match.ALWAYS - self._turned())
        elif self._takes("("):
            found = self._either()
            self._must(")")
        else:
            found = self._comparison()
        self.depth -= 1
        return found

    def _comparison(self) -> Match:
        name, arguments = self._operand()
        is_strict = self._takes("strict")
        operator = self._next_word()
        if operator in _COMPARISONS:
            self.at += 1
            values = self._set() if operator == "in" else [self._value()]
            found = Match(fields.compare(name, operator, values, self.visit))
            # Patterns are compared without regard to case, which a strict one does regard.
            found = min(found, Match.MAYBE) if is_strict else found
            is_escaped = operator == "wildcard" and "\\" in values[0]
            return Match.MAYBE if is_escaped else found
        if operator in _OTHERS:
            self.at += 1
            self._value()
            return Match.MAYBE
        if name in ("starts_with", "ends_with") and len(arguments) == 2:
            return Match(fields.compare(arguments[0].text, name, [arguments[1].text], self.visit))
        return {"true": Match.ALWAYS, "false": Match.NEVER}.get(name, Match.MAYBE)

    def _operand(self) -> tuple[str, list[Token]]:
        """A field, or a function with its arguments."""
        name = self._take("word").text
        arguments: list[Token] = []
        if self._takes("("):
            opened = 1
            while opened:
                token = self._any()
                opened += (token.text == "(") - (token.text == ")") if token.kind == "op" else 0
                if opened and token.text != ",":
                    arguments.append(token)
            if name == "lower" and len(arguments) == 1:
                name = fields.LOWER + arguments[0].text
        while self._takes("["):
            while not self._takes("]"):
                self._any()
            name += "[]"
        return name, arguments

    def _value(self) -> str:
        token = self._any()
        if token.kind == "op":
            raise NotUnderstood(token.text)
        return token.text

    def _set(self) -> list[str]:
        if not self._takes("{"):
            return [self._take("word").text]
        values = []
        while not self._takes("}"):
            if not self._takes(","):
                values.append(self._value())
        return values

    def _next_word(self) -> str:
        if self.at < len(self.read) and self.read[self.at].kind != "string":
            return self.read[self.at].text
        return ""

    def _any(self) -> Token:
        if self.at >= len(self.read):
            raise NotUnderstood("ends too early")
        self.at += 1
        return self.read[self.at - 1]

    def _take(self, kind: str) -> Token:
        token = self._any()
        if token.kind != kind:
            raise NotUnderstood(token.text)
        return token

    def _takes(self, *texts: str) -> bool:
        if self._next_word() in texts:
            self.at += 1
            return True
        return False

    def _must(self, text: str) -> None:
        if not self._takes(text):
            raise NotUnderstood(f"no {text}")


def _unlike(one: Match, other: Match) -> Match:
    if Match.MAYBE in (one, other):
        return Match.MAYBE
    return Match.ALWAYS if one != other else Match.NEVER
