// SPDX-License-Identifier: Apache-2.0
//
// Starting, watching and ending processes.

#define _GNU_SOURCE
#include "isolation.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// The same on all architectures since these calls exist; older headers lack them.
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#define WAIT_FOR_DESCRIPTOR 3  // P_PIDFD

// A copy beyond the numbers that the new process uses, so that no step overwrites a later one's source.
static int beyond(int descriptor) { return fcntl(descriptor, F_DUPFD_CLOEXEC, 10); }

static int add_actions(posix_spawn_file_actions_t *actions, int control, int errors) {
    int code = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
    if (!code) code = posix_spawn_file_actions_addopen(actions, 1, "/dev/null", O_WRONLY, 0);
    if (!code) code = posix_spawn_file_actions_adddup2(actions, errors, 2);
    if (!code) code = posix_spawn_file_actions_adddup2(actions, control, ISOLATION_CONTROL);
    if (!code) code = posix_spawn_file_actions_addclosefrom_np(actions, ISOLATION_CONTROL + 1);
    if (!code) code = posix_spawn_file_actions_addchdir_np(actions, "/");
    return code;
}

static int add_attributes(posix_spawnattr_t *attributes) {
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    int code = posix_spawnattr_setsigmask(attributes, &none);
    if (!code) code = posix_spawnattr_setsigdefault(attributes, &all);
    short flags = POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    if (!code) code = posix_spawnattr_setflags(attributes, flags);
    return code;
}

int isolation_spawn(const char *program, const char *name, const char *label,
                    const char *const *environment, int control, int errors) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    char *const arguments[] = {(char *)name, (char *)label, NULL};
    pid_t id = 0;
    int high_control = beyond(control), high_errors = beyond(errors);
    int code = high_control < 0 || high_errors < 0 ? EMFILE : 0;
    if (!code) code = posix_spawn_file_actions_init(&actions);
    if (!code) {
        code = posix_spawnattr_init(&attributes);
        if (!code) {
            code = add_actions(&actions, high_control, high_errors);
            if (!code) code = add_attributes(&attributes);
            if (!code)
                code = posix_spawn(&id, program, &actions, &attributes, arguments,
                                   (char *const *)environment);
            posix_spawnattr_destroy(&attributes);
        }
        posix_spawn_file_actions_destroy(&actions);
    }
    if (high_control >= 0) close(high_control);
    if (high_errors >= 0) close(high_errors);
    return code ? -code : id;
}

int isolation_pipe(int ends[2]) {
    return pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0 ? -errno : 0;
}

int isolation_process(int id) {
    long process = syscall(SYS_pidfd_open, id, 0);
    return process < 0 ? -errno : (int)process;
}

int isolation_wait(int process, int *is_signal, int *number) {
    siginfo_t info = {0};
    while (waitid((idtype_t)WAIT_FOR_DESCRIPTOR, (id_t)process, &info, WEXITED) < 0)
        if (errno != EINTR) return -errno;
    *is_signal = info.si_code != CLD_EXITED;
    *number = info.si_status;
    return 0;
}

int isolation_kill(int process) {
    return syscall(SYS_pidfd_send_signal, process, SIGKILL, NULL, 0) < 0 ? -errno : 0;
}

int isolation_die_with_parent(void) {
    return prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 ? -errno : 0;
}

int isolation_close_from(int first) {
    return syscall(SYS_close_range, (unsigned)first, ~0u, 0u) < 0 ? -errno : 0;
}
