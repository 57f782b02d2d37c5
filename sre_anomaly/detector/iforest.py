"""Isolation forest: strange rows are cut off from the rest by few random cuts."""

from dataclasses import dataclass, field
from typing import Annotated, Any, Self

from pydantic import Field

from sre_anomaly.contracts import Detector
from sre_anomaly.forest import FlatForest
from sre_anomaly.frame import Array
from sre_anomaly.registry import register


@register("detector", "iforest")
@dataclass
class IsolationForest(Detector):
    """Score = the anomaly score of Liu, Ting and Zhou (2008), between 0 and 1; about 0.5 is ordinary.

    scikit-learn grows the trees; `sre_anomaly.forest` scores with them. The sign is turned: here higher is
    stranger.
    """

    n_estimators: Annotated[int, Field(ge=1)] = 100
    max_samples: Annotated[int, Field(ge=2)] = 256
    max_features: Annotated[float, Field(gt=0, le=1)] = 1.0
    seed: int = 0

    export_name = "isolation_forest"

    model_: Any = field(init=False, repr=False)
    forest_: FlatForest = field(init=False, repr=False)

    def fit(self, X: Array, y: Array | None = None, validation: tuple[Array, Array] | None = None) -> Self:
        """Grow the trees on complete training rows; labels are not used."""
        from sklearn.ensemble import IsolationForest as Forest

        del y, validation
        self.model_ = Forest(
            n_estimators=self.n_estimators,
            max_samples=min(self.max_samples, len(X)),
            max_features=self.max_features,
            random_state=self.seed,
        ).fit(X)
        self.forest_ = FlatForest.of(self.model_)
        return self

    def score(self, X: Array) -> Array:
        """Return (n,) anomaly scores."""
        return self.forest_.score(X)

    def native(self) -> Any:
        """Return scikit-learn's own forest."""
        return self.model_
