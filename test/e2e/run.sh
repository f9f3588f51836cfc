#!/usr/bin/env bash
# The stack's whole life on an AWS emulator: deploy, the tests of what is deployed, update in place, destroy.
# EMULATOR_FOLDER: where deploy.sh and start_emulator.py are (../shared/emulator); without it nothing is run.
# E2E_REPORT: a file for the runner's own report, as JSON. PORT: the emulator's (4566); Anthropic's stand-in takes 4567.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD
folder=${EMULATOR_FOLDER:-../shared/emulator}
if [ ! -d "$folder" ]; then
  echo "e2e skipped: there is no emulator folder $folder (set EMULATOR_FOLDER)"
  exit 0
fi
folder=$(cd "$folder" && pwd)
python=$root/.venv-emulator/bin/python
packages=(ministack==1.4.21 cbor2 cryptography hypercorn pyyaml defusedxml)

if ! "$python" -c 'import ministack, cbor2, cryptography, hypercorn, yaml, defusedxml' 2>/dev/null; then
  began=$SECONDS
  python3 -m venv .venv-emulator
  "$python" -m pip install --quiet --disable-pip-version-check "${packages[@]}"
  printf '%-10s %6d s\n' install $((SECONDS - began))
fi

for port in "${PORT:-4566}" 4567; do
  if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
    echo "e2e FAILED: something already listens on port $port of this machine; stop it first" >&2
    exit 1
  fi
done

work=$(mktemp -d)
finish() {
  status=$?
  if [ "$status" -eq 0 ]; then rm -rf "$work"; else echo "e2e FAILED (exit code $status): logs and outputs are kept in $work" >&2; fi
}
trap finish EXIT

# deploy.sh starts a Python script with an empty environment, so what that must know stands in the script.
cat >"$work/launcher.py" <<PYTHON
import sys
sys.path.insert(0, "$root/test/e2e")
import start_emulator
start_emulator.start("$folder/start_emulator.py")
PYTHON

began=$SECONDS
AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED=true E2E_LIFECYCLE=1 \
  WORK=$work EMULATOR_START=$work/launcher.py PYTHON=$python APP_DIR=$root \
  CDK_ARGS='-c config=test/e2e/keyguard.json' \
  bash "$folder/deploy.sh" npm run --silent test:e2e
printf '%-10s %6d s\n' e2e $((SECONDS - began))
