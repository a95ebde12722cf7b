#!/bin/sh
# Installs the Debian packages that some tests need, when run as root on a system that has apt-get; elsewhere it
# says what is missing, and the tests concerned skip with the same reason.
set -u
missing=""
need() { # need COMMAND-FILE-OR-LIBRARY PACKAGE
    case "$1" in
    lib*) ldconfig -p 2>/dev/null | grep -qF "$1" ;;
    *) command -v "$1" >/dev/null 2>&1 || [ -e "$1" ] ;; # the library libclang is no compiler
    esac || missing="$missing $2"
}
if [ "$(uname -s)" != "Linux" ]; then
    exit 0
fi
need libEGL.so.1 libegl1
need libGL.so.1 libgl1
need libxkbcommon.so.0 libxkbcommon0
need libxkbcommon-x11.so.0 libxkbcommon-x11-0
need libxcb-cursor.so.0 libxcb-cursor0
need libxcb-icccm.so.4 libxcb-icccm4
need libxcb-keysyms.so.1 libxcb-keysyms1
need libxcb-shape.so.0 libxcb-shape0
need libxcb-xkb.so.1 libxcb-xkb1
need libxcb-image.so.0 libxcb-image0
need libxcb-render-util.so.0 libxcb-render-util0
need libdbus-1.so.3 libdbus-1-3
need libfontconfig.so.1 libfontconfig1
need Xvfb xvfb
need xauth xauth
need openbox openbox # a window manager, and keys pressed from outside
need xdotool xdotool
need mksquashfs squashfs-tools # packs the AppImage
need /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf fonts-dejavu-core
# The kernels by the compiler that Macs get theirs from: 50 MB to download, 250 MB installed.
ls /usr/bin/clang-[0-9]* >/dev/null 2>&1 || need clang clang
if [ "$(uname -m)" = "x86_64" ]; then # the Arm kernels are cross-compiled and run in an emulator
    need aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu
    need /usr/aarch64-linux-gnu/lib/libc.so.6 libc6-dev-arm64-cross
    need qemu-aarch64 qemu-user
fi
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing what the tests need:$missing"
    apt-get -qq update &&
        DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $missing >/dev/null ||
        echo "Could not install them; the tests that need them will be skipped."
else
    echo "Some tests will be skipped. To run them install:$missing"
fi
exit 0
