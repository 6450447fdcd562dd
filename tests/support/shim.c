/* A slow, a full and a cut disk and a wrong clock for one tree of processes, by LD_PRELOAD.

   LOGSTER_SHIM names a file of `struct dials`, which a test may change at any time:
   milliseconds that each sync of a file takes longer, and seconds that the wall clock is
   ahead (or behind, when negative; the monotonic clock stays as it is, as on a real machine);
   and parts of paths: the disk is full for files with the first, in each write to them; it is
   full when a file with the second is renamed; with the third, the process is killed then. With
   the fourth, no folder and no file can be made: it fails with the error of this number. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct dials {
    int64_t sync_ms;
    int64_t ahead_s;
    char full[56];
    char stuck[56];
    char fatal[56];
    int64_t error;
    char closed[56];
};

static struct dials nothing;
static volatile struct dials *dials = &nothing;
static int (*real_clock_gettime)(clockid_t, struct timespec *);

__attribute__((constructor)) static void load(void)
{
    const char *path = getenv("LOGSTER_SHIM");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file >= 0) {
        void *found = mmap(NULL, sizeof nothing, PROT_READ, MAP_SHARED, file, 0);
        if (found != MAP_FAILED)
            dials = found;
        close(file);
    }
}

/* The engine's package asks for RTLD_DEEPBIND, by which its library would pass this one by. */
void *dlopen(const char *path, int flags)
{
    static void *(*real_dlopen)(const char *, int);
    if (!real_dlopen)
        real_dlopen = dlsym(RTLD_NEXT, "dlopen");
    return real_dlopen(path, flags & ~RTLD_DEEPBIND);
}

static void wait_for_the_disk(void)
{
    int64_t ms = dials->sync_ms;
    if (ms > 0) {
        struct timespec pause = {ms / 1000, ms % 1000 * 1000000};
        nanosleep(&pause, NULL);
    }
}

static int is_full_for(int file)
{
    char link[40], path[512];
    ssize_t length;

    if (!dials->full[0])
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    length = readlink(link, path, sizeof path - 1);
    if (length <= 0)
        return 0;
    path[length] = 0;
    return strstr(path, (const char *)dials->full) != NULL;
}

ssize_t write(int file, const void *bytes, size_t count)
{
    if (is_full_for(file)) {
        errno = ENOSPC;
        return -1;
    }
    return syscall(SYS_write, file, bytes, count);
}

int rename(const char *from, const char *to)
{
    if (dials->stuck[0] && strstr(from, (const char *)dials->stuck)) {
        errno = ENOSPC;
        return -1;
    }
    if (dials->fatal[0] && strstr(from, (const char *)dials->fatal))
        kill(getpid(), SIGKILL);
    return syscall(SYS_rename, from, to);
}

static int is_closed(const char *path)
{
    if (!dials->closed[0] || !strstr(path, (const char *)dials->closed))
        return 0;
    errno = (int)dials->error;
    return 1;
}

int mkdir(const char *path, mode_t mode)
{
    return is_closed(path) ? -1 : syscall(SYS_mkdir, path, mode);
}

static int open_as_asked(const char *path, int flags, va_list others)
{
    mode_t mode = flags & O_CREAT ? va_arg(others, mode_t) : 0;
    if ((flags & O_CREAT) && is_closed(path))
        return -1;
    return syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int open(const char *path, int flags, ...)
{
    va_list others;
    va_start(others, flags);
    int file = open_as_asked(path, flags, others);
    va_end(others);
    return file;
}

int open64(const char *path, int flags, ...)
{
    va_list others;
    va_start(others, flags);
    int file = open_as_asked(path, flags | O_LARGEFILE, others);
    va_end(others);
    return file;
}

int fsync(int file)
{
    wait_for_the_disk();
    return syscall(SYS_fsync, file);
}

int fdatasync(int file)
{
    wait_for_the_disk();
    return syscall(SYS_fdatasync, file);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    if (!real_clock_gettime)
        real_clock_gettime = dlsym(RTLD_NEXT, "clock_gettime");
    int outcome = real_clock_gettime(clock, now);
    if (outcome == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += dials->ahead_s;
    return outcome;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec instant;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &instant);
    now->tv_sec = instant.tv_sec;
    now->tv_usec = instant.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *where)
{
    struct timespec instant;
    clock_gettime(CLOCK_REALTIME, &instant);
    if (where)
        *where = instant.tv_sec;
    return instant.tv_sec;
}
