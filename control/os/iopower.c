/* SPDX-License-Identifier: ISC */
#include "os/iopower.h"

/* IOKit/IOMessage.h: iokit_common_msg() of the family "common". */
enum {
	CAN_POWER_OFF = 0x240,		/* kIOMessageCanSystemPowerOff */
	WILL_POWER_OFF = 0x250,		/* ...SystemWillPowerOff */
	CAN_SLEEP = 0x270,		/* ...CanSystemSleep */
	WILL_SLEEP = 0x280,		/* ...SystemWillSleep */
	HAS_POWERED_ON = 0x300,		/* ...SystemHasPoweredOn */
	WILL_RESTART = 0x310,		/* ...SystemWillRestart */
	WILL_POWER_ON = 0x320,		/* ...SystemWillPowerOn */
};
static const uint32_t common = 0xe0000000;

static enum iopower_word wake(struct iopower *p)
{
	bool known = p->woken;

	p->woken = true;
	return known ? IOPOWER_NOTHING : IOPOWER_WAKE;
}

enum iopower_word iopower_read(struct iopower *p, uint32_t type)
{
	switch (type ^ common) {
	case CAN_POWER_OFF:
	case WILL_POWER_OFF:
	case CAN_SLEEP:
	case WILL_RESTART:
		return IOPOWER_MAY;
	case WILL_SLEEP:
		p->woken = false;
		return IOPOWER_SLEEP;
	case WILL_POWER_ON:
	case HAS_POWERED_ON:
		return wake(p);
	default:
		return IOPOWER_NOTHING;
	}
}
