// SPDX-License-Identifier: Apache-2.0
//
// What a driver in a process of its own finds there and cannot do: each word answers with text. Part
// of memory.c, with -DESCAPES; OUTSIDE is a file that no option names.

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <unistd.h>

extern char **environ;

static const char *outcome(long result) { return result >= 0 ? "done" : strerrorname_np(errno); }

static void escape(const char *what, char *text, size_t size) {
    char *const arguments[] = {"true", NULL};
    snprintf(text, size, "unknown");
    if (!strcmp(what, "execve")) snprintf(text, size, "%s", outcome(execve("/bin/true", arguments, environ)));
    if (!strcmp(what, "ptrace")) snprintf(text, size, "%s", outcome(ptrace(PTRACE_TRACEME, 0, 0, 0)));
    if (!strcmp(what, "outside")) snprintf(text, size, "%s", outcome(open(OUTSIDE, O_RDONLY)));
    if (!strcmp(what, "parent")) snprintf(text, size, "%s", outcome(kill(getppid(), 0)));
    if (!strcmp(what, "libraries")) snprintf(text, size, "%s", outcome(open("/usr/lib/os-release", O_RDONLY)));
    if (!strcmp(what, "cwd") && !getcwd(text, size)) abort();
    if (!strcmp(what, "environment")) {
        text[0] = 0;
        for (char **e = environ; *e; e++) strncat(strncat(text, *e, 99), ";", 2);
    }
    if (!strcmp(what, "descriptors")) {
        int count = 0;
        DIR *folder = opendir("/proc/self/fd");
        while (folder && readdir(folder)) count++;
        snprintf(text, size, "%d", count);
    }
    if (!strcmp(what, "arguments")) {
        int file = open("/proc/self/cmdline", O_RDONLY);
        ssize_t count = read(file, text, size - 1);
        text[count > 0 ? count : 0] = 0;
        for (ssize_t i = 0; i + 1 < count; i++)
            if (!text[i]) text[i] = ' ';
    }
    if (!strcmp(what, "write")) {
        ssize_t count = write(1, "to nowhere\n", 11) + write(2, "to the log\n", 11);
        snprintf(text, size, "%zd", count);
    }
    if (!strcmp(what, "exit")) _exit(7);
}
