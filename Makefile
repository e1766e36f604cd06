# Barnacle. `make help` lists the targets.
#
# Five builds live side by side, each in a folder of its own below build/:
#   ship   musl, static-pie, small: what is deployed (the default; ARCH=arm64: ship-arm64)
#   san    the host's libc with ASan and UBSan (SAN=1)
#   fuzz   clang with libFuzzer, ASan and UBSan (FUZZ=1, of `make fuzz`)
#   lib    the caller's compiler, for embedders (`make libs`, `make install`)
#   lint   objects of clang and gcc made only for their warnings (`make lint`)

VERSION := 0.1.0

# All cores, unless the caller says otherwise.
ifeq ($(MAKELEVEL)$(filter -j%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 2)
endif

# What the caller has for CC: the libraries that `make install` puts in place are built by it.
LIB_CC := $(CC)

# musl: the wrapper of Debian, Ubuntu and Fedora does not know -static-pie, so its start file is named
# here (the others are for constructors, which C has not); on a musl system cc does it by itself.
# ARCH=arm64 on a machine of another kind takes a cross compiler.
HOST_ARCH := $(patsubst aarch64,arm64,$(patsubst x86_64,amd64,$(shell uname -m)))
ARCH      := $(HOST_ARCH)
ifeq ($(ARCH),$(HOST_ARCH))
MUSL_GCC  := $(shell command -v musl-gcc)
else
MUSL_GCC  := $(shell scripts/cross.sh $(ARCH))
CROSS     := $(patsubst %gcc,%,$(shell sed -n 's/^exec \([^ ]*\).*/\1/p' $(or $(MUSL_GCC),/dev/null)))
ifeq ($(CROSS),)
$(error no compiler for ARCH=$(ARCH))
endif
endif
ifneq ($(MUSL_GCC),)
MUSL_CC   := $(MUSL_GCC)
MUSL_LIB  := $(shell sed -n 's|.*-specs "*\(.*\)/musl-gcc.specs.*|\1|p' $(MUSL_GCC))
STATIC    := -static -nostartfiles -Wl,-pie,--no-dynamic-linker,-z,text $(MUSL_LIB)/rcrt1.o
else
MUSL_CC   := cc
STATIC    := -static-pie
endif

WARN := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wvla -Wmissing-prototypes \
        -Wpointer-arith -Wwrite-strings -Wundef -Werror
BASE := -std=c11 -Isrc -Itests -D_GNU_SOURCE -DBARNACLE_VERSION='"$(VERSION)"' $(WARN) \
        -fno-common -fvisibility=hidden -MMD -MP -g

# The sanitizers have a malloc of their own.
NOT_HERE := src/services/common/heap_libc.c
ifdef SAN
B       := build/san
CC      := gcc
CFLAGS  := $(BASE) -O1 -fno-omit-frame-pointer -fsanitize=address,undefined \
           -fno-sanitize-recover=undefined
LDFLAGS := -fsanitize=address,undefined
else ifdef FUZZ
B       := build/fuzz
CC      := clang
CFLAGS  := $(BASE) -DFUZZ_ENGINE -O2 -fno-omit-frame-pointer \
           -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
LDFLAGS := -fsanitize=fuzzer,address,undefined
else
NOT_HERE :=
# Small first: -Oz where the compiler has it, and the services linked with their whole program in
# view (link-time optimization, objects of their own: X.lto.o beside the X.o of tests and archives).
B       := build/ship$(if $(CROSS),-$(ARCH))
CC      := $(MUSL_CC)
SMALL   := $(shell $(MUSL_CC) -Oz -E -x c /dev/null >/dev/null 2>&1 && echo -Oz || echo -Os)
# What -Oz thinks to be smaller, and is not.
SLOW    := ipa-sra inline-small-functions
CODEGEN := $(SMALL) $(SLOW:%=-fno-%) -fPIE -fstack-protector -ffunction-sections -fdata-sections \
           -fno-asynchronous-unwind-tables -fno-unwind-tables
ifeq ($(ARCH),amd64)
CODEGEN += -malign-data=abi # not as a vector would like its tables
endif
CFLAGS  := $(BASE) $(CODEGEN) -D_FORTIFY_SOURCE=2
LDFLAGS := $(STATIC) -Wl,--gc-sections,-z,relro,-z,now,-z,noexecstack,--build-id=none
LTO     := -flto=auto -flto-partition=one -fipa-pta
# How what ships lies in its file and in memory; on amd64 relocations are in the short form, which
# start.c applies.
LAYOUT  := -Wl,-T,src/services/ship.ld,-O2,--sort-section=alignment,--hash-style=sysv
ifeq ($(ARCH),amd64)
LAYOUT  += -Wl,-z,pack-relative-relocs,-e,service_start
endif
SHIP    := .lto
# What runs for every request of the services that do nothing but HTTP: at -Oz it takes up to twice the
# instructions. The others wait for their stores, and have no bytes to spare.
FAST    := web router
# No padding: it costs a kilobyte, and the instructions are the same.
QUICK   := -O2 $(SLOW:%=-f%) -falign-functions=1 -falign-jumps=1 -falign-loops=1 -falign-labels=1
HOT     := base/out base/span drivers/http_answer drivers/http_server drivers/http_server_pool \
           http/http_fields http/http_read http/http_target net/net_buf net/net_conn net/net_loop \
           net/net_read net/net_write
endif

# Folders of the source, lowest layer first. PURE folders may not touch the operating system.
PURE     := base crypto resp pgwire http
LAYERS   := $(PURE) net drivers services/common
SERVICES := api worker web router

layer_src = $(filter-out $(NOT_HERE),$(wildcard src/$(1)/*.c))
objects   = $(patsubst %.c,$(B)/%.o,$(1))
archive   = $(B)/lib$(notdir $(1)).a
LIBS     := $(foreach l,$(LAYERS),$(call archive,$(l)))
# Highest layer first: that is the order in which a linker resolves archives.
LINK     := $(B)/libcommon.a $(B)/libdrivers.a $(B)/libnet.a $(B)/libresp.a $(B)/libpgwire.a \
            $(B)/libhttp.a $(B)/libcrypto.a $(B)/libbase.a
# What the services are linked from.
shipped       = $(patsubst %.c,$(B)/%$(SHIP).o,$(1))
LAYER_OBJECTS := $(call shipped,$(foreach l,$(LAYERS),$(call layer_src,$(l))))
HOT_OBJECTS   := $(HOT:%=$(B)/src/%$(SHIP).o)
FAST_OBJECTS  := $(filter-out $(HOT_OBJECTS),$(LAYER_OBJECTS)) $(HOT:%=$(B)/src/%.fast.o)
objects_of     = $(if $(filter $(1),$(FAST)),$(FAST_OBJECTS),$(LAYER_OBJECTS))
BINS     := $(SERVICES:%=$(B)/%)

HARNESS   := $(call objects,$(wildcard tests/harness/*.c))
TEST_SRC  := $(wildcard tests/unit/*.c tests/integration/*.c tests/e2e/*.c)
TESTS     := $(TEST_SRC:%.c=$(B)/%)
BENCH_SERVER := $(B)/tests/bench/server
MEASURE   := $(B)/tests/bench/measure
BENCHES   := $(filter-out $(BENCH_SERVER) $(MEASURE),$(patsubst %.c,$(B)/%,$(wildcard tests/bench/*.c)))

.PHONY: all run test bench size pure arrows lint clean help
.DELETE_ON_ERROR:
.SECONDARY:

all: $(BINS) ## the four services, in build/ship (SAN=1: build/san)

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

# Before there is a place to keep the protector's canary, and what starts it is not to be optimized
# together with the rest.
START := $(B)/src/services/common/start
$(START).o $(START)$(SHIP).o: CFLAGS += -fno-stack-protector
$(START)$(SHIP).o: LTO :=

# Its flags are in here: objects of before they changed would make other bytes than a clean clone.
$(B)/%.o: %.c Makefile
	@mkdir -p $(@D)
	@echo "  cc    $<"
	@$(CC) $(CFLAGS) -c -o $@ $<

$(B)/%.lto.o: %.c Makefile
	@mkdir -p $(@D)
	@echo "  cc    $< (lto)"
	@$(CC) $(CFLAGS) $(LTO) -c -o $@ $<

$(B)/%.fast.o: %.c Makefile
	@mkdir -p $(@D)
	@echo "  cc    $< (lto, fast)"
	@$(CC) $(CFLAGS) $(LTO) $(QUICK) -c -o $@ $<

define archive_rule
$(call archive,$(1)): $(call objects,$(call layer_src,$(1)))
	@echo "  ar    $$@"
	@rm -f $$@
	@$(CROSS)ar rcsD $$@ $$^
endef
$(foreach l,$(LAYERS),$(eval $(call archive_rule,$(l))))

# What is linked keeps its symbols beside it (NAME.debug); what ships is stripped.
define service_rule
$(B)/$(1).debug: $(call shipped,$(call layer_src,services/$(1))) $(call objects_of,$(1)) \
    src/services/ship.ld
	@echo "  link  $(1)"
	@$(CC) $(CODEGEN) $(LTO) $(LDFLAGS) $(LAYOUT) -o $$@ $$(filter %.o,$$^)
endef
$(foreach s,$(SERVICES),$(eval $(call service_rule,$(s))))
$(BINS): %: %.debug
ifdef SAN
	@cp $< $@
else
	@$(CROSS)strip -R .comment -o $@ $<
endif

# A worker with another job, for the tests.
WORKER_BAD := $(B)/worker-bad
$(WORKER_BAD): $(call shipped,$(filter-out %/job.c,$(call layer_src,services/worker)) tests/jobs/bad.c) \
		$(LAYER_OBJECTS) src/services/ship.ld
	@echo "  link  $@"
	@$(CC) $(CODEGEN) $(LTO) $(LDFLAGS) $(LAYOUT) -o $@ $(filter %.o,$^)
$(B)/tests/integration/job_bad_test: | $(WORKER_BAD)

$(B)/libharness.a: $(HARNESS)
	@rm -f $@
	@$(CROSS)ar rcsD $@ $^
$(TESTS) $(BENCHES): $(B)/%: $(B)/%.o $(B)/libharness.a $(LIBS)
	@echo "  link  $@"
	@$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(B)/libharness.a $(LINK)

$(foreach b,http proxy app size job,$(B)/tests/bench/$(b)): $(MEASURE).o

# Where all that happens is in one process, time is its own: see tests/harness/own_time.c.
$(B)/tests/unit/%: private LDFLAGS += -Wl,-u,__wrap_usleep,--wrap=clock_gettime,--wrap=epoll_wait,--wrap=usleep

# It counts them.
$(B)/tests/unit/http_alloc_test: LDFLAGS += -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc

# Each target is a part of the replay, and with FUZZ=1 a program of its own.
FUZZERS := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
$(B)/tests/unit/fuzz_replay_test: $(FUZZERS:%=$(B)/tests/fuzz/fuzz_%.o)
$(FUZZERS:%=$(B)/bin/%): $(B)/bin/%: $(B)/tests/fuzz/fuzz_%.o $(B)/libharness.a $(LIBS)
	@mkdir -p $(@D)
	@echo "  link  $@"
	@$(CC) $(LDFLAGS) -o $@ $< $(B)/libharness.a $(LINK)

# What is measured is built as what ships.
$(BENCH_SERVER): $(BENCH_SERVER).o $(FAST_OBJECTS) src/services/ship.ld
	@echo "  link  $@"
	@$(CC) $(CODEGEN) $(LTO) $(LDFLAGS) $(LAYOUT) -o $@ $(filter %.o,$^)

# Set-up comes first and the build in a make of its own: on a fresh machine there is no compiler.
run: ## the whole application on this machine, until Ctrl-C
	@scripts/setup.sh build run
	@$(MAKE) --no-print-directory all
	@scripts/run.sh

# Three at a time: most of them wait for something. Tests find the services beside themselves.
test: ## every test, on the binaries that ship (SAN=1: with ASan and UBSan)
	@scripts/setup.sh build run test
	@$(MAKE) --no-print-directory test-run

.PHONY: test-run test-programs
test-programs: $(BINS) $(TESTS) $(WORKER_BAD)
test-run: test-programs pure arrows
	prove --jobs 3 --failures --comments --merge --exec '' $(TESTS)

# The codecs as they are on another machine: their tests, each instruction emulated.
CODEC_TESTS := $(filter-out $(B)/tests/unit/http_server% $(B)/tests/unit/http_alloc%,$(foreach \
               l,$(PURE) json job url fuzz,$(filter $(B)/tests/unit/$(l)_%,$(TESTS))))
.PHONY: test-cross test-codecs
test-codecs: $(BINS) $(CODEC_TESTS)
	prove --jobs 2 --failures --comments --merge --exec '$(QEMU)' $(CODEC_TESTS)
test-cross: ## the tests of the codecs on arm64, in an emulator
	@scripts/setup.sh build test cross
	@$(MAKE) --no-print-directory ARCH=arm64 QEMU=qemu-aarch64-static test-codecs

.PHONY: fuzz fuzz-programs
fuzz-programs: $(FUZZERS:%=$(B)/bin/%)
T ?= 60
fuzz: ## every fuzz target for T=60 seconds, two at a time (ONLY='json url': some)
	@scripts/setup.sh build fuzz
	@$(MAKE) --no-print-directory FUZZ=1 fuzz-programs
	@scripts/fuzz.sh $(T) $(or $(ONLY),$(FUZZERS))

.PHONY: chaos
chaos: T := 300
chaos: ## everything breaks in random order for T=300 seconds (CHAOS_SEED: the first round's)
	@scripts/setup.sh build run test
	@$(MAKE) --no-print-directory $(BINS) $(B)/tests/integration/chaos_test
	@CHAOS_SECONDS=$(T) $(B)/tests/integration/chaos_test

pure: $(PURE:%=$(B)/lib%.a) ## proves that the codecs ask nothing of the system
	@scripts/pure.sh $(B) $(PURE)

arrows: ## proves that every include follows the layers
	@scripts/arrows.sh

size: ## sizes, memory and start times, as a table
	@scripts/setup.sh build run
	@$(MAKE) --no-print-directory all $(B)/tests/bench/size
	@$(B)/tests/bench/size

.PHONY: bench-http
bench-http: ## what a request costs, beside nginx (T=2 seconds, ROUNDS=3)
	@scripts/setup.sh build bench
	@$(MAKE) --no-print-directory $(B)/tests/bench/http $(BENCH_SERVER)
	@PATH="$$PATH:/usr/sbin" $(B)/tests/bench/http

.PHONY: bench-proxy
bench-proxy: ## what the router costs a request, beside nginx and HAProxy (T=2, ROUNDS=3)
	@scripts/setup.sh build bench
	@$(MAKE) --no-print-directory $(B)/tests/bench/proxy $(BENCH_SERVER) $(B)/router
	@PATH="$$PATH:/usr/sbin" $(B)/tests/bench/proxy

# The drivers as Debian packages them; elsewhere the table goes without a column for Go.
GO_PACKAGES  := /usr/share/gocode
GO_REFERENCE := build/reference-go/reference
GO_THERE      = $(wildcard $(GO_PACKAGES)/src/github.com/jackc/pgx)
$(GO_REFERENCE): $(wildcard tests/reference/go/*.go)
	@mkdir -p $(@D)
	@echo "  go    $@"
	@cd tests/reference/go && GOPATH=$(GO_PACKAGES) GO111MODULE=off CGO_ENABLED=0 \
		GOCACHE=$(abspath $(@D))/cache go build -o $(abspath $@) .

.PHONY: bench-app bench-app-programs
bench-app-programs: all $(B)/tests/bench/app $(if $(GO_THERE),$(GO_REFERENCE))
bench-app: ## what the whole application costs, beside Node and Go (T=2, ROUNDS=3)
	@scripts/setup.sh build run test bench
	@$(MAKE) --no-print-directory bench-app-programs
	@PATH="$$PATH:/usr/sbin" BENCH_GO="$(if $(GO_THERE),$(abspath $(GO_REFERENCE)))" \
		$(B)/tests/bench/app

.PHONY: bench-job
bench-job: ## how long the worker's job takes
	@scripts/setup.sh build
	@$(MAKE) --no-print-directory $(B)/tests/bench/job
	@$(B)/tests/bench/job

# Made with the binaries, and from them.
SBOM      := $(B)/barnacle.spdx.json
LIBC_FILE  = $(if $(MUSL_LIB),$(MUSL_LIB)/libc.a,$(shell $(CC) -print-file-name=libc.a))
.PHONY: sbom
sbom: $(SBOM) ## the bill of materials (SPDX) of the four services
$(SBOM): $(BINS) scripts/sbom.sh
	@echo "  sbom  $@"
	@scripts/sbom.sh $(B) $(VERSION) $(CC) $(LIBC_FILE) $(SERVICES)

.PHONY: images
images: ## the four images, by Docker (BUILD_IMAGE=debian:bookworm-slim, TAG=...)
	@VERSION=$(VERSION) scripts/images.sh $(SERVICES)

.PHONY: reproduce test-docker
reproduce: ## builds in two folders, and compares what ships
	@scripts/setup.sh build
	@scripts/reproduce.sh $(SERVICES)

test-docker: ## images, compose and Elastic Beanstalk on a Docker engine, as root (ONLY='compose ecs': some)
	@scripts/test-docker.sh $(ONLY)

lint: ## warnings of gcc and clang, format, scripts
	@scripts/setup.sh build lint
	@scripts/lint.sh $(filter-out -MMD -MP,$(BASE))

.PHONY: lint-deploy
lint-deploy: ## the files of deploy/ and CI by their public schemas, planted mistakes, their scripts
	@scripts/setup.sh deploy
	@scripts/lint-deploy.sh

clean: ## removes everything that make made, data of make run included
	@scripts/clean-var.sh
	rm -rf build

# The libraries, for programs of others: plain position-independent objects of the caller's compiler
# (make install CC=...). What a library takes from the folders below it becomes local to it, so that
# each stands alone and any of them link together. base.o beside it has what the public headers
# promise of base, weak, for all of them bring it. Without _FORTIFY_SOURCE, which some compilers
# switch on by themselves, a pure one asks for nothing but mem* and str* of any libc, or of none.
PREFIX     ?= /usr/local
LIBDIR     ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
LIB_CFLAGS ?= -O2
LIB_B      ?= build/lib/$(notdir $(lastword $(LIB_CC)))
OBJCOPY    ?= objcopy
LIB_FLAGS  := -std=c11 -Isrc -D_GNU_SOURCE $(filter-out -Werror,$(WARN)) -MMD -MP -fPIC -fno-lto \
              -fno-common -fvisibility=hidden -ffunction-sections -fdata-sections -U_FORTIFY_SOURCE

# name, folders, the symbols that stay visible, what its .pc requires and says of it
INSTALLED        := resp pgwire http barnacle
base_folders     := base
base_shows       := span_* out_* dec_* hex_*
resp_folders     := resp base
resp_shows       := resp_*
resp_about       := Redis protocol, RESP2 and RESP3: codec and session
pgwire_folders   := pgwire crypto base
pgwire_shows     := pgwire_*
pgwire_about     := PostgreSQL protocol version 3: codec, SCRAM and session
http_folders     := http base
http_shows       := http_*
http_about       := HTTP/1.1: heads, bodies, paths, dates and media types
barnacle_folders := drivers net base
barnacle_shows   := net_* redis_* postgres_* http_* upstream_*
barnacle_about   := event loop, Redis and PostgreSQL clients, HTTP server and upstream
barnacle_needs   := resp pgwire http

# Every header of these folders is public but for these. Of crypto only the types are, by value in
# the structs of pgwire.
INNER   := base/cold.h crypto/base64.h crypto/ct.h crypto/hmac.h crypto/md5.h \
           crypto/sha256_blocks.h resp/resp_inner.h \
           pgwire/pgwire_cursor.h pgwire/pgwire_state.h http/http_scan.h net/net_buf.h \
           net/net_conn_inner.h net/net_resolve_inner.h \
           drivers/http_conn.h drivers/http_upstream_conn.h drivers/redis_inner.h \
           drivers/postgres_inner.h drivers/postgres_blocking_inner.h drivers/postgres_pool_inner.h \
           drivers/http_files_inner.h drivers/http_static_send.h
HEADERS := $(filter-out $(INNER),$(patsubst src/%,%,$(wildcard $(PURE:%=src/%/*.h) src/net/*.h \
           src/drivers/*.h)))

define PC
prefix=$(PREFIX)
libdir=$(LIBDIR)
includedir=$(INCLUDEDIR)

Name: $(1)
Description: $($(1)_about)
Version: $(VERSION)
$(if $($(1)_needs),Requires: $($(1)_needs))
Cflags: -I$${includedir}/barnacle
Libs: -L$${libdir} -l$(1)
endef

# Both clients as an embedder builds them: the host's compiler, -O2, the installed libraries.
PGWIRE_CLIENTS := $(LIB_B)/bench/pgwire-ours $(LIB_B)/bench/pgwire-libpq
$(LIB_B)/bench/pgwire-ours: tests/bench/pgwire/ours.c tests/bench/pgwire/client.h $(LIB_B)/libpgwire.a
	@mkdir -p $(@D)
	@echo "  link  $@"
	@$(LIB_CC) -std=c11 -D_GNU_SOURCE -O2 -Isrc -Itests -o $@ $< $(LIB_B)/libpgwire.a
$(LIB_B)/bench/pgwire-libpq: tests/bench/pgwire/libpq.c tests/bench/pgwire/client.h
	@mkdir -p $(@D)
	@echo "  link  $@"
	@$(LIB_CC) -std=c11 -D_GNU_SOURCE -O2 -Itests -o $@ $< -lpq

.PHONY: bench-pgwire
bench-pgwire: ## what a row, an insert and a login cost, beside libpq
	@scripts/setup.sh build run bench
	@$(MAKE) --no-print-directory $(B)/tests/bench/pgwire $(PGWIRE_CLIENTS)
	@BENCH_CLIENTS="$(abspath $(LIB_B))/bench" $(B)/tests/bench/pgwire

.PHONY: libs install uninstall freestanding
libs: $(INSTALLED:%=$(LIB_B)/lib%.a) ## the libraries alone

$(LIB_B)/%.o: src/%.c
	@mkdir -p $(@D)
	@echo "  cc    $<"
	@$(LIB_CC) $(LIB_FLAGS) $(LIB_CFLAGS) -c -o $@ $<

define library_rule
$(LIB_B)/$(1).o: $(patsubst src/%.c,$(LIB_B)/%.o,$(foreach f,$($(1)_folders),$(call layer_src,$(f))))
	@$(LIB_CC) -r -nostdlib -Wl,--unique -o $$@ $$^
	@$(OBJCOPY) -w $(foreach s,$($(1)_shows),-G '$(s)') $(if $(filter base,$(1)),--weaken) $$@
$(LIB_B)/lib$(1).a: $(LIB_B)/$(1).o $(LIB_B)/base.o
	@echo "  ar    $$@"
	@rm -f $$@
	@$(AR) rcsD $$@ $$^
endef
$(foreach l,base $(INSTALLED),$(eval $(call library_rule,$(l))))

install: libs ## headers, libraries and pkg-config files, to PREFIX=/usr/local (and DESTDIR)
	$(foreach l,$(INSTALLED),$(file >$(LIB_B)/$(l).pc,$(call PC,$(l))))
	@for h in $(HEADERS); do \
		install -D -m 644 "src/$$h" "$(DESTDIR)$(INCLUDEDIR)/barnacle/$$h" || exit; done
	@install -d "$(DESTDIR)$(LIBDIR)/pkgconfig"
	@install -m 644 $(INSTALLED:%=$(LIB_B)/lib%.a) "$(DESTDIR)$(LIBDIR)"
	@install -m 644 $(INSTALLED:%=$(LIB_B)/%.pc) "$(DESTDIR)$(LIBDIR)/pkgconfig"

uninstall: ## removes what install put in place
	@cd "$(DESTDIR)$(LIBDIR)" && rm -f $(INSTALLED:%=lib%.a) $(INSTALLED:%=pkgconfig/%.pc)
	@cd "$(DESTDIR)$(INCLUDEDIR)" && rm -f $(HEADERS:%=barnacle/%) && \
		rmdir $(addprefix barnacle/,$(sort $(dir $(HEADERS)))) barnacle

# Clients under measurement, each with resp_side.c; HIREDIS=/path: not the system's.
RESP_SIDES    := hiredis loop blocking
RESP_PROGRAMS := $(RESP_SIDES:%=$(LIB_B)/bench/resp_%)
HIREDIS_FLAGS  = $(if $(HIREDIS),-I$(HIREDIS)/include -L$(HIREDIS)/lib -Wl$(,)-rpath$(,)$(HIREDIS)/lib)
, := ,
$(RESP_PROGRAMS): $(LIB_B)/bench/resp_%: tests/bench/resp_%.c tests/bench/resp_side.c \
		tests/bench/resp_side.h tests/bench/resp_reading.h $(INSTALLED:%=$(LIB_B)/lib%.a)
	@mkdir -p $(@D)
	@echo "  link  $@"
	@$(LIB_CC) $(filter-out -MMD -MP -fPIC,$(LIB_FLAGS)) $(LIB_CFLAGS) $(HIREDIS_FLAGS) -o $@ \
		$(filter %.c,$^) -L$(LIB_B) $(if $(filter hiredis,$*),-lhiredis,-lbarnacle -lresp \
		-lpgwire -lhttp) -Wl,--gc-sections

RESP_OBJECTS   = $(patsubst src/%.c,$(LIB_B)/%.o,$(call layer_src,resp) $(call layer_src,base))

# Linked each time, for HIREDIS may be another.
.PHONY: $(LIB_B)/bench/resp_hiredis
.PHONY: bench-resp bench-resp-programs
bench-resp-programs: $(B)/tests/bench/resp $(RESP_PROGRAMS)
bench-resp: ## what a reply costs, beside hiredis (ROUNDS=3, HIREDIS=/path of another)
	@scripts/setup.sh build run bench
	@$(MAKE) --no-print-directory bench-resp-programs
	@$(B)/tests/bench/resp $(RESP_PROGRAMS)
	@size $(RESP_OBJECTS) | awk 'NR > 1 { all += $$1 } /resp_read/ { reader = $$1 } \
		END { printf "\nText of libresp: %d bytes, %d of them the reader.\n", all, reader }'

freestanding: ## compiles the codecs without any libc, for x86-64, arm64 and Cortex-M
	@scripts/setup.sh build lint
	@scripts/freestanding.sh

PAGE := $(wildcard src/services/web/page/*)
# What assets.c takes in by .incbin is not among the headers that the compiler lists.
$(B)/src/services/web/assets.o $(B)/src/services/web/assets.lto.o: $(PAGE) $(PAGE:src/%=$(B)/%.gz)
$(B)/src/services/web/assets.o $(B)/src/services/web/assets.lto.o: CFLAGS += -DWEB_GZIP='"$(B)/services/web/page"'
$(PAGE:src/%=$(B)/%.gz): $(B)/%.gz: src/%
	@mkdir -p $(@D)
	@if command -v gzip >/dev/null; then gzip -9nc $< >$@; else : >$@; fi

# Without the blanks that are there for people; no string of it holds a newline.
OPENAPI := $(B)/services/api/openapi.json
$(B)/src/services/api/openapi.o $(B)/src/services/api/openapi.lto.o: $(OPENAPI)
$(B)/src/services/api/openapi.o $(B)/src/services/api/openapi.lto.o: CFLAGS += -DAPI_OPENAPI='"$(OPENAPI)"'
$(OPENAPI): src/services/api/openapi.json
	@mkdir -p $(@D)
	@sed 's/^[	 ]*//; s/": /":/g; s/, "/,"/g; s/}, /},/g' $< | tr -d '\n' >$@

-include $(shell find $(B) $(LIB_B) -name '*.d' 2>/dev/null)
