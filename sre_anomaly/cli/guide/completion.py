"""``sre-anomaly completion``: what the shell proposes after the tab key: commands, groups with their options, keys."""

from sre_anomaly.config.catalogue import GROUPS, options, read_option, read_top
from sre_anomaly.errors import ConfigError, did_you_mean

BASH = """\
# sre-anomaly completion for bash: eval "$(sre-anomaly completion bash)"
_sre_anomaly() {
  local word=${COMP_WORDS[COMP_CWORD]}
  # A shell divides words at = too; what is completed then is what stands behind it.
  if [[ $word == "=" ]]; then word="${COMP_WORDS[COMP_CWORD-1]}="; fi
  if [[ ${COMP_WORDS[COMP_CWORD-1]} == "=" ]]; then word="${COMP_WORDS[COMP_CWORD-2]}=$word"; fi
  local found
  found=$(compgen -W "%(words)s" -- "$word")
  if [[ $word == *=* ]]; then found=$(printf '%%s\\n' $found | sed 's/^[^=]*=//'); fi
  COMPREPLY=($found)
  [[ $found == *= ]] && compopt -o nospace 2> /dev/null
  [[ -z $found ]] && COMPREPLY=($(compgen -f -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -F _sre_anomaly sre-anomaly
"""
ZSH = """\
#compdef sre-anomaly
# sre-anomaly completion for zsh: eval "$(sre-anomaly completion zsh)"
_sre_anomaly() {
  local -a words=(%(words)s)
  compadd -S '' -- ${(M)words:#${PREFIX}*}
  _files
}
compdef _sre_anomaly sre-anomaly
"""
FISH = """\
# sre-anomaly completion for fish: sre-anomaly completion fish | source
complete -c sre-anomaly -a "%(words)s"
"""
SHELLS = {"bash": BASH, "zsh": ZSH, "fish": FISH}


def completion(words: list[str]) -> None:
    """Print the script of a shell.

    Raises
    ------
    ConfigError
        If the shell is none of those known.
    """
    if len(words) != 1 or words[0] not in SHELLS:
        raise ConfigError(f"completion: name your shell; {did_you_mean(words[0] if words else '', SHELLS)}")
    print(SHELLS[words[0]] % {"words": " ".join(proposals())}, end="")


def proposals() -> list[str]:
    """Return every command, every option of every group, and every key with its sign."""
    from sre_anomaly.cli.main import COMMANDS

    choices = [f"{group}={name}" for group in GROUPS for name in options(group)]
    keys = {
        f"{group}.{key}="
        for group in GROUPS
        if group not in ("experiment", "sweep")
        for name in options(group)
        for key, _, _ in read_option(group, name).keys
    }
    return [*sorted(COMMANDS), *choices, *sorted(keys), *(f"{key}=" for key, _, _ in read_top())]
