"""Burn rates of an SLO: the workbook's table, Prometheus' own opinion of the rules, and when they page."""

import pytest

from prometheus_server import needs_prometheus, promtool
from sre_anomaly.errors import ConfigError
from sre_anomaly.promql.burn_rate import ALERT, burn_rate_comment, burn_rate_rules
from sre_anomaly.promql.rule_text import as_text

ERRORS, TOTAL = 'http_requests_total{code=~"5.."}', "http_requests_total"
LATENCY = 'sum(rate(took_count[$window])) - sum(rate(took_bucket{le="0.5"}[$window]))  # too slow'


def rules_of(*words, **more):
    return burn_rate_rules(*words, **more)["groups"][0]["rules"]


def alerts_of(*words, **more):
    return [rule for rule in rules_of(*words, **more) if "alert" in rule]


def test_the_workbooks_table():
    """Recording rules for seven windows, then four alerts with the workbook's windows, rates and severities."""
    rules = rules_of(99.9, ERRORS, TOTAL, name="checkout")
    recorded = [rule["record"].removeprefix("slo:error_ratio:rate") for rule in rules if "record" in rule]
    assert recorded == ["5m", "30m", "1h", "2h", "6h", "1d", "3d"]
    assert "".join(rules[2]["expr"].split()) == f"(sum(rate({ERRORS}[1h])))/(sum(rate({TOTAL}[1h])))"
    told = [(*rule["labels"].values(), rule["annotations"]["budget_burned"]) for rule in rules[7:]]
    assert told == [
        ("page", "1h", "5m", "2%"),
        ("page", "6h", "30m", "5%"),
        ("ticket", "1d", "2h", "10%"),
        ("ticket", "3d", "6h", "10%"),
    ]
    assert rules[7]["expr"].split("\nand\n") == [
        f'slo:error_ratio:rate{window}{{slo="checkout"}} > (14.4 * 0.001)' for window in ("1h", "5m")
    ]
    assert [rule["expr"].split("> ")[-1] for rule in rules[8:]] == [
        "(6 * 0.001)",
        "(3 * 0.001)",
        "(1 * 0.001)",
    ]


@pytest.mark.parametrize(
    ("slo", "budget"), [(99.9, "0.001"), (99.95, "0.0005"), (99.999999, "0.00000001"), (99, "0.01")]
)
def test_a_budget_is_exact(slo, budget):
    """The share that may be bad is what a person would write, without what floating point leaves behind."""
    assert alerts_of(slo, ERRORS, TOTAL)[-1]["expr"].endswith(f"(1 * {budget})")


def test_another_period():
    """The share of the budget decides, so rates follow the period; none is below what the budget allows."""
    assert [rule["expr"].split("> (")[-1].split(" ")[0] for rule in alerts_of(99.9, ERRORS, TOTAL, period="28d")] == [
        "13.44", "5.6", "2.8", "1",
    ]  # fmt: skip
    week = alerts_of(99.9, ERRORS, TOTAL, period="7d")
    assert [rule["annotations"]["budget_burned"] for rule in week] == ["2%", "5%", "14.3%", "42.9%"]


def test_what_no_outage_reaches_is_left_out_and_said():
    """At 90 % a full outage burns ten times as fast as allowed: an alert at 14.4 could never fire."""
    assert [rule["labels"]["long"] for rule in alerts_of(90, ERRORS, TOTAL)] == ["6h", "1d", "3d"]
    assert (
        "No page at a burn rate above 14.4 over 1h and over 5m: that of a full outage is 10."
        in burn_rate_comment(90)
    )


@needs_prometheus
@pytest.mark.parametrize("name", ["checkout", 'a "b" \\ {{ $value }}\n- x: ünï', "y"])
@pytest.mark.parametrize("errors", [ERRORS, LATENCY])
def test_promtool_finds_nothing(tmp_path, errors, name):
    """The file passes `promtool check rules`, its lint too, whatever the SLO is called."""
    text = as_text(burn_rate_rules(99.5, errors, TOTAL, name=name), burn_rate_comment(99.5, name=name))
    (tmp_path / "rules.yml").write_text(text, encoding="utf-8")
    assert "SUCCESS: 11 rules found" in promtool("check", "rules", "--lint-fatal", "rules.yml", cwd=tmp_path)


@needs_prometheus
def test_pages_for_an_outage_and_not_without_one(tmp_path):
    """Six quiet hours fire nothing; half an hour in which a fifth fails pages within a quarter of it, and not for long after."""
    (tmp_path / "rules.yml").write_text(
        as_text(burn_rate_rules(99.9, ERRORS, TOTAL, name="shop")), encoding="utf-8"
    )
    quiet, outage, after = 360, 30, 60
    lost = 120 * outage
    series = [
        {"series": "http_requests_total{code='200'}", "values": f"0+600x{quiet} {600 * quiet + 480}+480x{outage - 1} "
         f"{600 * (quiet + outage + 1) - lost}+600x{after}"},
        {"series": "http_requests_total{code='500'}", "values": f"0+0x{quiet} 120+120x{outage - 1} {lost}+0x{after}"},
    ]  # fmt: skip
    tickets = [("ticket", "1d", "2h"), ("ticket", "3d", "6h")]
    pages = [("page", "1h", "5m"), ("page", "6h", "30m")]
    firing = {
        quiet - 240: [],
        quiet: [],
        quiet + 4: tickets[1:],
        quiet + 15: pages + tickets,
        quiet + outage + 15: pages[1:] + tickets,
        quiet + outage + 35: tickets,
    }
    told = [
        {
            "exp_labels": {"severity": severity, "long": long, "short": short, "slo": "shop"},
            "exp_annotations": {
                "summary": f"shop: the error budget of 30d burns at more than {rate} times the rate it allows",
                "description": f"{seen}% of the events of the last {long} were bad, where 0.1% may be. At a burn rate of {rate}, "
                f"{share}% of the budget is gone in {long}.",
                "budget_burned": f"{share}%",
            },
        }
        for severity, long, short, rate, share, seen in [
            ("page", "1h", "5m", "14.4", 2, "2"),
            ("ticket", "1d", "2h", "3", 10, "0.3279"),
            ("ticket", "3d", "6h", "1", 10, "0.3279"),
        ]
    ]
    test = {
        "interval": "1m",
        "input_series": series,
        "promql_expr_test": [
            {
                "expr": 'ALERTS{alertstate="firing"}',
                "eval_time": f"{minute}m",
                "exp_samples": [
                    {"labels": f'ALERTS{{alertname="{ALERT}", alertstate="firing", severity="{severity}", long="{long}", '
                     f'short="{short}", slo="shop"}}', "value": 1}
                    for severity, long, short in alerts
                ],
            }
            for minute, alerts in firing.items()
        ],
        "alert_rule_test": [{"eval_time": f"{quiet + 6}m", "alertname": ALERT, "exp_alerts": told}],
    }  # fmt: skip
    tests = {"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": [test]}
    (tmp_path / "tests.yml").write_text(as_text(tests), encoding="utf-8")
    promtool("test", "rules", "tests.yml", cwd=tmp_path)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"slo": 100}, "slo=100: write the percentage of events that have to be good, such as slo=99.9"),
        ({"slo": 0}, "slo=0: write"),
        ({"slo": float("nan")}, "slo=nan: write"),
        ({"slo": "99.9"}, "slo=99.9: write"),
        ({"slo": 0.999}, "slo=0.999: is a percentage; did you mean slo=99.9?"),
        ({"errors": ""}, "errors: name the counter"),
        ({"errors": "sum(rate(x[5m]))"}, "errors: 'sum(rate(x[5m]))' is no selector of a counter"),
        ({"errors": 'x{code="}"'}, "has no $window where its window should be"),
        ({"total": "rate(x[$windw])"}, "total: 'rate(x[$windw])' has a $windw, and the one word with a $"),
        ({"errors": TOTAL}, "errors: is the same as total"),
        ({"period": "month"}, "period=month: is not a duration"),
        ({"period": "1d"}, "period=1d: is shorter than the longest window, 3d"),
        ({"name": " "}, "name: the SLO needs one"),
    ],
)
def test_mistakes_are_one_clear_line(given, said):
    """What cannot be is named by its key, with what would be right."""
    asked = {"slo": 99.9, "errors": ERRORS, "total": TOTAL} | given
    with pytest.raises(ConfigError) as caught:
        burn_rate_rules(**asked)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("selector", ["x", 'a:b{c=~"}{"}', "{__name__=\"x\", d='\\''}", "x{a=`}`, b!~'.+'}"])
def test_selectors_are_recognised(selector):
    """A selector stays one, whatever its matchers hold."""
    assert f"sum(rate({selector}[5m]))" in rules_of(99.9, selector, TOTAL)[0]["expr"]


def test_export_of_an_slo(command, tmp_path):
    """One command writes the file; mistakes are one line each."""
    words = ("export", "slo", "slo=99.9", "errors=errors_total", "total=requests_total", "to=slo.yml")
    code, out, _ = command(*words)
    assert code == 0
    assert "sre-anomaly backtest rules=slo.yml" in out
    assert "ErrorBudgetBurn" in (tmp_path / "slo.yml").read_text()
    for wrong, said in (
        (words, "is there already; add overwrite=true"),
        (words[:-1], "to= is missing"),
        ((*words[:2], "slo=many", *words[3:]), "write percent"),
        ((*words, "totla=x"), "no key is called 'totla'; did you mean 'total'?"),
    ):
        code, _, err = command(*wrong)
        assert code == 2
        assert said in err
