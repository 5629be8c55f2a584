/* SPDX-License-Identifier: ISC */
/*
 * iopower.h - what macOS's IOKit says of sleep, in our words
 */
#ifndef IOPOWER_H
#define IOPOWER_H

#include <stdbool.h>
#include <stdint.h>

enum iopower_word {
	IOPOWER_NOTHING,
	IOPOWER_MAY,	/* to be allowed at once */
	IOPOWER_SLEEP,	/* to be allowed when we are ready: 30 s */
	IOPOWER_WAKE,
};

struct iopower {
	bool woken;	/* since the last sleep, and told */
};

/* type: IOMessage.h's. A wake is told by the first of its two messages. */
enum iopower_word iopower_read(struct iopower *p, uint32_t type);

#endif /* IOPOWER_H */
