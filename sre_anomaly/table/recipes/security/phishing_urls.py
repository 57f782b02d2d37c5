"""Web addresses, and which of them are made to steal a password."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from sre_anomaly.dataset import Table
from sre_anomaly.registry import register
from sre_anomaly.table.recipes import _made_up as made
from sre_anomaly.table_contracts import TableSource

PHISHING = 0.15
BAIT = ("login", "secure", "verify", "account", "update", "wallet", "support")
PLAIN = ("news", "blog", "docs", "shop", "forum", "status", "photos", "login", "account", "support")
BRANDS = ("examplebank", "postline", "webmailer", "streambox")
ENDINGS = ("com", "org", "net", "info", "top", "xyz")
HIDDEN = 0.25
"""Share of the phishing campaigns that live on a hacked site of good standing."""


@register("table", "phishing_urls")
@dataclass
class PhishingUrls(TableSource):
    """A campaign sends many addresses of one host; an honest site has many pages."""

    rows: Annotated[int, Field(ge=100)] = 4000
    noise: Annotated[float, Field(ge=0)] = 1.0
    seed: int = 0

    def table(self) -> Table:
        """Draw the addresses; no name in them is of a real bank."""
        draw = np.random.default_rng(self.seed)
        site = made.episodes(draw, self.rows, 6.0)
        sites = int(site[-1]) + 1
        bad = draw.random(sites) < PHISHING
        hidden = bad & (draw.random(sites) < HIDDEN)
        looks_bad = bad & ~hidden
        # A young honest shop looks like a trap as well.
        age = np.where(looks_bad, draw.lognormal(3.5, 1.6, sites), draw.lognormal(6.3, 1.3, sites))
        hosts = [self._host(draw, looks) for looks in looks_bad]
        ending = draw.choice(len(ENDINGS), sites, p=[0.5, 0.15, 0.15, 0.08, 0.06, 0.06])
        ending = np.where(looks_bad & (draw.random(sites) < 0.4), draw.integers(3, 6, sites), ending)
        urls = [
            f"{hosts[at]} . {ENDINGS[ending[at]]} / {self._path(draw, bait=bool(bad[at]))}"
            for at in site.tolist()
        ]
        redirects = draw.poisson(np.where(bad, 0.9, 0.3) * self.noise)[site]
        return Table(
            "urls",
            {
                "length": np.array([len(url.replace(" ", "")) for url in urls], dtype=np.float64),
                "hyphens": np.array([url.count("-") for url in urls], dtype=np.float64),
                "digits": np.array([sum(map(str.isdigit, url)) for url in urls], dtype=np.float64),
                "days_since_registered": made.near_copies(draw, site, age[site], 0),
                "redirects": redirects.astype(np.float64),
            },
            {"ending": np.array(ENDINGS, dtype=object)[ending][site]},
            {"words": np.array([url.replace("-", " ") for url in urls], dtype=object)},
            np.where(bad[site], "phishing", "honest").astype(object),
            "verdict",
            made.names("site", site),
        )

    def _host(self, draw: np.random.Generator, looks_bad: bool) -> str:
        parts = [str(draw.choice(BAIT if looks_bad and draw.random() < 0.7 else PLAIN))]
        if draw.random() < (0.5 if looks_bad else 0.08):
            parts.append(str(draw.choice(BRANDS)))
        parts.append("".join(map(str, draw.choice(list("abcdeilmnorst"), 6))))
        if draw.random() < (0.3 if looks_bad else 0.1):
            parts.append(str(draw.integers(10, 9999)))
        return "-".join(parts)

    def _path(self, draw: np.random.Generator, *, bait: bool) -> str:
        words = [
            str(draw.choice(BAIT if bait and draw.random() < 0.5 else PLAIN))
            for _ in range(draw.integers(1, 4))
        ]
        return " ".join([*words, str(draw.integers(1, 100_000))])
