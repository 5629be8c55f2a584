/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * A socket for each receive queue of the link, each with memory of its own
 * cut into frames: the lower ones go round through the fill ring (ours to the
 * kernel) and the receive ring (back, with a packet in them), the upper ones
 * through the transmit and the completion ring. Each ring has one producer
 * and one consumer; the index a side writes is stored with release and read
 * by the other with acquire (linux/if_xdp.h,
 * Documentation/networking/af_xdp.rst).
 *
 * The program may run only in the driver (native mode). The generic mode
 * comes after the kernel has made an sk_buff of the packet: it could only
 * cost more than the capture does.
 *
 * What keeps the program on the link is a BPF link, so that it goes with our
 * last descriptor, however we end.
 */
#include "source/xsk.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/if_xdp.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <wire.skel.h>

enum {
	FRAME = 4096,		/* octets; a response fits, and a page is one */
	N_RX = 64, N_TX = 32,	/* powers of two: rings that they fill */
	FRAMES = N_RX + N_TX,
};

struct ring {			/* as the kernel lays it out */
	uint32_t *producer, *consumer, *flags;
	void *desc;
	uint32_t n;
	void *map;
	size_t size;
};

struct queue {
	int fd;			/* -1 = none */
	uint8_t *frames;
	struct ring fill, completion, rx, tx;
	uint32_t n_free;
	uint64_t free[N_TX];	/* frames to send with, by offset */
};

struct xsk {
	int epoll, link;	/* -1 = none */
	struct kwire *answers;
	unsigned int n_queues;
	struct queue queue[KWIRE_QUEUES];
};

/* ---- rings */

static uint32_t load(const uint32_t *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static void store(uint32_t *p, uint32_t v)
{
	__atomic_store_n(p, v, __ATOMIC_RELEASE);
}

static uint64_t *address(const struct ring *r, uint32_t i)
{
	return (uint64_t *)r->desc + (i & (r->n - 1));
}

static struct xdp_desc *packet(const struct ring *r, uint32_t i)
{
	return (struct xdp_desc *)r->desc + (i & (r->n - 1));
}

/* Frame by offset, back to the kernel; its ring has room for all. */
static void give(struct queue *q, uint64_t at)
{
	uint32_t i = *q->fill.producer;

	*address(&q->fill, i) = at / FRAME * FRAME;
	store(q->fill.producer, i + 1);
}

static void reclaim(struct queue *q)
{
	uint32_t i = *q->completion.consumer;
	uint32_t end = load(q->completion.producer);

	for (; i != end && q->n_free < N_TX; i++)
		q->free[q->n_free++] = *address(&q->completion, i);
	store(q->completion.consumer, i);
}

static int map_ring(int fd, struct ring *r, uint32_t n, size_t item,
		    const struct xdp_ring_offset *at, off_t page)
{
	r->n = n;
	r->size = (size_t)at->desc + n * item;
	r->map = mmap(NULL, r->size, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_POPULATE, fd, page);
	if (r->map == MAP_FAILED) {
		r->map = NULL;
		return -errno;
	}
	r->producer = (uint32_t *)(void *)((uint8_t *)r->map + at->producer);
	r->consumer = (uint32_t *)(void *)((uint8_t *)r->map + at->consumer);
	r->flags = (uint32_t *)(void *)((uint8_t *)r->map + at->flags);
	r->desc = (uint8_t *)r->map + at->desc;
	return 0;
}

static void unmap(struct ring *r)
{
	if (r->map != NULL)
		munmap(r->map, r->size);
}

/* ---- a queue */

static int set(int fd, int option, uint32_t n)
{
	return setsockopt(fd, SOL_XDP, option, &n, sizeof(n)) < 0 ? -errno : 0;
}

static int make_rings(struct queue *q)
{
	struct xdp_mmap_offsets at;
	socklen_t len = sizeof(at);
	int error;

	if ((error = set(q->fd, XDP_UMEM_FILL_RING, N_RX)) < 0 ||
	    (error = set(q->fd, XDP_UMEM_COMPLETION_RING, N_TX)) < 0 ||
	    (error = set(q->fd, XDP_RX_RING, N_RX)) < 0 ||
	    (error = set(q->fd, XDP_TX_RING, N_TX)) < 0)
		return error;
	if (getsockopt(q->fd, SOL_XDP, XDP_MMAP_OFFSETS, &at, &len) < 0)
		return -errno;
	if ((error = map_ring(q->fd, &q->fill, N_RX, sizeof(uint64_t), &at.fr,
			      (off_t)XDP_UMEM_PGOFF_FILL_RING)) < 0 ||
	    (error = map_ring(q->fd, &q->completion, N_TX, sizeof(uint64_t),
			      &at.cr,
			      (off_t)XDP_UMEM_PGOFF_COMPLETION_RING)) < 0 ||
	    (error = map_ring(q->fd, &q->rx, N_RX, sizeof(struct xdp_desc),
			      &at.rx, XDP_PGOFF_RX_RING)) < 0)
		return error;
	return map_ring(q->fd, &q->tx, N_TX, sizeof(struct xdp_desc), &at.tx,
			(off_t)XDP_PGOFF_TX_RING);
}

static int make_memory(struct queue *q)
{
	struct xdp_umem_reg reg = { .len = FRAMES * FRAME,
				    .chunk_size = FRAME };

	q->frames = mmap(NULL, FRAMES * FRAME, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (q->frames == MAP_FAILED) {
		q->frames = NULL;
		return -errno;
	}
	reg.addr = (uintptr_t)q->frames;
	return setsockopt(q->fd, SOL_XDP, XDP_UMEM_REG, &reg,
			  sizeof(reg)) < 0 ? -errno : 0;
}

static int open_queue(struct queue *q, uint32_t ifindex, unsigned int number)
{
	const struct sockaddr_xdp sa = {
		.sxdp_family = AF_XDP, .sxdp_flags = XDP_USE_NEED_WAKEUP,
		.sxdp_ifindex = ifindex, .sxdp_queue_id = number,
	};
	int error;

	q->fd = socket(AF_XDP, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (q->fd < 0)
		return -errno;
	if ((error = make_memory(q)) < 0 || (error = make_rings(q)) < 0)
		return error;
	for (unsigned int i = 0; i < N_RX; i++)
		give(q, (uint64_t)i * FRAME);
	for (unsigned int i = N_RX; i < FRAMES; i++)
		q->free[q->n_free++] = (uint64_t)i * FRAME;
	return bind(q->fd, (const struct sockaddr *)&sa, sizeof(sa)) < 0 ?
	       -errno : 0;
}

static void close_queue(struct queue *q)
{
	unmap(&q->fill);
	unmap(&q->completion);
	unmap(&q->rx);
	unmap(&q->tx);
	if (q->fd >= 0)
		close(q->fd);
	if (q->frames != NULL)
		munmap(q->frames, FRAMES * FRAME);
}

/* ---- the program */

static int attach(struct xsk *x, struct bpf_object *o, uint32_t ifindex)
{
	const struct bpf_link_create_opts opts = {
		.sz = sizeof(opts), .flags = XDP_FLAGS_DRV_MODE,
	};
	const struct bpf_program *p =
		bpf_object__find_program_by_name(o, "wire_in");
	int answers = bpf_object__find_map_fd_by_name(o, "wire_answers");
	int queues = bpf_object__find_map_fd_by_name(o, "wire_queues");

	if (p == NULL || answers < 0 || queues < 0)
		return -ENOENT;
	x->answers = mmap(NULL, sizeof(*x->answers), PROT_READ | PROT_WRITE,
			  MAP_SHARED, answers, 0);
	if (x->answers == MAP_FAILED) {
		x->answers = NULL;
		return -errno;
	}
	for (uint32_t i = 0; i < x->n_queues; i++)
		if (bpf_map_update_elem(queues, &i, &x->queue[i].fd, 0) < 0)
			return -errno;
	x->link = bpf_link_create(bpf_program__fd(p), (int)ifindex, BPF_XDP,
				  &opts);
	return x->link < 0 ? x->link : 0;
}

static int quiet(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	(void)level;
	(void)fmt;
	(void)ap;
	return 0;
}

/* Link and maps live on without the object's own descriptors. */
static int load_program(struct xsk *x, uint32_t ifindex)
{
	size_t size;
	const void *bytes = wire__elf_bytes(&size);
	struct bpf_object *o;
	int error;

	libbpf_set_print(quiet);
	o = bpf_object__open_mem(bytes, size, NULL);
	if (o == NULL)
		return -errno;
	error = bpf_object__load(o);
	if (error == 0)
		error = attach(x, o, ifindex);
	bpf_object__close(o);
	return error;
}

/* ---- life */

/* Receive queues of the link; one that does not say has one. */
static unsigned int queues_of(uint32_t ifindex)
{
	struct ethtool_channels c = { .cmd = ETHTOOL_GCHANNELS };
	struct ifreq ifr = { .ifr_data = (void *)&c };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int error = -1;

	if (fd < 0)
		return 1;
	if (if_indextoname(ifindex, ifr.ifr_name) != NULL)
		error = ioctl(fd, SIOCETHTOOL, &ifr);
	close(fd);
	return error < 0 ? 1 : c.rx_count + c.combined_count;
}

static int watch(struct xsk *x)
{
	x->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (x->epoll < 0)
		return -errno;
	for (unsigned int i = 0; i < x->n_queues; i++) {
		struct epoll_event e = { .events = EPOLLIN };

		if (epoll_ctl(x->epoll, EPOLL_CTL_ADD, x->queue[i].fd,
			      &e) < 0)
			return -errno;
	}
	return 0;
}

static int open_all(struct xsk *x, uint32_t ifindex, const char **what)
{
	unsigned int n = queues_of(ifindex);
	int error = 0;

	*what = "receive queues";
	if (n == 0 || n > KWIRE_QUEUES)
		return -E2BIG;
	*what = "socket";
	for (; x->n_queues < n && error == 0; x->n_queues++)
		error = open_queue(&x->queue[x->n_queues], ifindex,
				   x->n_queues);
	if (error == 0)
		error = watch(x);
	if (error < 0)
		return error;
	*what = "program in the driver";
	return load_program(x, ifindex);
}

int xsk_open(struct xsk **out, uint32_t ifindex, char *text, size_t size)
{
	struct xsk *x = calloc(1, sizeof(*x));
	const char *what;
	int error;

	if (x == NULL)
		return -ENOMEM;
	x->epoll = x->link = -1;
	for (unsigned int i = 0; i < KWIRE_QUEUES; i++)
		x->queue[i].fd = -1;
	error = open_all(x, ifindex, &what);
	if (error < 0) {
		snprintf(text, size, "AF_XDP: %s: %s", what, strerror(-error));
		xsk_close(x);
		return -ENOTSUP;
	}
	*out = x;
	return 0;
}

void xsk_close(struct xsk *x)
{
	if (x == NULL)
		return;
	if (x->link >= 0)
		close(x->link);
	if (x->epoll >= 0)
		close(x->epoll);
	for (unsigned int i = 0; i < KWIRE_QUEUES; i++)
		close_queue(&x->queue[i]);
	if (x->answers != NULL)
		munmap(x->answers, sizeof(*x->answers));
	free(x);
}

int xsk_fd(const struct xsk *x)
{
	return x->epoll;
}

struct kwire *xsk_answers(const struct xsk *x)
{
	return x->answers;
}

/* ---- packets */

static int read_queue(struct queue *q, int max, source_packet *see,
		      void *context)
{
	uint32_t i = *q->rx.consumer, end = load(q->rx.producer);
	int n = 0;

	for (; i != end && n < max; i++, n++) {
		const struct xdp_desc *d = packet(&q->rx, i);

		if (d->addr <= FRAMES * FRAME &&
		    d->len <= FRAMES * FRAME - d->addr)
			see(context, LINK_ETHERNET,
			     (struct slice){ q->frames + d->addr, d->len }, 0);
		give(q, d->addr);
	}
	store(q->rx.consumer, i);
	return n;
}

int xsk_read(struct xsk *x, int max, source_packet *see, void *context)
{
	int n = 0;

	for (unsigned int i = 0; i < x->n_queues && n < max; i++)
		n += read_queue(&x->queue[i], max - n, see, context);
	return n;
}

int xsk_send(struct xsk *x, const uint8_t *frame, size_t len)
{
	struct queue *q = &x->queue[0];
	uint32_t i = *q->tx.producer;
	uint64_t at;

	if (len > FRAME)
		return -EMSGSIZE;
	reclaim(q);
	if (q->n_free == 0)
		return -ENOBUFS;
	at = q->free[--q->n_free];
	memcpy(q->frames + at, frame, len);
	*packet(&q->tx, i) = (struct xdp_desc){ .addr = at,
						.len = (uint32_t)len };
	store(q->tx.producer, i + 1);
	/* EAGAIN and such: it lies in the ring, and goes with the next one. */
	if ((load(q->tx.flags) & XDP_RING_NEED_WAKEUP) != 0 &&
	    sendto(q->fd, NULL, 0, MSG_DONTWAIT, NULL, 0) < 0 &&
	    errno != EAGAIN && errno != EBUSY && errno != ENOBUFS)
		return -errno;
	return 0;
}

uint64_t xsk_drops(const struct xsk *x)
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < x->n_queues; i++) {
		struct xdp_statistics s;
		socklen_t len = sizeof(s);

		if (getsockopt(x->queue[i].fd, SOL_XDP, XDP_STATISTICS, &s,
			       &len) == 0)
			n += s.rx_dropped + s.rx_ring_full +
			     s.rx_fill_ring_empty_descs;
	}
	return n;
}
