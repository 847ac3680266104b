// SPDX-License-Identifier: Apache-2.0
//
// What Swift cannot import from libcurl: functions with variable arguments, one wrapper for each type.

#ifndef HOLDFAST_CURL_SHIM_H
#define HOLDFAST_CURL_SHIM_H

#include <curl/curl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

typedef size_t (*holdfast_curl_transfer)(char *bytes, size_t size, size_t count, void *context);

// Prepares libcurl, once in a process; 0 unless it has TLS, and can be prepared beside other users.
static inline int holdfast_curl_prepare(void) {
    const int needed = CURL_VERSION_SSL | CURL_VERSION_THREADSAFE;
    if (curl_global_init(CURL_GLOBAL_ALL) != CURLE_OK) return 0;
    const curl_version_info_data *version = curl_version_info(CURLVERSION_NOW);
    return version->version_num >= 0x075700 && (version->features & needed) == needed;
}

static inline CURLcode holdfast_curl_set_number(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode holdfast_curl_set_size(CURL *handle, CURLoption option, int64_t value) {
    return curl_easy_setopt(handle, option, (curl_off_t)value);
}

static inline CURLcode holdfast_curl_set_text(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode holdfast_curl_set_pointer(CURL *handle, CURLoption option, void *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode holdfast_curl_set_function(CURL *handle, CURLoption option,
                                                  holdfast_curl_transfer function) {
    return curl_easy_setopt(handle, option, function);
}

// `begin` is asked before each time that the request is sent; other than 0 ends the transfer.
static inline CURLcode holdfast_curl_set_begin(CURL *handle, curl_prereq_callback begin) {
    return curl_easy_setopt(handle, CURLOPT_PREREQFUNCTION, begin);
}

// What all callbacks get.
static inline void holdfast_curl_set_context(CURL *handle, void *context) {
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, context);
    curl_easy_setopt(handle, CURLOPT_HEADERDATA, context);
    curl_easy_setopt(handle, CURLOPT_READDATA, context);
    curl_easy_setopt(handle, CURLOPT_PREREQDATA, context);
}

// Takes the next message of a finished transfer and its handle; returns 0 when there is none.
static inline int holdfast_curl_finished(CURLM *multi, CURL **handle, CURLcode *result) {
    int left = 0;
    for (CURLMsg *message; (message = curl_multi_info_read(multi, &left));) {
        if (message->msg != CURLMSG_DONE) continue;
        *handle = message->easy_handle;
        *result = message->data.result;
        return 1;
    }
    return 0;
}

static inline void holdfast_curl_lock(CURL *handle, curl_lock_data data, curl_lock_access access,
                                      void *mutexes) {
    (void)handle, (void)access;
    pthread_mutex_lock((pthread_mutex_t *)mutexes + data);
}

static inline void holdfast_curl_unlock(CURL *handle, curl_lock_data data, void *mutexes) {
    (void)handle;
    pthread_mutex_unlock((pthread_mutex_t *)mutexes + data);
}

// What lets the handles of several threads share the addresses of names.
struct holdfast_curl_names {
    CURLSH *share;
    pthread_mutex_t mutexes[CURL_LOCK_DATA_LAST];
};

// Makes it; NULL without memory.
static inline struct holdfast_curl_names *holdfast_curl_names_make(void) {
    struct holdfast_curl_names *names = calloc(1, sizeof *names);
    if (!names) return NULL;
    names->share = curl_share_init();
    if (!names->share) {
        free(names);
        return NULL;
    }
    for (int data = 0; data < CURL_LOCK_DATA_LAST; data++)
        pthread_mutex_init(&names->mutexes[data], NULL);
    curl_share_setopt(names->share, CURLSHOPT_LOCKFUNC, holdfast_curl_lock);
    curl_share_setopt(names->share, CURLSHOPT_UNLOCKFUNC, holdfast_curl_unlock);
    curl_share_setopt(names->share, CURLSHOPT_USERDATA, names->mutexes);
    curl_share_setopt(names->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
    return names;
}

// Frees it, after all handles that use it.
static inline void holdfast_curl_names_free(struct holdfast_curl_names *names) {
    if (!names) return;
    curl_share_cleanup(names->share);
    for (int data = 0; data < CURL_LOCK_DATA_LAST; data++)
        pthread_mutex_destroy(&names->mutexes[data]);
    free(names);
}

#endif  // HOLDFAST_CURL_SHIM_H
