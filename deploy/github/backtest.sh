#!/usr/bin/env bash
# Replays the rules that the environment names; the report, or why there is none, goes into the job's summary whatever the exit code is.
set -euo pipefail
rm -rf backtest-report # of an earlier job in the same folder, as a runner of one's own has it
words=("rules=$RULES" "data.url=$PROMETHEUS_URL" "data.last=$LAST" "to=backtest-report")
read -ra bounds <<< "${FAIL_OVER:-}"
for bound in "${bounds[@]}"; do
  words+=(--fail-over "$bound")
done
read -ra more <<< "${MORE:-}"
words+=("${more[@]}")
said=$(mktemp)
code=0
sre-anomaly backtest "${words[@]}" 2> "$said" || code=$?
cat "$said" >&2
summary=${GITHUB_STEP_SUMMARY:-/dev/null}
if [ -f backtest-report/report.md ]; then
  cat backtest-report/report.md >> "$summary"
fi
if [ "$code" != 0 ]; then
  printf '\n```\n%s\n```\n' "$(grep '^sre-anomaly: ' "$said" || tail -n 5 "$said")" >> "$summary"
fi
rm -f "$said"
exit "$code"
