// Empty on purpose: this target only adds an object file to the driver that links it.
