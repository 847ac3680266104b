// SPDX-License-Identifier: Apache-2.0
//
// Tests of the log driver over the built library: log-test DRIVER.SO EMPTY_DIRECTORY [SEED]
//
// Prints what fails; the exit status is 1 then.
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int main(int count, char **arguments) {
    if (count < 3) {
        fprintf(stderr, "usage: %s DRIVER.SO EMPTY_DIRECTORY [SEED]\n", arguments[0]);
        return 2;
    }
    scratch = realpath(arguments[2], NULL);
    if (scratch == NULL) return 2;
    load_driver(arguments[1]);
    uint64_t seed = count > 3 ? strtoull(arguments[3], NULL, 0) : (uint64_t)time(NULL);
    printf("seed %llu\n", (unsigned long long)seed);
    seed_random(seed);
    check_objects();
    check_streams();
    check_opening();
    check_damage();
    check_compaction();
    check_crashes();
    printf("%d checks, %d failed\n", checks_made(), checks_failed());
    return checks_failed() != 0;
}
