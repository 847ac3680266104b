// SPDX-License-Identifier: Apache-2.0
//
// Calls that abort when another one is under way, for a driver that takes one at a time: shows that
// who tests drivers keeps their thread model. Part of driver.c.

static atomic_int under_way;

static void enter(void) {
    if (atomic_fetch_add(&under_way, 1) != 0) abort();
}

static holdfast_status leave(holdfast_status status) {
    atomic_fetch_sub(&under_way, 1);
    return status;
}

static holdfast_status watched_head(void *s, const holdfast_call *call, const holdfast_key *key,
                                    const holdfast_info_sink *info) {
    enter();
    return leave(head(s, call, key, info));
}

static holdfast_status watched_get(void *s, const holdfast_call *call, const holdfast_get *request,
                                   const holdfast_info_sink *info, const holdfast_sink *sink) {
    enter();
    return leave(get(s, call, request, info, sink));
}

static holdfast_status watched_put(void *s, const holdfast_call *call, const holdfast_put *request,
                                   const holdfast_source *source, const holdfast_info_sink *info) {
    enter();
    return leave(put(s, call, request, source, info));
}

static holdfast_status watched_remove(void *s, const holdfast_call *call,
                                      const holdfast_remove *request) {
    enter();
    return leave(remove_object(s, call, request));
}

static holdfast_status watched_list(void *s, const holdfast_call *call,
                                    const holdfast_list *request, const holdfast_entry_sink *sink) {
    enter();
    return leave(list(s, call, request, sink));
}

static holdfast_status watched_ping(void *s, const holdfast_call *call,
                                    const holdfast_clock_sink *clock) {
    enter();
    return leave(ping(s, call, clock));
}

static holdfast_status watched_commit(void *s, const holdfast_call *call,
                                      const holdfast_commit *commit,
                                      const holdfast_commit_sink *sink) {
    enter();
    return leave(commit_changes(s, call, commit, sink));
}
