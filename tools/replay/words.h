/* SPDX-License-Identifier: ISC */
/*
 * words.h - numbers of packets and messages, as people write them
 */
#ifndef WORDS_H
#define WORDS_H

#include <stdint.h>

enum { WORDS_MAX = 32 };

/* "tcp", "icmpv6", "protocol 99". */
const char *words_protocol(uint8_t protocol, char text[static WORDS_MAX]);
/* "AAAA", "TYPE65280" (RFC 3597, 5). */
const char *words_type(uint16_t type, char text[static WORDS_MAX]);
/* UTC: "2023-11-14T22:13:20.001000Z". */
const char *words_time(uint64_t ns, char text[static WORDS_MAX]);

#endif /* WORDS_H */
