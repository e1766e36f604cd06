/*
 * The Redis client of the loop against a server that does one thing wrong: redis_hostile_rows.h.
 * Whatever happened, the next command is answered by its own reply.
 */
#include "integration/redis_hostile_client.h"

/* The reason that the operator is told: the words of [rc], not another's. */
static void has_reason(const struct hostile *row)
{
	char want[128];
	if (row->rc == 0 && row->end == GOES_ON && row->leaves == NULL)
		return;
	WAIT(noted_has("down("));
	check(row->leaves == NULL || noted_has(row->leaves), "%s: it says why: %s", row->name,
	      notes);
	if (row->rc == 0)
		return;
	snprintf(want, sizeof want, "down(%s", resp_strerror(row->rc));
	check(noted_has(want), "%s: it says \"%s\": %s", row->name, want, notes);
}

static void meets(const struct hostile *row, enum hostile_speed speed)
{
	struct hostile_server h;
	hostile_open(&h, row, speed);
	begin(&h);
	start();
	ask_all(row);
	is_met(row, speed);
	has_reason(row);
	WAIT(pushes >= row->pushes);
	check(row->tells == NULL || (noted_has("notice(") && noted_has(row->tells)),
	      "%s: the operator is told: %s", row->name, notes);
	check(row->tells != NULL || !noted_has("notice("), "%s: told too much: %s", row->name,
	      notes);
	is_well_again(row->name);
	end(&h);
}

static void meets_all(enum hostile_speed speed)
{
	int before = failures();
	unsigned count = 0;
	for (size_t i = 0; i < sizeof hostile_rows / sizeof *hostile_rows; i++)
		if (speed == AT_ONCE || !hostile_rows[i].once) {
			meets(&hostile_rows[i], speed);
			count++;
		}
	ok(failures() == before, "%u servers, %s", count, speeds[speed]);
}

int main(void)
{
	hostile_fill();
	meets_all(AT_ONCE);
	meets_all(BY_BYTES);
	return done();
}
