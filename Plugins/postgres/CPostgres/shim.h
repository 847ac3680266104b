// SPDX-License-Identifier: Apache-2.0
//
// libpq, and what Swift cannot import of it: macros.

#ifndef HOLDFAST_POSTGRES_SHIM_H
#define HOLDFAST_POSTGRES_SHIM_H

#include <libpq-fe.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

// The fields of an error, which libpq numbers by characters.
static inline char *holdfast_postgres_sqlstate(const PGresult *result) {
    return PQresultErrorField(result, PG_DIAG_SQLSTATE);
}

static inline char *holdfast_postgres_severity(const PGresult *result) {
    return PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
}

static inline char *holdfast_postgres_message(const PGresult *result) {
    return PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
}

// The shortest round trip of a TCP connection in microseconds: `tcpi_min_rtt` of the kernel's `struct
// tcp_info` (include/uapi/linux/tcp.h, from Linux 4.6), which libc's own struct ends before. 0 where the
// socket is no TCP connection, and a long time where the kernel does not tell.
static inline unsigned holdfast_postgres_round_trip(int descriptor) {
    enum { min_rtt_offset = 148 };
    unsigned char info[256];
    socklen_t size = sizeof info;
    unsigned round_trip = ~0u;
    if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, info, &size) != 0) return 0;
    if (size < min_rtt_offset + sizeof round_trip) return round_trip;
    memcpy(&round_trip, info + min_rtt_offset, sizeof round_trip);
    return round_trip;
}

#endif  // HOLDFAST_POSTGRES_SHIM_H
