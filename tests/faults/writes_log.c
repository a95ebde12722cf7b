/* Records what a process does to the files below TERN_WRITES_ROOT into TERN_WRITES_LOG, for power_loss.py: loaded before
 * everything else with LD_PRELOAD.
 *
 * A record: op (1 byte), inode (8), offset or length (8), three sizes (8 each: path, other path, data), then the three.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { CREATE = 1, WRITE, TRUNCATE, SYNC, RENAME, UNLINK, MKDIR };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int log_fd = -1;
static char root[PATH_MAX];
static size_t root_length;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void) {
    const char *where = getenv("TERN_WRITES_ROOT"), *to = getenv("TERN_WRITES_LOG");
    if (!where || !to || !realpath(where, root)) return;
    root_length = strlen(root);
    int fd = (int)syscall(SYS_openat, AT_FDCWD, to, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd >= 0) log_fd = (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 700);  /* out of everybody's way */
    if (fd >= 0) syscall(SYS_close, fd);
}

static int below(const char *path) {
    return log_fd >= 0 && strncmp(path, root, root_length) == 0 && path[root_length] == '/';
}

/* The path of an open file; whether it is below the root. */
static int path_of(int fd, char *out) {
    char link[64];
    if (log_fd < 0) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, out, PATH_MAX - 1);
    if (n < 0) return 0;
    out[n] = 0;
    return below(out) || strcmp(out, root) == 0;
}

/* `path`, relative to `at`, in full; whether it is below the root. */
static int full(int at, const char *path, char *out) {
    char base[PATH_MAX];
    if (log_fd < 0 || !path) return 0;
    if (path[0] == '/') {
        snprintf(out, PATH_MAX, "%s", path);
    } else {
        if (at == AT_FDCWD) {
            if (!getcwd(base, sizeof base)) return 0;
        } else {
            char link[64];
            snprintf(link, sizeof link, "/proc/self/fd/%d", at);
            ssize_t n = readlink(link, base, sizeof base - 1);
            if (n < 0) return 0;
            base[n] = 0;
        }
        if (snprintf(out, PATH_MAX, "%s/%s", base, path) >= PATH_MAX) return 0;
    }
    return below(out);
}

static void record(int op, uint64_t inode, int64_t at, const char *path, const char *other, const void *data, size_t n) {
    unsigned char head[41];
    uint64_t sizes[3] = {path ? strlen(path) : 0, other ? strlen(other) : 0, n};
    head[0] = (unsigned char)op;
    memcpy(head + 1, &inode, 8);
    memcpy(head + 9, &at, 8);
    memcpy(head + 17, sizes, 24);
    struct iovec parts[4] = {
        {head, sizeof head}, {(void *)path, sizes[0]}, {(void *)other, sizes[1]}, {(void *)data, n}};
    syscall(SYS_writev, log_fd, parts, 4);
}

static uint64_t inode_of(int fd) {
    struct stat status;
    return fstat(fd, &status) == 0 ? status.st_ino : 0;
}

static int opened(int at, const char *path, int flags, mode_t mode) {
    char whole[PATH_MAX];
    int ours = (flags & (O_CREAT | O_TRUNC)) && full(at, path, whole);
    struct stat before;
    int was = ours && stat(whole, &before) == 0;
    if (ours) pthread_mutex_lock(&lock);
    int fd = (int)syscall(SYS_openat, at, path, flags, mode);
    if (ours && fd >= 0) {
        int saved = errno;
        if (!was) record(CREATE, inode_of(fd), 0, whole, NULL, NULL, 0);
        else if ((flags & O_TRUNC) && before.st_size) record(TRUNCATE, before.st_ino, 0, NULL, NULL, NULL, 0);
        errno = saved;
    }
    if (ours) pthread_mutex_unlock(&lock);
    return fd;
}

#define MODE(flags) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | __O_TMPFILE)) { va_list more; va_start(more, flags); mode = va_arg(more, mode_t); va_end(more); }

int open(const char *path, int flags, ...) { MODE(flags) return opened(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags) return opened(AT_FDCWD, path, flags | O_LARGEFILE, mode); }
int openat(int at, const char *path, int flags, ...) { MODE(flags) return opened(at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE(flags) return opened(at, path, flags | O_LARGEFILE, mode); }

static ssize_t wrote(int fd, const void *data, size_t n, int64_t at) {
    char path[PATH_MAX];
    if (!path_of(fd, path))
        return at < 0 ? syscall(SYS_write, fd, data, n) : syscall(SYS_pwrite64, fd, data, n, at);
    pthread_mutex_lock(&lock);
    int64_t where = at;
    if (at < 0) {
        struct stat status;
        where = (fcntl(fd, F_GETFL) & O_APPEND) && fstat(fd, &status) == 0 ? status.st_size : lseek(fd, 0, SEEK_CUR);
    }
    ssize_t done = at < 0 ? syscall(SYS_write, fd, data, n) : syscall(SYS_pwrite64, fd, data, n, at);
    int saved = errno;
    if (done > 0) record(WRITE, inode_of(fd), where, NULL, NULL, data, (size_t)done);
    pthread_mutex_unlock(&lock);
    errno = saved;
    return done;
}

ssize_t write(int fd, const void *data, size_t n) { return wrote(fd, data, n, -1); }
ssize_t pwrite(int fd, const void *data, size_t n, off_t at) { return wrote(fd, data, n, at); }
ssize_t pwrite64(int fd, const void *data, size_t n, off64_t at) { return wrote(fd, data, n, at); }

ssize_t writev(int fd, const struct iovec *parts, int count) {
    ssize_t done = 0;
    for (int i = 0; i < count; i++) {
        ssize_t n = wrote(fd, parts[i].iov_base, parts[i].iov_len, -1);
        if (n < 0) return done ? done : n;
        done += n;
        if ((size_t)n < parts[i].iov_len) break;
    }
    return done;
}

static int cut(int fd, int64_t length) {
    char path[PATH_MAX];
    int ours = path_of(fd, path);
    if (ours) pthread_mutex_lock(&lock);
    int result = (int)syscall(SYS_ftruncate, fd, length);
    if (ours && result == 0) record(TRUNCATE, inode_of(fd), length, NULL, NULL, NULL, 0);
    if (ours) pthread_mutex_unlock(&lock);
    return result;
}

int ftruncate(int fd, off_t length) { return cut(fd, length); }
int ftruncate64(int fd, off64_t length) { return cut(fd, length); }

/* The disk of the test need not do it: what matters is that it was asked for. */
static int synced(int fd) {
    char path[PATH_MAX];
    if (!path_of(fd, path)) return 0;
    pthread_mutex_lock(&lock);
    record(SYNC, inode_of(fd), 0, NULL, NULL, NULL, 0);
    pthread_mutex_unlock(&lock);
    return 0;
}

int fsync(int fd) { return synced(fd); }
int fdatasync(int fd) { return synced(fd); }

static int renamed(int from_at, const char *from, int to_at, const char *to, unsigned flags) {
    char a[PATH_MAX], b[PATH_MAX];
    int ours = full(from_at, from, a) && full(to_at, to, b);
    if (ours) pthread_mutex_lock(&lock);
    int result = (int)syscall(SYS_renameat2, from_at, from, to_at, to, flags);
    if (ours && result == 0) record(RENAME, 0, 0, a, b, NULL, 0);
    if (ours) pthread_mutex_unlock(&lock);
    return result;
}

int rename(const char *from, const char *to) { return renamed(AT_FDCWD, from, AT_FDCWD, to, 0); }
int renameat(int fa, const char *from, int ta, const char *to) { return renamed(fa, from, ta, to, 0); }
int renameat2(int fa, const char *from, int ta, const char *to, unsigned flags) { return renamed(fa, from, ta, to, flags); }

static int gone(int at, const char *path, int flags) {
    char whole[PATH_MAX];
    int ours = full(at, path, whole);
    if (ours) pthread_mutex_lock(&lock);
    int result = (int)syscall(SYS_unlinkat, at, path, flags);
    if (ours && result == 0) record(UNLINK, 0, 0, whole, NULL, NULL, 0);
    if (ours) pthread_mutex_unlock(&lock);
    return result;
}

int unlink(const char *path) { return gone(AT_FDCWD, path, 0); }
int unlinkat(int at, const char *path, int flags) { return gone(at, path, flags); }

static int made(int at, const char *path, mode_t mode) {
    char whole[PATH_MAX];
    int ours = full(at, path, whole);
    int result = (int)syscall(SYS_mkdirat, at, path, mode);
    if (ours && result == 0) record(MKDIR, 0, 0, whole, NULL, NULL, 0);
    return result;
}

int mkdir(const char *path, mode_t mode) { return made(AT_FDCWD, path, mode); }
int mkdirat(int at, const char *path, mode_t mode) { return made(at, path, mode); }

/* Copies within the kernel would be seen by nobody here; everybody falls back to reading and writing. */
ssize_t sendfile64(int out, int in, off64_t *at, size_t n) { (void)out; (void)in; (void)at; (void)n; errno = ENOTSOCK; return -1; }
ssize_t sendfile(int out, int in, off_t *at, size_t n) { (void)out; (void)in; (void)at; (void)n; errno = ENOTSOCK; return -1; }
ssize_t copy_file_range(int in, off64_t *a, int out, off64_t *b, size_t n, unsigned flags) {
    (void)in; (void)a; (void)out; (void)b; (void)n; (void)flags;
    errno = EXDEV;
    return -1;
}
