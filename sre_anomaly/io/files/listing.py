"""``sre-anomaly list formats``: the files that are read, and how people come by them."""

from sre_anomaly.errors import UserError
from sre_anomaly.io.files.found import FORMATS

TABLES = (
    ("CSV", "any table with a column of times, one of each metric; comma, semicolon, tab or pipe"),
    ("JSON records", "a list of them, or one a line: a time, and a number for each metric"),
    ("Parquet, Arrow, Feather", "the same as columns on disk"),
)

LOGS = (
    (
        "Log lines",
        "a time, with its offset or zone, and words: Java, Python, Go, Ruby, Rust, .NET, PHP; traces belong to their line",
    ),
    (
        "JSON log lines",
        "pino, Bunyan, zap, Serilog, ECS, GELF, journalctl -o json, MongoDB, Google Cloud, OpenTelemetry, Windows events",
    ),
    ("JSON log documents", "one array, kubectl get events -o json"),
    ("logfmt, syslog, glog", "RFC 3164 and 5424 with or without their priority; Kubernetes' components"),
    (
        "Container logs",
        "containerd (CRI), Docker, docker compose, kubectl logs --prefix, with any of these inside",
    ),
    ("Server logs", "errors of nginx, Apache, PostgreSQL, MySQL"),
    (
        "Access logs",
        "nginx, Apache, Traefik, Envoy, HAProxy, Caddy, AWS ALB and CloudFront: levels by status, bytes, durations",
    ),
)


def show(words: list[str]) -> None:
    """Print every format.

    Raises
    ------
    UserError
        If more is asked for.
    """
    from rich.console import Console
    from rich.markup import escape

    if words[1:]:
        raise UserError(f"list formats: nothing follows it, and there is {words[1]!r}")
    console = Console(highlight=False, soft_wrap=True)
    listed = [*TABLES, *((one.name, one.made_by) for one in FORMATS), *LOGS]
    width = max(len(name) for name, _ in listed)
    for name, made_by in listed:
        console.print(f"[bold]{name.ljust(width)}[/]  {escape(made_by)}")
    console.print(
        "\nA file's content says which it is, whatever it is called: sre-anomaly FILE\n"
        "Also compressed by gzip or zstd, and by standard input (sre-anomaly -). Of several hosts in one file each is\n"
        "a series by itself with experiment=fleet data.path=FILE, or a metric of its own with experiment=csv."
    )
