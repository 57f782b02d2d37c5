"""An Alertmanager's configuration file: what is read of it, what is refused and where, and that no secret comes out."""

import shutil
import subprocess

import pytest

from sre_anomaly.backtesting.alertmanager.alertmanager_config import read_alertmanager
from sre_anomaly.errors import ConfigError
from sre_anomaly.promql.matchers import Matcher

MINUTE = 60 * 10**9
FULL = r"""
global:
  resolve_timeout: 5m
  slack_api_url: 'https://secret.example/token'
  smtp_smarthost: mail.example:25
  smtp_from: b@example.org
templates: ['/nowhere/*.tmpl']
route:
  receiver: mail
  group_by: [alertname, job]
  group_wait: 10s
  repeat_interval: 1d12h
  routes:
    - receiver: pager
      matchers: ['severity=~"critical|page"', team!=web]
      continue: true
      group_by: ['...']
      routes:
        - match: {disk: 'yes'}
          group_interval: 1m30s
    - match_re:
        service: ^(db|cache)$
      group_by: []
      receiver: both
      mute_time_intervals: [night]
    - receiver: nobody
      matchers: [ alertname = Watchdog ]
inhibit_rules:
  - source_match: {severity: critical}
    target_match_re: {severity: warning|info}
    equal: [job, instance]
  - source_matchers: [alertname="Down"]
    target_matchers: ['alertname!="Down"']
receivers:
  - name: mail
    email_configs: [{to: a@example.org, auth_password: hunter2}]
  - name: pager
    pagerduty_configs: [{service_key: hunter2}]
  - name: both
    slack_configs: [{channel: '#a', send_resolved: false}]
    webhook_configs: [{url: 'http://hook.example/hunter2'}, {url: 'http://b', send_resolved: false}]
  - name: nobody
mute_time_intervals:
  - name: weekend
    time_intervals: [{weekdays: ['saturday', 'sunday']}]
time_intervals:
  - name: night
    time_intervals:
      - times: [{start_time: 22:00, end_time: '24:00'}, {start_time: '00:00', end_time: '06:30'}]
        location: Europe/Berlin
"""


@pytest.fixture
def read(tmp_path):
    """Return what reads a text as the file am.yml."""

    def from_text(text):
        path = tmp_path / "am.yml"
        path.write_text(text)
        return read_alertmanager(path)

    return from_text


def test_whole_file(read, tmp_path):
    """Routes inherit what they do not say; receivers know whether they tell of the end."""
    routing = read(FULL)
    if amtool := shutil.which("amtool"):
        subprocess.run([amtool, "check-config", tmp_path / "am.yml"], check=True)
    root, pager, disk, service, nobody = routing.root.walk()
    assert (root.group_by, root.group_wait, root.group_interval) == (
        {"alertname", "job"},
        MINUTE // 6,
        5 * MINUTE,
    )
    assert root.repeat_interval == 36 * 60 * MINUTE
    assert (pager.group_by, pager.go_on, pager.group_wait) == (None, True, MINUTE // 6)
    assert (disk.receiver, disk.group_by, disk.group_interval, disk.go_on) == (
        "pager",
        None,
        MINUTE * 3 // 2,
        False,
    )
    assert (service.group_by, service.muted) == ({"alertname", "job"}, ("night",))
    assert pager.key == '{}/{severity=~"critical|page",team!="web"}'
    assert routing.receivers == {"mail": {False}, "pager": {True}, "both": {True, False}, "nobody": set()}
    assert routing.root.for_labels({"severity": "page", "disk": "yes"}) == [disk]
    assert routing.root.for_labels({"severity": "page", "service": "db"}) == [pager, service]
    assert routing.root.for_labels({"alertname": "Watchdog"}) == [nobody]
    assert routing.root.for_labels({"severity": "page", "team": "web"}) == [root]
    assert [rule.equal for rule in routing.inhibitions] == [("job", "instance"), ()]
    assert str(routing.inhibitions[0].target[0]) == 'severity=~"warning|info"'
    assert set(routing.time_intervals) == {"weekend", "night"}
    assert "hunter2" not in repr(routing)
    assert "example" not in repr(routing)


def test_merged_keys(read):
    """What `<<` brings counts where the route says nothing itself."""
    text = "route:\n  receiver: a\n  routes:\n  - &one {receiver: b, group_wait: 1s}\n  - {<<: *one, group_wait: 2s}\n"
    routing = read(f"{text}receivers: [{{name: a}}, {{name: b}}]")
    assert [route.group_wait // 10**9 for route in routing.root.routes] == [1, 2]
    assert routing.root.routes[1].receiver == "b"


BASE = "route:\n  receiver: a\nreceivers:\n  - name: a\n"
ROUTE = "receivers: [{name: a}]\nroute:\n  receiver: a\n  routes:\n    - "
TIMES = "time_intervals:\n  - name: t\n    time_intervals:\n      - "
MISTAKES = [
    ("", "am.yml: is empty"),
    ("route: [", "line 1: is no YAML ("),
    ("- a", "line 1: the file is a list, not keys with values"),
    ("receivers: []", "line 1: there is no route; write `route:`"),
    ("route:\nreceivers: []", "there is no route"),
    (f"{BASE}recievers: []", "line 5: the file knows no key 'recievers'; did you mean 'receivers'?"),
    ("route:\n  receivers: a\n", "line 2: route knows no key 'receivers'; did you mean 'receiver'?"),
    ("route:\n  receiver: b\nreceivers: [{name: a}]", "line 2: no receiver is called 'b'; there are: a"),
    ("route: {group_by: [a]}", "line 1: the top route has no receiver"),
    ("route: a", "line 1: route is a text, not keys with values"),
    (f"{BASE}  - name: a\n", "line 5: the receiver 'a' is there twice"),
    (f"{BASE}  - webhook_configs: []\n", "line 5: a receiver has no name"),
    (f"{BASE}    webhok_configs: []\n", "knows no key 'webhok_configs'; did you mean 'webhook_configs'"),
    (f"{BASE}    webhook_configs: {{url: 'http://x'}}\n", "line 5: webhook_configs is keys with values, not a list"),
    (f"{BASE}    webhook_configs:\n    - url: 'http://x'\n      send_resolved: maybe\n", "line 7: send_resolved is neither true nor false"),
    (f"{BASE}route: {{receiver: a}}\n", "line 5: the key route stands twice, first in line 2"),
    ("route:\n  receiver: a\n  matchers: [a=b]\nreceivers: [{name: a}]", "line 3: the top route has matchers"),
    ("route:\n  receiver: a\n  continue: true\nreceivers: [{name: a}]", "line 3: the top route cannot continue"),
    ("route:\n  receiver: a\n  mute_time_intervals: [x]\nreceivers: [{name: a}]", "line 3: the top route has mute_time"),
    (f"{ROUTE}matcher: [a=b]", "line 5: routes knows no key 'matcher'; did you mean 'matchers'"),
    (f"{ROUTE}matchers: a=b", "line 5: matchers is a text, not a list; write `- ...` in a line for each"),
    (f"{ROUTE}matchers:\n        - a=b\n        - severity: critical", "line 7: matchers is keys with values, not a text"),
    (f"{ROUTE}matchers: ['a=\"b']", "line 5: matchers: 'a=\"b' has a quote without its other; write a=\"...\""),
    (f"{ROUTE}matchers: ['a']", "line 5: matchers: 'a' is no matcher; write one such as"),
    (f"{ROUTE}matchers: ['a=~\"(?=x)\"']", "line 5: matchers: RE2 knows no (?="),
    (f"{ROUTE}match_re: {{a: 'x**'}}", "line 5: match_re: the expression of a: RE2 knows no repetition of a repetition"),
    (f"{ROUTE}match: {{a-b: c}}", "line 5: match: 'a-b' is no label"),
    (f"{ROUTE}match_re: {{a: }}", "line 5: match_re: a has no value; write '' for a label that is not there"),
    (f"{ROUTE}match: {{a: [b]}}", "line 5: a is a list, not a text"),
    (f"{ROUTE}group_by: [a-b]", "line 5: group_by: 'a-b' is no label"),
    (f"{ROUTE}group_by: ['...', a]", "line 5: group_by: '...' is all labels"),
    (f"{ROUTE}group_by: [a, a]", "line 5: group_by: 'a' is there twice"),
    (f"{ROUTE}group_by: a", "line 5: group_by is a text, not a list"),
    (f"{ROUTE}group_wait: 5 minutes", "line 5: group_wait: '5 minutes' is no duration; write one such as 30s"),
    (f"{ROUTE}group_wait: 1.5h", "line 5: group_wait: '1.5h' is no duration"),
    (f"{ROUTE}group_wait: 10", "line 5: group_wait: '10' is no duration"),
    (f"{ROUTE}group_interval: 0s", "line 5: group_interval cannot be zero"),
    (f"{ROUTE}repeat_interval: 0", "line 5: repeat_interval cannot be zero"),
    (f"{ROUTE}continue: sometimes", "line 5: continue is neither true nor false"),
    (f"{ROUTE}mute_time_intervals: [nights]\n{TIMES}months: [may]".replace("name: t", "name: night"), "line 5: no time interval is called 'nights'; did you mean 'night'"),
    (f"{BASE}inhibit_rules: [{{source_matcher: [a=b]}}]", "line 5: inhibit_rules knows no key 'source_matcher'; did you mean 'source_match"),
    (f"{BASE}inhibit_rules: [{{target_matchers: ['=b']}}]", "line 5: target_matchers: '=b' is no matcher"),
    (f"{BASE}{TIMES}weekdays: ['monday:fryday']", "line 8: weekdays: 'fryday' is no day of the week; did you mean 'friday'"),
    (f"{BASE}{TIMES}weekdays: ['saturday:monday']", "line 8: weekdays: 'saturday:monday' ends before it begins; write two"),
    (f"{BASE}{TIMES}weekdays: ['a:b:c']", "line 8: 'a:b:c' is no range"),
    (f"{BASE}{TIMES}months: ['13']", "line 8: months: '13' is no month"),
    (f"{BASE}{TIMES}days_of_month: ['0']", "line 8: days_of_month: '0' is not from 1 to 31"),
    (f"{BASE}{TIMES}days_of_month: ['-1:5']", "line 8: days_of_month: '-1:5' ends before it begins"),
    (f"{BASE}{TIMES}days_of_month: ['20:-20']", "line 8: days_of_month: '20:-20' ends before it begins"),
    (f"{BASE}{TIMES}years: ['MMXX']", "line 8: years: 'mmxx' is no year"),
    (f"{BASE}{TIMES}times: [{{start_time: '9:00', end_time: '10:00'}}]", "line 8: start_time: '9:00' is no time of day"),
    (f"{BASE}{TIMES}times: [{{start_time: '22:00', end_time: '06:00'}}]", "line 8: end_time is not after start_time; write two"),
    (f"{BASE}{TIMES}times: [{{start_time: '22:00'}}]", "line 8: times has no end_time"),
    (f"{BASE}{TIMES}location: Europe/Berln", "line 8: location: no time zone is called 'Europe/Berln'; did you mean Europe/Berlin?"),
    (f"{BASE}{TIMES}hours: []", "line 8: time_intervals knows no key 'hours'"),
    (f"{BASE}time_intervals: [{{time_intervals: []}}]", "line 5: a time interval has no name"),
    (f"{BASE}time_intervals: [{{name: a}}]\nmute_time_intervals: [{{name: a}}]", "line 5: the time interval 'a' is there twice"),
    ("route: &a\n  receiver: a\n  routes: [*a]\nreceivers: [{name: a}]", "refers to itself"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), MISTAKES, ids=range(len(MISTAKES)))
def test_mistakes(read, tmp_path, text, message):
    """A mistake is one line with the file, its line, what is wrong and what would be right; an Alertmanager refuses it too."""
    with pytest.raises(ConfigError) as error:
        read(text)
    line = str(error.value)
    assert message in line
    assert line.startswith(f"{tmp_path / 'am.yml'}")
    assert "\n" not in line
    amtool = shutil.which("amtool")
    # That one takes any number for a month, and would go round for ever.
    if amtool and "13" not in text and "*a" not in text:
        assert subprocess.run(
            [amtool, "check-config", tmp_path / "am.yml"], capture_output=True, check=False
        ).returncode


@pytest.mark.parametrize(
    "text",
    [
        f"{BASE}    slack_configs: [{{api_url: 'hunter2, send_resolved: 1}}]",
        f"{BASE}    slack_configs:\n    - api_url: hunter2\n    api_url: hunter2: x",
        f"{BASE}    slack_configs:\n    - {{api_url: hunter2, api_url: hunter2}}",
        f"{BASE}    slack_configs: [{{api_url: hunter2, send_resolved: hunter2}}]",
        f"{BASE}    slack_configs: hunter2",
        f"{BASE}global: {{a: 'hunter2\\",
        f"{BASE}global: {{a: @hunter2}}",
    ],
)
def test_no_secret_in_a_message(read, text):
    """Whatever is wrong beside a secret, the message does not hold it."""
    with pytest.raises(ConfigError) as error:
        read(text)
    assert "hunter2" not in str(error.value)


MATCHERS = [
    'a="b"', "a=b", "a!=b", 'a=~"b|c"', 'a!~"b|c"', 'a=""', 'a!=""', "a=~.+", 'a=~"(?i)B"', r'a=~"\\d+"', r'a=~"\\w-\\w"',
    'a=~"[[:alpha:]]{2,}"', 'a=~"x{,2}"', r'a="x\"y"', 'a=~"^b$"', r'a=~"b\\b.*"', 'a=~"[^b]"', r'a=~"\\Qb.\\E.*"',
    'a=~"b|c",z=""', "{a=b}", '{a=~"b.*?",}', r'a=~"\\s*"', r'a=~"[\\w.]+@(db|web)"', 'a=~"(b)(c)?"', 'a=~"é+"',
    r'a=~"\\x62"', "a=~[]b]", 'a=~"b."', 'a=~"(?s)b."', "a=~b**|c", r'a="b\c"', 'a=~"[a-]"',
]  # fmt: skip
VALUES = [
    "",
    "b",
    "B",
    "c",
    "bc",
    "12",
    "b-c",
    "x{,2}",
    'x"y',
    "b.",
    "b.x",
    "a.b@db",
    "éé",
    "b\n",
    "]",
    r"b\c",
    "-",
    "٣",
]


def test_matchers_as_an_alertmanager_has_them(tmp_path, read):
    """Each matcher and each expression takes the same values as with Alertmanager's own tool."""
    amtool = shutil.which("amtool")
    if not amtool:
        pytest.skip("amtool is not installed (package prometheus-alertmanager)")
    matchers = [one for one in MATCHERS if "**" not in one]
    lines = ["route:", "  receiver: r", "  routes:"]
    for number, matcher in enumerate(matchers):
        quoted = matcher.replace("'", "''")
        lines += [f"  - receiver: r{number}", f"    matchers: ['{quoted}']", "    continue: true"]
    lines += ["receivers:", "- name: r", *(f"- name: r{number}" for number in range(len(matchers)))]
    routing = read("\n".join(lines))
    for value in VALUES:
        done = subprocess.run(
            [
                amtool,
                "config",
                "routes",
                "test",
                f"--config.file={tmp_path / 'am.yml'}",
                str(Matcher("a", "=", value)),
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        taken = [route.receiver for route in routing.root.for_labels({"a": value})]
        assert done.stdout.strip().split(",") == taken, value
