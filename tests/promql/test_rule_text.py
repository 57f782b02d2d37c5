"""Rule files as text: they read back as what they were made of, here and in promtool."""

import json
import re

import yaml
from hypothesis import given
from hypothesis import strategies as st

from prometheus_server import needs_prometheus, promtool
from sre_anomaly.promql.rule_text import as_text, escaped, quoted

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    [
        "y",
        "N",
        "yes",
        "1e3",
        "0x1f",
        "0o17",
        "12:30",
        "~",
        "null",
        "# no",
        "a: b",
        " x",
        "x ",
        "a\n b\n",
        "{{ $value }}",
    ]
)
NAMES = st.dictionaries(TEXTS, TEXTS, max_size=3)


@given(texts=st.lists(TEXTS, max_size=4), labels=NAMES, comment=TEXTS)
def test_reads_back(texts, labels, comment):
    """Whatever stands in a rule or in its comment, a reader of the file gets the rule, in its own order."""
    rules = {"groups": [{"name": "a", "rules": [{"expr": text, "labels": labels} for text in texts]}]}
    read = yaml.safe_load(as_text(rules, comment))
    assert read == rules
    assert [list(rule) for rule in read["groups"][0]["rules"]] == [["expr", "labels"]] * len(texts)


def test_expressions_are_blocks():
    """An expression of several lines, or a long one, stands as it is written in PromQL."""
    long = f'sum(rate(http_requests_total{{code=~"5..", job="{"x" * 120}"}}[5m]))'
    text = as_text(
        {"groups": [{"name": "a", "rules": [{"expr": "a\n/\nb"}, {"expr": long}]}]}, "Why.\n\nAnd who."
    )
    assert text.startswith(
        "# Why.\n#\n# And who.\ngroups:\n  - name: a\n    rules:\n      - expr: |-\n          a\n          /\n          b\n"
    )
    assert f"\n          {long}\n" in text


@needs_prometheus
def test_promtool_sees_the_same(tmp_path):
    """Awkward values of labels, written as YAML and as strings of PromQL, are one and the same to Prometheus."""
    values = [
        "y", "n", "no", "1e3", "0o17", "12:30", "~", 'a"b', "a\\b", "a\nb", "ünï\u2028", "a\tb", "$5..", "{{ x }}", "`'", "\x01\x7f",
    ]  # fmt: skip
    rules = [
        {"record": "y", "expr": "vector(1)", "labels": {"n": value, "place": f"v{at}"}}
        for at, value in enumerate(values)
    ]
    (tmp_path / "rules.yml").write_text(
        as_text({"groups": [{"name": "y", "rules": rules}]}), encoding="utf-8"
    )
    asked = [
        {
            "expr": f"y{{n={quoted(value)}, n=~{quoted(escaped(value) + '|other')}}}",
            "eval_time": "1m",
            "exp_samples": [{"labels": f'y{{n={quoted(value)}, place="v{at}"}}', "value": 1}],
        }
        for at, value in enumerate(values)
    ]
    tests = {"rule_files": ["rules.yml"], "tests": [{"interval": "1m", "promql_expr_test": asked}]}
    (tmp_path / "tests.yml").write_text(as_text(tests), encoding="utf-8")
    promtool("test", "rules", "tests.yml", cwd=tmp_path)


@given(text=TEXTS, other=TEXTS)
def test_a_pattern_matches_its_text_alone(text, other):
    """Nothing in a text acts as a regular expression, nor ends the string it stands in."""
    pattern = json.loads(quoted(escaped(text)))
    assert re.fullmatch(pattern, text)
    assert bool(re.fullmatch(pattern, other)) == (text == other)
