/* SPDX-License-Identifier: ISC */
/*
 * compat.h - the few compiler and platform gaps
 *
 * Outside the files named after a system, only this one may ask which
 * system or compiler it is.
 */
#ifndef COMPAT_H
#define COMPAT_H

#include <stddef.h>

#define NODISCARD __attribute__((warn_unused_result))
#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define NORETURN __attribute__((noreturn))

/* For what runs once for every record of every message, and what does not. */
#define ALWAYS_INLINE inline __attribute__((always_inline))
#define NOINLINE __attribute__((noinline))
#define COLD __attribute__((cold, noinline))

/* Apple arm64's line; harmless elsewhere. */
#define CACHELINE 128

/* What a packet of a TUN begins with, an enum link, and what ours is called:
 * macOS gives them no other names. */
#ifdef __linux__
#define TUN_LINK LINK_RAW
#else
#define TUN_LINK LINK_LOOP
#endif
#ifdef __APPLE__
#define TUN_DEVICE "utun5353"
#else
#define TUN_DEVICE "sallyport0"
#endif

/* What macOS has by another name. CLOCK_MONOTONIC_RAW goes on during sleep
 * there: it is mach_continuous_time(). */
#ifdef __APPLE__
#define CLOCK_BOOTTIME CLOCK_MONOTONIC_RAW
#define st_atim st_atimespec
#define st_mtim st_mtimespec
#define st_ctim st_ctimespec
#define explicit_bzero(p, n) memset_s(p, n, 0, n)
/* ... and what it has not, but its functions' arguments are of use. */
#include <sys/socket.h>
struct mmsghdr {
	struct msghdr msg_hdr;
	unsigned int msg_len;
};
#endif

/* FreeBSD's clocks stand still during sleep, whatever they are called. */
#ifdef __FreeBSD__
#include <time.h>
#ifndef CLOCK_BOOTTIME
#define CLOCK_BOOTTIME CLOCK_MONOTONIC
#endif
#endif

/* Does the system shut sockets and captures while it sleeps? And may somebody
 * else have the same port of all addresses, so that ours must be shared? */
#ifdef __APPLE__
#define SLEEP_SHUTS 1
#else
#define SLEEP_SHUTS 0
#endif
#ifdef __linux__
#define UDP_SHARES 0
#else
#define UDP_SHARES 1
#endif

/* A firewall's rule that asks for a packet's group has locked macOS up. */
#ifdef __APPLE__
#define GROUP_RULES 0
#define EXEMPT_DEFAULT "ports"
#else
#define GROUP_RULES 1
#define EXEMPT_DEFAULT "group"
#endif

/* The loopback interface. */
#ifdef __linux__
#define LOOPBACK_NAME "lo"
#else
#define LOOPBACK_NAME "lo0"
#endif

/* Why no ledger can ever run here; "" = it can. */
#ifdef __linux__
#define LEDGER_NEVER ""
#else
#define LEDGER_NEVER "this system has no device for all links"
#endif

/* Where hier(7) has what lasts, and what does not outlive a boot. */
#ifdef __linux__
#define STATE_DIR "/var/lib"
#define RUN_DIR "/run"
#else
#define STATE_DIR "/var/db"
#define RUN_DIR "/var/run"
#endif

#define NITEMS(a) (sizeof(a) / sizeof((a)[0]))

#endif /* COMPAT_H */
