// SPDX-License-Identifier: Apache-2.0
//
// How driver.c can be broken: -DFAULT=<one of these names>. shelf.txt says what each does. Part
// of driver.c.

#define NOTHING                   0
#define EXTRA_SYMBOL              1
#define WRONG_DRAFT               2
#define SHORT_TABLE               3
#define NULL_SLOT                 4
#define ANY_DRAFT                 5
#define RETAINS_BUFFER            6
#define CRASHES_IN_OPEN           7
#define LEAKS_DESCRIPTOR          8
#define LEAKS_THREAD              9
#define WRITES_STDOUT             10
#define CHANGES_DIRECTORY         11
#define CHANGES_ENVIRONMENT       12
#define INSTALLS_HANDLER          13
#define CRASHES_IN_PUT            14
#define SUCCESS_WITH_REPORT       15
#define HANGS_IN_HEAD             16
#define CHANGING_VERSION          17
#define DROPS_LAST_BYTE           18
#define RANGE_OFF_BY_ONE          19
#define IGNORES_RANGE             20
#define NORMALIZES_UNICODE        21
#define FOLDS_CASE                22
#define HIDES_CHILDREN            23
#define FORGETS_ATTRIBUTES        24
#define UNKNOWN_STATUS            25
#define SUCCESS_WITHOUT_OBJECT    26
#define REMOVE_ABSENT_FAILS       27
#define KEEPS_PARTIAL             28
#define ACCEPTS_SHORT             29
#define TORN_PUT                  30
#define IGNORES_ABSENT            31
#define FALSE_APPLIED             32
#define IGNORES_VERSION           33
#define REFUSES_BUT_WRITES        34
#define EARLY_CHECK               35
#define IGNORES_UNKNOWN_CONDITION 36
#define CONTENT_VERSION           37
#define REUSED_VERSION            38
#define LOST_UPDATE               39
#define STALE_READ                40
#define UNSORTED                  41
#define DUPLICATES_ENTRY          42
#define SKIPS_ENTRY               43
#define INCLUSIVE_START           44
#define FOLDER_PREFIX             45
#define PLAIN_ENTRIES             46
#define LATE_RETURN               47
#define IGNORES_DEADLINE          48
#define SECRET_IN_ERROR           49
#define SECRET_IN_DESCRIPTION     50
#define MAKES_EXISTING            51
#define IGNORES_FLAGS             52
#define BACKWARD_CLOCK            53
#define WRONG_HASH                54
#define WRONG_SIGNATURE           55
#define SWAPPED_CANARY            56

#ifndef FAULT
#define FAULT NOTHING
#endif

// Whether the driver is broken in this way: a constant, so that every way is compiled each time.
#define IS(fault) (FAULT == (fault))
