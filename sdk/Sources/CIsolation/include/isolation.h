// SPDX-License-Identifier: Apache-2.0
//
// System calls that Swift cannot make by itself: variadic ones, those with control messages, and those
// that the C library does not have. Part of HoldfastIsolation, not an interface for others.
//
// Functions return 0 or a number that is not negative when they work, else a negated errno.

#ifndef HOLDFAST_ISOLATION_H
#define HOLDFAST_ISOLATION_H

#include <stddef.h>
#include <stdint.h>

// ---- Processes ------------------------------------------------------------------------------

// Where a driver's process finds its control socket.
#define ISOLATION_CONTROL 3

// Starts `program` with the arguments `name` and `label`, in a session of its own, in "/", with
// default signals, without environment but for the texts of `environment` (ended by NULL), and with
// four descriptors: nothing to read, nowhere to write, `errors` and `control`.
int isolation_spawn(const char *program, const char *name, const char *label,
                    const char *const *environment, int control, int errors);

// A pipe whose ends wait for nobody.
int isolation_pipe(int ends[2]);

// A descriptor of the process `id`, which must be a child that was not waited for.
int isolation_process(int id);

// Waits for the end of a process; `*is_signal` says what `*number` is: a signal, or an exit status.
int isolation_wait(int process, int *is_signal, int *number);

// Sends SIGKILL.
int isolation_kill(int process);

// Ends this process when the thread that started it ends.
int isolation_die_with_parent(void);

// Closes all descriptors from `first` on.
int isolation_close_from(int first);

// ---- Messages -------------------------------------------------------------------------------

// Two connected sockets that keep messages apart.
int isolation_socket_pair(int ends[2]);

// Sends one message, with `count` descriptors (at most 2).
int isolation_send(int socket, const void *bytes, size_t size, const int *descriptors, int count);

// Receives one message and the descriptors that came with it, at most 2. Waits `wait_ms` at most; -1 for
// ever. Returns its size, 0 when the other side is gone, -EAGAIN when nothing came, -EMSGSIZE when it is longer
// than `capacity`.
long isolation_receive(int socket, void *bytes, size_t capacity, int descriptors[2], int *count,
                       int wait_ms);

// ---- Shared memory --------------------------------------------------------------------------

// Memory of `size` bytes as a file that can neither shrink nor grow.
int isolation_memory(size_t size);

// Maps such memory; fails unless it has this size and can neither shrink nor grow.
int isolation_map(int memory, size_t size, void **address);

// A number that both processes look at.
static inline uint32_t isolation_load(const uint32_t *place) {
    return __atomic_load_n(place, __ATOMIC_ACQUIRE);
}
static inline void isolation_store(uint32_t *place, uint32_t value) {
    __atomic_store_n(place, value, __ATOMIC_RELEASE);
}

// ---- Sandbox --------------------------------------------------------------------------------

// No program that is started gets more rights than this one has.
int isolation_no_new_privileges(void);

#define ISOLATION_LIMIT_CORE 0
#define ISOLATION_LIMIT_FILES 1
#define ISOLATION_LIMIT_DATA 2
#define ISOLATION_LIMIT_FILE_SIZE 3
// Lowers a limit of this process, both what is in force and what it could be raised to.
int isolation_limit(int which, uint64_t most);

#define ISOLATION_LIMIT_MEMORY 4
// Sets what is in force of a limit of the process `id`; UINT64_MAX: as much as it may have.
int isolation_limit_of(int id, int which, uint64_t most);

// Refuses, with EPERM, system calls that no driver needs.
int isolation_seccomp(void);

// Which version of Landlock the kernel has.
int isolation_landlock_version(void);

// Makes a set of rules that forbids all access to files; returns its descriptor.
int isolation_landlock_rules(int version);

#define ISOLATION_READ 0
#define ISOLATION_WRITE 1
#define ISOLATION_LIST 2
// Allows reading, reading and writing, or opening folders alone, at and beneath a path; -ENOENT when
// there is none.
int isolation_landlock_allow(int rules, int version, const char *path, int access);

// Puts the rules into force for this thread and those that it will start.
int isolation_landlock_enforce(int rules);

#endif  // HOLDFAST_ISOLATION_H
