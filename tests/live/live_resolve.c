/* SPDX-License-Identifier: ISC */
/*
 * A real datapath process, asked: when it replies, and with what. It must not
 * allocate meanwhile. See fakecontrol.h.
 */
#include "fakecontrol.h"
#include "noalloc.h"

static const char name[] = "captive.apple.com";
static const char stranger[] = "www.example.org";
static const uint8_t good[] = { 192, 0, 2, 7 };

static char root[] = "/tmp/live_resolve.XXXXXX";

/* The rdata that closes a reply without OPT. */
static bool ends_in(const void *rdata, size_t n)
{
	return reply.len >= n && memcmp(reply.b + reply.len - n, rdata, n) == 0;
}

/* The first answer's TTL. */
static uint32_t ttl(void)
{
	struct dnsiter it;
	struct dnsmsg m;
	struct dnsrr rr;

	if (dnsmsg_read(wire_slice(&reply), &m) != PARSE_OK)
		return 0;
	it = dnsmsg_answers(&m);
	return dnsmsg_next(&m, &it, &rr) ? rr.ttl : 0;
}

/* --- not active --- */

static void inactive_is_silence(void)
{
	int fd = open_socket("127.0.0.1", SOCK_STREAM, false);

	for (unsigned int i = 0; i < 2; i++) {
		put(f.client[i], name, DNSTYPE_A);
		put(f.client[i], stranger, DNSTYPE_A);
	}
	put_tcp(fd, name, DNSTYPE_A);
	put_tcp(fd, stranger, DNSTYPE_A);
	check(await_count(COUNT_INACTIVE, 6), "all six were heard");
	check(!pump(f.client[0], 0) && !pump(f.client[1], 0) && !pump(fd, 0),
	      "and nobody got a reply");
	check(f.n_questions == 0 && f.n_grants == 0, "and nobody was asked");
	close(fd);
}

/* --- the long way and the short one --- */

static void cold_then_warm(void)
{
	uint64_t warm = counted(COUNT_WARM);
	unsigned int questions, grants = f.n_grants;

	new_network();
	check(ask(name, DNSTYPE_A) == DNSRCODE_NOERROR, "cold");
	check(answers() == 1 && ends_in(good, 4), "its address");
	check(ttl() > 50 && ttl() <= 60, "its TTL: %u", ttl());
	check(f.n_grants == grants + 1, "one grant");
	check(f.last.n_addrs == 1 && f.last.lifetime == 60 &&
	      f.last.epoch == f.policy.epoch &&
	      memcmp(f.last.name, f.policy.names[0].wire,
		     f.last.name_len) == 0, "the grant says it all");
	questions = f.n_questions;
	for (unsigned int i = 0; i < 3; i++)
		check(ask("CAPTIVE.apple.com", DNSTYPE_A) == 0, "warm");
	check(counted(COUNT_WARM) == warm + 3, "counted as warm");
	check(f.n_grants == grants + 1 && f.n_questions == questions,
	      "neither control nor upstream were asked");
	check(memcmp(reply.b + DNSMSG_HEADER, "\7CAPTIVE", 8) == 0,
	      "spelt as the client did");
}

/* A reply lives no longer than its address is open. */
static void ttl_follows_what_is_open(void)
{
	new_network();
	f.lifetime = 33;
	check(ask(name, DNSTYPE_A) == 0 && ttl() >= 31 && ttl() <= 33,
	      "shorter than its own TTL: %u", ttl());
	new_network();
	f.lifetime = 290;
	check(ask(name, DNSTYPE_A) == 0 && ttl() > 50 && ttl() <= 60,
	      "open for longer than its own TTL: %u", ttl());
	f.lifetime = 0;
}

/* The answer is known, its address not open any more. */
static void cached_but_shut(void)
{
	unsigned int questions;
	uint64_t cold;

	new_network();
	ask(name, DNSTYPE_A);
	questions = f.n_questions;
	cold = counted(COUNT_COLD_CACHE);
	new_epoch();
	check(ask(name, DNSTYPE_A) == 0 && ends_in(good, 4), "from the cache");
	check(counted(COUNT_COLD_CACHE) == cold + 1, "counted so");
	check(f.n_questions == questions, "upstream was not asked");
}

static void other_transports(void)
{
	static const uint8_t v6[] = { 0x20, 1, 0xd, 0xb8, [15] = 7 };
	int fd = open_socket("::1", SOCK_STREAM, false);

	new_network();
	put(f.client[1], name, DNSTYPE_AAAA);
	check(await(f.client[1]) && get(f.client[1]) == 0 && ends_in(v6, 16),
	      "AAAA, cold, over IPv6");
	put_tcp(fd, name, DNSTYPE_A);
	check(get_tcp(fd) == 0 && ends_in(good, 4), "cold over TCP");
	put_tcp(fd, name, DNSTYPE_A);
	check(get_tcp(fd) == 0 && ends_in(good, 4), "warm over TCP");
	put_tcp(fd, stranger, DNSTYPE_A);
	check(get_tcp(fd) == 0 && answers() == 0, "refused over TCP");
	new_network();
	f.says = SAY_TRUNCATED;
	check(ask(name, DNSTYPE_A) == 0 && ends_in(good, 4), "upstream by TCP");
	f.says = SAY_ADDRESS;
	close(fd);
}

static void chains_and_strangers_in_them(void)
{
	new_network();
	check(ask("edge.example", DNSTYPE_A) == 0 && answers() == 0,
	      "not learnt yet");
	f.says = SAY_CHAIN;
	check(ask(name, DNSTYPE_A) == 0 && answers() == 2, "a chain");
	f.says = SAY_ADDRESS;
	check(ask("edge.example", DNSTYPE_A) == 0 && answers() == 1, "learnt");
	new_network();
	f.says = SAY_TXT_TOO;
	check(ask(name, DNSTYPE_A) == 0 && answers() == 1 && ends_in(good, 4),
	      "rebuilt without the TXT");
	f.says = SAY_ADDRESS;
}

static void joined(void)
{
	uint64_t before = counted(COUNT_JOINED);
	unsigned int grants = f.n_grants;

	new_network();
	for (unsigned int i = 0; i < 5; i++)
		put(f.client[i % 2], name, DNSTYPE_A);
	for (unsigned int i = 0; i < 5; i++)
		check(await(f.client[i % 2]) && get(f.client[i % 2]) == 0 &&
		      ends_in(good, 4), "reply %u of 5", i);
	check(counted(COUNT_JOINED) + counted(COUNT_WARM) >= before + 4 &&
	      f.n_grants == grants + 1, "one grant for five");
}

/* --- without an ack there is no reply --- */

static void held_until_acknowledged(void)
{
	unsigned int grants = f.n_grants;

	new_network();
	f.how = ACK_NONE;
	put(f.client[0], name, DNSTYPE_A);
	while (f.n_grants == grants && pump(-1, WAIT_MS) == false)
		;
	check(!pump(f.client[0], 0), "no reply before the ack");
	open_addresses(&f.last);
	check(!pump(f.client[0], 0), "nor before it is acknowledged");
	acknowledge(f.last.id, 0);
	check(await(f.client[0]) && get(f.client[0]) == 0 && ends_in(good, 4),
	      "and then the reply");
	f.how = ACK_OPEN;
}

static const struct {
	const char *what;
	enum acks how;
	unsigned int counter;
	uint64_t least_ms;
} refusals[] = {
	{ "no ack", ACK_NONE, COUNT_GRANT_LATE, 90 },
	{ "refused", ACK_REFUSE, COUNT_GRANT_REFUSED, 0 },
	{ "acknowledged, but not open", ACK_LIE, COUNT_GRANT_REFUSED, 0 },
};

static void no_ack_is_servfail(void)
{
	for (size_t i = 0; i < NITEMS(refusals); i++) {
		uint64_t before = counted(refusals[i].counter), began;

		new_network();
		f.how = refusals[i].how;
		began = clock_boot();
		check(ask(name, DNSTYPE_A) == DNSRCODE_SERVFAIL, "%s",
		      refusals[i].what);
		check(clock_boot() - began >= refusals[i].least_ms * CLOCK_MS,
		      "%s: too soon", refusals[i].what);
		check(answers() == 0 && reply.len < 64, "%s: nothing in it",
		      refusals[i].what);
		check(counted(refusals[i].counter) == before + 1,
		      "%s: counted", refusals[i].what);
	}
	/* The ack that comes too late belongs to nobody. */
	acknowledge(f.last.id, 0);
	acknowledge(UINT32_MAX, 0);
	f.how = ACK_OPEN;
	check(ask(name, DNSTYPE_A) == 0 && ends_in(good, 4), "the next one");
}

/* Two who wait for a grant that is not acknowledged. */
static void two_wait(int fd)
{
	uint64_t joins = counted(COUNT_JOINED);
	unsigned int grants = f.n_grants;

	new_network();
	f.how = ACK_NONE;
	put(f.client[0], name, DNSTYPE_A);
	put_tcp(fd, name, DNSTYPE_A);
	while (f.n_grants == grants && pump(-1, WAIT_MS) == false)
		;
	check(await_count(COUNT_JOINED, joins + 1), "both wait");
}

/* When the episode ends they get nothing, whatever control says. */
static void the_end_drops(void)
{
	uint32_t epoch = f.policy.epoch + 1;
	int fd = open_socket("127.0.0.1", SOCK_STREAM, false);

	two_wait(fd);
	f.policy.epoch = 0;
	publish();
	open_addresses(&f.last);
	acknowledge(f.last.id, 0);
	f.how = ACK_OPEN;
	f.policy.epoch = epoch;
	new_epoch();
	put_tcp(fd, stranger, DNSTYPE_A);
	check(get_tcp(fd) == 0 && answers() == 0, "the connection lives");
	check(!pump(f.client[0], 0) && !pump(fd, 0), "no reply of old");
	close(fd);
}

/* When another one follows they are served in it: asked anew, granted anew. */
static void the_next_episode_serves(void)
{
	int fd = open_socket("127.0.0.1", SOCK_STREAM, false);
	struct grant old;
	unsigned int questions;

	two_wait(fd);
	old = f.last;
	questions = f.n_questions;
	new_epoch();
	open_addresses(&old);
	acknowledge(old.id, 0);
	while (f.n_questions == questions && pump(-1, WAIT_MS) == false)
		;
	while (f.last.id == old.id && pump(-1, WAIT_MS) == false)
		;
	check(f.last.epoch == f.policy.epoch && f.last.id != old.id,
	      "a grant of the new epoch");
	check(!pump(f.client[0], 0) && !pump(fd, 0), "no reply of old");
	open_addresses(&f.last);
	acknowledge(f.last.id, 0);
	check(await(f.client[0]) && get(f.client[0]) == 0 && ends_in(good, 4),
	      "UDP");
	check(get_tcp(fd) == 0 && ends_in(good, 4), "TCP");
	f.how = ACK_OPEN;
	close(fd);
}

/* Nor does a question survive into a policy that would not ask it. */
static void the_next_policy_is_obeyed(void)
{
	int fd = open_socket("127.0.0.1", SOCK_STREAM, false);
	unsigned int questions;

	two_wait(fd);
	questions = f.n_questions;
	f.policy.n_names = 0;
	new_epoch();
	check(await(f.client[0]) && get(f.client[0]) == DNSRCODE_SERVFAIL,
	      "UDP");
	check(get_tcp(fd) == DNSRCODE_SERVFAIL, "TCP");
	check(f.n_questions == questions, "nobody was asked");
	f.policy.n_names = 1;
	f.how = ACK_OPEN;
	new_network();
	close(fd);
}

static void servfail_without_upstream(void)
{
	new_network();
	f.policy.n_upstreams = 0;
	publish();
	check(ask(name, DNSTYPE_A) == DNSRCODE_SERVFAIL, "nobody to ask");
	f.policy.n_upstreams = 1;
	new_network();
}

/* --- refused, empty, spoofed --- */

static const struct {
	const char *what;
	enum policy_refuse refuse;
	int rcode;
} refuses[] = {
	{ "empty", REFUSE_EMPTY, DNSRCODE_NOERROR },
	{ "refused", REFUSE_REFUSED, DNSRCODE_REFUSED },
	{ "nxdomain", REFUSE_NXDOMAIN, DNSRCODE_NXDOMAIN },
};

static void refused_as_the_policy_says(void)
{
	unsigned int questions = f.n_questions;
	uint64_t before;
	int fd = open_socket("127.0.0.1", SOCK_STREAM, false);

	for (size_t i = 0; i < NITEMS(refuses); i++) {
		f.policy.refuse = (uint8_t)refuses[i].refuse;
		publish();
		check(ask(stranger, DNSTYPE_A) == refuses[i].rcode &&
		      answers() == 0, "%s", refuses[i].what);
		check(ask("captive.apple.com.corp.lan", DNSTYPE_A) ==
		      refuses[i].rcode, "%s: search domain", refuses[i].what);
	}
	f.policy.refuse = REFUSE_IGNORE;
	publish();
	before = counted(COUNT_REFUSED);
	put(f.client[0], stranger, DNSTYPE_A);
	put_tcp(fd, stranger, DNSTYPE_A);
	check(await_count(COUNT_REFUSED, before + 2), "both were heard");
	put_tcp(fd, name, DNSTYPE_HTTPS);
	check(get_tcp(fd) == 0 && answers() == 0, "the connection was kept");
	check(!pump(f.client[0], 0), "no reply");
	f.policy.refuse = REFUSE_EMPTY;
	publish();
	check(f.n_questions == questions, "nothing went upstream");
	close(fd);
}

static void spoofed(void)
{
	unsigned int questions = f.n_questions, grants = f.n_grants;
	static const uint8_t v4[] = { 198, 51, 100, 1 };
	static const uint8_t v6[16] = { 1 };

	f.policy.mode = MODE_SPOOF;
	new_network();
	check(ask(name, DNSTYPE_A) == 0 && ends_in(v4, 4) && ttl() == 3, "A");
	check(ask(name, DNSTYPE_AAAA) == 0 && ends_in(v6, 16), "AAAA");
	check(ask(name, DNSTYPE_HTTPS) == 0 && answers() == 0, "HTTPS");
	check(ask(stranger, DNSTYPE_A) == 0 && answers() == 0, "a stranger");
	f.policy.prefetch++;
	publish();
	check(ask(name, DNSTYPE_A) == 0, "after a prefetch that is none");
	check(f.n_questions == questions && f.n_grants == grants,
	      "nothing was asked, nothing opened");
	f.policy.mode = MODE_FORWARD;
	new_network();
}

static void prefetched(void)
{
	unsigned int grants = f.n_grants;
	uint64_t warm;

	f.policy.prefetch++;
	new_network();
	while (f.n_grants < grants + 2 && pump(-1, WAIT_MS) == false)
		;
	check(f.n_grants == grants + 2, "A and AAAA, before anyone asks");
	/* A refused one behind it: the acks have been read by then. */
	ask(stranger, DNSTYPE_A);
	warm = counted(COUNT_WARM);
	check(ask(name, DNSTYPE_A) == 0 && counted(COUNT_WARM) == warm + 1,
	      "warm at the first time of asking");
}

/* --- the firewall is changed by others --- */

static void tripped(void)
{
	uint64_t trips = counted(COUNT_TRIPPED);
	unsigned int grants, questions;

	new_network();
	ask(name, DNSTYPE_A);
	check(ask(name, DNSTYPE_A) == 0 && counted(COUNT_TRIPPED) == trips,
	      "quiet");
	grants = f.n_grants;
	questions = f.n_questions;
	if (system("nft add table inet stranger") != 0) {
		check(false, "nft");
		return;
	}
	check(ask(name, DNSTYPE_A) == 0, "tripped");
	check(counted(COUNT_TRIPPED) == trips + 1 && f.n_grants == grants + 1,
	      "control was asked although the table has it");
	atomic_store_explicit(&f.child.arena.control->verified, 1u << 20,
			      memory_order_release);
	check(ask(name, DNSTYPE_A) == 0 && f.n_grants == grants + 1 &&
	      f.n_questions == questions, "verified: warm again");
}

int main(int argc, char **argv)
{
	struct datapath_report report;

	if (argc == 2 && strcmp(argv[1], "--datapath") == 0)
		return datapath_main();
	set_up();
	if (mkdtemp(root) == NULL)
		err(1, "%s", root);
	allow_name(name);
	check(start(1, root, &report) == 0, "start: %s", report.step);
	inactive_is_silence();
	prefetched();
	cold_then_warm();
	ttl_follows_what_is_open();
	cached_but_shut();
	other_transports();
	chains_and_strangers_in_them();
	joined();
	held_until_acknowledged();
	no_ack_is_servfail();
	the_end_drops();
	the_next_episode_serves();
	the_next_policy_is_obeyed();
	servfail_without_upstream();
	refused_as_the_policy_says();
	spoofed();
	tripped();
	check(alive(), "it still runs");
	child_stop(&f.child);
	rmdir(root);
	printf("%u passed, %u failed\n", passed, failed);
	return failed > 0;
}
