"""The scores that the Numenta benchmark gives a corpus run: its rows' excess over what opens an alert, ranked."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sre_anomaly.benchmark.nab_corpus import CorpusFile, read_corpus
from sre_anomaly.evaluation.nab.intervals import Assessment, Chance, assess, chance
from sre_anomaly.evaluation.nab.score import Labelled, ranked, score_at
from sre_anomaly.fleet.series import SCORES, folder_name
from sre_anomaly.frame import Array


@dataclass
class NabScores:
    """A detector's results on all files, and what they are worth."""

    series: list[Labelled]
    corpus: list[CorpusFile]
    overall: dict[str, Assessment]
    chance: dict[str, Chance]
    """What random scores reach on the same files."""
    at_own_level: dict[str, float] = field(default_factory=dict)
    """The scores where the run's own alerts are taken as they are, nothing fitted on labels."""

    def told(self) -> dict[str, Any]:
        """Return what the record keeps."""
        return {
            profile: {
                "score": found.best.score,
                "threshold": found.best.threshold,
                "leave_one_category_out": found.left_out,
                "interval": found.interval,
                "random": self.chance[profile].score,
                "random_best": self.chance[profile].highest,
                "windows_found": found.best.found,
                "false_rows": found.best.false_rows,
                "at_own_level": self.at_own_level[profile],
            }
            for profile, found in self.overall.items()
        }


def nab_scores(folder: Path, seed: int) -> NabScores:
    """Score the series of a corpus run.

    Parameters
    ----------
    folder : Path
        With one folder a series, as `run_series` leaves them.
    """
    corpus = read_corpus()
    series = [one.scored(anomaly_scores(folder / folder_name(one.name) / SCORES)) for one in corpus]
    overall = assess(series, seed)
    own = score_at(ranked(series), {profile: np.nextafter(0.5, 1) for profile in overall})
    own_level = {name: float(score) for name, score in own.items()}
    return NabScores(series, corpus, overall, chance(series, seed), own_level)


def anomaly_scores(path: Path) -> Array:
    """Return (n,) scores between 0 and 1, in the order of the excess; above 0.5 the run's own alerts."""
    excess = pd.read_parquet(path, columns=["excess"])["excess"].to_numpy(dtype=np.float64)
    # A row without a score cannot be flagged. x / (1 + |x|) keeps the order without running into its ends.
    told = np.where(np.isnan(excess), -np.inf, excess)
    with np.errstate(invalid="ignore"):
        squashed = told / (1 + np.abs(told))
    return 0.5 + 0.5 * np.where(np.isneginf(told), -1.0, np.where(np.isposinf(told), 1.0, squashed))
