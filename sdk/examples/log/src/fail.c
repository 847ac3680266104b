// SPDX-License-Identifier: Apache-2.0
// Errors, with their class, whether to try again, and what became of the write.
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

const holdfast_host *log_host;

typedef struct meaning {
    holdfast_status status;
    holdfast_retry retry;
    uint64_t after_ns;
} meaning;

static meaning meaning_of(int number) {
    switch (number) {
    case ENOSPC:
    case EDQUOT: return (meaning){HOLDFAST_FULL, HOLDFAST_RETRY_NEVER, 0};
    case EACCES:
    case EPERM:
    case EROFS:
    case ELOOP:
    case ENOTDIR:
    case EISDIR: return (meaning){HOLDFAST_FORBIDDEN, HOLDFAST_RETRY_NEVER, 0};
    case EFBIG:
    case ENAMETOOLONG: return (meaning){HOLDFAST_TOO_LARGE, HOLDFAST_RETRY_NEVER, 0};
    case ENOMEM:
    case EMFILE:
    case ENFILE:
    case ENOLCK: return (meaning){HOLDFAST_UNAVAILABLE, HOLDFAST_RETRY_SAME, 100000000};
    default: return (meaning){HOLDFAST_IO, HOLDFAST_RETRY_NEVER, 0};
    }
}

// Operators search for these names.
static const char *name_of(int number) {
    const char *name = number == 0 ? NULL : strerrorname_np(number);
    return name == NULL ? "" : name;
}

// A path may hold a line break; a message may not.
static void keep_one_line(char *message) {
    for (char *at = message; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7f) *at = '?';
    }
}

static holdfast_status report(const holdfast_call *call, holdfast_error *error, char *message) {
    keep_one_line(message);
    error->size = sizeof *error;
    error->message = (holdfast_text){message, strlen(message)};
    log_host->fail(call, error);
    return error->status;
}

holdfast_status log_fail(const holdfast_call *call, holdfast_status status, const char *format,
                         ...) {
    char message[4096];
    va_list list;
    va_start(list, format);
    vsnprintf(message, sizeof message, format, list);
    va_end(list);
    holdfast_error error = {.status = status};
    // Another holder of the lock goes away.
    if (status == HOLDFAST_UNAVAILABLE) {
        error.retry = HOLDFAST_RETRY_SAME;
        error.retry_after_ns = 100000000;
    }
    return report(call, &error, message);
}

holdfast_status log_fail_reopen(const holdfast_call *call, holdfast_status status,
                                const char *format, ...) {
    char message[4096];
    va_list list;
    va_start(list, format);
    vsnprintf(message, sizeof message, format, list);
    va_end(list);
    holdfast_error error = {.status = status, .retry = HOLDFAST_RETRY_REOPEN};
    return report(call, &error, message);
}

holdfast_status log_fail_errno(const holdfast_call *call, holdfast_applied applied, int number,
                               const char *format, ...) {
    char message[4096];
    va_list list;
    va_start(list, format);
    vsnprintf(message, sizeof message - 256, format, list);
    va_end(list);
    char words[128];
    size_t end = strlen(message);
    snprintf(message + end, sizeof message - end, ": %s (%s)",
             strerror_r(number, words, sizeof words), name_of(number));
    meaning meaning = meaning_of(number);
    holdfast_error error = {.status = meaning.status, .applied = applied};
    error.retry = applied == HOLDFAST_APPLIED_UNKNOWN ? HOLDFAST_RETRY_REOPEN : meaning.retry;
    error.retry_after_ns = meaning.after_ns;
    error.vendor_code = number;
    error.vendor_name = (holdfast_text){name_of(number), strlen(name_of(number))};
    return report(call, &error, message);
}

holdfast_status log_fail_condition(const holdfast_call *call, const char *message,
                                   holdfast_text current) {
    holdfast_error error = {.size = sizeof error, .status = HOLDFAST_CONDITION};
    error.message = (holdfast_text){message, strlen(message)};
    error.current_version = current;
    log_host->fail(call, &error);
    return error.status;
}

holdfast_status log_poll(const holdfast_call *call) {
    if (log_host->cancelled(call) == 0) return HOLDFAST_OK;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t now_ns = now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
    return now_ns >= call->deadline_ns
               ? log_fail(call, HOLDFAST_DEADLINE, "the deadline passed")
               : log_fail(call, HOLDFAST_CANCELLED, "the call was cancelled");
}

void log_warn(const holdfast_call *call, const char *format, ...) {
    char message[4096];
    va_list list;
    va_start(list, format);
    vsnprintf(message, sizeof message, format, list);
    va_end(list);
    keep_one_line(message);
    log_host->event(call, HOLDFAST_WARNING, (holdfast_text){message, strlen(message)});
}
