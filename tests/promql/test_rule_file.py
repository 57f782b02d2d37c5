"""Rule files as people have them, and what is said where one is wrong."""

import pytest

from sre_anomaly.errors import DataError
from sre_anomaly.promql.rule_file import duration, read_rules

MINUTE = 60 * 10**9


def read(tmp_path, text, name="rules.yml"):
    """Return the rules of a file with this text."""
    path = tmp_path / name
    path.write_text(text)
    return read_rules(path, MINUTE)


def test_reads_rules_with_their_group_and_line(tmp_path):
    """Intervals and labels of a group hold for its rules; numbers are expressions too."""
    rules = read(
        tmp_path,
        "groups:\n- name: a\n  interval: 30s\n  labels: {team: web}\n  rules:\n"
        "  - record: b:c\n    expr: 1\n"
        "  - alert: D\n    expr: |\n      x\n      > 1\n    for: 1h30m\n    keep_firing_for: 5m\n    labels: {severity: page}\n"
        "- name: e\n  rules:\n  - {alert: F, expr: up == 0}\n",
    )
    assert [(one.name, one.records, one.interval // 10**9) for one in rules] == [
        ("b:c", True, 30),
        ("D", False, 30),
        ("F", False, 60),
    ]
    assert rules[1].hold == 90 * MINUTE
    assert rules[1].keep == 5 * MINUTE
    assert rules[1].labels == {"team": "web", "severity": "page"}
    assert rules[1].where.endswith("rules.yml:8")


def test_reads_kubernetes_rules_and_folders(tmp_path):
    """A PrometheusRule has its groups under spec; a folder is all its files; a file may hold several documents."""
    (tmp_path / "more").mkdir()
    read(tmp_path, "kind: PrometheusRule\nspec:\n  groups:\n  - name: a\n    rules: [{alert: A, expr: x}]\n")
    two = "groups:\n- {name: b, rules: [{alert: B, expr: x}]}\n"
    (tmp_path / "more" / "b.yaml").write_text(f"{two}---\n{two}")
    assert sorted(one.name for one in read_rules(tmp_path, MINUTE)) == ["A", "B", "B"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("groups: [", "rules.yml:1: is no YAML"),
        ("rules: []", "rules.yml:1: has no `groups:`"),
        ("groups: [{name: a, rules: [{alert: A, exp: x}]}]", "a rule has no key 'exp'; did you mean 'expr'?"),
        ("groups:\n- name: a\n  rules:\n  - alert: A\n", "rules.yml:4: alert 'A' has no `expr:`"),
        ("groups: [{name: a, rules: [{alert: A, record: b, expr: x}]}]", "either `record:` or `alert:`"),
        (
            "groups: [{name: a, rules: [{alert: A, expr: x, for: soon}]}]",
            "for: 'soon' is no duration; write one such as 5m",
        ),
        ("groups: [{name: a, rules: [{record: b-c, expr: x}]}]", "'b-c' is no name of a metric"),
        (
            "groups: [{name: a, rules: [{record: b, expr: x, for: 5m}]}]",
            "record 'b' records, and has no `for:`",
        ),
        (
            "groups: [{name: a, rules: [{alert: A, expr: x, labels: {a-b: c}}]}]",
            "'a-b' is no name of a label",
        ),
        ("groups: [{name: a, rules: {alert: A}}]", "rules should be a list"),
        ("groups: [{rules: [{alert: A, expr: x}]}]", "the group has no name"),
        ("groups: [{name: a, rules: [{record: b, expr: x}]}]", "has no alerting rule"),
    ],
)
def test_says_what_is_wrong_and_where(tmp_path, text, said):
    """A line for each mistake, with file, line and what would be right."""
    with pytest.raises(DataError) as error:
        read(tmp_path, text)
    assert said in str(error.value)
    assert "rules.yml" in str(error.value)


def test_reads_what_kubectl_writes_and_passes_over_other_things(tmp_path):
    """A list of PrometheusRule, in a file or folder with manifests of other kinds."""
    (tmp_path / "service.yaml").write_text("apiVersion: v1\nkind: Service\nspec: {ports: []}\n")
    read(
        tmp_path,
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: monitoring.coreos.com/v1\n  kind: PrometheusRule\n"
        "  spec:\n    groups: [{name: a, rules: [{alert: A, expr: up == 0}]}]\n"
        "---\napiVersion: v1\nkind: ConfigMap\ndata: {}\n",
    )
    assert [one.name for one in read_rules(tmp_path, MINUTE)] == ["A"]


def test_merges_what_an_anchor_names(tmp_path):
    """As Prometheus does: what a rule says itself wins."""
    rules = read(
        tmp_path,
        "groups:\n- name: a\n  rules:\n  - &down {alert: A, expr: up == 0, for: 5m}\n"
        "  - {<<: *down, alert: B}\n  - {<<: [*down], alert: C, for: 1m}\n",
    )
    assert [(one.name, one.expression, one.hold // MINUTE) for one in rules] == [
        ("A", "up == 0", 5), ("B", "up == 0", 5), ("C", "up == 0", 1),
    ]  # fmt: skip


def test_all_mistakes_at_once(tmp_path):
    """Nobody mends a file one mistake a time."""
    with pytest.raises(DataError) as error:
        read(tmp_path, "groups: [{name: a, rules: [{alert: A}, {alert: B, expr: x, for: 5}, {expr: x}]}]")
    assert len(str(error.value).splitlines()) == 3


@pytest.mark.parametrize("text", ["5", "m", "5 m", "-5m", "5x", ""])
def test_refuses_what_is_no_duration(text):
    """As Prometheus does."""
    with pytest.raises(ValueError, match="is no duration"):
        duration(text)
