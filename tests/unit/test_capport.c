/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <string.h>

#include "capport.h"
#include "netcheckbench.h"

static void init(void)
{
	bench_init();
	bench.conf.allow.portal_api = true;
	strcpy(bench.net.default_ifname, "lo");
}

TestSuite(capport, .init = init, .fini = bench_fini);

static const char url[] = "https://portal.example/", other[] =
	"https://other.example/";
enum { LO = 1 };

static void advert(const char *text)
{
	capport_advert(&bench, LO, text, strlen(text));
}

static unsigned int names(void)
{
	static struct policy p;

	memset(&p, 0, sizeof(p));
	p.n_names = 3;
	capport_name(&bench, &p);
	return p.n_names - 3u;
}

Test(capport, one_host_at_a_time)
{
	static const struct {
		const char *what, *url;
		bool moved;
		unsigned int names;
	} rows[] = {
		{ "first", url, true, 1 },
		{ "the same", url, false, 1 },
		{ "another path", "https://portal.example/x", false, 1 },
		{ "another host", other, true, 1 },
		{ "a bad one", "http://portal.example/", true, 0 },
		{ "another bad one", "https://1.2.3.4/", false, 0 },
		{ "a good one again", url, true, 1 },
		{ "there is no portal",
		  "urn:ietf:params:capport:unrestricted", true, 0 },
	};

	cr_expect(!capport_look(&bench), "nothing told");
	for (size_t i = 0; i < NITEMS(rows); i++) {
		advert(rows[i].url);
		cr_expect_eq(capport_look(&bench), rows[i].moved, "%s",
			     rows[i].what);
		cr_expect_eq(names(), rows[i].names, "%s", rows[i].what);
	}
}

Test(capport, not_wanted)
{
	bench.conf.allow.portal_api = false;
	advert(url);
	cr_expect(!capport_look(&bench));
	cr_expect_str_eq(bench.capport.url.text, url, "shown all the same");
	cr_expect_eq(names(), 0);
	bench.conf.allow.portal_api = true;
	bench.conf.firewall.mode = FWMODE_GUEST;
	cr_expect_eq(names(), 0, "a guest has no place for it");
}

Test(capport, of_another_interface)
{
	capport_advert(&bench, LO + 1, url, strlen(url));
	cr_expect(!capport_look(&bench));
	advert(url);
	bench.net.default_ifname[0] = '\0';
	cr_expect(!capport_look(&bench), "no uplink");
	strcpy(bench.net.only_ifname, "lo");
	cr_expect(capport_look(&bench), "the only link");
}

Test(capport, forgotten_with_its_network)
{
	advert(url);
	cr_expect(capport_look(&bench));
	record_clock += 29 * CLOCK_S;
	capport_forget(&bench);
	cr_expect_eq(names(), 0);
	cr_expect(capport_look(&bench), "told by the network that came");
	record_clock += 2 * CLOCK_S;
	capport_forget(&bench);
	cr_expect(!capport_look(&bench), "told by the one before");
}

Test(capport, no_room_for_its_name)
{
	static struct policy p;

	advert(url);
	cr_expect(capport_look(&bench));
	p.n_names = POLICY_NAMES;
	capport_name(&bench, &p);
	cr_expect_eq(p.n_names, POLICY_NAMES);
}

static void door_name(const char *text, bool suffix)
{
	struct policy_name *n = &bench.conf.names[bench.conf.n_names++];

	*n = (struct policy_name){ .suffix = suffix };
	n->len = (uint8_t)dnsname_from_text(text, n->wire);
}

Test(capport, whose_names_are_for_tls_alone)
{
	static const struct {
		const char *name;
		bool tls;
	} rows[] = {
		{ "portal.example", true }, { "probe.example", false },
		{ "below.probe.example", true }, { "wide.example", false },
		{ "a.b.wide.example", false }, { "xwide.example", true },
		{ "example", true },
	};
	static const uint8_t broken[] = { 63, 'a', 0 };
	uint8_t wire[DNSNAME_MAX];

	bench.conf.n_names = 0;
	door_name("probe.example", false);
	door_name("wide.example", true);
	cr_expect(!capport_tls_only(&bench, wire, 0), "no portal");
	advert(url);
	cr_expect(capport_look(&bench));
	for (size_t i = 0; i < NITEMS(rows); i++) {
		size_t len = dnsname_from_text(rows[i].name, wire);

		cr_expect_eq(capport_tls_only(&bench, wire, len), rows[i].tls,
			     "%s", rows[i].name);
	}
	cr_expect(capport_tls_only(&bench, broken, sizeof(broken)), "broken");
}
