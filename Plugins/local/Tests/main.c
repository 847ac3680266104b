// SPDX-License-Identifier: Apache-2.0
//
// Tests of the local driver on its own, over the built library:
//
//     cc -std=c17 -D_GNU_SOURCE -I sdk/include Plugins/local/Tests/*.c -o local-driver-test
//     ./local-driver-test driver.so EMPTY_DIRECTORY [SEED]
//
// One line for each check; the exit status is 1 when one failed. The directory must be on a file
// system like those that stores are kept on.

#include "harness.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

int main(int count, char **arguments) {
    if (count != 3 && count != 4 && count != 6) {
        fprintf(stderr, "usage: %s DRIVER.SO EMPTY_DIRECTORY [SEED]\n", arguments[0]);
        return 2;
    }
    program_path = "/proc/self/exe";
    driver_path = arguments[1];
    scratch = arguments[2];
    // What the driver makes must be private whatever the mask.
    umask(0);
    load_driver();
    if (count == 6) return run_worker(arguments[3], arguments[4], arguments[5]);
    uint64_t seed = count == 4 ? strtoull(arguments[3], NULL, 0) : (uint64_t)time(NULL);
    printf("seed %llu\n", (unsigned long long)seed);
    seed_random(seed);
    check_objects();
    check_names();
    check_foreign_hands();
    check_opening();
    check_safety();
    check_processes();
    check_large();
    if (failures() != 0) printf("%d checks failed\n", failures());
    return failures() != 0;
}
