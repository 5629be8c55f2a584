/* SPDX-License-Identifier: ISC */
/*
 * parse.h - why a packet or message is refused
 *
 * Parsing is total: every byte string gives PARSE_OK or a reason. The value
 * is the counter's index and the test's answer.
 */
#ifndef PARSE_H
#define PARSE_H

enum parse {
	PARSE_OK,
	PARSE_SHORT,		/* ends before its own lengths say */
	PARSE_LINK,		/* link type or ethertype that we do not read */
	PARSE_IP,		/* version, header length or total length lies */
	PARSE_FRAGMENT,		/* not the whole datagram */
	PARSE_EXTENSION,	/* IPv6 extension header chain too long or unknown */
	PARSE_TRANSPORT,	/* neither UDP nor TCP, or its header lies */
	PARSE_LONG,		/* more than a slot holds */
	PARSE_LABEL,		/* label type or length (RFC 1035, 4.1.4) */
	PARSE_NAME,		/* over 255 octets */
	PARSE_HOP,		/* pointer not strictly backwards, or too many */
	PARSE_HEADER,		/* opcode, QR or section counts not for us */
	PARSE_QUESTION,		/* not exactly one question, or not class IN */
	PARSE_RDATA,		/* record data does not fit its type */
	PARSE_TRAILING,		/* bytes behind the last record */
	PARSE__N
};

/* "short", "hop", ...: stable words for counters, logs and replay. */
const char *parse_name(enum parse why);

#endif /* PARSE_H */
