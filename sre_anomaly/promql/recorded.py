"""An alert's expression with the recording rules of its file put in, so that it can be asked of a server that has not recorded them."""

from collections.abc import Mapping, Sequence

from sre_anomaly.promql.rule_file import MILLISECOND, Rule
from sre_anomaly.promql.rule_text import escaped, quoted
from sre_anomaly.promql.tokens import (
    Matcher,
    Selector,
    is_scalar,
    selectors,
    tokens,
    unquoted,
    without_comments,
)

WITHOUT = {"or", "unless", "absent", "absent_over_time"}
"""Words of expressions that give something for a metric that is not there."""
MARK = "__m{}__"


def resolved(rule: Rule, recorded: Mapping[str, Sequence[Rule]]) -> str:
    """Return a rule's expression with each recorded metric replaced by what its rules say.

    At one instant it gives what the recorded series would have; a window over one becomes a subquery at the interval at which it
    is recorded, and an offset the last such evaluation then.
    """
    return _put_in(rule.expression, recorded)


def by_name(rules: Sequence[Rule]) -> dict[str, list[Rule]]:
    """Return the recording rules by the name that they record, without those that ask for what they have recorded before.

    The server alone can know these: its own series are asked for.
    """
    found: dict[str, list[Rule]] = {}
    for rule in rules:
        if rule.records:
            found.setdefault(rule.name, []).append(rule)
    asks = {name: _asked_by(some) for name, some in found.items()}
    return {name: some for name, some in found.items() if name not in _reached(name, asks)}


def needs(rule: Rule, recorded: Mapping[str, Sequence[Rule]]) -> tuple[list[str], bool]:
    """Return the metrics that a rule asks the server for, through its recording rules too, and whether it needs all of them.

    Examples
    --------
    >>> needs(Rule("A", False, "a * on(job) b > 1", 1), {}), needs(Rule("A", False, "a > 1 or b > 1", 1), {})
    ((['a', 'b'], True), (['a', 'b'], False))
    """
    found: dict[str, None] = {}
    waiting, seen, all_of_them = [rule], set[str](), True
    while waiting:
        expression = waiting.pop().expression
        all_of_them &= not any(word.text.lower() in WITHOUT for word in tokens(expression))
        for one in selectors(expression):
            some = recorded.get(one.name, ())
            if not some:
                found[one.name] = None
            elif one.name not in seen:
                seen.add(one.name)
                waiting += some
                all_of_them &= len(some) == 1
    return list(found), all_of_them


def _asked_by(rules: Sequence[Rule]) -> set[str]:
    return {one.name for rule in rules for one in selectors(rule.expression)}


def _reached(name: str, asks: Mapping[str, set[str]]) -> set[str]:
    """Return all that a recorded metric needs, through others too."""
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        new = asks.get(waiting.pop(), set()) - seen
        seen |= new
        waiting += new
    return seen


def _put_in(expression: str, recorded: Mapping[str, Sequence[Rule]]) -> str:
    parts, done = [], 0
    for one in selectors(expression):
        rules = recorded.get(one.name)
        if not rules:
            continue
        said = " or ".join(_as_recorded(rule, _put_in(rule.expression, recorded)) for rule in rules)
        for number, matcher in enumerate(one.matchers):
            said = _only(said, matcher, MARK.format(number))
        parts += [expression[done : one.start], _over_time(said, one, rules[0].interval)]
        done = one.shift_end
    return "".join([*parts, expression[done:]])


def _as_recorded(rule: Rule, expression: str) -> str:
    said = f"({without_comments(expression)})"
    if is_scalar(rule.expression):
        said = f"vector{said}"
    for label, value in rule.labels.items():
        said = f'label_replace({said}, "{label}", {quoted(value.replace("$", "$$"))}, "", "")'
    return said


def _only(said: str, matcher: Matcher, mark: str) -> str:
    """Keep the series that a matcher picks: they get a mark, and lose it again."""
    exact = matcher.sign in ("=", "!=")
    pattern = quoted(escaped(unquoted(matcher.value))) if exact else matcher.value
    one = f'label_replace(vector(1), "{mark}", "1", "", "")'
    how = "and" if matcher.sign in ("=", "=~") else "unless"
    marked = f'label_replace({said}, "{mark}", "1", "{matcher.label}", {pattern})'
    return f'label_replace(({marked} {how} on({mark}) {one}), "{mark}", "", "", "")'


def _over_time(said: str, one: Selector, interval: int) -> str:
    every = f"{interval // MILLISECOND}ms"
    shift = f" {one.shift}" if one.shift else ""
    if ":" in one.window:
        return f"({said})[{one.window}]{shift}"
    if one.window:
        return f"({said})[{one.window}:{every}]{shift}"
    return f"last_over_time(({said})[{every}:{every}]{shift})" if shift else f"({said})"
