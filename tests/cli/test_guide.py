"""What helps while one types: explained keys, schemas, completion and a first preset of one's own."""

import json
import shutil
import subprocess

import jsonschema
import pytest
import yaml
from omegaconf import OmegaConf

from sre_anomaly.cli.guide.completion import proposals
from sre_anomaly.cli.guide.schema import of_option, of_preset
from sre_anomaly.cli.main import COMMANDS
from sre_anomaly.config.catalogue import option_file, options
from sre_anomaly.registry import KINDS


def test_a_key_is_explained(command):
    """A key, whole or its last word, is said in words with what it may be; a wrong one gets a hint."""
    for word in ("threshold.contamination", "contamination"):
        code, out, _ = command("explain", word)
        assert code == 0
        assert "a number above 0, at most 0.5" in out
        assert "with threshold=contamination" in out
    _, out, _ = command("explain", "seed")
    assert "everything random" in out
    code, _, err = command("explain", "threshold.contaminatoin")
    assert code == 2
    assert "did you mean" in err


@pytest.mark.parametrize("kind", KINDS)
def test_our_own_yaml_fits_its_schema(kind):
    """Every option that we ship is right by the schema that an editor would check it with; a key it has not is wrong nowhere else."""
    schema = of_option(kind)
    jsonschema.Draft202012Validator.check_schema(schema)
    for name in options(kind):
        # As the command reads it: a plain YAML reader takes 1e-12 for text.
        own = OmegaConf.to_container(OmegaConf.load(option_file(kind, name)))
        content = {key: value for key, value in own.items() if value not in (None, "???")}
        content = {key: value for key, value in content.items() if "${" not in str(value)}
        if "." not in content.get("name", name):
            content["name"] = name
            jsonschema.validate(content, schema)


def test_presets_have_a_schema(command):
    """It names the groups, and is JSON."""
    code, out, _ = command("schema")
    assert code == 0
    assert json.loads(out) == of_preset()
    assert {"detector", "seed", "forecast"} <= set(json.loads(out)["properties"])


def test_a_value_out_of_range_is_wrong_by_the_schema():
    """An editor marks what the command would refuse."""
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"name": "contamination", "contamination": 0.9}, of_option("threshold"))


def test_the_shell_proposes(command):
    """Commands, options and keys are proposed, values of groups too; bash takes the script."""
    assert {"detector=iforest", "threshold.contamination=", "compare"} <= set(proposals())
    code, out, _ = command("completion", "bash")
    assert code == 0
    if bash := shutil.which("bash"):
        asked = 'COMP_WORDS=(sre-anomaly detector = ifo); COMP_CWORD=3; _sre_anomaly; echo "${COMPREPLY[@]}"'
        said = subprocess.run([bash, "-c", f"{out}\n{asked}"], capture_output=True, text=True, check=True)
        assert said.stdout.split() == ["iforest"]


def test_a_first_preset(command, tmp_path):
    """A file is looked at, and the preset that is written runs."""
    rows = "".join(
        f"2024-03-{4 + n // 288:02d} {n // 12 % 24:02d}:{n % 12 * 5:02d},{40 + n % 7}\n" for n in range(1200)
    )
    (tmp_path / "My Service.csv").write_text("time,cpu\n" + rows)
    code, out, err = command("init", "My Service.csv", "pages_per_week=2", "timezone=Europe/Berlin")
    assert code == 0, err
    assert "1,200 data points of cpu" in out
    written = yaml.safe_load((tmp_path / "conf/experiment/my_service.yaml").read_text())
    assert written["threshold"]["pages_per_week"] == 2
    code, out, err = command("experiment=my_service")
    assert code == 0, err
    code, _, err = command("init", "My Service.csv")
    assert code == 2
    assert "is called so already" in err


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(command, name):
    """Each says what it does with two examples that can be typed, and fits a narrow terminal."""
    code, out, _ = command(name, "--help")
    assert code == 0
    assert out.startswith(f"sre-anomaly {name}")
    examples = [line for line in out.splitlines() if f"sre-anomaly {name}" in line and line.startswith("  ")]
    assert len(examples) >= 2
    assert max(map(len, out.splitlines())) <= 80


def test_help_names_every_command(command):
    """The first help of all fits a narrow terminal, and no command is missing in it."""
    _, out, _ = command("--help")
    assert max(map(len, out.splitlines())) <= 80
    assert not [name for name in COMMANDS if name not in (*out.split(), "run")]
