"""The same 48 measurements of two hosts, as each tool of monitoring writes them."""

import json
from datetime import UTC, datetime

import numpy as np

STEP = 300
BEGIN = 1_700_000_100
TIMES = [BEGIN + STEP * row for row in range(48)]
VALUES = {
    host: np.round(np.random.default_rng(seed).normal(50, 5, 48), 3).tolist()
    for seed, host in enumerate("ab")
}


def iso(time, ending="Z"):
    """Return a time as ISO 8601 has it."""
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%S") + ending


def plain(time, how="%Y-%m-%d %H:%M:%S"):
    """Return a time without an offset."""
    return datetime.fromtimestamp(time, UTC).strftime(how)


def pairs(host):
    """Return (time, value) of a host."""
    return list(zip(TIMES, VALUES[host], strict=True))


def query_range():
    """Return an answer of Prometheus."""
    result = [
        {
            "metric": {"__name__": "cpu", "instance": host, "job": "node"},
            "values": [[t, str(v)] for t, v in pairs(host)],
        }
        for host in VALUES
    ]
    return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": result}})


def promtool():
    """Return what promtool query range writes: the result alone."""
    return json.dumps(json.loads(query_range())["data"]["result"], indent=2)


def openmetrics():
    """Return OpenMetrics."""
    lines = ["# HELP cpu Share of time.", "# TYPE cpu gauge"]
    lines += [f'cpu{{instance="{host}"}} {v} {t}' for host in VALUES for t, v in pairs(host)]
    return "\n".join([*lines, "# EOF", ""])


def tsdb_dump():
    """Return what promtool tsdb dump writes."""
    return "".join(
        f'{{__name__="cpu", instance="{host}"}} {v} {t * 1000}\n' for host in VALUES for t, v in pairs(host)
    )


def cloudwatch_data():
    """Return an answer to get-metric-data, newest first."""
    return json.dumps({
        "MetricDataResults": [
            {"Id": host, "Label": f"CPUUtilization {host}", "Timestamps": [iso(t, "+00:00") for t in TIMES[::-1]], "Values": VALUES[host][::-1]}
            for host in VALUES
        ]
    })  # fmt: skip


def cloudwatch_statistics():
    """Return an answer to get-metric-statistics, in no order."""
    points = [
        {"Timestamp": iso(t), "Average": a, "Maximum": b, "Unit": "Percent"}
        for t, a, b in zip(TIMES, VALUES["a"], VALUES["b"], strict=True)
    ]
    return json.dumps(
        {
            "Label": "CPUUtilization",
            "Datapoints": [points[at] for at in np.random.default_rng(1).permutation(48)],
        }
    )


def influx():
    """Return annotated CSV: a table for each host."""
    head = "#group,false,false,false,false,true,true,true\n#datatype,string,long,dateTime:RFC3339,double,string,string,string\n#default,_result,,,,,,\n,result,table,_time,_value,_field,_measurement,host\n"
    return "\r\n\r\n".join(
        (head + "".join(f",,{number},{iso(t)},{v},usage,cpu,{host}\n" for t, v in pairs(host)))
        .strip()
        .replace("\n", "\r\n")
        for number, host in enumerate(VALUES)
    )


def otlp():
    """Return a line for each host, as a collector writes them."""
    return "\n".join(
        json.dumps({
            "resourceMetrics": [{
                "resource": {"attributes": [{"key": "host.name", "value": {"stringValue": host}}]},
                "scopeMetrics": [{"metrics": [{"name": "cpu", "gauge": {"dataPoints": [{"timeUnixNano": str(t * 10**9), "asDouble": v} for t, v in pairs(host)]}}]}],
            }]
        })
        for host in VALUES
    )  # fmt: skip


def sadf():
    """Return what sadf -j writes."""
    hosts = [
        {"nodename": host, "statistics": [
            {"timestamp": {"date": plain(t, "%Y-%m-%d"), "time": plain(t, "%H:%M:%S"), "utc": 1, "interval": STEP}, "cpu-load": [{"cpu": "all", "user": v}]}
            for t, v in pairs(host)
        ]}
        for host in VALUES
    ]  # fmt: skip
    return json.dumps({"sysstat": {"hosts": hosts}}, indent=1)


def vmstat():
    """Return what vmstat -t writes, its headers again and again; two of its columns are the two hosts'."""
    lines = []
    for row, (t, a) in enumerate(pairs("a")):
        if row % 20 == 0:
            lines += [
                "procs -----------memory---------- ---swap-- -----timestamp-----",
                " r  b   swpd   free   si   so                 UTC",
            ]
        lines.append(f" 1  0  {a}  {VALUES['b'][row]}   0   0 {plain(t)}")
    return "\n".join(lines) + "\n"


def iostat():
    """Return what iostat -t -x writes: the hosts are devices here."""
    blocks = ["Linux 6.1.0-18-amd64 (web1) \t11/14/23 \t_x86_64_\t(4 CPU)\n"]
    for row, t in enumerate(TIMES):
        devices = "".join(f"{host}   {VALUES[host][row]}   1.00\n" for host in VALUES)
        blocks.append(
            f"{plain(t, '%m/%d/%y %H:%M:%S')}\navg-cpu:  %user   %idle\n           1.00   99.00\n\nDevice            r/s     w/s\n{devices}\n"
        )
    return "\n".join(blocks)


def collectd():
    """Return CSV of collectd, both hosts' values in one line."""
    rows = zip(TIMES, VALUES["a"], VALUES["b"], strict=True)
    return "epoch,rx,tx\n" + "".join(f"{t}.000,{a},{b}\n" for t, a, b in rows)


def zabbix():
    """Return an answer to history.get."""
    result = [
        {"itemid": str(10 + at), "clock": str(t), "value": str(v), "ns": "0"}
        for at, host in enumerate(VALUES)
        for t, v in pairs(host)
    ]
    return json.dumps({"jsonrpc": "2.0", "result": result, "id": 1})


def azure():
    """Return an answer of Azure Monitor, divided by machine."""
    series = [
        {
            "metadatavalues": [{"name": {"value": "vmname"}, "value": host}],
            "data": [{"timeStamp": iso(t), "average": v} for t, v in pairs(host)],
        }
        for host in VALUES
    ]
    return json.dumps(
        {
            "cost": 1,
            "value": [
                {
                    "id": "/x/web/providers/Microsoft.Insights/metrics/cpu",
                    "name": {"value": "Percentage CPU"},
                    "unit": "Percent",
                    "timeseries": series,
                }
            ],
        }
    )


def datadog():
    """Return an answer of Datadog."""
    series = [
        {
            "metric": "system.cpu.user",
            "scope": f"host:{host}",
            "tag_set": [f"host:{host}"],
            "unit": [{"short_name": "%"}, None],
            "pointlist": [[t * 1000.0, v] for t, v in pairs(host)],
        }
        for host in VALUES
    ]
    return json.dumps({"status": "ok", "series": series})


def jmeter():
    """Return a JTL: a request every second for a quarter of an hour, every ninth of which fails."""
    rows = [
        f"{(BEGIN + at) * 1000},{100 + at % 50},GET /{'ab'[at % 2]},{500 if at % 9 == 0 else 200},t,{str(at % 9 != 0).lower()},{1000 + at}"
        for at in range(900)
    ]
    return "timeStamp,elapsed,label,responseCode,threadName,success,bytes\n" + "\n".join(rows) + "\n"


def jmeter_xml():
    """Return the same as XML, each with a part of its own."""
    rows = "".join(
        f'<httpSample t="{100 + at % 50}" ts="{(BEGIN + at) * 1000}" s="{str(at % 9 != 0).lower()}" lb="GET /{"ab"[at % 2]}" by="{1000 + at}">'
        f'<httpSample t="1" ts="1" lb="part"/></httpSample>\n'
        for at in range(900)
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<testResults version="1.2">\n{rows}</testResults>\n'


def k6():
    """Return lines of k6, with metrics beside the durations."""
    lines = [{"type": "Metric", "metric": "http_req_duration", "data": {"type": "trend"}}]
    for at in range(900):
        tags = {"name": "ab"[at % 2], "status": "500" if at % 9 == 0 else "200"}
        lines.append(
            {
                "type": "Point",
                "metric": "http_reqs",
                "data": {"time": iso(BEGIN + at), "value": 1, "tags": tags},
            }
        )
        lines.append(
            {
                "type": "Point",
                "metric": "http_req_duration",
                "data": {"time": iso(BEGIN + at), "value": 100.0 + at % 50, "tags": tags},
            }
        )
    return "\n".join(map(json.dumps, lines))


def locust():
    """Return the history of Locust, two kinds of requests and all of them."""
    header = "Timestamp,User Count,Type,Name,Requests/s,Failures/s,50%,Total Request Count\n"
    rows = []
    for row, t in enumerate(TIMES):
        rows += [f"{t},10,GET,/{host},{VALUES[host][row]},0.0,N/A,{row * 600}" for host in VALUES]
        rows.append(f"{t},10,,Aggregated,1.0,0.0,120,{row * 1200}")
    return header + "\n".join(rows) + "\n"


def line_protocol():
    """Return InfluxDB's line protocol."""
    return "".join(
        f'cpu,host={host},os=a\\ b usage={v},state="ok" {t * 10**9}\n'
        for host in VALUES
        for t, v in pairs(host)
    )


def json_lines():
    """Return a record a line, one key of which is nested."""
    rows = zip(TIMES, VALUES["a"], VALUES["b"], strict=True)
    return "".join(json.dumps({"time": iso(t), "cpu": {"a": a}, "b": b}) + "\n" for t, a, b in rows)


def json_records():
    """Return a list of records."""
    return "[" + ",\n".join(json_lines().splitlines()) + "]"


LEVELS = {
    line_protocol: ("a", "b"),
    json_lines: ("cpu.a", "b"),
    json_records: ("cpu.a", "b"),
    query_range: ("a", "b"),
    promtool: ("a", "b"),
    openmetrics: ("a", "b"),
    tsdb_dump: ("a", "b"),
    cloudwatch_data: ("CPUUtilization a", "CPUUtilization b"),
    cloudwatch_statistics: ("Average", "Maximum"),
    influx: ("a", "b"),
    otlp: ("a", "b"),
    sadf: ("a", "b"),
    vmstat: ("swpd", "free"),
    iostat: ("r/s a", "r/s b"),
    collectd: ("measured.rx", "measured.tx"),
    zabbix: ("itemid=10", "itemid=11"),
    azure: ("a", "b"),
    datadog: ("a", "b"),
    locust: ("Requests/s GET /a", "Requests/s GET /b"),
}
"""What the two hosts' series are called in each, when the file is called ``measured``."""
EVENTS = (jmeter, jmeter_xml, k6)
