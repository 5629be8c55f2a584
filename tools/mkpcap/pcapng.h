/* SPDX-License-Identifier: ISC */
/*
 * pcapng.h - writes pcapng, which libpcap only reads
 */
#ifndef PCAPNG_H
#define PCAPNG_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* A section and its one interface, with times in nanoseconds. */
void pcapng_begin(FILE *file, int dlt, uint32_t snaplen);
void pcapng_packet(FILE *file, uint64_t ns, const uint8_t *p, size_t captured,
		   size_t len);

#endif /* PCAPNG_H */
