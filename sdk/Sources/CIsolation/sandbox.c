// SPDX-License-Identifier: Apache-2.0
//
// What a driver's process gives up before it loads the driver.

#define _GNU_SOURCE
#include "isolation.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int isolation_no_new_privileges(void) {
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

static const int resources[] = {RLIMIT_CORE, RLIMIT_NOFILE, RLIMIT_DATA, RLIMIT_FSIZE, RLIMIT_AS};

int isolation_limit_of(int id, int which, uint64_t most) {
    struct rlimit limit;
    if (which < 0 || which > 4) return -EINVAL;
    if (prlimit(id, resources[which], NULL, &limit) < 0) return -errno;
    limit.rlim_cur = most < limit.rlim_max ? most : limit.rlim_max;
    return prlimit(id, resources[which], &limit, NULL) < 0 ? -errno : 0;
}

int isolation_limit(int which, uint64_t most) {
    struct rlimit limit;
    if (which < 0 || which > 3) return -EINVAL;
    if (getrlimit(resources[which], &limit) < 0) return -errno;
    if (most < limit.rlim_max) limit.rlim_max = most;
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(resources[which], &limit) < 0 ? -errno : 0;
}

// ---- Seccomp --------------------------------------------------------------------------------

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

// Calls that look into or change other processes, the system, or what this process is.
static const unsigned denied[] = {
    SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp, SYS_process_madvise,
    SYS_pidfd_getfd, SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_move_mount,
    SYS_open_tree, SYS_fsopen, SYS_fsconfig, SYS_fsmount, SYS_fspick, SYS_mount_setattr, SYS_bpf,
    SYS_keyctl, SYS_add_key, SYS_request_key, SYS_kexec_load, SYS_kexec_file_load, SYS_init_module,
    SYS_finit_module, SYS_delete_module, SYS_reboot, SYS_swapon, SYS_swapoff, SYS_setns,
    SYS_unshare, SYS_execve, SYS_execveat, SYS_perf_event_open, SYS_userfaultfd,
    SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register, SYS_open_by_handle_at,
    SYS_quotactl, SYS_quotactl_fd, SYS_acct, SYS_syslog, SYS_settimeofday, SYS_clock_settime,
    SYS_clock_adjtime, SYS_adjtimex, SYS_sethostname, SYS_setdomainname, SYS_personality,
    SYS_vhangup, SYS_nfsservctl, SYS_lookup_dcookie, SYS_fanotify_init,
#if defined(__x86_64__)
    SYS_iopl, SYS_ioperm, SYS_modify_ldt, SYS_uselib, SYS__sysctl,
#endif
};
#define DENIED_COUNT (sizeof denied / sizeof denied[0])
#define REFUSE BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)

int isolation_seccomp(void) {
#ifdef ARCHITECTURE
    struct sock_filter program[8 + 2 * DENIED_COUNT];
    unsigned short length = 0;
    const struct sock_filter head[] = {
        // Calls by the numbers of another architecture would mean something else.
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0),
        REFUSE,
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
#if defined(__x86_64__)
        // The numbers of the x32 interface.
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000u, 0, 1),
        REFUSE,
#endif
    };
    for (size_t i = 0; i < sizeof head / sizeof head[0]; i++) program[length++] = head[i];
    for (size_t i = 0; i < DENIED_COUNT; i++) {
        program[length++] =
            (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, denied[i], 0, 1);
        program[length++] = (struct sock_filter)REFUSE;
    }
    program[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog filter = {length, program};
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) < 0 ? -errno : 0;
#else
    return -ENOSYS;
#endif
}

// ---- Landlock -------------------------------------------------------------------------------

// Newer than the headers of older systems.
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif
#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (1ull << 13)
#endif
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ull << 14)
#endif
#ifndef LANDLOCK_ACCESS_FS_IOCTL_DEV
#define LANDLOCK_ACCESS_FS_IOCTL_DEV (1ull << 15)
#endif
#ifndef LANDLOCK_SCOPE_SIGNAL
#define LANDLOCK_SCOPE_SIGNAL (1ull << 1)
#endif

#define FIRST_RIGHTS ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)
#define READING (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
// What makes sense for a file that is no folder.
#define FILE_RIGHTS                                                                     \
    (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE | \
     LANDLOCK_ACCESS_FS_TRUNCATE)

// The kernel's struct as of version 6, of which the headers here may know less.
struct rules {
    uint64_t files, network, scopes;
};

static uint64_t rights(int version) {
    uint64_t all = FIRST_RIGHTS;
    if (version >= 2) all |= LANDLOCK_ACCESS_FS_REFER;
    if (version >= 3) all |= LANDLOCK_ACCESS_FS_TRUNCATE;
    if (version >= 5) all |= LANDLOCK_ACCESS_FS_IOCTL_DEV;
    return all;
}

int isolation_landlock_version(void) {
    long version =
        syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return version < 0 ? -errno : (int)version;
}

int isolation_landlock_rules(int version) {
    struct rules rules = {rights(version), 0, version >= 6 ? LANDLOCK_SCOPE_SIGNAL : 0};
    size_t size = version >= 6 ? sizeof rules : sizeof rules.files;
    long made = syscall(SYS_landlock_create_ruleset, &rules, size, 0);
    return made < 0 ? -errno : (int)made;
}

int isolation_landlock_allow(int rules, int version, const char *path, int access) {
    struct stat status;
    int place = open(path, O_PATH | O_CLOEXEC);
    if (place < 0) return -errno;
    // Starting programs is allowed nowhere, special files neither.
    uint64_t kept = rights(version) & ~(uint64_t)(LANDLOCK_ACCESS_FS_EXECUTE |
                                                  LANDLOCK_ACCESS_FS_MAKE_CHAR |
                                                  LANDLOCK_ACCESS_FS_MAKE_BLOCK);
    uint64_t allowed = access == ISOLATION_WRITE  ? kept
                       : access == ISOLATION_LIST ? LANDLOCK_ACCESS_FS_READ_DIR
                                                  : READING;
    int code = fstat(place, &status) < 0 ? -errno : 0;
    if (!code && !S_ISDIR(status.st_mode)) allowed &= FILE_RIGHTS;
    struct landlock_path_beneath_attr rule = {allowed, place};
    if (!code && syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
        code = -errno;
    close(place);
    return code;
}

int isolation_landlock_enforce(int rules) {
    return syscall(SYS_landlock_restrict_self, rules, 0) < 0 ? -errno : 0;
}
