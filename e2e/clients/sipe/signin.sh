#!/bin/bash
# Signs the real Lync client pidgin-sipe in to a demo of ours, headless, in a network of its own.
#   signin.sh WICKETGATE FOLDER PASSWORD_KEY [calendar | director USER]
# Runs inside `unshare --net --mount`: port 443 and /etc/hosts are private there, as SIPE knows no other port.
# PASSWORD_KEY is the key of the demo's user whose value is typed as the password: app_password or domain_password.
# With `calendar` it then asks Exchange for its owner's calendar, as its menu has it; with `director` discover is at a
# Director, and it is the demo's user of this number: 0 is at home in the first pool, 1 in the second.
# Prints what the client says, then `REQUESTS` and what the servers behind have seen (one line of JSON), then
# `EVENTS` and the audit trail (a line of JSON each).
# Ends with the client's status: 0 SIGNED-ON, 1 DISCONNECT, 2 TIMEOUT.
set -euo pipefail
wicketgate=$1 folder=$2 key=$3 what=${4:-}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
domain=contoso.test

# shellcheck disable=SC2046 # pkg-config prints words
gcc -O1 -w -o "$folder/nullpurple" "$here/nullpurple.c" $(pkg-config --cflags --libs purple glib-2.0)
# shellcheck disable=SC2046
gcc -O1 -w -shared -fPIC -o "$folder/sax1shim.so" "$here/sax1shim.c" $(pkg-config --cflags libxml-2.0) -ldl

ip link set lo up
for name in localhost lyncdiscover.$domain lyncdir.$domain lyncweb.$domain lyncweb2.$domain autodiscover.$domain mail.$domain sip.$domain; do
    echo "127.0.0.1 $name"
done > "$folder/hosts"
mount --bind "$folder/hosts" /etc/hosts

user=0 options=()
case $what in
    calendar) export CALENDAR=1 ;;
    director) user=$5 options=(--director) ;;
esac
mkfifo "$folder/ready"
"$wicketgate" demo --json --dir "$folder/demo" --domain "$domain" --https-port 443 "${options[@]}" \
    > "$folder/ready" &
demo=$!
trap 'kill "$demo" 2>/dev/null || true; wait "$demo" 2>/dev/null || true' EXIT
read -r ready < "$folder/ready"
value() { python3 -c 'import json,sys; print(eval("json.loads(sys.argv[1])" + sys.argv[2]))' "$ready" "$1"; }

status=0
LD_PRELOAD="$folder/sax1shim.so" T=60 "$folder/nullpurple" \
    "$(value "['users'][$user]['upn']"),$(value "['users'][$user]['account']")" \
    "$(value "['users'][$user]['$key']")" || status=$?
echo REQUESTS
curl --silent --noproxy '*' "$(value "['lab']['requests']")"
echo
echo EVENTS
"$wicketgate" --config "$(value "['config']")" audit list --json
exit "$status"
