#!/usr/bin/env bash
# Makes a scratch org with everything in it: creates, deploys, assigns, fills the secret, schedules.
#   INSIGHT_BRIDGE_URL=https://… WEBHOOK_SECRET=… bin/install-scratch.sh [alias]
# Needs the Salesforce CLI (sf) signed in to a Dev Hub. An org of that alias is replaced.
set -euo pipefail
cd "$(dirname "$0")/.."

alias=${1:-insight-bridge}
: "${INSIGHT_BRIDGE_URL:?the address of the service, for example https://my-bridge.herokuapp.com}"
: "${WEBHOOK_SECRET:?the WEBHOOK_SECRET of the service}"
export WEBHOOK_SECRET
command -v sf >/dev/null || { echo 'The Salesforce CLI is missing: npm install --global @salesforce/cli' >&2; exit 1; }
trap 'echo "Installation failed." >&2' ERR

sf org delete scratch --target-org "$alias" --no-prompt 2>/dev/null || true
sf org create scratch --alias "$alias" --definition-file config/project-scratch-def.json --set-default --duration-days 30 --wait 15
sf project deploy start --target-org "$alias" --source-dir force-app --source-dir org-tests --wait 30
sf org assign permset --target-org "$alias" --name Marketo_Sync_Admin --name Marketo_Sync_Integration --name Insight_Card_User

# Over standard input and REST, so that the secret is in no list of processes, no file and no debug log.
node -p 'JSON.stringify({
  externalCredential: "Insight_Bridge",
  authenticationProtocol: "Custom",
  principalType: "NamedPrincipal",
  principalName: "Service",
  credentials: { Secret: { value: process.env.WEBHOOK_SECRET, encrypted: true } }
})' | sf api request rest /services/data/v67.0/named-credentials/credential --method POST --body - --target-org "$alias" >/dev/null

sf apex run --target-org "$alias" >/dev/null <<'APEX'
InsightScheduler.start('every 15 minutes');
APEX

echo "Installation completed. Open it with: sf org open --target-org $alias --path /lightning/n/Marketo_Sync"
