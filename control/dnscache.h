/* SPDX-License-Identifier: ISC */
/*
 * dnscache.h - what programs of the system remember of answers
 *
 * macOS's mDNSResponder keeps negative answers for a minute and longer,
 * whatever their SOA says; FreeBSD's local_unbound keeps what it thinks of
 * servers that did not answer. systemd-resolved is told by its own backend.
 */
#ifndef DNSCACHE_H
#define DNSCACHE_H

/* They forget, those that are here. Who does not is told of, and no more. */
void dnscache_flush(void);

/* In front of every path; tests have their own. */
extern const char *dnscache_root;

#endif /* DNSCACHE_H */
