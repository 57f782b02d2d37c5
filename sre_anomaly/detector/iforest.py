"""Isolation forest: strange rows are cut off from the rest by few random cuts."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from sre_anomaly.contracts import Detector
from sre_anomaly.frame import Array
from sre_anomaly.kernels.trees.forest_growing import grown
from sre_anomaly.kernels.trees.isolation_forest import FlatForest
from sre_anomaly.registry import register


@register("detector", "iforest")
@dataclass
class IsolationForest(Detector):
    """Score = the anomaly score of Liu, Ting and Zhou (2008), between 0 and 1; about 0.5 is ordinary.

    scikit-learn grows the trees, or `sre_anomaly.kernels.trees.forest_growing` by the same rule with random numbers of its own, in a
    fiftieth of the time; `sre_anomaly.kernels.trees.isolation_forest` scores with either. scikit-learn's sign is
    turned: here higher is stranger.
    """

    n_estimators: Annotated[int, Field(ge=1)] = 100
    max_samples: Annotated[int, Field(ge=2)] = 256
    max_features: Annotated[float, Field(gt=0, le=1)] = 1.0
    grown_by: Literal["scikit-learn", "us"] = "scikit-learn"
    seed: int = 0

    export_name = "isolation_forest"

    model_: Any = field(init=False, default=None, repr=False)
    """scikit-learn's forest, where it has grown one."""
    forest_: FlatForest = field(init=False, repr=False)

    def fit(self, X: Array, y: Array | None = None, validation: tuple[Array, Array] | None = None) -> Self:
        """Grow the trees on complete training rows; labels are not used."""
        del y, validation
        if self.grown_by == "us":
            columns = max(1, int(self.max_features * X.shape[1]))
            self.forest_ = grown(X, self.n_estimators, self.max_samples, columns, self.seed)
            return self
        from sklearn.ensemble import IsolationForest as Forest

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

    def contributions(self, X: Array) -> Array:
        """Return how many cuts fewer than expected each column's cuts leave, (n, d).

        On a row's way through a tree each cut changes how deep the row is expected to end. These changes are
        summed by the column that was cut; all together they are the row's missing depth over all trees, exactly.
        """
        return self.forest_.missing_depth(X)

    def learned(self) -> dict[str, Any]:
        """Return the trees as plain arrays."""
        return {f"forest_{part.name}": getattr(self.forest_, part.name) for part in fields(FlatForest)}

    def restore(self, learned: Mapping[str, Any]) -> Self:
        """Put the trees back; scikit-learn is not needed to score with them."""
        self.forest_ = FlatForest(**{name.removeprefix("forest_"): value for name, value in learned.items()})
        return self

    def native(self) -> Any:
        """Return scikit-learn's own forest where it has grown it, else the flat one."""
        return self.model_ or self.forest_
