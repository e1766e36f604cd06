/* The input as /etc/resolv.conf and as /etc/hosts. */
#include "fuzz/fuzz.h"
#include "net/net_dns.h"
#include "net/net_resolve_conf.h"

#include <sys/mman.h>
#include <unistd.h>

static void check_conf(void)
{
	struct net_resolve_conf c;
	memset(&c, 0xa5, sizeof c);
	net_resolve_conf_read(&c);
	must(c.servers >= 1 && c.servers <= NET_SERVERS_MAX, "%u servers", c.servers);
	must(c.searches <= NET_SEARCH_MAX && c.ndots <= 15, "searches and dots");
	must(c.timeout >= 1 && c.timeout <= 30 && c.attempts >= 1 && c.attempts <= 5, "options");
	for (unsigned i = 0; i < c.servers; i++)
		must((c.server[i].family == 4 || c.server[i].family == 6) && c.port[i] != 0,
		     "server %u", i);
	for (unsigned i = 0; i < c.searches; i++) {
		struct span domain = net_resolve_conf_search(&c, i);
		must(is_inside(domain, span_of(c.search, sizeof c.search)), "domain %u", i);
		must(domain.n > 0 && domain.p[domain.n - 1] != '.', "domain %u has no dot", i);
	}
}

FUZZ(resolv_conf)
{
	static int fd = -1;
	static char path[32];
	struct net_addr addrs[8];
	if (size > FUZZ_MAX)
		return 0;
	if (fd < 0) {
		fd = memfd_create("resolv.conf", MFD_CLOEXEC);
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	}
	must(ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size, "a file");
	net_resolve_files(path, path);
	check_conf();
	unsigned n = net_hosts_read(SPAN("db"), addrs, 4);
	must(n <= 8, "%u addresses", n);
	for (unsigned i = 0; i < n; i++)
		must(addrs[i].family == 4 || addrs[i].family == 6, "address %u", i);
	must(net_hosts_read(SPAN("DB."), addrs, 4) == n, "without case and last dot");
	must(net_hosts_read(SPAN("db"), addrs, 1) <= 2, "one of each family");
	net_resolve_files(NULL, NULL);
	return 0;
}
