#!/bin/sh
# Installs Tern from this folder: for you alone (--user, into ~/.local), or for everyone (as root, into /usr/local).
# Nothing else is needed: no Python, no compiler, no connection.
set -eu

usage() {
    echo "usage: ./install.sh [--user | --prefix FOLDER]"
    echo "  --user            into ~/.local, for you alone (the default, but for root)"
    echo "  --prefix FOLDER   into FOLDER (the default of root: /usr/local)"
}
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
prefix=
while [ $# -gt 0 ]; do
    case $1 in
        --user) prefix=$HOME/.local ;;
        --prefix) [ $# -gt 1 ] || { usage >&2; exit 2; }; prefix=$2; shift ;;
        -h | --help) usage; exit 0 ;;
        *) usage >&2; exit 2 ;;
    esac
    shift
done
if [ -z "$prefix" ]; then
    if [ "$(id -u)" = 0 ]; then prefix=/usr/local; else prefix=$HOME/.local; fi
fi
case $prefix in
    /*) ;;
    *) prefix=$PWD/$prefix ;;
esac
[ -x "$here/tern/tern" ] || { echo "install.sh: the folder tern is not beside this script; unpack the archive again." >&2; exit 1; }

lib=$prefix/lib/tern
mkdir -p "$prefix/lib" "$prefix/bin" "$prefix/share/applications"
# What is there stays until the new one is whole.
rm -rf "$lib.new"
cp -R "$here/tern" "$lib.new"
cp "$here/uninstall.sh" "$lib.new/uninstall.sh"
if [ -e "$lib" ]; then rm -rf "$lib.old"; mv "$lib" "$lib.old"; fi
mv "$lib.new" "$lib"
rm -rf "$lib.old"
ln -sf "$lib/tern" "$prefix/bin/tern"
(cd "$here/share" && find . -type f ! -name tern.desktop) | while IFS= read -r file; do
    mkdir -p "$prefix/share/$(dirname "$file")"
    cp "$here/share/$file" "$prefix/share/$file"
done
# In a desktop entry's Exec a quoted path needs \ before " ` $ and \, and the string itself doubles each \.
quoted=$(printf '%s' "$lib/tern" | sed 's/[\\"`$]/\\&/g; s/%/%%/g')
EXEC=$(printf '%s' "\"$quoted\" %f" | sed 's/\\/\\\\/g') \
    awk '/^Exec=/ { print "Exec=" ENVIRON["EXEC"]; next } { print }' \
    "$here/share/applications/tern.desktop" > "$prefix/share/applications/tern.desktop"
refresh() { command -v "$1" > /dev/null 2>&1 && "$@" > /dev/null 2>&1 || true; }
refresh update-desktop-database "$prefix/share/applications"
refresh update-mime-database "$prefix/share/mime"
refresh gtk-update-icon-cache -q -t -f "$prefix/share/icons/hicolor"

echo "Tern is installed in $lib; it is in the menu of programs."
case :$PATH: in
    *":$prefix/bin:"*) echo "In a terminal: tern" ;;
    *) echo "In a terminal: $prefix/bin/tern" ;;
esac
echo "To remove it: $lib/uninstall.sh"
