/* Ends a process at the n-th step that changes files in one folder: a write is done by half, nothing else is done.
 *
 *     cc -shared -fPIC -O1 -o crash_points.so crash_points.c -ldl
 *
 * Loaded before the C library (LD_PRELOAD). `crash_at(n, power, folder)` arms it; `crash_count()` tells the steps so far.
 * With `power`, what was written and not brought to the disk by then is cut to half, as after a power cut.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { MOST = 256 };
static long at, count;
static int power;
static char under[4096];
static struct { dev_t dev; ino_t ino; int fd; } dirty[MOST];
static int dirty_count;

void crash_at(long n, int cut, const char *folder) {
    snprintf(under, sizeof under, "%s", folder);
    count = 0, power = cut, dirty_count = 0, at = n;
}
long crash_count(void) { return count; }

#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

static int starts(const char *path) { return !strncmp(path, under, strlen(under)); }
static int place(int fd, char *out) { /* the path of an open file; 0 where there is none */
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    long n = readlink(link, out, 4095);
    if (n <= 0) return 0;
    out[n] = 0;
    return 1;
}
static int ours(int fd) {
    char path[4096];
    return at && place(fd, path) && starts(path);
}
static int named(int folder, const char *path) {
    char base[4096];
    if (!at || !path) return 0;
    if (path[0] == '/') return starts(path);
    if (folder == AT_FDCWD) return getcwd(base, sizeof base) && starts(base);
    return place(folder, base) && starts(base);
}
static void die(void) {
    for (int i = 0; power && i < dirty_count; i++) {
        struct stat s;
        if (!fstat(dirty[i].fd, &s) && ftruncate(dirty[i].fd, s.st_size / 2)) continue;
    }
    syscall(SYS_kill, getpid(), SIGKILL);
    for (;;) pause();
}
static int last(void) { return __sync_add_and_fetch(&count, 1) == at; }
static void step(int counts) { if (counts && last()) die(); }

static void wrote(int fd) {
    struct stat s;
    if (!power || fstat(fd, &s) || !S_ISREG(s.st_mode)) return;
    for (int i = 0; i < dirty_count; i++)
        if (dirty[i].dev == s.st_dev && dirty[i].ino == s.st_ino) return;
    if (dirty_count < MOST) {
        char link[64];
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        int again = (int)syscall(SYS_openat, AT_FDCWD, link, O_RDWR | O_CLOEXEC, 0);
        if (again >= 0) {
            dirty[dirty_count].dev = s.st_dev, dirty[dirty_count].ino = s.st_ino, dirty[dirty_count].fd = again;
            dirty_count++;
        }
    }
}
static void synced(int fd) {
    struct stat s;
    if (fstat(fd, &s)) return;
    for (int i = 0; i < dirty_count; i++)
        if (dirty[i].dev == s.st_dev && dirty[i].ino == s.st_ino) {
            syscall(SYS_close, dirty[i].fd);
            dirty[i] = dirty[--dirty_count];
            return;
        }
}

#define WRITE(name, args, half, whole, ...) \
    ssize_t name(__VA_ARGS__) { \
        REAL(ssize_t, name, __VA_ARGS__); \
        if (ours(fd)) { \
            wrote(fd); \
            if (last()) { if (half) {} die(); } \
        } \
        return whole; \
    }
WRITE(write, (fd, b, n), real(fd, b, n / 2), real(fd, b, n), int fd, const void *b, size_t n)
WRITE(pwrite, (fd, b, n, o), real(fd, b, n / 2, o), real(fd, b, n, o), int fd, const void *b, size_t n, off_t o)
WRITE(pwrite64, (fd, b, n, o), real(fd, b, n / 2, o), real(fd, b, n, o), int fd, const void *b, size_t n, off_t o)
WRITE(writev, (fd, v, n), real(fd, v, n / 2), real(fd, v, n), int fd, const struct iovec *v, int n)

#define SYNC(name) \
    int name(int fd) { \
        REAL(int, name, int); \
        int mine = ours(fd); \
        step(mine); \
        if (mine) synced(fd); \
        return real(fd); \
    }
SYNC(fsync)
SYNC(fdatasync)
int ftruncate(int fd, off_t n) { REAL(int, ftruncate, int, off_t); step(ours(fd)); if (ours(fd)) wrote(fd); return real(fd, n); }
int fchmod(int fd, mode_t m) { REAL(int, fchmod, int, mode_t); step(ours(fd)); return real(fd, m); }

#define PATHS(name, counts, call, ...) \
    int name(__VA_ARGS__) { REAL(int, name, __VA_ARGS__); step(counts); return call; }
PATHS(rename, named(AT_FDCWD, a), real(a, b), const char *a, const char *b)
PATHS(renameat, named(x, a), real(x, a, y, b), int x, const char *a, int y, const char *b)
PATHS(renameat2, named(x, a), real(x, a, y, b, f), int x, const char *a, int y, const char *b, unsigned f)
PATHS(unlink, named(AT_FDCWD, a), real(a), const char *a)
PATHS(unlinkat, named(x, a), real(x, a, f), int x, const char *a, int f)
PATHS(rmdir, named(AT_FDCWD, a), real(a), const char *a)
PATHS(mkdir, named(AT_FDCWD, a), real(a, m), const char *a, mode_t m)
PATHS(mkdirat, named(x, a), real(x, a, m), int x, const char *a, mode_t m)
PATHS(link, named(AT_FDCWD, b), real(a, b), const char *a, const char *b)
PATHS(symlink, named(AT_FDCWD, b), real(a, b), const char *a, const char *b)
PATHS(chmod, named(AT_FDCWD, a), real(a, m), const char *a, mode_t m)

#define OPEN(name, folder, call, ...) \
    int name(__VA_ARGS__, int f, ...) { \
        REAL(int, name, __VA_ARGS__, int, ...); \
        va_list more; \
        va_start(more, f); \
        mode_t m = f & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0; \
        va_end(more); \
        step(f & (O_CREAT | O_TRUNC) && named(folder, a)); \
        return call; \
    }
OPEN(open, AT_FDCWD, real(a, f, m), const char *a)
OPEN(open64, AT_FDCWD, real(a, f, m), const char *a)
OPEN(openat, x, real(x, a, f, m), int x, const char *a)
OPEN(openat64, x, real(x, a, f, m), int x, const char *a)
