/* SPDX-License-Identifier: ISC */
#include "alias.h"

#include <errno.h>
#include <string.h>

#include "daemon.h"
#include "log.h"
#include "os/loalias.h"

static bool is_localhost(const struct ipaddr *a)
{
	struct ipaddr localhost = ipaddr_v4((const uint8_t[]){ 127, 0, 0, 1 });

	return ipaddr_equal(a, &localhost);
}

bool alias_take(struct daemon *d, const struct datapath_report *r, int error)
{
	char text[IPADDR_TEXT];
	struct ipaddr ours;

	if (error != -EADDRINUSE || strcmp(r->step, "bind") != 0 ||
	    d->alias.on || !is_localhost(&r->addr))
		return false;
	error = loalias_add();
	if (error == -ENOTSUP)
		return false;
	if (error != 0) {
		log_warning("resolver: no address of its own on lo0: %s",
			    strerror(-error));
		return false;
	}
	ours = loalias_address();
	log_info("resolver: port %u of 127.0.0.1 is taken; it listens on %s",
		 d->conf.port, ipaddr_text(&ours, text));
	d->alias.on = true;
	return true;
}

struct ipaddr alias_for(const struct daemon *d, const struct ipaddr *a)
{
	return d->alias.on && is_localhost(a) ? loalias_address() : *a;
}

void alias_look(struct daemon *d)
{
	int error;

	if (!d->alias.on || loalias_stands())
		return;
	error = loalias_add();
	if (error != 0) {
		daemon_problem(d, "start_resolver", strerror(-error));
		return;
	}
	d->alias.repairs++;
	log_warning("resolver: somebody has removed its address from lo0; it "
		    "is there again");
}

void alias_drop(struct daemon *d)
{
	if (d->alias.on)
		loalias_remove();
	d->alias.on = false;
}
