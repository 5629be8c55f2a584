/* SPDX-License-Identifier: ISC */
/*
 * question.h - the message that asks, and whether another one answers it: pure
 */
#ifndef QUESTION_H
#define QUESTION_H

#include <stddef.h>
#include <stdint.h>

#include "dnsmsg.h"
#include "exchange.h"

enum { QUESTION_MESSAGE = DNSMSG_HEADER + DNSNAME_MAX + 4 };

/* Draft-vixie-dnsext-dns0x20: one of the bits for each octet of name decides
 * the case of the letter it is. */
void question_spell(uint8_t *out, const uint8_t *name, size_t len,
		    const uint8_t *bits);

/* q as it is asked of s; the octets written. */
size_t question_build(const struct question *q,
		      const struct question_server *s,
		      uint8_t out[static QUESTION_MESSAGE]);

/*
 * Why m, which came from s, is no answer to q (an enum counter), or -1. All
 * of "a response counts only if" but for its source and its rcode.
 */
int question_mismatch(const struct question *q,
		      const struct question_server *s, const struct dnsmsg *m);

#endif /* QUESTION_H */
