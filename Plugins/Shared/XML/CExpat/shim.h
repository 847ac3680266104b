// SPDX-License-Identifier: Apache-2.0
//
// libexpat, of which Debian's package has no module map.

#ifndef HOLDFAST_EXPAT_SHIM_H
#define HOLDFAST_EXPAT_SHIM_H

#include <expat.h>

#endif  // HOLDFAST_EXPAT_SHIM_H
