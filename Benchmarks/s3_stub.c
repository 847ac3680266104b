// SPDX-License-Identifier: Apache-2.0
//
// An object store with fixed replies, so fast that it is not what is measured: one thread, epoll, kept
// connections. It checks no signature and keeps nothing.
//
//     s3_stub          prints the port on 127.0.0.1 and runs until its stdin ends
//
// Requests are in path style. Every key is an object of 4 KiB, of 1 GiB where the key holds `gib`. What is put
// is thrown away. The bucket `b-COUNT` lists COUNT keys, `.holdfast/bench-list/n/00000001` and so on.
// `verdict.json` says that conditions are honoured, in the form that the driver keeps.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { HEAD_SIZE = 16 << 10, PAGE_KEYS = 1000, ENTRY_SIZE = 320, CONTENT_SIZE = 8 << 20 };
static const char FOLDER[] = ".holdfast/bench-list/n/";
static const char ETAG[] = "\"0123456789abcdef0123456789abcdef\"";

struct connection {
    int file;
    size_t have;           // bytes of `head`
    uint64_t discard;      // bytes of a request's body that are still to come
    char *reply;           // what is being sent
    size_t reply_size, sent, room;
    uint64_t content;      // bytes of an object that come after it
    char head[HEAD_SIZE];
};

struct request {
    char method[8];
    char *path, *query, *headers;
    uint64_t length;
};

static int epoll;
static int content_file;   // CONTENT_SIZE bytes of an object, sent without copying them
static char content[4096];

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static const char *date(void) {
    static time_t last;
    static char text[40];
    const time_t now = time(NULL);
    if (now != last) {
        struct tm parts;
        strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &parts));
        last = now;
    }
    return text;
}

// ---- What is asked --------------------------------------------------------------------------------

// The value of a header, which ends with its line; NULL where it is not there.
static char *header(const struct request *request, const char *name) {
    const size_t size = strlen(name);
    for (char *line = request->headers; line && *line; line = strchr(line, '\n') + 1) {
        if (!strncasecmp(line, name, size) && line[size] == ':') {
            line += size + 1;
            return line + strspn(line, " ");
        }
        if (!strchr(line, '\n')) break;
    }
    return NULL;
}

// The value of a name in the query, decoded, in `value`; 0 where it is not there.
static int parameter(const struct request *request, const char *name, char *value, size_t size) {
    const size_t name_size = strlen(name);
    for (const char *item = request->query; item; item = strchr(item, '&')) {
        item += *item == '&';
        if (strncmp(item, name, name_size) || !strchr("=&", item[name_size])) continue;
        size_t count = 0;
        for (item += name_size + (item[name_size] == '='); *item && *item != '&'; item++) {
            unsigned code = 0;
            if (*item == '%' && sscanf(item + 1, "%2x", &code) == 1) item += 2;
            if (count + 1 < size) value[count++] = code ? (char)code : *item;
        }
        value[count] = 0;
        return 1;
    }
    return 0;
}

// ---- What is answered -----------------------------------------------------------------------------

static void ensure_room(struct connection *it, size_t more) {
    if (it->reply_size + more <= it->room) return;
    it->room = it->reply_size + more + 1024;
    it->reply = realloc(it->reply, it->room);
    if (!it->reply) fail("realloc");
}

static void add(struct connection *it, const void *bytes, size_t size) {
    ensure_room(it, size);
    memcpy(it->reply + it->reply_size, bytes, size);
    it->reply_size += size;
}

// The head of an answer and a body in memory; other headers end with a line break.
static void answer(struct connection *it, const char *status, const char *headers,
                   const char *body, size_t size, uint64_t length) {
    char head[1024];
    const int count = snprintf(head, sizeof head,
                               "HTTP/1.1 %s\r\nDate: %s\r\nServer: stub\r\nx-amz-request-id: 1\r\n%s"
                               "Content-Length: %llu\r\n\r\n",
                               status, date(), headers, (unsigned long long)length);
    add(it, head, (size_t)count);
    add(it, body, size);
}

static void answer_text(struct connection *it, const char *body) {
    answer(it, "200 OK", "Content-Type: application/xml\r\n", body, strlen(body), strlen(body));
}

static void answer_verdict(struct connection *it, const struct request *request) {
    char body[1024], when[32], *host = header(request, "host");
    const char *bucket = request->path + 1, *slash = strchr(bucket, '/');
    const char *end = strstr(request->path, ".holdfast/probe/verdict.json");
    const time_t now = time(NULL);
    struct tm parts;
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &parts));
    const int count = snprintf(
        body, sizeof body,
        "{\"format\":1,\"endpoint\":\"http://%.*s\",\"bucket\":\"%.*s\",\"prefix\":\"%.*s\",\"when\":\"%s\","
        "\"results\":{\"create\":\"honoured\",\"replace\":\"honoured\",\"remove\":\"honoured\","
        "\"complete\":\"honoured\",\"race\":\"honoured\"}}",
        host ? (int)strcspn(host, "\r") : 0, host ? host : "", (int)(slash - bucket), bucket,
        (int)(end - slash - 1), slash + 1, when);
    answer(it, "200 OK", "ETag: \"1\"\r\n", body, (size_t)count, (uint64_t)count);
}

static void answer_object(struct connection *it, const struct request *request) {
    const uint64_t size = strstr(request->path, "gib") ? (uint64_t)1 << 30 : sizeof content;
    const char *range = header(request, "range");
    unsigned long long first = 0, last = size - 1;
    char headers[400];
    int count = snprintf(headers, sizeof headers,
                         "ETag: %s\r\nLast-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\nAccept-Ranges: bytes\r\n"
                         "Content-Type: application/octet-stream\r\nx-amz-meta-holdfast: 0123456789abcdef\r\n",
                         ETAG);
    if (range && sscanf(range, "bytes=%llu-%llu", &first, &last) >= 1) {
        if (first >= size) return answer(it, "416 Range Not Satisfiable", "", "", 0, 0);
        if (last >= size) last = size - 1;
        snprintf(headers + count, sizeof headers - (size_t)count, "Content-Range: bytes %llu-%llu/%llu\r\n",
                 first, last, (unsigned long long)size);
    }
    const uint64_t wanted = last - first + 1;
    const int is_small = wanted <= sizeof content;
    const int has_body = strcmp(request->method, "HEAD") != 0;
    answer(it, range ? "206 Partial Content" : "200 OK", headers, content,
           has_body && is_small ? wanted : 0, wanted);
    if (has_body && !is_small) it->content = wanted;
}

// The number of the first key behind a text.
static unsigned long first_behind(const char *text, unsigned long count) {
    unsigned long low = 1, high = count + 1;
    while (low < high) {
        char key[64];
        const unsigned long middle = (low + high) / 2;
        snprintf(key, sizeof key, "%s%08lu", FOLDER, middle);
        if (strcmp(key, text) > 0) high = middle; else low = middle + 1;
    }
    return low;
}

static size_t add_entry(char *space, unsigned long number) {
    static const char before[] = "<Contents><Key>.holdfast/bench-list/n/";
    static const char after[] =
        "</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
        "<ETag>&quot;0123456789abcdef01234567";
    static const char rest[] = "&quot;</ETag><Size>4096</Size><StorageClass>STANDARD</StorageClass></Contents>";
    char digits[8];
    for (int at = 7; at >= 0; at--, number /= 10) digits[at] = (char)('0' + number % 10);
    char *end = space;
    end = mempcpy(end, before, sizeof before - 1);
    end = mempcpy(end, digits, sizeof digits);
    end = mempcpy(end, after, sizeof after - 1);
    end = mempcpy(end, digits, sizeof digits);
    end = mempcpy(end, rest, sizeof rest - 1);
    return (size_t)(end - space);
}

static void answer_list(struct connection *it, const struct request *request) {
    static char body[PAGE_KEYS * ENTRY_SIZE + 2048];
    char prefix[1200] = "", after[1200] = "", token[64] = "", most[32] = "1000", encoding[8] = "";
    const char *dash = strstr(request->path, "/b-");
    const unsigned long total = dash ? strtoul(dash + 3, NULL, 10) : 0;
    parameter(request, "prefix", prefix, sizeof prefix);
    parameter(request, "start-after", after, sizeof after);
    parameter(request, "max-keys", most, sizeof most);
    parameter(request, "encoding-type", encoding, sizeof encoding);
    unsigned long next = *after ? first_behind(after, total) : 1;
    if (parameter(request, "continuation-token", token, sizeof token)) next = strtoul(token, NULL, 10);
    // All keys have one folder: those of another have none here.
    const int is_inside = !strncmp(FOLDER, prefix, strlen(prefix));
    unsigned long count = is_inside && next <= total ? total - next + 1 : 0;
    const unsigned long wanted = strtoul(most, NULL, 10);
    const int is_cut = count > wanted || count > PAGE_KEYS;
    if (is_cut) count = wanted < PAGE_KEYS ? wanted : PAGE_KEYS;
    size_t size = (size_t)snprintf(
        body, 2048,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>b</Name>"
        "<Prefix>%s</Prefix><KeyCount>%lu</KeyCount><MaxKeys>%s</MaxKeys>%s<IsTruncated>%s</IsTruncated>",
        prefix, count, most, *encoding ? "<EncodingType>url</EncodingType>" : "",
        is_cut ? "true" : "false");
    if (is_cut)
        size += (size_t)sprintf(body + size, "<NextContinuationToken>%lu</NextContinuationToken>",
                                next + count);
    for (unsigned long at = 0; at < count; at++) size += add_entry(body + size, next + at);
    size += (size_t)sprintf(body + size, "</ListBucketResult>");
    answer(it, "200 OK", "Content-Type: application/xml\r\n", body, size, size);
}

static void answer_request(struct connection *it, const struct request *request) {
    char headers[128], ignored[8];
    const char *slash = strchr(request->path + 1, '/');
    const int is_bucket = !slash || !slash[1];
    const int is_read = !strcmp(request->method, "GET") || !strcmp(request->method, "HEAD");
    if (is_read && parameter(request, "uploads", ignored, sizeof ignored))
        return answer_text(it, "<ListMultipartUploadsResult></ListMultipartUploadsResult>");
    if (!strcmp(request->method, "GET") && is_bucket) return answer_list(it, request);
    if (is_read && is_bucket) return answer(it, "200 OK", "", "", 0, 0);
    if (is_read && strstr(request->path, ".holdfast/probe/verdict.json"))
        return answer_verdict(it, request);
    if (is_read) return answer_object(it, request);
    if (!strcmp(request->method, "POST"))
        return answer_text(
            it, parameter(request, "uploads", ignored, sizeof ignored)
                    ? "<InitiateMultipartUploadResult><Bucket>b</Bucket><Key>k</Key><UploadId>1</UploadId>"
                      "</InitiateMultipartUploadResult>"
                    : "<CompleteMultipartUploadResult><Location>l</Location><Bucket>b</Bucket><Key>k</Key>"
                      "<ETag>&quot;0123456789abcdef0123456789abcdef-1&quot;</ETag>"
                      "</CompleteMultipartUploadResult>");
    if (!strcmp(request->method, "DELETE")) return answer(it, "204 No Content", "", "", 0, 0);
    snprintf(headers, sizeof headers, "ETag: %s\r\n", ETAG);
    answer(it, "200 OK", headers, "", 0, 0);
}

// ---- Connections ----------------------------------------------------------------------------------

static void drop(struct connection *it) {
    close(it->file);
    free(it->reply);
    free(it);
}

// Sends what there is; -1 when the other side is gone.
static int send_reply(struct connection *it) {
    while (it->sent < it->reply_size) {
        const ssize_t count = send(it->file, it->reply + it->sent, it->reply_size - it->sent,
                                   MSG_NOSIGNAL | (it->content ? MSG_MORE : 0));
        if (count < 0) return errno == EAGAIN ? 0 : -1;
        it->sent += (size_t)count;
    }
    while (it->content) {
        off_t start = 0;
        const size_t size = it->content < CONTENT_SIZE ? (size_t)it->content : CONTENT_SIZE;
        const ssize_t count = sendfile(it->file, content_file, &start, size);
        if (count < 0) return errno == EAGAIN ? 0 : -1;
        it->content -= (uint64_t)count;
    }
    it->reply_size = it->sent = 0;
    return 0;
}

// Takes a whole request from the front of what was received; 0 when there is none yet.
static int take_request(struct connection *it) {
    char *end = memmem(it->head, it->have, "\r\n\r\n", 4);
    if (!end) return 0;
    const size_t size = (size_t)(end + 4 - it->head);
    struct request request = {0};
    end[2] = 0;
    char *space = strchr(it->head, ' ');
    if (!space || space - it->head > 7) return 0;
    memcpy(request.method, it->head, (size_t)(space - it->head));
    request.path = space + 1;
    request.headers = strchr(request.path, '\n') + 1;
    request.path[strcspn(request.path, " \r")] = 0;
    request.query = strchr(request.path, '?');
    if (request.query) *request.query++ = 0;
    const char *length = header(&request, "content-length");
    it->discard = length ? strtoull(length, NULL, 10) : 0;
    if (header(&request, "expect")) send(it->file, "HTTP/1.1 100 Continue\r\n\r\n", 25, MSG_NOSIGNAL);
    // The answer waits for the end of the body: it is not sent before that.
    answer_request(it, &request);
    it->have -= size;
    memmove(it->head, it->head + size, it->have);
    const size_t here = it->have < it->discard ? it->have : (size_t)it->discard;
    it->have -= here;
    memmove(it->head, it->head + here, it->have);
    it->discard -= here;
    return 1;
}

static int serve(struct connection *it) {
    while (1) {
        if (it->discard) {
            // The kernel forgets the bytes without copying them.
            const size_t most = it->discard < 1 << 20 ? (size_t)it->discard : 1 << 20;
            const ssize_t count = recv(it->file, NULL, most, MSG_TRUNC);
            if (count < 0) return errno == EAGAIN ? 0 : -1;
            if (count == 0) return -1;
            it->discard -= (uint64_t)count;
            if (!it->discard && send_reply(it)) return -1;
            continue;
        }
        if (it->reply_size) return 0;
        const ssize_t count = recv(it->file, it->head + it->have, sizeof it->head - it->have, 0);
        if (count < 0) return errno == EAGAIN ? 0 : -1;
        if (count == 0) return -1;
        it->have += (size_t)count;
        const int is_whole = take_request(it);
        if (!is_whole && it->have == sizeof it->head) return -1;
        if (is_whole && !it->discard && send_reply(it)) return -1;
    }
}

static void accept_all(int listener) {
    int file, yes = 1;
    while ((file = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        struct connection *it = calloc(1, sizeof *it);
        if (!it) fail("calloc");
        it->file = file;
        setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = it};
        epoll_ctl(epoll, EPOLL_CTL_ADD, file, &event);
    }
}

static int listen_anywhere(void) {
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof place;
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&place, size) || listen(listener, 1024) ||
        getsockname(listener, (struct sockaddr *)&place, &size))
        fail("listen");
    printf("%d\n", ntohs(place.sin_port));
    fflush(stdout);
    return listener;
}

int main(void) {
    epoll = epoll_create1(0);
    content_file = memfd_create("content", 0);
    memset(content, 'v', sizeof content);
    for (int at = 0; at < CONTENT_SIZE; at += (int)sizeof content)
        if (write(content_file, content, sizeof content) != sizeof content) fail("memfd");
    const int listener = listen_anywhere();
    static char of_listener, of_input;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &of_listener};
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    event.data.ptr = &of_input;
    epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event);
    while (1) {
        struct epoll_event events[64];
        const int count = epoll_wait(epoll, events, 64, -1);
        for (int at = 0; at < count; at++) {
            void *of = events[at].data.ptr;
            if (of == &of_input) return 0;
            if (of == &of_listener) {
                accept_all(listener);
                continue;
            }
            struct connection *it = of;
            // Until its body is here, a request's answer waits.
            const int is_gone = !it->discard && it->reply_size && send_reply(it);
            if (is_gone || serve(it)) drop(it);
        }
    }
}
