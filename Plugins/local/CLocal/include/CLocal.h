// SPDX-License-Identifier: Apache-2.0
#ifndef HOLDFAST_CLOCAL_H
#define HOLDFAST_CLOCAL_H
#endif
