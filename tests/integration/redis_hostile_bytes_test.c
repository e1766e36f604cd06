/*
 * The blocking Redis client against servers of redis_hostile_rows.h that speak byte by byte, and
 * against those of redis_hostile_logins.h.
 */
#include "integration/redis_hostile_blocking.h"
#include "integration/redis_hostile_logins.h"

/* One attempt, which says why it failed; the next one is let in. */
static void logs_in(const struct hostile *row)
{
	struct hostile_server h;
	hostile_open(&h, row, AT_ONCE);
	configure(&h);
	config.link.host_count = 1;
	config.login = (struct resp_login){.password = SPAN("secret"), .name = SPAN("me"), .db = 3};
	int want = 0;
	if (row->want[0] != '\0' && row->rc == 0)
		want = row->hurried ? REDIS_ELATE : REDIS_EDOWN;
	int rc = redis_blocking_open(&blocking, &config, row->hurried ? 150 : MS);
	check(rc == want, "%s: %s (%s)", row->name, redis_strerror(rc), blocking.why);
	check(row->hurried || strstr(blocking.why, row->want) != NULL, "%s: %s", row->name,
	      blocking.why);
	check(strstr(blocking.why, "secret") == NULL, "%s: tells nobody the password", row->name);
	if (rc < 0)
		rc = redis_blocking_open(&blocking, &config, MS);
	check(rc == 0, "%s: then %s (%s)", row->name, redis_strerror(rc), blocking.why);
	is_well_again(&(struct hostile){.name = row->name});
	redis_blocking_close(&blocking);
	hostile_close(&h);
}

int main(void)
{
	hostile_fill();
	meets_all(BY_BYTES, 3);
	int before = failures();
	for (size_t i = 0; i < sizeof logins / sizeof *logins; i++)
		logs_in(&logins[i]);
	ok(failures() == before, "%zu logins", sizeof logins / sizeof *logins);
	return done();
}
