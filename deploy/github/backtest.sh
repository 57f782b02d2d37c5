#!/usr/bin/env bash
# Replays the rules that the environment names; the report goes into the job's summary whatever the exit code is.
set -euo pipefail
words=("rules=$RULES" "data.url=$PROMETHEUS_URL" "data.last=$LAST" "to=backtest-report")
read -ra bounds <<< "${FAIL_OVER:-}"
for bound in "${bounds[@]}"; do
  words+=(--fail-over "$bound")
done
read -ra more <<< "${MORE:-}"
words+=("${more[@]}")
code=0
sre-anomaly backtest "${words[@]}" || code=$?
if [ -f backtest-report/report.md ]; then
  cat backtest-report/report.md >> "${GITHUB_STEP_SUMMARY:-/dev/null}"
fi
exit "$code"
