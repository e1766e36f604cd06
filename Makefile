# Barnacle. `make help` lists the targets.
#
# Three builds live side by side, each in a folder of its own below build/:
#   ship   musl, static-pie, small: what is deployed (the default)
#   san    the host's libc with ASan and UBSan (SAN=1)
#   lint   objects of clang and gcc made only for their warnings (`make lint`)

VERSION := 0.1.0

# musl: the wrapper of Debian, Ubuntu and Fedora does not know -static-pie, so its start files are
# named here; on a musl system cc does it by itself.
MUSL_GCC := $(shell command -v musl-gcc)
ifneq ($(MUSL_GCC),)
MUSL_CC   := musl-gcc
MUSL_LIB  := $(shell sed -n 's|.*-specs "*\(.*\)/musl-gcc.specs.*|\1|p' $(MUSL_GCC))
GCC_FILE   = $(shell $(MUSL_CC) -print-file-name=$(1))
STATIC    := -static -nostartfiles -Wl,-pie,--no-dynamic-linker,-z,text \
             $(MUSL_LIB)/rcrt1.o $(MUSL_LIB)/crti.o $(call GCC_FILE,crtbeginS.o)
STATIC_END := $(call GCC_FILE,crtendS.o) $(MUSL_LIB)/crtn.o
else
MUSL_CC   := cc
STATIC    := -static-pie
endif

WARN := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wvla -Wmissing-prototypes \
        -Wpointer-arith -Wwrite-strings -Wundef -Werror
BASE := -std=c11 -Isrc -Itests -D_GNU_SOURCE -DBARNACLE_VERSION='"$(VERSION)"' $(WARN) \
        -fno-common -fvisibility=hidden -MMD -MP -g

ifdef SAN
B       := build/san
CC      := gcc
CFLAGS  := $(BASE) -O1 -fno-omit-frame-pointer -fsanitize=address,undefined \
           -fno-sanitize-recover=undefined
LDFLAGS := -fsanitize=address,undefined
else
# Small first: -Oz where the compiler has it, and the services linked with their whole program in
# view. Fat objects keep real code beside that, for the tests' quick links and for `make pure`.
# noseparate-code gives back up to 8 KiB of padding between segments.
B       := build/ship
CC      := $(MUSL_CC)
SMALL   := $(shell $(MUSL_CC) -Oz -E -x c /dev/null >/dev/null 2>&1 && echo -Oz || echo -Os)
CODEGEN := $(SMALL) -flto=auto -fPIE -fstack-protector -ffunction-sections -fdata-sections \
           -fno-asynchronous-unwind-tables -fno-unwind-tables
CFLAGS  := $(BASE) $(CODEGEN) -ffat-lto-objects -D_FORTIFY_SOURCE=2
LDFLAGS := $(STATIC) -Wl,--gc-sections,-z,relro,-z,now,-z,noexecstack,-z,noseparate-code \
           -Wl,--build-id=none
LDSHIP  := $(CODEGEN)
LDEND   := $(STATIC_END)
endif

# Folders of the source, lowest layer first. PURE folders may not touch the operating system.
PURE     := base crypto resp pgwire http
LAYERS   := $(PURE) net drivers services/common
SERVICES := api worker web router

layer_src = $(wildcard src/$(1)/*.c)
objects   = $(patsubst %.c,$(B)/%.o,$(1))
archive   = $(B)/lib$(notdir $(1)).a
LIBS     := $(foreach l,$(LAYERS),$(call archive,$(l)))
# Highest layer first: that is the order in which a linker resolves archives.
LINK     := $(B)/libcommon.a $(B)/libdrivers.a $(B)/libnet.a $(B)/libresp.a $(B)/libpgwire.a \
            $(B)/libhttp.a $(B)/libcrypto.a $(B)/libbase.a
# The services take the objects themselves: link-time optimization does not look into archives.
LAYER_OBJECTS := $(call objects,$(foreach l,$(LAYERS),$(call layer_src,$(l))))
BINS     := $(SERVICES:%=$(B)/%)

HARNESS   := $(call objects,$(wildcard tests/harness/*.c))
TEST_SRC  := $(wildcard tests/unit/*.c tests/integration/*.c tests/e2e/*.c)
TESTS     := $(TEST_SRC:%.c=$(B)/%)
BENCHES   := $(patsubst %.c,$(B)/%,$(wildcard tests/bench/*.c))

.PHONY: all run test bench size pure arrows lint clean help
.DELETE_ON_ERROR:
.SECONDARY:

all: $(BINS) ## the four services, in build/ship (SAN=1: build/san)

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

$(B)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  cc    $<"
	@$(CC) $(CFLAGS) -c -o $@ $<

define archive_rule
$(call archive,$(1)): $(call objects,$(call layer_src,$(1)))
	@echo "  ar    $$@"
	@rm -f $$@
	@ar rcsD $$@ $$^
endef
$(foreach l,$(LAYERS),$(eval $(call archive_rule,$(l))))

# What is linked keeps its symbols beside it (NAME.debug); what ships is stripped.
define service_rule
$(B)/$(1).debug: $(call objects,$(call layer_src,services/$(1))) $(LAYER_OBJECTS)
	@echo "  link  $(1)"
	@$(CC) $(LDSHIP) $(LDFLAGS) -o $$@ $$^ $(LDEND)
endef
$(foreach s,$(SERVICES),$(eval $(call service_rule,$(s))))
$(BINS): %: %.debug
ifdef SAN
	@cp $< $@
else
	@strip -R .comment -o $@ $<
endif

$(B)/libharness.a: $(HARNESS)
	@rm -f $@
	@ar rcsD $@ $^
$(TESTS) $(BENCHES): $(B)/%: $(B)/%.o $(B)/libharness.a $(LIBS)
	@echo "  link  $@"
	@$(CC) -fno-lto $(LDFLAGS) -o $@ $< $(B)/libharness.a $(LINK) $(LDEND)

# Set-up comes first and the build in a make of its own: on a fresh machine there is no compiler.
run: ## the whole application on this machine, until Ctrl-C
	@scripts/setup.sh build run
	@$(MAKE) --no-print-directory all
	@scripts/run.sh

# Two at a time: most of them wait for something. Tests find the services beside themselves.
test: ## every test, on the binaries that ship (SAN=1: with ASan and UBSan)
	@scripts/setup.sh build run test
	@$(MAKE) --no-print-directory test-run

.PHONY: test-run test-programs
test-programs: $(BINS) $(TESTS)
test-run: test-programs pure arrows
	prove --jobs 2 --merge --exec '' $(TESTS)

pure: $(PURE:%=$(B)/lib%.a) ## proves that the codecs ask nothing of the system
	@scripts/pure.sh $(B) $(PURE)

arrows: ## proves that every include follows the layers
	@scripts/arrows.sh

size: ## sizes, memory and start times, as a table
	@scripts/setup.sh build run
	@$(MAKE) --no-print-directory all $(B)/tests/bench/size
	@$(B)/tests/bench/size

lint: ## warnings of gcc and clang, format, scripts
	@scripts/setup.sh build lint
	@scripts/lint.sh $(BASE)

clean: ## removes everything that make made, data of make run included
	@scripts/clean-var.sh
	rm -rf build

# What assets.c takes in by .incbin is not among the headers that the compiler lists.
$(B)/src/services/web/assets.o: $(wildcard src/services/web/page/*)

-include $(shell find build -name '*.d' 2>/dev/null)
