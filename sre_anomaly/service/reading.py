"""``watch.yaml`` as settings, with a line for each mistake: where it is, and what would be right."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from sre_anomaly.config.messages import in_words
from sre_anomaly.errors import ConfigError
from sre_anomaly.io.yaml_lines import Part, read_yaml
from sre_anomaly.service.settings import JobSettings, Settings, Web
from sre_anomaly.service.source.entities import Share
from sre_anomaly.service.source.settings import KINDS, Amazon, Server


def read_settings(path: Path, words: Mapping[str, str] | None = None) -> Settings:
    """Read and check the file; words of a command stand before what is in it: ``shard``, ``replicas`` and ``listen``.

    Raises
    ------
    ConfigError
        A line for each mistake, with the file, the line and what would be right. What is secret is in no message.
    """
    whole = read_yaml(path)
    whole.mapping()
    content = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    for key, word in (words or {}).items():
        if key != "listen":
            content[key] = word
        elif isinstance(web := content.setdefault("web", {}), dict):
            web[key] = word
    try:
        settings = Settings.model_validate(content)
    except ValidationError as error:
        raise ConfigError("\n".join(_said(whole, detail) for detail in error.errors())) from None
    if missing := settings.missing_secrets():
        raise ConfigError(f"{path}: there is no environment variable {', '.join(missing)}")
    folder = path.absolute().parent
    kept = {
        key: str(_of_shard(folder / Path(value).expanduser(), settings.share))
        for key in ("state", "alerts_file")
        if (value := getattr(settings, key)) is not None
    }
    files = {
        key: str(folder / Path(value).expanduser())
        for key in ("tls_certificate", "tls_key")
        if (value := getattr(settings.web, key)) is not None
    }
    jobs = [job.within(folder) for job in settings.jobs]
    return settings.model_copy(update=kept | {"web": settings.web.model_copy(update=files), "jobs": jobs})


def _of_shard(path: Path, share: Share) -> Path:
    """Return a path of a process's own, so that several may have one file of settings and one folder."""
    return path if share.of == 1 else path.with_name(f"{path.stem}.{share.number}-of-{share.of}{path.suffix}")


def _said(whole: Part, detail: Any) -> str:
    """Return one finding with the line of the part that it is about, as near as there is one."""
    kind = next((one for sign, one in KINDS.items() if sign in detail["loc"]), Server)
    # Which kind of source it was taken for is no key.
    detail = {**detail, "loc": tuple(step for step in detail["loc"] if step not in KINDS)}
    part = whole
    for step in detail["loc"]:
        try:
            part = part.items()[step] if isinstance(step, int) else part.mapping()[step]
        except (ConfigError, KeyError, IndexError):
            break
    shown = {**detail, "input": ()} if detail["loc"][-1:] in (("url",), ("headers",)) else detail
    known = None
    if detail["type"] == "extra_forbidden":
        models: dict[str, type[BaseModel]] = {
            "source": kind,
            "cloudwatch": Amazon,
            "web": Web,
            "jobs": JobSettings,
        }
        inside = [str(step) for step in detail["loc"][:-1] if not isinstance(step, int)]
        model = next((models[step] for step in reversed(inside) if step in models), Settings)
        known = dict.fromkeys(model.model_fields)
    text = in_words(shown, known=known).replace("=...", "")
    return f"{whole.path}, line {part.line}: {text}"
