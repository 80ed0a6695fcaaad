#!/bin/sh
# Makes a key for each of three people, in run/keys/NAME, and writes approvers.toml.
#
# Elsewhere everybody runs `belljar key new` alone, on a machine of their own, and hands over the
# line that it prints; the secret key never leaves that machine.
set -eu
mkdir -p run
: > run/approvers.toml
for name in ana ben cleo; do
  key=$(BELLJAR_KEYS=run/keys/$name belljar key new)
  [ ! -s run/approvers.toml ] || echo >> run/approvers.toml
  cat >> run/approvers.toml <<END
[approver.$name]
key = "$key"
authors = ["$name@example.com"]
END
done
mv run/approvers.toml approvers.toml
