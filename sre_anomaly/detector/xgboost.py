"""Gradient-boosted trees that learn from labelled incidents."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from sre_anomaly.contracts import Detector
from sre_anomaly.frame import Array
from sre_anomaly.kernels.trees.boosted_trees import FlatBooster
from sre_anomaly.kernels.trees.from_file import booster_from, sound, text_of
from sre_anomaly.registry import register

ROUNDS_BETWEEN_REPORTS = 10
"""Telling costs about as much as growing a tree."""


@register("detector", "xgboost")
@dataclass
class XGBoost(Detector):
    """Score = the calibrated probability that the row belongs to an incident.

    Boosted trees (Chen and Guestrin, 2016) stop growing when the labelled validation rows no longer gain.
    Rare incidents weigh more (``imbalance``); the probabilities are then set right on the validation rows by
    a logistic curve (Platt, 1999), which keeps the order of the rows. A supervised model finds what it was
    shown: a kind of incident that never occurred in the training rows is mostly missed.
    """

    n_estimators: Annotated[int, Field(ge=1)] = 600
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.05
    max_depth: Annotated[int, Field(ge=1, le=20)] = 5
    min_child_weight: Annotated[float, Field(ge=0)] = 5.0
    subsample: Annotated[float, Field(gt=0, le=1)] = 0.8
    colsample_bytree: Annotated[float, Field(gt=0, le=1)] = 0.5
    reg_lambda: Annotated[float, Field(ge=0)] = 1.0
    early_stopping_rounds: Annotated[int, Field(ge=1)] = 50
    imbalance: Literal["none", "sqrt", "full"] = "sqrt"
    n_jobs: Annotated[int, Field(ge=1)] = 1
    seed: int = 0

    needs_labels: ClassVar[bool] = True
    handles_missing = True
    unit = "probability"
    export_name = "xgboost"

    model_: Any = field(init=False, repr=False)
    trees_: FlatBooster = field(init=False, repr=False)
    slope_: float = field(init=False, repr=False)
    offset_: float = field(init=False, repr=False)

    def fit(self, X: Array, y: Array | None = None, validation: tuple[Array, Array] | None = None) -> Self:
        """Boost on labelled training rows; stop early and calibrate on the validation rows, if given."""
        import xgboost

        if y is None:
            raise ValueError("a supervised detector needs labels")
        positives = max(1.0, float(y.sum()))
        weight = (len(y) - positives) / positives
        parameters = {
            "objective": "binary:logistic",
            "eval_metric": "logloss",
            "tree_method": "hist",
            "learning_rate": self.learning_rate,
            "max_depth": self.max_depth,
            "min_child_weight": self.min_child_weight,
            "subsample": self.subsample,
            "colsample_bytree": self.colsample_bytree,
            "reg_lambda": self.reg_lambda,
            "scale_pos_weight": {"none": 1.0, "sqrt": weight**0.5, "full": weight}[self.imbalance],
            "nthread": self.n_jobs,
            "seed": self.seed,
        }
        train = xgboost.QuantileDMatrix(X, y)
        stopping: dict[str, Any] = {}
        if validation is not None and len(validation[0]):
            held = xgboost.QuantileDMatrix(*validation, ref=train)
            stopping = {"evals": [(held, "validation")], "early_stopping_rounds": self.early_stopping_rounds}
            if self.report is not None:
                # XGBoost stops by the last measure of the list.
                parameters["eval_metric"] = ["aucpr", "logloss"]
                stopping["callbacks"] = [_reporting(self.report)]
        model = xgboost.train(parameters, train, self.n_estimators, verbose_eval=False, **stopping)
        self.model_ = model[: model.best_iteration + 1] if stopping else model
        self.trees_ = FlatBooster.of(self.model_)
        self.slope_, self.offset_ = 1.0, 0.0
        if stopping and validation is not None:
            self._calibrate(*validation)
        return self

    def _calibrate(self, X: Array, y: Array) -> None:
        from sklearn.linear_model import LogisticRegression

        if not 0 < y.sum() < len(y):
            self.note = "the validation data have one class only: probabilities are not calibrated"
            return
        curve = LogisticRegression(C=1e6).fit(self._margins(X)[:, np.newaxis], y)
        slope = float(curve.coef_[0, 0])
        if slope > 0:
            self.slope_, self.offset_ = slope, float(curve.intercept_[0])

    def _margins(self, X: Array) -> Array:
        return self.trees_.margins(X)

    def score(self, X: Array) -> Array:
        """Return (n,) probabilities."""
        return 1.0 / (1.0 + np.exp(-(self.slope_ * self._margins(X) + self.offset_)))

    def contributions(self, X: Array) -> Array:
        """Return each column's share of the log-odds, (n, d): exact Shapley values (Lundberg, 2018)."""
        import xgboost

        if isinstance(self.model_, bytes):
            self.model_ = booster_from(self.model_, nthread=self.n_jobs)
        shares = self.model_.predict(xgboost.DMatrix(X), pred_contribs=True)
        return np.asarray(self.slope_ * shares[:, :-1], dtype=np.float64)

    def learned(self) -> dict[str, Any]:
        """Return the trees in XGBoost's own JSON, and the calibration."""
        trees = {f"trees_{name}": value for name, value in self.trees_.arrays().items()}
        kept = self.model_ if isinstance(self.model_, bytes) else text_of(self.model_)
        return {"booster": kept, "slope_": self.slope_, "offset_": self.offset_, **trees}

    def restore(self, learned: Mapping[str, Any]) -> Self:
        """Put trees and calibration back; XGBoost itself is loaded when contributions are asked for."""
        self.trees_ = FlatBooster(
            **{part.name: learned[f"trees_{part.name}"] for part in fields(FlatBooster)}
        )
        self.model_ = sound(learned["booster"])
        self.slope_, self.offset_ = float(learned["slope_"]), float(learned["offset_"])
        return self

    def native(self) -> Any:
        """Return XGBoost's own booster."""
        return self.model_


def _reporting(report: Callable[[int, float], None]) -> Any:
    """Return a callback that tells the area under the validation rows' precision-recall curve as trees are added."""
    from xgboost.callback import TrainingCallback

    class Reporting(TrainingCallback):
        def after_iteration(self, _model: Any, epoch: int, evals_log: Any) -> bool:
            if (epoch + 1) % ROUNDS_BETWEEN_REPORTS == 0:
                report(epoch + 1, float(evals_log["validation"]["aucpr"][-1]))
            return False

    return Reporting()
