/* SPDX-License-Identifier: ISC */
#include "opened.h"

#include <string.h>

#include "clock.h"
#include "daemon.h"
#include "log.h"

static void tell_opened(struct daemon *d, const struct allowed_entry *e,
			const uint8_t *wire)
{
	char addr[IPADDR_TEXT], name[DNSNAME_TEXT];
	unsigned int seconds = (unsigned int)((e->expiry - e->opened) / CLOCK_S);

	ipaddr_text(&e->addr, addr);
	dnsname_to_text(wire, e->name_len, name);
	log_debug("door: %s open for %s, %u s", addr, name, seconds);
	methods_event(d, "allowed", "{s:s,s:s,s:i}", "address", addr, "name",
		      name, "seconds", (int)seconds);
	if (ipaddr_class(&e->addr) != IPCLASS_PRIVATE || d->portal)
		return;
	d->portal = true;
	log_info("door: %s is private: a portal is suspected", addr);
	methods_event(d, "portal", "{s:s,s:s}", "address", addr, "name", name);
}

void opened_tell(struct daemon *d)
{
	for (unsigned int i = 0; i < d->opened.n; i++)
		tell_opened(d, &d->opened.one[i].entry, d->opened.one[i].name);
	d->opened.n = 0;
}

void opened_note(void *context, const struct allowed_entry *e,
		 const uint8_t *name)
{
	struct daemon *d = context;
	struct opened_one *o;

	if (d->opened.n == ANSWER_BATCH)
		opened_tell(d);
	o = &d->opened.one[d->opened.n++];
	o->entry = *e;
	memcpy(o->name, name, e->name_len);
}
