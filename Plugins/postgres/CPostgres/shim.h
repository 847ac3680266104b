// SPDX-License-Identifier: Apache-2.0
//
// libpq, and what Swift cannot import of it: macros.

#ifndef HOLDFAST_POSTGRES_SHIM_H
#define HOLDFAST_POSTGRES_SHIM_H

#include <libpq-fe.h>
#include <netdb.h>
#include <poll.h>

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

#endif  // HOLDFAST_POSTGRES_SHIM_H
