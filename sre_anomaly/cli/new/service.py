"""``sre-anomaly new service``: a commented ``watch.yaml`` to edit."""

import re
from pathlib import Path

from sre_anomaly.errors import UserError
from sre_anomaly.records import write_text

NAME = re.compile(r"[\w.-]+")
YAML = """\
# What is watched, and who is told. It starts as it is beside a Prometheus with the usual node_exporter.
#   sre-anomaly check config={file}   is it right, and what would be watched?
#   sre-anomaly serve config={file}   watch; http://127.0.0.1:9880/ shows it
# After a change: kill -HUP, or curl -X POST http://127.0.0.1:9880/-/reload. A broken file is refused, and the old settings go on.

alertmanager: null            # such as http://localhost:9093: alerts go there, grouped and silenced as yours are; null: nobody is told
alerts_file: alerts.jsonl     # each alert as it opens and closes, a line of JSON each; null: no file
state: watch.state            # the folder that keeps what was learned and which alerts are open, so that a restart goes on where it was

shard: 1/1                    # of several processes that share the entities, which one this is: 2/5; or as a word of serve, shard=2/5
replicas: 1                   # so many of them answer for each entity, so that one may die
web:
  listen: 127.0.0.1:9880      # where page, /metrics, /healthz and /readyz are; this machine alone, unless you write another address
  url: null                   # what people open, if it is not under listen, such as https://anomalies.example.com/: alerts lead there
  user: null                  # with secret_env: basic authentication under this name; without a name a bearer token
  secret_env: null            # the environment variable that has the password or token; it stands in no file
  tls_certificate: null       # a certificate and ...
  tls_key: null               # ... its key, both as PEM files: then https

jobs:                         # entities that are watched alike; as many jobs as you like
  - name: hosts
    source:
      url: http://localhost:9090   # a Prometheus, Thanos, Mimir or VictoriaMetrics
      user: null              # as under web, for this server
      secret_env: null        # likewise
      headers: {{}}             # sent with each question, such as {{X-Scope-OrgID: team}}
      timeout: 30s            # how long an answer is waited for
    # source:                   # or a CSV file that others append to, in order of time, instead of all of the above:
    #   file: metrics.csv       #   read on where it stopped, also after a restart; cut or replaced by a new one, it is begun again
    #   time: time              #   the column of times; those without an offset are of the timezone below
    #   metric: null            #   where each line has one value: the column that says of which metric ...
    #   value: null             #   ... and the one that has it. Without both, each metric has a column: metrics: {{cpu: cpu_percent}}
    # source:                   # or Amazon CloudWatch, signed in as the command aws is (pip install 'sre-anomaly[cloudwatch]'):
    #   cloudwatch: {{region: null, profile: null}}   # null: as the environment or ~/.aws say; entity: the dimensions, [InstanceId]; step: 5m; wait: 3m, for values
    #                         #   come late; metrics: {{cpu: {{namespace: AWS/EC2, metric: CPUUtilization, stat: Average}}, idle: 100 - cpu}}
    entity: [instance]        # the labels that together name what is watched; each metric below gives one series for each. Of a file the columns; []: it is one
    strip: {{}}                 # for a label what is taken out of it, so that a restarted pod stays the same: {{pod: "-[0-9a-f]+-[0-9a-z]{{5}}$"}}
    metrics:                  # PromQL, asked once for all entities
      cpu: 100 * (1 - avg by (instance) (rate(node_cpu_seconds_total{{mode="idle"}}[5m])))
      memory: 100 * (1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes)
      load: node_load1
    known:                    # what you know of a metric; all of it may be left out
      cpu: {{possible: [0, 100]}}       # what it can be at all; anything else is always reported
      load: {{direction: above, least_change: 1}}   # only more is bad, and less than one more is no matter
    calendar: []              # holidays, maintenance: [holidays.ics, {{path: work.json, page: false}}]; not learned from, nor paged in where so said
    pages_per_week: 2         # of each entity: 1 is quiet and misses more, 10 is loud and misses little
    step: 1m                  # how often it is looked
    wait: 15s                 # so long after a step its values are asked for: a scrape takes a moment to arrive
    learn: 14d                # so much of the past is gone over at the first start
    forget: 2d                # an entity without any value for so long is no longer watched
    vanished: page            # what it means that an entity has no value at all any more: page: an alert where that is unusual of it; ignore: nothing,
                              # as with pods that come and go; resolve: likewise, and what is open of it is over after five steps
    siblings: true            # a new entity whose later half of the first 30 values is far from what eight others or more usually show is an alert, because of its
                              # own it would be taken for usual; false: it is none
    model: baseline           # an option of detector; see sre-anomaly list detector. One that does not learn while it runs, such as iforest,
                              # is fitted at the start on the time of learn, one model for all entities
                              # on features=zresidual, unless overrides name others
    refit: 1d                 # ... and again so often in the background, put in place when it is done; null: never. baseline needs none
    overrides: []             # more of the model, as on the command line: [alerts.hold=5m, alerts.bridge=1h]
    timezone: UTC             # whose time of day counts, such as Europe/Berlin
    labels: {{}}                # put on each alert, so that an Alertmanager can route it: {{team: infra, severity: page}}
    remediation: null         # a file of rules of what an alert may set off, as sre-anomaly new remediation writes one; a dry run until it says otherwise
    most_alerts: 20           # so many alerts at once; where more would fire, one alert says so
"""


def new_service(words: list[str]) -> None:
    """Write ``watch.yaml``, or a file of another name, where the user works.

    Raises
    ------
    UserError
        If the name is none, or the file is there already.
    """
    if len(words) > 1 or not all(NAME.fullmatch(word) for word in words):
        raise UserError(
            "new service: write sre-anomaly new service, or a name such as sre-anomaly new service hosts.yaml"
        )
    path = Path(words[0] if words else "watch.yaml")
    if path.suffix not in (".yaml", ".yml"):
        path = path.with_name(f"{path.name}.yaml")
    if path.exists():
        raise UserError(f"{path}: is there already; choose another name")
    try:
        write_text(path, YAML.format(file=path))
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror})") from None
    print(f"{path}: edit url, metrics and alertmanager")
    print("Then:")
    print(f"  sre-anomaly check config={path}   # is it right, and what would be watched?")
    print(f"  sre-anomaly serve config={path}")
