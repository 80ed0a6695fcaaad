#!/bin/sh
# usage: ./approve.sh NAME…
#
# Each of these people signs the plan that waits for production, with a key of their own, and the
# machine that deploys takes what they signed.
set -eu
for name in "$@"; do
  BELLJAR_KEYS=run/keys/$name belljar approvals approve production --output "run/$name.approval"
  belljar approvals import "run/$name.approval"
done
