"""Requests by route: numbers and identifiers put aside, the most frequent with metrics of their own, memory bounded."""

import numpy as np
import pytest

from sre_anomaly.config.build import build
from sre_anomaly.logs.shapes.amounts import Request
from sre_anomaly.logs.shapes.routes import MOST, OTHER, Routes, route_of

LINE = '10.0.0.1 - - [04/Mar/2024:{h:02}:{m:02}:30 +0000] "{method} {path} HTTP/1.1" {status} 17 "-" "curl" {took:.3f}\n'


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/", "/"),
        ("/users/1734", "/users/:id"),
        ("/v1/users/550e8400-e29b-41d4-a716-446655440000/orders", "/v1/users/:id/orders"),
        ("/blobs/9f86d081", "/blobs/:id"),
        ("/static/app.9f3a21.js", "/static/:id"),
        ("/oauth2/token", "/oauth2/token"),
        ("/by/me@example.org", "/by/:id"),
        ("/a/b/c/d/e/f/g/h", "/a/b/c/d/e/f/..."),
    ],
)
def test_what_tells_one_object_from_another_is_put_aside(path, route):
    """The rest of the path is kept word for word."""
    assert route_of(f"GET {path} answered".encode()) == f"GET {route}"


def test_metrics_of_each_route(tmp_path):
    """Requests, share of server errors and duration are those of its own lines; where it was silent only the first is known."""
    draw, lines = np.random.default_rng(3), []
    wanted = {name: np.zeros((60, 3)) for name in ("GET /users/:id", "POST /pay")}
    took = {name: [[] for _ in range(60)] for name in wanted}
    for minute in range(60):
        for name, count in zip(wanted, (draw.integers(5, 9), draw.integers(0, 3)), strict=True):
            for _ in range(count):
                status, lasted = draw.choice([200, 404, 502]), draw.uniform(0.01, 2)
                method, path = name.replace(":id", str(draw.integers(1, 10**6))).split()
                lines.append(
                    LINE.format(h=10, m=minute, method=method, path=path, status=status, took=lasted)
                )
                wanted[name][minute, 0] += 1
                wanted[name][minute, 1] += status == 502
                took[name][minute].append(lasted)
    lines.insert(0, LINE.format(h=10, m=0, method="GET", path="/once", status=200, took=1))
    (tmp_path / "access.log").write_text("".join(lines))
    node = {"name": "logs", "path": str(tmp_path / "access.log"), "routes": 2, "step": "1m"}
    frame = next(iter(build("data", node).frames()))
    assert not [name for name in frame.metrics if "/once requests" in name]
    rest = frame.values[:, frame.metrics.index("other routes requests")]
    assert rest.tolist() == [1.0, *[0.0] * 59]
    for name, counts in wanted.items():
        requests, share, p95 = (
            frame.values[:, frame.metrics.index(f"{name} {part}")]
            for part in ("requests", "error_share", "duration_p95")
        )
        np.testing.assert_array_equal(requests, counts[:, 0])
        asked = counts[:, 0] > 0
        np.testing.assert_allclose(share[asked], counts[asked, 1] / counts[asked, 0])
        assert np.isnan(share[~asked]).all()
        assert np.isnan(p95[~asked]).all()
        exact = [np.quantile(one, 0.95, method="inverted_cdf") for one in took[name] if one]
        np.testing.assert_allclose(p95[asked], exact, rtol=0.02)


def test_paths_of_nonsense_fill_no_memory():
    """So many routes are told apart, and every request is counted somewhere."""
    routes = Routes()
    for number in range(3 * MOST):
        word = "".join(chr(97 + int(digit)) for digit in str(number))
        routes.add(0, [Request(b"GET /" + word.encode() + b" answered")], [b"INFO"])
    assert len(routes.found) == MOST + 1
    assert sum(route.requests.total() for route in routes.found.values()) == 3 * MOST
    assert routes.found[OTHER].requests.total() == 2 * MOST
