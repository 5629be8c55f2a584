/* SPDX-License-Identifier: ISC */
#include "shared/book.h"

#include <assert.h>
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shared/cell.h"
#include "shared/entropy.h"
#include "shared/memory.h"

_Static_assert(sizeof(struct book_rules) % sizeof(uint32_t) == 0, "for cell.h");

static const struct cell_shape shape = {
	BOOK_PAST, sizeof(struct book_rules),
};

static const char *const names[] = {
	[BOOK_TCP] = "tcp",
	[BOOK_UDP] = "udp",
	[BOOK_ICMP] = "icmp",
	[BOOK_ICMPV6] = "icmpv6",
	[BOOK_FRAGMENT] = "fragment",
	[BOOK_OTHER] = "other",
	[BOOK_LINK] = "link",
};
static_assert(NITEMS(names) == BOOK__N, "a name for each");

const char *book_kind_name(enum book_kind k)
{
	return (unsigned int)k < BOOK__N ? names[k] : "?";
}

int book_create(struct book *b)
{
	struct book made = BOOK_NONE;
	void *p = NULL;
	uint64_t seed;
	int error = memory_ours("sallyport-rules", sizeof(*b->control),
				&made.control_fd, &p);

	made.control = p;
	p = NULL;
	if (error == 0)
		error = memory_theirs("sallyport-ledger", sizeof(*b->entries),
				      &made.entries_fd, &p);
	made.entries = p;
	if (error == 0 && !entropy_fill(&seed, sizeof(seed)))
		error = -EIO;
	if (error < 0) {
		book_close(&made);
		return error;
	}
	allow_init(&made.control->allow, seed);
	allow_set_epoch(&made.control->allow, 1);
	*b = made;
	return 0;
}

int book_attach(struct book *b, int control_fd, int entries_fd)
{
	struct book got = BOOK_NONE;
	void *p = NULL;
	int error = memory_read(control_fd, sizeof(*b->control), &p);

	got.control = p;
	p = NULL;
	if (error == 0)
		error = memory_write(entries_fd, sizeof(*b->entries), &p);
	got.entries = p;
	if (error < 0) {
		book_close(&got);
		return error;
	}
	close(control_fd);
	close(entries_fd);
	*b = got;
	return 0;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void book_close(struct book *b)
{
	if (b->control != NULL)
		munmap(b->control, sizeof(*b->control));
	if (b->entries != NULL)
		munmap(b->entries, sizeof(*b->entries));
	b->control = NULL;
	b->entries = NULL;
	close_fd(&b->control_fd);
	close_fd(&b->entries_fd);
}

void book_publish(struct book_control *c, const struct book_rules *r)
{
	cell_publish(&c->seq, c->rules, shape, r);
}

bool book_next(const struct book_control *c, uint32_t *seen,
	       struct book_rules *r)
{
	return cell_next(&c->seq, c->rules, shape, seen, r);
}
