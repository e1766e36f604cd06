/*
 * A hostile server before the session: every row whole and byte by byte, every message in every
 * phase, every length. The client on the loop sees the same rows in postgres_hostile_test.c.
 */
#include "unit/pgwire_hostile_query.h"
#include "unit/pgwire_run.h"
#include "unit/pgwire_script.h"

static struct run run;
static struct script script;

static unsigned long said; /* messages that were needed for the verdict */

enum manner { WHOLE, BYTES };

/* What the session has not taken yet. */
static uint8_t waiting[SCRIPT_MESSAGE_MAX];
static size_t waits;

/* The verdict once [bytes] came too: 0, or the error. */
static int say_bytes(struct span bytes)
{
	if (bytes.n > sizeof waiting - waits)
		bail("more waits than a message is long");
	memcpy(waiting + waits, bytes.p, bytes.n);
	waits += bytes.n;
	int used = feed(&run, span_of(waiting, waits));
	if (used < 0)
		return used;
	waits -= (size_t)used;
	memmove(waiting, waiting + used, waits);
	return 0;
}

static int say_message(struct span message, enum manner manner)
{
	size_t piece = manner == WHOLE || message.n > 2000 ? message.n : 1;
	int rc = 0;
	for (size_t n = 0; n < message.n && rc == 0; n += piece)
		rc = say_bytes(span_head(span_tail(message, n), piece));
	return rc;
}

static int say_script(const char *text, enum manner manner)
{
	struct span message;
	int rc = 0;
	script_init(&script, text);
	while (rc == 0 && !script_over(&script)) {
		script.heard = out_span_of(&run.out);
		if (!script_next(&script, &message))
			bail("the client did not write what it needs: %s", text);
		said++;
		rc = say_message(message, manner);
		/* The story is not what is looked at here, and would overflow. */
		run.n = 0;
	}
	return rc;
}

static void begin_row(const struct hostile *h)
{
	static struct row row;
	row = (struct row){.name = h->name, .flags = h->allow, .requests = ""};
	if (h->ask[0] != '\0' && h->ask[0] != '-')
		row.requests = h->ask;
	start(&run, &row);
	waits = 0;
	if (h->ask[0] != '\0' && say_script("welcome ready", WHOLE) != 0)
		bail("%s: no login", h->name);
}

static const char *name_of(int rc)
{
	return rc == 0 ? "accepted" : pgwire_strerror(rc);
}

/* Bounds what a verdict may cost: the limit on reports, and the longest good row. */
#define MESSAGES_MAX 250

static void test_hostile(const struct hostile *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct hostile *h = &rows[i];
		begin_row(h);
		said = 0;
		is_str(name_of(say_script(h->says, WHOLE)), name_of(h->want), "%s", h->name);
		check(h->want == 0 || said <= MESSAGES_MAX, "%s: after %lu messages", h->name,
		      said);
		begin_row(h);
		check(say_script(h->says, BYTES) == h->want, "%s, byte by byte", h->name);
	}
}

/* Every message in every phase. */

/* One good message of each kind; [kind] names it in the table of phases. */
static const struct {
	char kind;
	const char *says;
} kinds[] = {
	{'R', "welcome"},
	{'P', "cleartext"},
	{'M', "md5"},
	{'G', "gss"},
	{'o', "offer"},
	{'c', "R(4:11 `r=x,s=c2FsdA==,i=8`)"},
	{'f', "R(4:12 `v=AAAA`)"},
	{'K', "key"},
	{'2', "bound"},
	{'3', "closed"},
	{'C', "tag"},
	{'d', "copydata"},
	{'e', "copydone"},
	{'g', "copyin"},
	{'H', "copyout"},
	{'W', "copyboth"},
	{'D', "row"},
	{'I', "empty"},
	{'E', "error"},
	{'V', "function"},
	{'v', "version"},
	{'n', "nodata"},
	{'N', "notice"},
	{'A', "notify"},
	{'t', "types"},
	{'S', "setting"},
	{'1', "parsed"},
	{'s', "suspended"},
	{'Z', "ready"},
	{'T', "columns"},
};

#define AUTH_KINDS "RPMGocf"

/* How to get there, and what may come: all else is a message that may not come now. */
static const struct {
	struct hostile here;
	const char *may;
} phases[] = {
	{{"before all", 0, "", "", 0}, AUTH_KINDS "NE"},
	{{"before all, of 3.2", V3_2, "", "", 0}, AUTH_KINDS "NEv"},
	{{"3.2 given up", V3_2, "", "version", 0}, AUTH_KINDS "NE"},
	{{"after the md5", MD5, "", "md5", 0}, "RNE"},
	{{"after the offer", 0, "", "offer", 0}, "cRNE"},
	{{"after the challenge", 0, "", "offer challenge", 0}, "fRNE"},
	{{"after the signature", 0, "", PROVEN, 0}, "RNE"},
	{{"after the password", PGWIRE_ALLOW_CLEARTEXT, "", "cleartext", 0}, "RNE"},
	{{"after the welcome", TRUST_IN, "", "welcome", 0}, "SKNEZ"},
	{{"idle", TRUST_IN, "-", "", 0}, "NASE"},
	{{"Close sent", TRUST_IN, "c", "", 0}, "3NASE"},
	{{"Parse sent", TRUST_IN, "q", "", 0}, "1NASE"},
	{{"Describe of a statement sent", TRUST_IN, "p", "parsed", 0}, "tNASE"},
	{{"its types came", TRUST_IN, "p", "parsed types", 0}, "TnNASE"},
	{{"its columns came", TRUST_IN, "p", "parsed types columns", 0}, "ZNASE"},
	{{"Bind sent", TRUST_IN, "r", "", 0}, "2NASE"},
	{{"Describe of a portal sent", TRUST_IN, "R", "bound", 0}, "TnNASE"},
	{{"Execute of a known statement", TRUST_IN, "r", "bound", 0}, "DCIgHNASE"},
	{{"in its rows", TRUST_IN, "r", "bound row", 0}, "DCNASE"},
	{{"Execute of what has columns", TRUST_IN, "q", "parsed bound columns", 0}, "DCNASE"},
	{{"in those rows", TRUST_IN, "q", "parsed bound columns row", 0}, "DCNASE"},
	{{"Execute of what has none", TRUST_IN, "q", "parsed bound nodata", 0}, "CIgHNASE"},
	{{"Execute with a limit", TRUST_IN, "l", "parsed bound columns", 0}, "DCsNASE"},
	{{"suspended", TRUST_IN, "l", "parsed bound columns row suspended", 0}, "ZNASE"},
	{{"Query sent", TRUST_IN, "s", "", 0}, "TCIgHNASE"},
	{{"in the rows of a query", TRUST_IN, "s", "columns row", 0}, "DCNASE"},
	{{"between two statements", TRUST_IN, "s", "columns row tag", 0}, "TCZgHNASE"},
	{{"COPY refused", TRUST_IN, "s", "copyin", 0}, "NASE"},
	{{"in COPY OUT", TRUST_IN, "s", "copyout copydata", 0}, "deNASE"},
	{{"COPY OUT done", TRUST_IN, "s", "copyout copydone", 0}, "CNASE"},
	{{"an answer complete", TRUST_IN, "r", "bound tag", 0}, "ZNASE"},
	{{"an error came", TRUST_IN, "r", "error", 0}, "ZNASE"},
};

static void test_phases(void)
{
	unsigned refused = 0;
	for (size_t i = 0; i < LENGTH(phases); i++) {
		int before = failures();
		for (size_t k = 0; k < LENGTH(kinds); k++) {
			begin_row(&phases[i].here);
			if (say_script(phases[i].here.says, WHOLE) != 0)
				bail("%s: not reached", phases[i].here.name);
			int rc = say_script(kinds[k].says, WHOLE);
			bool may = strchr(phases[i].may, kinds[k].kind) != NULL;
			check(may ? rc != PGWIRE_EPHASE : rc == PGWIRE_EPHASE, "%s: %s: %s",
			      phases[i].here.name, kinds[k].says, name_of(rc));
			refused += !may;
		}
		ok(failures() == before, "%s: nothing but %s", phases[i].here.name, phases[i].may);
	}
	ok(refused > 600, "%u messages out of phase", refused);
}

/* Every length of every type. */

static const struct {
	const char *name;
	uint32_t length;
} lengths[] = {
	{"0", 0},
	{"1", 1},
	{"3", 3},
	{"1 GiB - 1", 0x3fffffff},
	{"1 GiB", 0x40000000},
	{"2^31 - 1", 0x7fffffff},
	{"-2^31", 0x80000000},
	{"-4", 0xfffffffc},
	{"-1", 0xffffffff},
};

/* Of what is only four bytes long so far: the verdict must not wait for more. */
static void test_lengths(void)
{
	static const char types[] = "RK23CdcGHWDIEVvnNAtS1sZT";
	static const struct hostile in = {"logged in", TRUST_IN, "r", "", 0},
				    out = {"not logged in", 0, "", "", 0};
	for (size_t i = 0; i < LENGTH(lengths); i++) {
		int before = failures();
		for (const char *type = types; *type != '\0'; type++) {
			uint8_t head[5] = {(uint8_t)*type};
			put_be32(head + 1, lengths[i].length);
			begin_row(&in);
			check(feed(&run, guarded(0, SPAN_NONE)) == 0 &&
				      feed(&run, guarded(0, span_of(head, 4))) == 0 &&
				      feed(&run, guarded(0, span_of(head, 5))) == PGWIRE_ELENGTH,
			      "%c of length %s", *type, lengths[i].name);
			begin_row(&out);
			check(feed(&run, guarded(0, span_of(head, 5))) == PGWIRE_ELENGTH,
			      "%c of length %s before the login", *type, lengths[i].name);
		}
		ok(failures() == before, "every type of message with a length of %s",
		   lengths[i].name);
	}
}

/* Bodies one byte short, or long, of a good one; the length in front says the truth. */
static void test_cut_bodies(void)
{
	unsigned tried = 0;
	int before = failures();
	for (size_t k = 0; k < LENGTH(kinds); k++) {
		struct span whole;
		uint8_t copy[128];
		script_init(&script, kinds[k].says);
		if (!script_next(&script, &whole) || whole.n >= sizeof copy)
			bail("%s", kinds[k].says);
		const size_t size = whole.n;
		memcpy(copy, whole.p, size);
		copy[size] = 0;
		/* Of SASL any bytes are good at this level, of a key any from four on. */
		if (strchr("cfKd", kinds[k].kind) != NULL)
			continue;
		for (size_t n = 5; n <= size + 1; n++) {
			if (n == size)
				continue;
			put_be32(copy + 1, (uint32_t)n - 1);
			for (size_t i = 0; i < LENGTH(phases); i++) {
				if (strchr(phases[i].may, kinds[k].kind) == NULL)
					continue;
				begin_row(&phases[i].here);
				say_script(phases[i].here.says, WHOLE);
				int rc = say_message(span_of(copy, n), WHOLE);
				check(rc == PGWIRE_EBODY || rc == PGWIRE_EROW,
				      "%s, %zu bytes of %zu, %s: %s", kinds[k].says, n, size,
				      phases[i].here.name, name_of(rc));
				tried++;
			}
		}
	}
	ok(failures() == before, "%u bodies cut or longer by a byte", tried);
}

/* However long it may be asked to work: nothing is computed before the bound was looked at. */
static void test_work(void)
{
	static const struct hostile all = {"600,000", 0, "", COUNTED("600000"), 0};
	struct span message;
	struct pgwire_event ev;
	unsigned slices = 1;
	begin_row(&all);
	say_script("offer", WHOLE);
	script_init(&script, all.says + 6);
	script.heard = out_span_of(&run.out);
	script_next(&script, &message);
	pgwire_session_next(&run.s, message, &run.out, &ev);
	while (pgwire_session_work(&run.s, &run.out, 1000) == 0)
		slices++;
	is_int(slices, 600, "600,000 iterations are 600 slices of 1,000");
}

int main(void)
{
	test_hostile(hostile_logins, LENGTH(hostile_logins));
	test_hostile(hostile_answers, LENGTH(hostile_answers));
	ok(LENGTH(hostile_logins) + LENGTH(hostile_answers) > 300, "%zu rows",
	   LENGTH(hostile_logins) + LENGTH(hostile_answers));
	test_phases();
	test_lengths();
	test_cut_bodies();
	test_work();
	return done();
}
