#!/bin/sh
# A backup now, then one a day; the newest thirty are kept. Ends at SIGTERM. `backup.sh FOLDER once`: one, and no more.
set -u
folder=${1:?folder for the backups}
keep=${KEEP_BACKUPS:-30}
cd "$folder" || exit 1
trap 'exit 0' TERM INT

while :; do
    name="khedmatyar-$(date -u +%Y%m%d-%H%M%S)"
    # Written under another name first: what bears the right name is whole.
    if khedmatyar db backup --portable "$folder/.$name.part" && mv "$folder/.$name.part" "$folder/$name.zip"; then
        echo "backup: $folder/$name.zip"
        # shellcheck disable=SC2012 # the names are our own, without blanks
        ls -1t khedmatyar-*.zip | tail -n +"$((keep + 1))" | while read -r old; do rm -f -- "$old"; done
        wait=86400
    else
        echo "backup: failed; again in ten minutes" >&2
        rm -f -- "$folder/.$name.part"
        [ "${2:-}" = once ] && exit 1
        wait=600
    fi
    [ "${2:-}" = once ] && exit 0
    sleep "$wait" &
    wait $!
done
