"""The libraries that a bundle leaves to the system, and Debian's package of each.

Every desktop has them, and its own fit better: graphics drivers, fonts, the session's bus, the C and C++ runtimes (a
system that has the glibc of the bundle has a C++ runtime as new).
"""

from __future__ import annotations

PACKAGES = {
    # The package libc6 itself, whose version make_packages.py writes
    "libc.so.6": "", "libm.so.6": "", "libdl.so.2": "", "libpthread.so.0": "", "librt.so.1": "", "libutil.so.1": "",
    "libresolv.so.2": "", "ld-linux-x86-64.so.2": "", "ld-linux-aarch64.so.1": "",
    "libstdc++.so.6": "libstdc++6", "libgcc_s.so.1": "libgcc-s1", "libz.so.1": "zlib1g", "libexpat.so.1": "libexpat1",
    "libuuid.so.1": "libuuid1", "libcom_err.so.2": "libcom-err2", "libcrypt.so.1": "libcrypt1",
    # Graphics and windows
    "libGL.so.1": "libgl1", "libEGL.so.1": "libegl1", "libGLX.so.0": "libglx0", "libOpenGL.so.0": "libopengl0",
    "libGLdispatch.so.0": "libglvnd0", "libgbm.so.1": "libgbm1", "libdrm.so.2": "libdrm2",
    "libX11.so.6": "libx11-6", "libX11-xcb.so.1": "libx11-xcb1", "libxcb.so.1": "libxcb1", "libXau.so.6": "libxau6",
    "libXdmcp.so.6": "libxdmcp6", "libICE.so.6": "libice6", "libSM.so.6": "libsm6",
    "libxcb-dri3.so.0": "libxcb-dri3-0", "libwayland-client.so.0": "libwayland-client0",
    "libwayland-egl.so.1": "libwayland-egl1", "libwayland-cursor.so.0": "libwayland-cursor0",
    # Fonts
    "libfontconfig.so.1": "libfontconfig1", "libfreetype.so.6": "libfreetype6", "libpng16.so.16": "libpng16-16",
    "libharfbuzz.so.0": "libharfbuzz0b", "libbrotlidec.so.1": "libbrotli1", "libbrotlicommon.so.1": "libbrotli1",
    # The session
    "libdbus-1.so.3": "libdbus-1-3", "libglib-2.0.so.0": "libglib2.0-0", "libgthread-2.0.so.0": "libglib2.0-0",
    "libpcre2-8.so.0": "libpcre2-8-0", "libsystemd.so.0": "libsystemd0", "libgcrypt.so.20": "libgcrypt20",
    "libgpg-error.so.0": "libgpg-error0", "libcap.so.2": "libcap2", "liblz4.so.1": "liblz4-1",
    "libzstd.so.1": "libzstd1", "liblzma.so.5": "liblzma5",
    # Signing in to a proxy by Kerberos, which Qt's network asks for
    "libgssapi_krb5.so.2": "libgssapi-krb5-2", "libkrb5.so.3": "libkrb5-3", "libk5crypto.so.3": "libk5crypto3",
    "libkrb5support.so.0": "libkrb5support0", "libkeyutils.so.1": "libkeyutils1",
}  # fmt: skip
