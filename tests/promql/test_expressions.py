"""What is read off an expression, and how recorded metrics are put into it."""

import pytest

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


@pytest.mark.parametrize(
    ("recorded", "asked", "put_in"),
    [
        ("up # how many", "r > 1", "((up)) > 1"),
        ("-0.95", "up > on() r", "up > on() (vector(-0.95))"),
        ("scalar(a) * 2", "r > 1", "(vector(scalar(a) * 2)) > 1"),
        ("a", '{__name__="r"} > 1', "((a)) > 1"),
    ],
)
def test_puts_in_what_cannot_stand_in_brackets_as_it_is(recorded, asked, put_in):
    """A comment at the end, a plain number, and a name that is written as a label."""
    known = by_name([Rule("r", True, recorded, MINUTE)])
    assert resolved(Rule("A", False, asked, MINUTE), known) == put_in


def test_a_matcher_of_a_recorded_metric_means_what_its_escapes_say():
    """The value of a label is a text, with each kind of escape."""
    known = by_name([Rule("r", True, "a", MINUTE)])
    asked = resolved(Rule("A", False, r"""r{x="a\\b\n\x41\"", y='it\'s'}""", MINUTE), known)
    assert r'"a\\\\b\nA\""' in asked
    assert '"it\'s"' in asked


def test_what_a_rule_has_recorded_before_is_asked_of_the_server():
    """Rules that need what they recorded before cannot be put in: the server alone knows it."""
    circle = [Rule("a", True, "b", MINUTE), Rule("b", True, "a", MINUTE), Rule("c", True, "x + a", MINUTE)]
    known = by_name([*circle, Rule("total", True, "total offset 1m + x", MINUTE)])
    assert list(known) == ["c"]
    assert resolved(Rule("A", False, "c > total", MINUTE), known) == "((x + a)) > total"


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
        ("{{ $labels }}", "map[instance:a.example.org:9100 job:api]"),
        ("{{ if gt $value 2000.0 }}a{{ else if gt $value 1000.0 }}b{{ else }}c{{ end }}", "b"),
        ('{{ if and (eq $labels.job "db" "api") (ne .Value 0.0) -}}  x  {{- end }}y', "xy"),
        ("{{ with $labels.job }}<{{ . }}>{{ end }}{{ with $labels.none }}?{{ else }}!{{ end }}", "<api>!"),
        ("{{ $x := $value | humanize }}{{ $x }}{{ /* why */ }}", "1.235k"),
        ('{{ printf "%s: %.1f of %v|%-5s|" $labels.job $value 3 "x" }}', "api: 1234.6 of 3|x    |"),
        ("{{ $labels.instance | stripPort }} {{ $labels.instance | stripDomain }}", "a.example.org a:9100"),
        ('{{ $labels.instance | reReplaceAll "(.*):.*" "<$1>" | toUpper }}', "<A.EXAMPLE.ORG>"),
        ('{{ "43200" | humanizeDuration }} {{ humanizeDuration $value }}', "12h 0m 0s 20m 34s"),
        (
            '{{ "an API" | title }} {{ 1700000000.5 | humanizeTimestamp }}',
            "An API 2023-11-14 22:13:20.5 +0000 UTC",
        ),
        ('{{ if match "^a.i$" $labels.job }}{{ print `a` 1 }}{{ end }}', "a1"),
        ("{{ $externalLabels.cluster }} {{ $labels.job }}", "{{ $externalLabels.cluster }} api"),
        # Prometheus refuses to compare a number with a whole one.
        ("{{ if gt $value 1 }}a{{ end }}", "{{ if gt $value 1 }}a{{ end }}"),
        ("{{ if $value }}a", "{{ if $value }}a"),
    ],
)
def test_fills_templates(template, said):
    """What is known is filled in; what is not stands as it is written."""
    labels = {"job": "api", "instance": "a.example.org:9100"}
    assert filled(template, labels, 1234.5678) == said


def test_what_asks_a_query_stays_with_all_that_is_in_it():
    """The labels inside are those of the query's answer, and a variable that is set there is not known any more."""
    asks = '{{ range query "up == 0" }}{{ .Labels.job }} {{ end }}'
    assert filled(asks + "{{ $labels.job }}", {"job": "api"}, 1.0) == asks + "api"
    sets = '{{ if query "up" }}{{ $s = "s" }}{{ else if $value }}b{{ end }}'
    assert filled('{{ $s := "" }}' + sets + "{{ $s }}", {}, 1.0) == sets + "{{ $s }}"
