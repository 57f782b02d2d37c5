"""Several processes share the entities, each answered for by as many as are asked for."""

import numpy as np
import pytest
import yaml

from fleet_server import SECOND, fleet, job_settings, noise
from service_process import settings_file
from sre_anomaly.errors import ConfigError
from sre_anomaly.service.job import Job
from sre_anomaly.service.reading import read_settings
from sre_anomaly.service.source.entities import Share

BEGIN = 1_772_409_600 * SECOND
ENTITIES = [f"host-{number}" for number in range(60)]


def scores(job):
    job.catch_up(lambda _: None)
    return dict(zip(job.entities.titles(), job.result.scores.tolist(), strict=True))


@pytest.mark.parametrize(("of", "replicas"), [(2, 1), (5, 2), (3, 3)])
def test_each_entity_is_watched_by_as_many_as_asked_as_by_one_alone(of, replicas):
    """The shares are about as large; nothing of others is counted as left out."""
    with fleet(lambda *asked: 10.0 + noise(*asked), ENTITIES) as server:
        settings = job_settings(server.url, learn="1h")
        alone = scores(Job(settings, lambda: BEGIN))
        assert sorted(alone) == sorted(ENTITIES)
        jobs = [Job(settings, lambda: BEGIN, Share(number, of, replicas)) for number in range(1, of + 1)]
        parts = [scores(job) for job in jobs]
    for entity in ENTITIES:
        told = [part[entity] for part in parts if entity in part]
        assert len(told) == replicas
        np.testing.assert_allclose(told, alone[entity], rtol=0, atol=1e-9)
    assert max(map(len, parts)) < 2 * len(ENTITIES) * replicas / of
    assert not any(job.health.odd for job in jobs)


def test_words_stand_before_the_file_and_each_process_has_files_of_its_own(tmp_path):
    """So that several can be started from one file in one folder."""
    path, _, _ = settings_file(tmp_path, "http://127.0.0.1:1")
    read = read_settings(path, {"shard": "2/5", "replicas": "2", "listen": "127.0.0.1:9882"})
    assert read.share == Share(2, 5, 2)
    assert read.web.listen == "127.0.0.1:9882"
    assert read.state == str(tmp_path / "state.2-of-5")
    assert read.alerts_file == str(tmp_path / "alerts.2-of-5.jsonl")
    assert read_settings(path).alerts_file == str(tmp_path / "alerts.jsonl")


@pytest.mark.parametrize(("words", "said"), [
    ({"shard": "6/5"}, "write one such as 2/5"), ({"shard": "0/5"}, "write one such as 2/5"), ({"shard": "one"}, "shard"),
    ({"shard": "1/2", "replicas": "3"}, "more than the 2"), ({"replicas": "none"}, "replicas"), ({"listen": "here"}, "listen"),
])  # fmt: skip
def test_words_that_cannot_be(tmp_path, words, said):
    """One line says what would be right."""
    path, _, settings = settings_file(tmp_path, "http://127.0.0.1:1")
    with pytest.raises(ConfigError, match=said):
        read_settings(path, words)
    path.write_text(yaml.safe_dump(settings | {"web": None}))
    with pytest.raises(ConfigError, match="web"):
        read_settings(path, {"listen": "127.0.0.1:1"})
