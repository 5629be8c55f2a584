/* SPDX-License-Identifier: ISC */
#include "hostdns/records.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hostdns/resolvfile.h"

const char records_ours[] = "lo.sallyport";
const char *const records_folders[RECORDS_FOLDERS] = {
	RUN_DIR "/resolvconf/interface/",	/* Debian's */
	RUN_DIR "/resolvconf/interfaces/",	/* openresolv's */
};
static const char begun[] = RUN_DIR "/resolvconf/enable-updates";

enum { RECORDS = 64 };		/* looked at in a folder */

static bool is_ours(const char *name)
{
	return strncmp(name, records_ours, strlen(records_ours)) == 0;
}

static int is_theirs(const struct dirent *d)
{
	return d->d_name[0] != '.' && !is_ours(d->d_name);
}

/*
 * "eth0" of "eth0.dhclient"; VLANs have dots of their own. "" where it names
 * no interface; false: it does, and that is down.
 */
static bool interface_of(const char *record, char ifname[static IF_NAMESIZE])
{
	unsigned int ifindex = 0;
	char name[NAME_MAX + 1];

	snprintf(name, sizeof(name), "%s", record);
	ifname[0] = '\0';
	for (size_t at = strlen(name); at > 0 && ifindex == 0; at--) {
		if (name[at] == '\0' || name[at] == '.' || name[at] == ':') {
			name[at] = '\0';
			ifindex = if_nametoindex(name);
		}
	}
	if (ifindex == 0 || strcmp(name, "lo") == 0)
		return true;
	snprintf(ifname, IF_NAMESIZE, "%s", name);
	return netinfo_up(ifindex);
}

static uint64_t read_record(const char *folder, const char *name,
			    const struct netinfo *n, struct hostdns_servers *s)
{
	char path[PATH_MAX], ifname[IF_NAMESIZE], text[RESOLV_MAX];
	ssize_t len;

	snprintf(path, sizeof(path), "%s%s", folder, name);
	len = resolvfile_load_path(path, text);
	if (len <= 0)
		return 0;
	if (interface_of(name, ifname))
		resolvfile_add_text(text, (size_t)len, n, ifname, s);
	return resolvfile_sum(name, strlen(name)) ^
	       resolvfile_sum(text, (size_t)len);
}

uint64_t records_read(const struct netinfo *n, struct hostdns_servers *s)
{
	uint64_t sum = 0;

	memset(s, 0, sizeof(*s));
	for (size_t i = 0; i < NITEMS(records_folders); i++) {
		struct dirent **list;
		int count = scandir(records_folders[i], &list, is_theirs,
				    alphasort);

		for (int j = 0; j < count; j++) {
			if (j < RECORDS)
				sum += read_record(records_folders[i],
						   list[j]->d_name, n, s);
			free(list[j]);
		}
		if (count >= 0)
			free(list);
	}
	return sum;
}

void records_drop(void)
{
	for (size_t i = 0; i < NITEMS(records_folders); i++) {
		DIR *dir = opendir(records_folders[i]);
		const struct dirent *d;

		if (dir == NULL)
			continue;
		while ((d = readdir(dir)) != NULL)
			if (is_ours(d->d_name))
				(void)unlinkat(dirfd(dir), d->d_name, 0);
		closedir(dir);
	}
}

bool records_are_held(void)
{
	return access(records_folders[0], F_OK) == 0 &&
	       access(begun, F_OK) != 0;
}
