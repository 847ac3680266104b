// SPDX-License-Identifier: Apache-2.0
//
// libffi for the loader. Its types are global variables, which Swift cannot prove to be constant, so
// they are reached through functions.

#ifndef HOLDFAST_CFFI_H
#define HOLDFAST_CFFI_H

#include <ffi.h>

static inline ffi_type *holdfast_ffi_pointer(void) { return &ffi_type_pointer; }
static inline ffi_type *holdfast_ffi_i32(void) { return &ffi_type_sint32; }
static inline ffi_type *holdfast_ffi_i64(void) { return &ffi_type_sint64; }
static inline ffi_type *holdfast_ffi_u64(void) { return &ffi_type_uint64; }
static inline ffi_type *holdfast_ffi_f64(void) { return &ffi_type_double; }

#endif
