#include "crypto/base64.h"
#include "harness/tap.h"

#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define S(literal)                                              \
	{                                                       \
		(const uint8_t *)(literal), sizeof(literal) - 1 \
	}

static const struct {
	const char *name;
	struct span bytes, text;
} values[] = {
	/* RFC 4648, section 10 */
	{"empty", S(""), S("")},
	{"f", S("f"), S("Zg==")},
	{"fo", S("fo"), S("Zm8=")},
	{"foo", S("foo"), S("Zm9v")},
	{"foob", S("foob"), S("Zm9vYg==")},
	{"fooba", S("fooba"), S("Zm9vYmE=")},
	{"foobar", S("foobar"), S("Zm9vYmFy")},
	/* RFC 5802, section 5.1: the GS2 header "n,," of every SCRAM without channel binding */
	{"gs2 header", S("n,,"), S("biws")},
	{"zeros", S("\0\0\0\0"), S("AAAAAA==")},
	{"ones", S("\xff\xff\xff"), S("////")},
	{"plus", S("\xfb\xef\xbe"), S("++++")},
};

static void test_values(void)
{
	for (size_t i = 0; i < COUNT(values); i++) {
		uint8_t buf[16];
		struct out o = out_init(buf, sizeof buf);
		crypto_base64_put(&o, guarded(0, values[i].bytes));
		is_span(out_span_of(&o), values[i].text, "%s written", values[i].name);
		int n = crypto_base64_get(guarded(0, values[i].text), buf, sizeof buf);
		is_span(span_of(buf, n < 0 ? 0 : (size_t)n), values[i].bytes, "%s read",
			values[i].name);
	}
}

static const struct {
	const char *text;
	int error;
} refused[] = {
	/* no padding, or cut: each cut of a good text is one of these or good itself */
	{"Z", CRYPTO_BASE64_ELENGTH},
	{"Zg", CRYPTO_BASE64_ELENGTH},
	{"Zg=", CRYPTO_BASE64_ELENGTH},
	{"Zm9vYg", CRYPTO_BASE64_ELENGTH},
	{"=", CRYPTO_BASE64_ELENGTH},
	{"Zg==\n", CRYPTO_BASE64_ELENGTH},
	/* '=' out of place */
	{"====", CRYPTO_BASE64_EPAD},
	{"Z===", CRYPTO_BASE64_EPAD},
	{"=g==", CRYPTO_BASE64_EPAD},
	{"Zg=v", CRYPTO_BASE64_EPAD},
	{"Z=9v", CRYPTO_BASE64_EPAD},
	{"Zg==Zg==", CRYPTO_BASE64_EPAD},
	{"Zm9vZg==Zm9v", CRYPTO_BASE64_EPAD},
	{"Zm8=Zm9v", CRYPTO_BASE64_EPAD},
	{"Zm9v====", CRYPTO_BASE64_EPAD},
	/* bits that nothing reads, both kinds of tail, each such bit */
	{"Zh==", CRYPTO_BASE64_EBITS},
	{"Zi==", CRYPTO_BASE64_EBITS},
	{"Zk==", CRYPTO_BASE64_EBITS},
	{"Zo==", CRYPTO_BASE64_EBITS},
	{"Zm9=", CRYPTO_BASE64_EBITS},
	{"Zm+=", CRYPTO_BASE64_EBITS},
	/* blanks, line ends, the URL alphabet; test_alphabet has every other byte */
	{"Zm 9", CRYPTO_BASE64_EBYTE},
	{"Zm9\n", CRYPTO_BASE64_EBYTE},
	{"\r\nZg", CRYPTO_BASE64_EBYTE},
	{"Zm9-", CRYPTO_BASE64_EBYTE},
	{"Zm9_", CRYPTO_BASE64_EBYTE},
	{"Z,==", CRYPTO_BASE64_EBYTE},
};

static void test_refused(void)
{
	uint8_t buf[16];
	for (size_t i = 0; i < COUNT(refused); i++) {
		struct span text = guarded(0, span_str(refused[i].text));
		is_int(crypto_base64_get(text, buf, sizeof buf), refused[i].error,
		       "refused, row %zu: %s", i, crypto_base64_strerror(refused[i].error));
	}
}

/* Every byte value at every place of a group: the 64 of the alphabet and no other. */
static void test_alphabet(void)
{
	unsigned good = 0;
	for (unsigned place = 0; place < 4; place++)
		for (unsigned c = 0; c < 256; c++) {
			uint8_t text[5] = "AAAA", buf[3], again[4];
			text[place] = (uint8_t)c;
			int n = crypto_base64_get(span_of(text, 4), buf, sizeof buf);
			if (n < 0)
				continue;
			struct out o = out_init(again, sizeof again);
			crypto_base64_put(&o, span_of(buf, (size_t)n));
			check(memcmp(again, text, 4) == 0, "byte %u at %u goes around", c, place);
			good++;
		}
	is_int(good, 4 * 64 + 1, "64 bytes at each of four places, and '=' at the last");
}

static void test_capacity(void)
{
	uint8_t bytes[48], text[64], back[48];
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * 37 + 11);
	for (size_t n = 0; n <= sizeof bytes; n++) {
		size_t need = CRYPTO_BASE64_SIZE(n);
		for (size_t cap = 0; cap <= need; cap++) {
			struct out o = out_init(text, cap);
			crypto_base64_put(&o, span_of(bytes, n));
			check(o.over == (cap < need) && o.n == (o.over ? 0 : need),
			      "%zu bytes into %zu", n, cap);
		}
		struct span whole = guarded(0, span_of(text, need));
		for (size_t cap = 0; cap <= n; cap++) {
			int got = crypto_base64_get(whole, back, cap);
			check(got == (cap < n ? CRYPTO_BASE64_EROOM : (int)n),
			      "%zu bytes back into %zu: %d", n, cap, got);
		}
		check(memcmp(back, bytes, n) == 0, "%zu bytes go around", n);
		/* In place: the bytes never overtake the text. */
		int got = crypto_base64_get(span_of(text, need), text, sizeof text);
		check(got == (int)n && memcmp(text, bytes, n) == 0, "%zu bytes in place", n);
	}
	ok(failures() == 0, "every capacity of writer and reader, up to %zu bytes", sizeof bytes);
}

static void test_limit(void)
{
	static uint8_t text[CRYPTO_BASE64_MAX + 4], bytes[CRYPTO_BASE64_MAX / 4 * 3 + 1];
	const size_t most = CRYPTO_BASE64_MAX / 4 * 3;
	struct out o = out_init(text, sizeof text);
	crypto_base64_put(&o, span_of(bytes, most));
	ok(!o.over && o.n == CRYPTO_BASE64_MAX, "the longest text is written");
	is_int(crypto_base64_get(out_span_of(&o), bytes, sizeof bytes), (int)most, "and read");
	memset(text + CRYPTO_BASE64_MAX, 'A', 4);
	is_int(crypto_base64_get(span_of(text, sizeof text), bytes, sizeof bytes),
	       CRYPTO_BASE64_ETOOBIG, "four characters more are refused");
	o = out_init(text, sizeof text);
	crypto_base64_put(&o, span_of(bytes, most + 1));
	ok(o.over && o.n == 0, "one byte more is not written");
	/* Never read: the length alone decides, and no sum of it can wrap. */
	o = out_init(text, sizeof text);
	crypto_base64_put(&o, (struct span){bytes, SIZE_MAX});
	ok(o.over, "a length of SIZE_MAX is not written");
}

static void test_strerror(void)
{
	for (int a = CRYPTO_BASE64_EBITS; a < 0; a++)
		for (int b = a + 1; b <= 0; b++)
			check(strcmp(crypto_base64_strerror(a), crypto_base64_strerror(b)) != 0,
			      "errors %d and %d have texts of their own", a, b);
	is_str(crypto_base64_strerror(5), "no error", "a count is no error");
}

int main(void)
{
	test_values();
	test_refused();
	test_alphabet();
	test_capacity();
	test_limit();
	test_strerror();
	return done();
}
