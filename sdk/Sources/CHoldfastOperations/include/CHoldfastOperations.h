// SPDX-License-Identifier: Apache-2.0
//
// C functions for the operations of drivers written in Swift, which cannot make functions of a
// signature that is only known when the driver runs. Used by the SDK, not by drivers.

#ifndef HOLDFAST_SWIFT_OPERATIONS_H
#define HOLDFAST_SWIFT_OPERATIONS_H

#include <stdint.h>

// The code of the function with a number, a `holdfast_code`; NULL past the last one. It hands its
// argument, if any, to `holdfast_swift_operation` together with its number.
const void *holdfast_swift_code_at(uint32_t number);

// The declaration of the canary, a `holdfast_operation`.
const void *holdfast_swift_canary(void);

#endif
