// SPDX-License-Identifier: Apache-2.0
//
// The exported symbol and the ELF note of a driver written in Swift. Swift can emit neither a note
// nor, in every build configuration, an exported function from an internal declaration; C can. The
// driver itself supplies `holdfast_swift_register`, the SDK supplies `holdfast_swift_main`.

#include <holdfast/driver.h>

void holdfast_swift_register(void);
holdfast_status holdfast_swift_main(const holdfast_offer *offer, const holdfast_driver **driver);

HOLDFAST_DRIVER_NOTE;

holdfast_status holdfast_driver_main_v1(const holdfast_offer *offer,
                                        const holdfast_driver **driver) {
    holdfast_swift_register();
    return holdfast_swift_main(offer, driver);
}
