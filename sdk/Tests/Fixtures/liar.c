// SPDX-License-Identifier: Apache-2.0
//
// In place of holdfast-driver-host: a process that answers its host with what -DLIE says, after an
// introduction that is right.

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { NO_WELCOME, GARBAGE_WELCOME, OTHER_ID, OTHER_MODEL, OTHER_VERSION,  // while loading
       GARBAGE, TOO_MANY_BYTES, UNKNOWN_STATUS, NO_REASON, CREDIT, OUT_OF_PLACE, CLOSES,
       STOPPED, INFO_IN_PING, HALF_A_FRAME, LONG_FRAME, TWO_WELCOMES,
       OPERATION_IN_PING, PARAMETERS_FIRST, TOO_MANY_OPERATIONS,  // in a call
       WILD_OPERATION };  // when asked for operations

static uint8_t frame[98304];
static size_t size;

static void byte(uint8_t value) { frame[size++] = value; }
static void word(uint32_t value) {
    for (int i = 0; i < 4; i++) byte((uint8_t)(value >> (8 * i)));
}
static void text(const char *value) {
    word((uint32_t)strlen(value));
    for (; *value; value++) byte((uint8_t)*value);
}
static void emit(int socket) {
    if (send(socket, frame, size, MSG_NOSIGNAL) < 0) _exit(1);
    size = 0;
}

static void welcome(void) {
    byte(3), word(LIE == OTHER_VERSION ? 99 : 3), text(LIE == OTHER_ID ? "other" : "memory");
    text("1.2.3"), text("The tests"), word(LIE == OTHER_MODEL ? 1000 : 4000), word(0), word(1);
    word(0);
    emit(3);
}

// The start of a result: its outcome and failure.
static void result(uint8_t outcome, int has_failure, int32_t status) {
    byte(33), byte(outcome), byte((uint8_t)has_failure);
    if (!has_failure) return;
    word((uint32_t)status), word(0), word(0), word(0), word(0), word(0), word(0);
    text(""), text("why"), text(""), word(0);
}

static void end_of_result(uint32_t bytes) {
    word(0), word(0), word(bytes);  // infos, entries
    byte(0), word(0);               // operation, parameters
    word(0), byte(0);               // capabilities, clock
    word(0), word(0);               // cursor, extensions
}

// A delivery of one operation that is otherwise right.
static void operation(const char *id) {
    byte(32), word(0), word(0), word(0), byte(1);
    text(id), text("It counts."), word(0), word(2), text(""), word(0);
}

static void declare(int socket) {
    if (LIE == PARAMETERS_FIRST) {
        byte(32), word(0), word(0), word(0), byte(0), word(1);
        text("n"), text(""), word(1), byte(1), text(""), text(""), text(""), word(0);
        emit(socket);
    }
    for (int i = 0; LIE == TOO_MANY_OPERATIONS && i < 65; i++) {
        operation("memory.x");
        emit(socket);
    }
    if (LIE == WILD_OPERATION) {
        operation("other.x");
        emit(socket);
        recv(socket, frame, sizeof frame, 0);
    }
}

static void lie(int socket) {
    switch (LIE) {
    case GARBAGE: for (int i = 0; i < 999; i++) byte((uint8_t)(i * 37)); break;
    case TOO_MANY_BYTES: byte(32), word(0), word(0), word(0xffffffffu), byte(0), word(0);
        break;
    case UNKNOWN_STATUS: result(3, 1, -99), end_of_result(0); break;
    case NO_REASON: result(3, 0, 0), end_of_result(0); break;
    case CREDIT: byte(34), word(0xffffffffu); break;
    case OUT_OF_PLACE: byte(2), word(7); break;
    case CLOSES: close(socket); pause();
    case STOPPED: result(1, 0, 0), end_of_result(0); break;
    case INFO_IN_PING: byte(32), word(1), text("v"); for (int i = 0; i < 4; i++) word(0);
        word(0), word(0), word(0), byte(0), word(0); break;
    case OPERATION_IN_PING: operation("memory.x"); break;
    case HALF_A_FRAME: byte(33), byte(0); break;
    case LONG_FRAME: memset(frame, 5, size = sizeof frame); break;
    case TWO_WELCOMES: welcome(); pause();
    }
    emit(socket);
    pause();
}

static int take_socket(void) {
    char control[CMSG_SPACE(2 * sizeof(int))];
    struct iovec part = {frame, sizeof frame};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control,
                             .msg_controllen = sizeof control};
    int descriptors[2] = {-1, -1};
    if (recvmsg(3, &message, 0) <= 0) _exit(0);
    if (CMSG_FIRSTHDR(&message)) memcpy(descriptors, CMSG_DATA(CMSG_FIRSTHDR(&message)), 8);
    return descriptors[0];
}

int main(void) {
    take_socket();  // the introduction of the host, with the library
    if (LIE == NO_WELCOME) return 3;
    if (LIE == GARBAGE_WELCOME) {
        memset(frame, 0xee, size = 100);
        emit(3);
        pause();
    }
    welcome();
    int socket = take_socket();
    for (;;) {
        ssize_t count = recv(socket, frame, sizeof frame, 0);
        if (count <= 0) return 0;
        // start, stop, describe, open and what extensions there are (38) are answered rightly: done.
        if (frame[0] == 30) declare(socket);
        else if (frame[0] > 20 && frame[0] != 38) lie(socket);
        result(0, 0, 0), end_of_result(0);
        emit(socket);
    }
}
