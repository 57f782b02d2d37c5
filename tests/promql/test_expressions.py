"""What is read off an expression, and how recorded metrics are put into it."""

import pytest

from sre_anomaly.errors import DataError
from sre_anomaly.promql.recorded import by_name, resolved
from sre_anomaly.promql.rule_file import Rule
from sre_anomaly.promql.templates import filled
from sre_anomaly.promql.tokens import comparison, selectors

MINUTE = 60 * 10**9


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("a + b", ["a", "b"]),
        ('sum by (x, y) (rate(a{l="}"}[5m])) / on (z) group_left (w) b', ["a", "b"]),
        ("sum(a) without (x)", ["a"]),
        ('{__name__=~"a|b", job="c"} > 1', [""]),
        ("max_over_time(a[1h:5m] offset -1d) and hour() < 6 or vector(1e3)", ["a"]),
        ('label_replace(job:a:rate5m, "x", "$1", "y", "(.*)") # b', ["job:a:rate5m"]),
        ("a @ end() offset 5m > bool 2 unless b == inf", ["a", "b"]),
        ("absent(up{job='x'}) == 1 and on() time() > 5", ["up"]),
        ("count(a) by (le) > 0x1F", ["a"]),
    ],
)
def test_finds_the_metrics(expression, names):
    """Names of functions, labels and keywords are no metrics."""
    assert [one.name for one in selectors(expression)] == names


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("a > 5", ("a", ">", 5.0)),
        ("a / b <= -1e-3", ("a / b", "<=", -0.001)),
        ('a{x=">1"} >= 2', ('a{x=">1"}', ">=", 2.0)),
        ("(a > 5)", None),
        ("a > b", None),
        ("a > bool 5", None),
        ("a > 1 or b > 2", None),
        ("5 < a", None),
        ("absent(a)", None),
    ],
)
def test_finds_the_limit(expression, found):
    """A plain number behind the one comparison is a limit that could be another."""
    assert comparison(expression) == found


def test_puts_recorded_metrics_in():
    """At an instant as an expression, in a window as a subquery, with an offset as the last evaluation then."""
    record = Rule("r", True, "sum(a)", MINUTE)
    known = by_name([record])

    def asked(text):
        return resolved(Rule("A", False, text, MINUTE), known)

    assert asked("r > 1") == "((sum(a))) > 1"
    assert "[10m:60000ms]" in asked("avg_over_time(r[10m])")
    assert "[1h:5m] offset 1d" in asked("max_over_time(r[1h:5m] offset 1d)")
    assert "last_over_time(" in asked("r offset 5m")
    assert asked("rr + b") == "rr + b"


def test_a_circle_of_recording_rules_is_said():
    """Rules that refer to each other would never end."""
    known = by_name([Rule("a", True, "b", MINUTE), Rule("b", True, "a", MINUTE)])
    with pytest.raises(DataError, match="circle"):
        resolved(Rule("A", False, "a > 1", MINUTE, where="x.yml:3"), known)


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{{ $labels.job }} {{$value}}", "api 1234.5678"),
        ("{{ .Labels.job | toUpper }}", "API"),
        ('{{ $value | printf "%.1f" }} {{ printf "%.2f%%" $value }}', "1234.6 1234.57%"),
        ("{{ humanize $value }} {{ $value | humanize1024 }}B", "1.235k 1.206kiB"),
        ('{{ index $labels "job" }}', "api"),
        ("{{ $labels.none }}|", "|"),
        ("{{ if $x }}a{{ end }}", "{{ if $x }}a{{ end }}"),
        ("{{ $value | unknown }}", "{{ $value | unknown }}"),
    ],
)
def test_fills_templates(template, said):
    """What is known is filled in; what is not stands as it is written."""
    assert filled(template, {"job": "api"}, 1234.5678) == said
