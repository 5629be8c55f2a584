/* SPDX-License-Identifier: ISC */
#include "clock.h"

uint64_t clock_dry;
