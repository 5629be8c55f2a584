/* SPDX-License-Identifier: ISC */
/* With programs of the test's own, which write down how they are called. */
#include <criterion/criterion.h>

#include "dnscache.h"
#include "hosttree.h"

static void make(void)
{
	make_tree("true");
	dnscache_root = root;
}

static void add(const char *path, int status)
{
	run("mkdir -p $(dirname %s%s) && "
	    "printf '#!/bin/sh\\necho $(basename $0) \"$@\" >>%s/said\\nexit "
	    "%d\\n' >%s%s && chmod +x %s%s", root, path, root, status, root,
	    path, root, path);
}

static void expect_said(const char *want)
{
	run("touch %s/said && test \"$(tr '\\n' ';' <%s/said)\" = '%s'", root,
	    root, want);
}

TestSuite(dnscache, .init = make, .fini = remove_tree);

Test(dnscache, nobody_is_here)
{
	add("/usr/bin/killall", 0);
	dnscache_flush();
	expect_said("");
}

Test(dnscache, macos)
{
	add("/usr/sbin/mDNSResponder", 0);
	add("/usr/bin/dscacheutil", 1);
	add("/usr/bin/killall", 0);
	dnscache_flush();
	expect_said("dscacheutil -flushcache;killall -HUP mDNSResponder;");
}

Test(dnscache, freebsd)
{
	add("/var/run/local_unbound.ctl", 0);
	add("/usr/sbin/local-unbound-control", 0);
	dnscache_flush();
	expect_said("local-unbound-control flush_zone .;"
		    "local-unbound-control flush_infra all;");
}

Test(dnscache, a_program_that_is_not_there)
{
	add("/usr/sbin/mDNSResponder", 0);
	dnscache_flush();
	expect_said("");
}
