/* SPDX-License-Identifier: ISC */
#include "leakchild.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shared/kick.h"
#include "shared/socket.h"
#include "spawn.h"

void leakchild_init(struct leakchild *c)
{
	*c = (struct leakchild){
		.channel = -1, .kick = -1, .book = BOOK_NONE,
	};
}

/* The child's ends: of the channel, and of the kick. */
struct theirs {
	int channel, kick;
};

static int make_ends(struct leakchild *c, struct theirs *t)
{
	int pair[2], error = kick_open(&c->kick, &t->kick);

	if (error == 0)
		error = socket_pair(pair);
	if (error < 0)
		return error;
	c->channel = pair[0];
	t->channel = pair[1];
	return 0;
}

static int make_shared(struct leakchild *c, struct theirs *t)
{
	int error = book_create(&c->book);

	if (error == 0)
		error = make_ends(c, t);
	if (error == 0)
		error = spawn_raise(&t->channel);
	if (error == 0)
		error = spawn_raise(&t->kick);
	if (error == 0)
		error = spawn_raise(&c->book.control_fd);
	return error < 0 ? error : spawn_raise(&c->book.entries_fd);
}

static int spawn(struct leakchild *c, const struct theirs *t)
{
	const struct spawn_fd fds[] = {
		{ t->channel, WATCHER_CHANNEL },
		{ c->book.control_fd, WATCHER_CONTROL },
		{ c->book.entries_fd, WATCHER_ENTRIES },
		{ t->kick, WATCHER_KICK },
	};

	return spawn_self(&c->pid, "--ledger", fds, NITEMS(fds));
}

int leakchild_start(struct leakchild *c, struct watcher_setup *setup,
		    const struct book_rules *rules)
{
	struct theirs theirs = { -1, -1 };
	int error = make_shared(c, &theirs);

	if (error == 0) {
		leakchild_tell(c, rules);
		error = spawn(c, &theirs);
	}
	spawn_close(&theirs.channel);
	spawn_close(&theirs.kick);
	setup->size = sizeof(*setup);
	setup->parent = getpid();
	if (error == 0 && send(c->channel, setup, sizeof(*setup),
			       MSG_NOSIGNAL) != (ssize_t)sizeof(*setup))
		error = -EPIPE;
	if (error < 0)
		leakchild_stop(c);
	return error;
}

void leakchild_tell(struct leakchild *c, const struct book_rules *rules)
{
	book_publish(c->book.control, rules);
}

void leakchild_ask(struct leakchild *c)
{
	/* Full: it has been asked already, and has not looked. */
	(void)!send(c->channel, "", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

int leakchild_hear(struct leakchild *c, struct watcher_report *r)
{
	ssize_t n = recv(c->channel, r, sizeof(*r), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n != (ssize_t)sizeof(*r))
		return -EPIPE;
	r->step[sizeof(r->step) - 1] = r->note[sizeof(r->note) - 1] = '\0';
	return 1;
}

void leakchild_stop(struct leakchild *c)
{
	spawn_end(c->pid);
	spawn_close(&c->channel);
	spawn_close(&c->kick);
	book_close(&c->book);
	leakchild_init(c);
}
