#include "CLocal.h"
