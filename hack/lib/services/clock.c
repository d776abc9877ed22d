/* A wall clock that somebody else can set, for one process.
 *
 * Preloaded into a program (LD_PRELOAD), it adds to the wall clock what stands in the file that TODO_CLOCK_SHIFT names:
 * nanoseconds, as a 64-bit integer, read anew each time. Whoever writes to the file makes the clock jump while the program
 * runs. The clocks that only measure how much time has passed are left alone.
 *
 * Waits until an instant of the wall clock end when they would without the shift: the kernel does not know of it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define BILLION 1000000000LL

static const int64_t *shared;

__attribute__((constructor)) static void open_shift(void) {
    const char *path = getenv("TODO_CLOCK_SHIFT");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *found = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (found != MAP_FAILED) shared = found;
}

static int64_t shift(void) { return shared ? __atomic_load_n(shared, __ATOMIC_RELAXED) : 0; }

static void add(struct timespec *time, int64_t nanoseconds) {
    int64_t all = time->tv_nsec + nanoseconds % BILLION;
    time->tv_sec += nanoseconds / BILLION;
    if (all < 0) {
        all += BILLION;
        time->tv_sec -= 1;
    } else if (all >= BILLION) {
        all -= BILLION;
        time->tv_sec += 1;
    }
    time->tv_nsec = all;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
    int result = real ? real(clock, time) : (int)syscall(SYS_clock_gettime, clock, time);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_TAI))
        add(time, shift());
    return result;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
    (void)zone;
    struct timespec now;
    int result = clock_gettime(CLOCK_REALTIME, &now);
    time->tv_sec = now.tv_sec;
    time->tv_usec = now.tv_nsec / 1000;
    return result;
}

time_t time(time_t *result) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (result) *result = now.tv_sec;
    return now.tv_sec;
}

/* The same instant as the kernel counts. What is that small is on another clock: the machine has not run for 30 years. */
static struct timespec unshifted(const struct timespec *time) {
    struct timespec result = *time;
    if (result.tv_sec > BILLION) add(&result, -shift());
    return result;
}

int pthread_cond_timedwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict until) {
    static int (*real)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
    if (!real) *(void **)&real = dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "pthread_cond_timedwait");
    struct timespec wanted = unshifted(until);
    return real(condition, mutex, &wanted);
}

int pthread_mutex_timedlock(pthread_mutex_t *restrict mutex, const struct timespec *restrict until) {
    static int (*real)(pthread_mutex_t *, const struct timespec *);
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "pthread_mutex_timedlock");
    struct timespec wanted = unshifted(until);
    return real(mutex, &wanted);
}

int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict until) {
    static int (*real)(sem_t *, const struct timespec *);
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "sem_timedwait");
    struct timespec wanted = unshifted(until);
    return real(semaphore, &wanted);
}

int timerfd_settime(int file, int flags, const struct itimerspec *wanted, struct itimerspec *before) {
    static int (*real)(int, int, const struct itimerspec *, struct itimerspec *);
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "timerfd_settime");
    struct itimerspec changed = *wanted;
    if (flags & TFD_TIMER_ABSTIME) changed.it_value = unshifted(&wanted->it_value);
    return real(file, flags, &changed, before);
}
