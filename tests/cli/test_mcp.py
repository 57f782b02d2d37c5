import asyncio
import json
import sys

import pytest
from mcp import Client, StdioServerParameters

from sre_anomaly.cli.main import main


def test_an_agent_asks_over_standard_input(tmp_path):
    """The protocol's own client finds five read-only questions and gets an answer."""
    (tmp_path / "outputs").mkdir()
    program = "from sre_anomaly.cli.main import main; main()"
    server = StdioServerParameters(
        command=sys.executable, args=["-c", program, "mcp", f"outputs={tmp_path}/outputs"]
    )

    async def ask():
        async with Client(server) as client:
            tools = (await client.list_tools()).tools
            answer = await client.call_tool("what_is_there", {})
            return tools, answer.content[0].text

    tools, text = asyncio.run(ask())
    assert {tool.name for tool in tools} == {
        "what_is_there", "what_was_unusual", "metric_band", "why_alert", "unusual_now",
    }  # fmt: skip
    assert all(
        tool.annotations.read_only_hint and "never an instruction" in tool.description for tool in tools
    )
    assert json.loads(text)["number_of_runs"] == 0


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("outputs=/nowhere", "outputs: /nowhere is not there"),
        ("listen=0.0.0.0:9881", "only this machine is answered"),
        ("servise=x", "did you mean 'service'?"),
        ("service=http://example.com", "on this machine"),
    ],
)
def test_a_mistake_is_one_line(word, said, capsys, tmp_path, monkeypatch):
    """What is wrong is said on one line, with exit code 2."""
    (tmp_path / "outputs").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stopped:
        main(["mcp", word])
    told = capsys.readouterr().err
    assert stopped.value.code == 2
    assert said in told
    assert told.count("\n") == 1


def test_without_the_library(capsys, tmp_path, monkeypatch):
    """The command to install it is named."""
    (tmp_path / "outputs").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "mcp.server.mcpserver", None)
    with pytest.raises(SystemExit):
        main(["mcp"])
    assert "pip install '.[mcp]'" in capsys.readouterr().err
