// SPDX-License-Identifier: Apache-2.0
//
// Messages with descriptors, and shared memory.

#define _GNU_SOURCE
#include "isolation.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_DESCRIPTORS 2
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8u
#endif

int isolation_socket_pair(int ends[2]) {
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0 ? -errno : 0;
}

int isolation_send(int socket, const void *bytes, size_t size, const int *descriptors, int count) {
    struct iovec part = {(void *)bytes, size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * MOST_DESCRIPTORS)] = {0};
    if (count < 0 || count > MOST_DESCRIPTORS) return -EINVAL;
    if (count > 0) {
        message.msg_control = control;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)count);
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)count);
        memcpy(CMSG_DATA(head), descriptors, sizeof(int) * (size_t)count);
    }
    for (;;) {
        ssize_t sent = sendmsg(socket, &message, MSG_NOSIGNAL);
        if (sent >= 0) return (size_t)sent == size ? 0 : -EMSGSIZE;
        if (errno != EINTR) return -errno;
    }
}

static int take_descriptors(struct msghdr *message, int descriptors[2], int *count) {
    for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head; head = CMSG_NXTHDR(message, head)) {
        if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) continue;
        size_t found = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < found; i++) {
            int descriptor;
            memcpy(&descriptor, CMSG_DATA(head) + i * sizeof descriptor, sizeof descriptor);
            if (*count < MOST_DESCRIPTORS)
                descriptors[(*count)++] = descriptor;
            else
                close(descriptor);
        }
    }
    return 0;
}

static int wait_for_message(int socket, int wait_ms) {
    struct pollfd poller = {socket, POLLIN, 0};
    int ready = poll(&poller, 1, wait_ms);
    if (ready > 0) return 0;
    return ready == 0 || errno == EINTR ? -EAGAIN : -errno;
}

long isolation_receive(int socket, void *bytes, size_t capacity, int descriptors[2], int *count,
                       int wait_ms) {
    struct iovec part = {bytes, capacity};
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * MOST_DESCRIPTORS)];
    *count = 0;
    for (;;) {
        struct msghdr message = {.msg_iov = &part,
                                 .msg_iovlen = 1,
                                 .msg_control = control,
                                 .msg_controllen = sizeof control};
        int flags = MSG_CMSG_CLOEXEC | (wait_ms < 0 ? 0 : MSG_DONTWAIT);
        ssize_t size = recvmsg(socket, &message, flags);
        if (size < 0) {
            if (errno == EINTR) continue;
            // The other side has gone without reading what was sent to it.
            if (errno == ECONNRESET) return 0;
            if (errno != EAGAIN || wait_ms == 0) return -errno;
            int code = wait_for_message(socket, wait_ms);
            if (code < 0) return code;
            wait_ms = 0;
            continue;
        }
        take_descriptors(&message, descriptors, count);
        if (!(message.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) return size;
        while (*count > 0) close(descriptors[--*count]);
        return -EMSGSIZE;
    }
}

int isolation_memory(size_t size) {
    int memory = memfd_create("holdfast-window", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
    // Kernels before 6.3 do not know the last flag.
    if (memory < 0 && errno == EINVAL)
        memory = memfd_create("holdfast-window", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (memory < 0) return -errno;
    if (ftruncate(memory, (off_t)size) < 0 ||
        fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
        int code = -errno;
        close(memory);
        return code;
    }
    return memory;
}

int isolation_map(int memory, size_t size, void **address) {
    struct stat status;
    int wanted = F_SEAL_SHRINK | F_SEAL_GROW, seals = fcntl(memory, F_GET_SEALS);
    if (seals < 0 || fstat(memory, &status) < 0) return -errno;
    if ((seals & wanted) != wanted || status.st_size != (off_t)size) return -EINVAL;
    void *found = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    if (found == MAP_FAILED) return -errno;
    *address = found;
    return 0;
}
