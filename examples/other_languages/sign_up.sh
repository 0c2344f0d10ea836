#!/bin/sh
# A test in shell: a lab is started, a "program" mails a code to a fresh mailbox, and the test reads it out of there.
# Needs curl and jq.
set -eu

XDG_RUNTIME_DIR=$(mktemp -d) # where labs and commands find each other: no other lab is meant
export XDG_RUNTIME_DIR
postroom lab --json --ephemeral --base-port 0 >/dev/null 2>&1 &
lab=$!
trap 'kill $lab; wait $lab || true; rm -r "$XDG_RUNTIME_DIR"' EXIT
api=$(postroom lab --wait --timeout 60 --json | jq -r .page)api/v1

post() { # PATH JSON
    curl --silent --show-error --fail-with-body --header 'Content-Type: application/json' --data "$2" "$api/$1"
}

sign_up() { # ADDRESS: the program under test
    printf 'From: app@shop.example\r\nTo: %s\r\nSubject: Confirm your address\r\n\r\nYour code is 123 456.\r\n' "$1" |
        curl --silent --show-error "smtp://127.0.0.1:$port" --mail-from app@shop.example --mail-rcpt "$1" --upload-file -
}

box=$(post mailboxes '{}')
address=$(echo "$box" | jq -r .address)
port=$(echo "$box" | jq -r .ports.smtp)

sign_up "$address"
code=$(curl --silent --fail-with-body "$api/mailboxes/$address/wait?subject=Confirm*&timeout=30" | jq -r .code)
[ "$code" = 123456 ] || { echo "not the code: $code"; exit 1; }

# The next recipient is refused once; the program must say so.
post faults '{"at": "rcpt", "reply": "451 4.2.1 Busy", "times": 1}' >/dev/null
if sign_up "$address" 2>/dev/null; then echo "the refusal went unseen"; exit 1; fi
echo ok
