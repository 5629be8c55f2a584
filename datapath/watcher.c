/* SPDX-License-Identifier: ISC */
#include "watcher.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bpf/filter.h"
#include "capture.h"
#include "clock.h"
#include "poller.h"
#include "priv.h"
#include "shared/kick.h"
#include "source/source_pcap.h"

enum {
	BURST = 65536,		/* packets between two looks at the drops */
	NEWS_MS = 100,		/* between two kicks */
};
enum token { TOKEN_CHANNEL, TOKEN_SOURCE };

struct watcher {
	struct book book;
	struct source_pcap *source;
	struct poller poller;
	struct capture capture;
	uint64_t kicked;	/* boot time, ns */
	bool asked;		/* for a sign of life */
};

static int step(struct watcher_report *r, const char *name, int error)
{
	snprintf(r->step, sizeof(r->step), "%s", name);
	r->error = error;
	return error;
}

static int receive_setup(struct watcher_setup *s)
{
	ssize_t n = recv(WATCHER_CHANNEL, s, sizeof(*s), MSG_WAITALL);

	if (n != (ssize_t)sizeof(*s) || s->size != sizeof(*s))
		return -EPROTO;
	s->root[sizeof(s->root) - 1] = '\0';
	return 0;
}

static int open_source(struct watcher *w, uint16_t dns_port,
		       struct watcher_report *r)
{
	struct sock_filter program[FILTER_LEDGER];

	filter_ledger(dns_port, WATCHER_SNAPLEN, program);
	return source_pcap_ring(&w->source, program, FILTER_LEDGER,
				WATCHER_SNAPLEN, WATCHER_RING,
				WATCHER_BLOCK_MS, r->note, sizeof(r->note));
}

static int watch(struct watcher *w)
{
	int error = poller_open(&w->poller);

	if (error == 0)
		error = poller_add(&w->poller, WATCHER_CHANNEL, TOKEN_CHANNEL);
	if (error == 0)
		error = poller_add(&w->poller, source_pcap_fd(w->source),
				   TOKEN_SOURCE);
	return error;
}

/* As root. */
static int open_all(struct watcher *w, const struct watcher_setup *s,
		    struct watcher_report *r)
{
	if (step(r, "parent", priv_follow_parent(s->parent)) < 0 ||
	    step(r, "memory", book_attach(&w->book, WATCHER_CONTROL,
					  WATCHER_ENTRIES)) < 0 ||
	    step(r, "capture", open_source(w, s->dns_port, r)) < 0 ||
	    step(r, "events", watch(w)) < 0)
		return r->error;
	capture_init(&w->capture, w->book.control, w->book.entries);
	return 0;
}

static void see(void *context, enum link link, struct slice packet,
		uint64_t time)
{
	(void)link;
	capture_packet(context, packet, time);
}

/* A flood of flows is no flood of these. */
static void kick(struct watcher *w)
{
	uint64_t now = clock_boot();

	if (!w->asked && (!w->capture.news ||
			  now - w->kicked < NEWS_MS * CLOCK_MS))
		return;
	w->capture.news = w->asked = false;
	w->kicked = now;
	kick_give(WATCHER_KICK);
}

/* What is read is a word that asks; false: control is gone. */
static bool hear(struct watcher *w)
{
	char word;
	ssize_t n = recv(WATCHER_CHANNEL, &word, 1, MSG_DONTWAIT);

	w->asked |= n > 0;
	return n != 0;
}

/* False: control is gone, or the capture is. */
static bool turn(struct watcher *w)
{
	struct book_entries *e = w->book.entries;
	uint64_t tokens[2];
	int n = poller_wait(&w->poller, tokens, 2,
			    w->capture.news ? NEWS_MS : -1);

	for (int i = 0; i < n; i++)
		if (tokens[i] == TOKEN_CHANNEL && !hear(w))
			return false;
	if (source_pcap_read(w->source, BURST, see, &w->capture) < 0)
		return false;
	atomic_store_explicit(&e->drops, source_pcap_drops(w->source),
			      memory_order_relaxed);
	atomic_store_explicit(&e->beat, clock_boot(), memory_order_relaxed);
	kick(w);
	return true;
}

int watcher_main(void)
{
	static struct watcher w;
	struct watcher_report r = { .error = 0 };
	struct watcher_setup s;
	const char *what;

	if (step(&r, "descriptors", priv_close_from(WATCHER_FDS)) == 0 &&
	    step(&r, "setup", receive_setup(&s)) == 0 &&
	    open_all(&w, &s, &r) == 0 &&
	    priv_drop_watcher(s.uid, s.gid, s.root, &what) < 0)
		step(&r, what, -EPERM);
	if (send(WATCHER_CHANNEL, &r, sizeof(r), MSG_NOSIGNAL) !=
	    (ssize_t)sizeof(r) || r.error != 0)
		return 1;
	while (turn(&w))
		;
	/* What runs at an exit may need calls that are gone. */
	_exit(1);
}
