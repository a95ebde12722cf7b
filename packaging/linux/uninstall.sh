#!/bin/sh
# Removes the Tern that install.sh installed. Chats, settings and models stay, unless you say otherwise.
set -eu

usage() { echo "usage: uninstall.sh [--keep-data | --delete-data]"; }
data=ask
for word in "$@"; do
    case $word in
        --keep-data) data=keep ;;
        --delete-data) data=delete ;;
        -h | --help) usage; exit 0 ;;
        *) usage >&2; exit 2 ;;
    esac
done
lib=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
prefix=$(dirname "$(dirname "$lib")")
[ "$(basename "$lib")" = tern ] && [ -x "$lib/tern" ] || { echo "uninstall.sh: $lib is not an installed Tern." >&2; exit 1; }

# Where Tern keeps what is yours, as the XDG base directories have it.
config=${XDG_CONFIG_HOME:-$HOME/.config}/tern
chats=${XDG_DATA_HOME:-$HOME/.local/share}/tern
cache=${XDG_CACHE_HOME:-$HOME/.cache}/tern
state=${XDG_STATE_HOME:-$HOME/.local/state}/tern
if [ "$data" = ask ]; then
    data=keep
    if [ -t 0 ] && { [ -e "$config" ] || [ -e "$chats" ]; }; then
        size=$(du -sh "$chats" 2> /dev/null | cut -f 1)
        printf 'Delete your chats, settings and models too (%s in %s)? [y/N] ' "${size:-0}" "$chats"
        read -r answer || answer=
        case $answer in [yY]*) data=delete ;; esac
    fi
fi
[ "$(readlink "$prefix/bin/tern" || true)" = "$lib/tern" ] && rm -f "$prefix/bin/tern"
rm -f "$prefix/share/applications/tern.desktop" "$prefix/share/mime/packages/tern.xml" \
    "$prefix"/share/metainfo/@APP_ID@.metainfo.xml "$prefix"/share/icons/hicolor/*/apps/tern.png \
    "$prefix/share/icons/hicolor/scalable/apps/tern.svg"
rm -rf "$lib"
refresh() { command -v "$1" > /dev/null 2>&1 && "$@" > /dev/null 2>&1 || true; }
refresh update-desktop-database "$prefix/share/applications"
refresh update-mime-database "$prefix/share/mime"
refresh gtk-update-icon-cache -q -t -f "$prefix/share/icons/hicolor"
rm -rf "$cache" # it can always be made again
if [ "$data" = delete ]; then
    rm -rf "$config" "$chats" "$state"
    echo "Tern is removed, with everything it kept."
else
    echo "Tern is removed. Your chats and models are still in $chats, your settings in $config."
fi
