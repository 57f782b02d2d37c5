"""The door: ``sre-anomaly [run|backtest|list|check|new|compare|generate|monitor|classify|remediate|export|score-nab] [overrides]``."""

import os
import sys
from importlib import import_module

from sre_anomaly import __version__
from sre_anomaly.errors import UserError, did_you_mean

HELP = """\
sre-anomaly detects anomalies in infrastructure metrics, and says why.

  sre-anomaly                                    detect and forecast, on generated metrics
  sre-anomaly FILE                               your own metrics: a file, a folder, a pattern or -
  sre-anomaly experiment=prometheus data.url=URL your Prometheus
  sre-anomaly list [KIND] [NAME]                 what can be chosen: data, features, detector, ...
  sre-anomaly check [OVERRIDES]                  validate a configuration and your table
  sre-anomaly new recipe NAME from=RECIPE        begin from a preset: YAML and data to edit
  sre-anomaly compare FOLDER FOLDER              compare the measures of runs
  sre-anomaly runs                               past runs: also rerun RUN, diff RUN RUN, prune
  sre-anomaly generate to=FILE.csv [OVERRIDES]   write a labelled data set (CSV or Parquet)
  sre-anomaly monitor model=DIR < points.jsonl   score new data points with the model of a run
  sre-anomaly backtest rules=FILE data.url=URL   what your alert rules would have paged
  sre-anomaly serve config=watch.yaml            watch a fleet, page, and show it
  sre-anomaly classify model=DIR < lines         predict the class of new log lines
  sre-anomaly new budget NAME from=DIR pages_per_week=N   keep what a backtest showed
  sre-anomaly new service                        a watch.yaml for serve, to edit
  sre-anomaly new remediation NAME               rules of what an alert may set off: YAML to edit
  sre-anomaly remediate rules=FILE run=DIR       what these rules would have done over a run
  sre-anomaly export rules model=DIR to=FILE     plain Prometheus rules from the model of a run, and tests
  sre-anomaly export grafana model=DIR           a dashboard of them for Grafana
  sre-anomaly score-nab DIR [data=FOLDER]        score results as the Numenta benchmark (NAB) does

Everything is chosen by overrides, in Hydra's grammar:
  detector=iforest                     pick another option of a group
  threshold.contamination=0.02         set one value
  -m detector=zscore,iforest,gaussian  run once for each
  sweep=xgboost                        search for better values; see sre-anomaly list sweep
  --config-dir DIR                     add YAML of your own (./conf is found too)
  --cfg job                            show the whole configuration
More of Hydra's flags: sre-anomaly --hydra-help
"""
HELP_OF = {
    "backtest": """\
sre-anomaly backtest: what would have paged you over the last weeks, for which
incidents, and what to change.

  sre-anomaly backtest rules=alerts.yml data.url=http://localhost:9090
  sre-anomaly backtest data.path=my_metrics.csv 'with=[baseline, cpu > 90 for 10m]'
  sre-anomaly backtest data.path='metrics/*.csv' incidents=incidents.json

What is replayed:
  rules=FILE         a Prometheus rule file, or a folder of them
  with=[A,B]         models and static thresholds, beside each other: an option of
                     detector, a preset, the folder of a model, 'cpu > 90 for 10m', or
                     overrides such as 'detector=iforest threshold.contamination=0.01'
  slo=99.9 errors=SELECTOR total=SELECTOR
                     burn-rate alerts of an SLO, as the SRE workbook has them
On what:
  data.url=URL data.last=30d data.end=...    a Prometheus; data.metrics=... for models
  data.path=FILE     a file, or a pattern of files, with any setting of data=csv
  interval=1m        how often rules are evaluated (default: as the server says)
  warm_up=7d         of files and models: so much of the beginning is not counted
Against what:
  incidents=FILE     JSON of windows [[start, end], ...], or annotations of Grafana, or
                     alerts of an Alertmanager
  alertmanager=FILE  group, inhibit and mute as this alertmanager.yml says
What comes out:
  to=FOLDER          report.html, report.md, cards.csv, pages.csv, record.json
  --fail-over pages_per_week=5
                     exit code 1 if there are more (also pages, night_pages_per_week,
                     false_pages_per_week, missed)
""",
    "classify": """\
sre-anomaly classify model=DIR [LINE ...]: predict the class of lines, such as the level of a log.

Without a LINE they are read from standard input. Each answer is the class, its probability and the line itself.
  model=DIR          the model of a run, such as outputs/latest/model
  input=FILE         read this file instead of standard input
  only=CLASS         leave out lines of other classes
  show=class         write the class alone (show=all: everything)
  remediation=FILE   what classes may set off; see sre-anomaly new remediation
""",
    "export": """\
sre-anomaly export rules model=DIR to=FILE.yml: the model of a run as plain Prometheus rules.

Prometheus alone evaluates them: y, yhat, yhat_lower, yhat_upper and anomaly_score are
recorded for each metric, and an alert fires while a score is above 1. A fixed threshold
and a rolling z-score are said exactly; of any other model the closest form is chosen on
the first half of its history, and what it loses is stated. Unit tests for promtool, from
the same history, and a record are written beside it.
  model=DIR              the model of a run, such as outputs/latest/model
  to=FILE.yml            where the rules go; tests.yml and record.json come beside it
  metrics='{cpu: "..."}' the PromQL of a metric, if it is not its name; also metrics.cpu=...
  for=10m                wait so long before paging; by default as the alert policy does
  keep_firing_for=2h     one page while gaps are no longer; by default as the alert policy
  severity=page          label of the alert
  labels='{team: web}'   more labels of the alert
  runbook=URL            annotation runbook_url
  name=checkout          label model, and the alert's name; by default the series'
  alert=CheckoutAnomaly  the alert's name
  data.path=FILE         where the data of the model are, if they moved
  overwrite=true         replace files that are there already

sre-anomaly export slo slo=99.9 errors=SELECTOR total=SELECTOR to=FILE.yml: burn-rate alerts
of an SLO, as the SRE workbook has them (period=30d, name=slo).

sre-anomaly export grafana model=DIR to=FILE.json: a dashboard with each metric, its band,
its score and the alerts, from the series that these rules record.
  source=service         show the series of a service instead
  labels=instance        labels to choose by; by default model
  alert=NAME             mark the alerts of this name alone
  datasource=NAME        Grafana's data source
  title=TEXT             the dashboard's title
  overwrite=true         replace a file that is there already
""",
    "monitor": """\
sre-anomaly monitor model=DIR: score new data points with the model of a run,
a line of JSON each, and report alerts.

A data point is a line of JSON, {"time": "2024-01-31T14:00:00Z", "cpu": 41.5}, or of
CSV with a header.
  model=DIR          the model of a run, such as outputs/latest/model
  input=FILE         read this file instead of standard input
  input=prometheus   ask the Prometheus that the model was trained on, as time goes on
  wait=30s           ask it for a data point so long after its time: as long as a scrape
                     takes to arrive; 5s reports earlier, where scrapes are quick
  follow=true        keep reading the file as it grows
  format=json        format of the points: json or csv; detected by default
  only=alerts        report alerts only, not every data point: opened, closed, and changed
                     when its peak grew by a fifth or other words are true of it
  state=FILE         where to go on from after a restart; open alerts stay open
  every=1000         also save the state after so many data points (it is saved at
                     each alert and every ten seconds)
  alertmanager=URL   send alerts to this Alertmanager too, such as
                     http://localhost:9093
  remediation=FILE   what alerts may set off; see sre-anomaly new remediation
""",
    "serve": """\
sre-anomaly serve config=FILE: watch a fleet, page, and show it, until it is stopped.

  sre-anomaly new service                 writes watch.yaml, every key explained
  sre-anomaly check config=watch.yaml     is it right, and what would be watched?
  sre-anomaly serve config=watch.yaml     watch

It goes over the past once, then looks at each step; alerts go to your Alertmanager and
into a file, scores and bands to whoever scrapes /metrics. SIGHUP or POST /-/reload reads
the file again, SIGTERM stops it; a restart goes on where it was, and tells nothing twice.
""",
    "score-nab": """\
sre-anomaly score-nab RESULTS: score results as the Numenta Anomaly
Benchmark does, beside the published scores.

RESULTS is a folder with <detector>/<category>/<detector>_<file>.csv or with
<detector>.csv.gz, of one detector or several; that of a run over the benchmark
is its nab_results/.
  data=FOLDER     the corpus, with data/ and labels/ as NAB has them; without
                  it NAB itself, downloaded if needed
  to=FOLDER       also write leaderboard.csv, .png and .html there
  overwrite=true  replace a leaderboard that is there already
  seed=42         seed of the random scores and intervals
""",
}
MISTAKE = 2
INTERRUPTED = 130


def main(argv: list[str] | None = None) -> None:
    """Run a command; the exit code is 0 for success, 2 for a user's mistake, 1 for a fault of ours."""
    words = list(sys.argv[1:] if argv is None else argv)
    named = bool(words) and words[0] in COMMANDS
    command = words.pop(0) if named else "run"
    if "--version" in words:
        print(f"sre-anomaly {__version__}")
        return
    if {"--help", "-h"} & set(words):
        print(HELP_OF.get(command, HELP), end="")
        return
    try:
        if not named:
            from sre_anomaly.cli.run.path_alone import with_preset

            words = with_preset(words)
            _refuse_unknown_command(words)
        module, _, function = COMMANDS[command].partition(":")
        getattr(import_module(f"sre_anomaly.{module}"), function)(words)
    except UserError as error:
        sys.stderr.write("".join(f"sre-anomaly: {line}\n" for line in str(error).splitlines()))
        sys.exit(MISTAKE)
    except KeyboardInterrupt:
        sys.stderr.write("sre-anomaly: interrupted\n")
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # The reader of our output (head, less) has left: nothing more to say.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _refuse_unknown_command(words: list[str]) -> None:
    first = words[0] if words else ""
    if first.replace("-", "_").isidentifier() and not first.startswith("-") and first not in COMMANDS:
        raise UserError(f"no command is called {first!r}; {did_you_mean(first, COMMANDS)}")


COMMANDS = {
    "backtest": "cli.backtest:backtest_words",
    "run": "cli.run.launch:launch",
    "list": "config.catalogue:show",
    "check": "cli.check:check",
    "compare": "cli.compare:compare",
    "generate": "cli.generate:generate",
    "monitor": "cli.monitor:monitor_points",
    "classify": "cli.classify:classify",
    "new": "cli.new.begin:new",
    "remediate": "cli.remediate:remediate",
    "export": "cli.export:export",
    "score-nab": "cli.score_nab:score_nab",
    "serve": "cli.serve:serve",
    "runs": "cli.runs.listed:runs",
    "rerun": "cli.runs.again:rerun",
    "diff": "cli.runs.again:diff",
    "prune": "cli.runs.prune:prune",
}
"""The module and function of each command: only the one that is asked for is imported."""
